package dev.tka.simulation;

import dev.tka.conformance.naive.NaiveAdmission;
import dev.tka.conformance.naive.NaiveAdmission.Barred;
import dev.tka.conformance.naive.NaiveAdmission.Outcome;
import dev.tka.conformance.naive.NaiveAdmission.Pair;
import dev.tka.conformance.naive.NaiveAdmission.Role;
import dev.tka.conformance.naive.NaiveAdmission.Source;
import dev.tka.conformance.naive.NaiveAdmission.Verdict;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AumVerifier;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncSend;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Protocol, section 10 a second time, without index, trail or compaction: each party is a {@link
 * NaiveAdmission}, which keeps every AUM for ever (but for losing ones that a node is said to have
 * dropped). The model is told of every message that arrives, and knows from them what each party
 * must hold, refuse and follow. All times are own time of the party.
 *
 * <p>What the section leaves open about unsent AUMs is read so:
 *
 * <ul>
 *   <li>control has accepted what its next head is, or follows;
 *   <li>a node <i>holds control's chain</i> when it holds the head that control named last. Then
 *       unsent AUMs that are off the active chain are set aside, and those that control has just
 *       been sent and does not follow, with what builds on them;
 *   <li>where one of those is a rewrite that the node follows, none of them is: the node stays with
 *       its revocation, until a person decides.
 * </ul>
 */
final class NaiveModel {
  private final Graph graph;
  private final Aum genesis;
  private final AumVerifier verifier;
  private final Map<Integer, NaiveAdmission> nodes = new HashMap<>();
  private final Set<AumHash> rewrites = new HashSet<>();
  private NaiveAdmission control;
  private Optional<NaiveAdmission> backup = Optional.empty();

  NaiveModel(Graph graph, Aum genesis, AumVerifier verifier) {
    this.graph = graph;
    this.genesis = genesis;
    this.verifier = verifier;
    this.control = begin(Role.CONTROL);
  }

  /**
   * What must become of an AUM that came to a party.
   *
   * @param barred the signers that bar it
   */
  record Judged(AumHash aum, Outcome outcome, Set<Bytes> barred) {
    Judged {
      barred = Set.copyOf(barred);
    }
  }

  private NaiveAdmission begin(Role role) {
    try {
      return new NaiveAdmission(role, genesis, verifier);
    } catch (TkaException e) {
      throw new IllegalStateException("the genesis is valid", e);
    }
  }

  AumHash controlHead() {
    return control.head();
  }

  AumHash nodeHead(int node) {
    return nodes.get(node).head();
  }

  /** A node begins with the genesis. */
  void joined(int node) {
    nodes.put(node, begin(Role.NODE));
  }

  /** A node makes edits in its own store. */
  void made(int node, List<Aum> edits, Instant now) {
    NaiveAdmission party = nodes.get(node);
    for (Aum edit : edits) {
      AumHash parent = edit.parent().orElseThrow();
      boolean forksOff = party.isActive(parent) && !parent.equals(party.head());
      boolean changes =
          edit.kind().isCheckpoint()
              && !graph.stateAt(parent).withoutLastAumHash().equals(edit.state().orElseThrow());
      if (edit.kind().isCheckpoint() && (forksOff || changes)) {
        rewrites.add(edit.hash());
      }
    }
    judged(party, edits, Source.OWN, now);
  }

  /** A node is given AUMs in a file. */
  void given(int node, List<Aum> aums, Instant now) {
    judged(nodes.get(node), aums, Source.ELSEWHERE, now);
  }

  /** A send reaches control; this must come of it. */
  List<Judged> reachedControl(SyncSend send, Instant now) {
    return judged(control, known(send.missing()), Source.ELSEWHERE, now);
  }

  private static List<Judged> judged(
      NaiveAdmission party, List<Aum> batch, Source source, Instant now) {
    if (batch.isEmpty()) {
      return List.of();
    }
    Optional<Verdict> verdict = party.inform(batch, source, now.getEpochSecond());
    List<Judged> judged = new ArrayList<>();
    for (int i = 0; i < batch.size() && verdict.isPresent(); i++) {
      Set<Bytes> barred = new HashSet<>();
      for (Barred each : verdict.get().barred()) {
        if (each.place() == i) {
          barred.add(each.pair().key());
        }
      }
      judged.add(new Judged(batch.get(i).hash(), verdict.get().outcomes().get(i), barred));
    }
    return judged;
  }

  /**
   * An answer reaches a node; this must come of what it brings.
   *
   * @param stored true for what the node has stored until now: what loses below that is dropped
   *     before the node asks whether it holds control's chain
   */
  List<Judged> answered(int node, SyncAnswer answer, Predicate<AumHash> stored, Instant now) {
    NaiveAdmission party = nodes.get(node);
    List<Aum> batch = known(answer.missing());
    List<Judged> judged = judged(party, batch, Source.CONTROL, now);
    party.remove(lostBelow(batch, judged, stored));
    List<AumHash> named = new ArrayList<>(answer.offer().ancestors());
    named.add(answer.offer().head());
    judged.forEach(each -> named.add(each.aum()));
    heard(party, named, answer.offer().head(), Set.of(), now);
    return judged;
  }

