package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncSend;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Protocol, section 10 a second time, written from its text alone, without index, trail or store:
 * every party keeps every AUM for ever (but for losing ones that a node is said to have dropped),
 * and every judgement replays what it needs from the genesis. It is told of every message that
 * arrives, and knows from them what each party must hold, refuse and follow.
 *
 * <p>What the section leaves open is read so:
 *
 * <ul>
 *   <li>an AUM would <i>come to win</i> at P when protocol section 4 prefers it to f, or when the
 *       rule that applies does; one that neither prefers is a loser, which is kept and refused by
 *       nobody. A policy that refuses a loser all the same changes nothing, and is not wrong;
 *   <li>before the heads of a node and of control were first equal, the time at which the node's
 *       head came to it stands for that of their agreement;
 *   <li>what control sent or named is noted before the AUMs that it sent are judged;
 *   <li>control has accepted what its next head is, or follows;
 *   <li>a node <i>holds control's chain</i> when it holds the head that control named last, on its
 *       active chain or off it. Then unsent AUMs that are off the active chain are set aside, and
 *       those that control has just been sent and does not follow, with what builds on them;
 *   <li>what control sends of its chain is judged whether it is held as a loser or not;
 *   <li>when a tie goes to control's branch, every AUM at P that protocol section 4 would prefer
 *       goes, not f alone.
 * </ul>
 */
final class NaiveModel {
  private final Graph graph;
  private final Aum genesis;
  private final Map<Integer, NaiveParty> nodes = new HashMap<>();
  private NaiveParty control;
  private Optional<NaiveParty> backup = Optional.empty();
  private boolean restored;

  NaiveModel(Graph graph, Aum genesis, Instant now) {
    this.graph = graph;
    this.genesis = genesis;
    this.control = new NaiveParty(graph, genesis, now);
  }

  AumHash controlHead() {
    return control.head();
  }

  AumHash nodeHead(int node) {
    return nodes.get(node).head();
  }

  /** A node begins with the genesis. */
  void joined(int node, Instant now) {
    nodes.put(node, new NaiveParty(graph, genesis, now));
  }

  /** A node makes edits in its own store. */
  void made(int node, List<Aum> edits, Instant now) {
    nodes.get(node).make(edits, now);
  }

  /**
   * A send reaches control.
   *
   * @return what control must keep out, or may
   */
  Set<AumHash> reachedControl(SyncSend send, Instant now) {
    List<Aum> batch = known(send.missing());
    NaiveParty.Rule rule = restored ? NaiveParty.Rule.RECOUNTED : NaiveParty.Rule.CONTROL;
    Set<AumHash> kept = new LinkedHashSet<>(control.inform(batch, rule, now, Optional.of(now)));
    for (Aum aum : batch) {
      if (!control.isActive(aum.hash())) {
        kept.add(aum.hash());
      }
    }
    return kept;
  }

  /**
   * An answer reaches a node.
   *
   * @return what the node must keep out, or may
   */
  Set<AumHash> answered(int node, SyncAnswer answer, Instant now) {
    NaiveParty party = nodes.get(node);
    List<Aum> batch = known(answer.missing());
    List<AumHash> named = new ArrayList<>(answer.offer().ancestors());
    named.add(answer.offer().head());
    batch.forEach(aum -> named.add(aum.hash()));
    party.controlHas(named, now);
    Set<AumHash> kept =
        new LinkedHashSet<>(
            party.inform(batch, NaiveParty.Rule.FROM_CONTROL, now, party.reference()));
    for (Aum aum : batch) {
      if (!party.isActive(aum.hash())) {
        kept.add(aum.hash());
      }
    }
    party.setAside(answer.offer().head(), Set.of());
    noteAgreement(party, answer.offer().head(), now);
    return kept;
  }

  /**
   * A node compacts: the losing AUMs among these are gone from it. Those of the active chain it
   * remembers, which here is as good as having them.
   *
   * @return what must not go: the unsent ones
   */
  Set<AumHash> dropped(int node, Set<AumHash> purged) {
    return nodes.get(node).drop(purged);
  }

  /** What a node has off its active chain, or may have. */
  Set<AumHash> losersOf(int node) {
    return nodes.get(node).losers();
  }

  /** Control's answer to a send reaches the node that sent. */
  void acknowledged(int node, SyncSend send, AumHash controlsHead, Instant now) {
    NaiveParty party = nodes.get(node);
    party.controlHas(List.of(controlsHead), now);
    Set<AumHash> sent = new HashSet<>();
    known(send.missing()).forEach(aum -> sent.add(aum.hash()));
    party.setAside(controlsHead, sent);
    noteAgreement(party, controlsHead, now);
  }

  private static void noteAgreement(NaiveParty party, AumHash controlsHead, Instant now) {
    if (party.head().equals(controlsHead)) {
      party.agreed(now);
    }
  }

  /**
   * True for an AUM that is mature at a node: the keys that it took away no longer have a say
   * there.
   */
  boolean isFinalAt(int node, AumHash hash) {
    return nodes.get(node).isMature(hash);
  }

  /** The weight that control would count of an AUM now. */
  long countedAtControl(Aum aum, Instant now) {
    return control.recount(aum, Optional.of(now));
  }

  /** The weight of an AUM by protocol section 4. */
  long fullWeight(Aum aum) {
    return graph.stateAt(aum.parent().orElseThrow()).weightOf(aum);
  }

  void backup() {
    backup = Optional.of(control.copy());
  }

  void restored(Instant now) {
    control = backup.map(NaiveParty::copy).orElseGet(() -> new NaiveParty(graph, genesis, now));
    restored = true;
  }

  void recovered() {
    restored = false;
  }

  private List<Aum> known(List<Bytes> encoded) {
    return encoded.stream().map(AumHash::ofEncoding).map(graph::get).toList();
  }
}