  /** Losing AUMs below a node's window, and what builds on them. */
  private static Set<AumHash> lostBelow(
      List<Aum> batch, List<Judged> judged, Predicate<AumHash> stored) {
    Set<AumHash> fresh = new HashSet<>();
    Set<AumHash> lost = new HashSet<>();
    for (int i = 0; i < judged.size(); i++) {
      Judged each = judged.get(i);
      AumHash parent = batch.get(i).parent().orElse(each.aum());
      boolean isBelow = !stored.test(parent) && !fresh.contains(parent);
      if (each.outcome() == Outcome.LOSES && (isBelow || lost.contains(parent))) {
        lost.add(each.aum());
      } else if (each.outcome() != Outcome.KNOWN) {
        fresh.add(each.aum());
      }
    }
    return lost;
  }

  /** A node is told that control's head is its own. */
  void told(int node, AumHash head, Instant now) {
    heard(nodes.get(node), List.of(head), head, Set.of(), now);
  }

  /**
   * A node compacts: the losing AUMs among these are gone from it. Those of the active chain it
   * remembers, which here is as good as having them.
   *
   * @return what must not go: the unsent ones
   */
  Set<AumHash> dropped(int node, Set<AumHash> purged) {
    NaiveAdmission party = nodes.get(node);
    Set<AumHash> unsent = party.unsent();
    unsent.retainAll(purged);
    Set<AumHash> losers = party.losers();
    losers.retainAll(purged);
    party.remove(losers);
    return unsent;
  }

  /** What a node has off its active chain, or may have. */
  Set<AumHash> losersOf(int node) {
    return nodes.get(node).losers();
  }

  /** Control's answer to a send reaches the node that sent. */
  void acknowledged(int node, SyncSend send, AumHash controlsHead, Instant now) {
    Set<AumHash> sent = new HashSet<>();
    known(send.missing()).forEach(aum -> sent.add(aum.hash()));
    heard(nodes.get(node), List.of(controlsHead), controlsHead, sent, now);
  }

  private void heard(
      NaiveAdmission party,
      Collection<AumHash> named,
      AumHash controlsHead,
      Set<AumHash> sent,
      Instant now) {
    party.acknowledge(named, now.getEpochSecond());
    boolean agrees = party.head().equals(controlsHead);
    if (party.holds(controlsHead)) {
      setAside(party, controlsHead, sent, agrees);
    }
    if (agrees) {
      agreed(party, now);
    }
  }

  private void setAside(
      NaiveAdmission party, AumHash controlsHead, Set<AumHash> sent, boolean agrees) {
    Set<AumHash> unsent = party.unsent();
    Set<AumHash> seen = new HashSet<>(unsent);
    seen.retainAll(sent);
    Set<AumHash> aside = new HashSet<>(unsent);
    aside.removeIf(party::isActive);
    if (!agrees && !seen.isEmpty()) {
      if (seen.stream().noneMatch(hash -> party.isActive(hash) && rewrites.contains(hash))) {
        aside.addAll(seen);
      }
    } else if (!party.isActive(controlsHead)) {
      aside.clear();
    }
    party.remove(aside);
  }

  private static void agreed(NaiveAdmission party, Instant now) {
    party.agree(now.getEpochSecond());
  }

  /** A node that is connected has had control's head all along. */
  void agreed(int node, Instant now) {
    agreed(nodes.get(node), now);
  }

  /** The latest that the own time of a node may be; empty before its first agreement. */
  Optional<Instant> latestOwnTime(int node) {
    OptionalLong agreed = nodes.get(node).lastAgreed();
    return agreed.isPresent()
        ? Optional.of(Instant.ofEpochSecond(agreed.getAsLong()).plus(1, ChronoUnit.DAYS))
        : Optional.empty();
  }

  /** True where something bars an AUM from rewriting at a node for good. */
  boolean isBarredForGood(int node, Aum x, Instant now) {
    NaiveAdmission party = nodes.get(node);
    return party.isActive(x.parent().orElseThrow())
        && party.against(x, now.getEpochSecond()).stream().anyMatch(Pair::mature);
  }

  /** The signers that bar an AUM from rewriting at control, whose chain its parent is on. */
  Set<Bytes> barredAtControl(Aum x, Instant now) {
    Set<Bytes> barred = new TreeSet<>();
    if (control.isActive(x.parent().orElseThrow())) {
      control.against(x, now.getEpochSecond()).forEach(pair -> barred.add(pair.key()));
    }
    return barred;
  }

  void backup() {
    backup = Optional.of(control.copyAs(Role.RESTORED));
  }

  /** Control as it was at its last backup. */
  void restored() {
    control = backup.orElseGet(() -> begin(Role.CONTROL)).copyAs(Role.RESTORED);
  }

  void recovered() {
    control = control.copyAs(Role.CONTROL);
  }

  private List<Aum> known(List<Bytes> encoded) {
    return encoded.stream().map(AumHash::ofEncoding).map(graph::get).toList();
  }
}
