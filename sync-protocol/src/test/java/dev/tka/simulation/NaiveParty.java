package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Control or a node as the naive model sees it: every AUM that it ever took in, but for those that
 * protocol section 10 makes it let go. The active chain is protocol section 4, from the genesis,
 * every time.
 */
final class NaiveParty {
  private static final Duration MATURE_AFTER = Duration.ofDays(14);

  /** How an AUM that would displace another is judged. */
  enum Rule {
    /** Control's: a checkpoint, and strictly heavier. */
    CONTROL,
    /** A node's, for what control sends: not lighter. */
    FROM_CONTROL,
    /**
     * Protocol, section 4 with the recounted weight: a restored control's, and a node's for all
     * else.
     */
    RECOUNTED
  }

  private final Graph graph;
  private final AumHash genesis;
  private final Map<AumHash, List<Aum>> held = new HashMap<>();
  private final Map<AumHash, Instant> committed = new HashMap<>();

  /** What it made, and since when control is known to have it. */
  private final Map<AumHash, Optional<Instant>> own = new HashMap<>();

  private Optional<Instant> agreedAt = Optional.empty();
  private List<Aum> chain = List.of();
  private Map<AumHash, Integer> places = Map.of();

  NaiveParty(Graph graph, Aum genesis, Instant now) {
    this.graph = graph;
    this.genesis = genesis.hash();
    committed.put(genesis.hash(), now);
    resolve();
  }

  /** As it was when the copy was made. */
  NaiveParty copy() {
    NaiveParty copy = new NaiveParty(graph, graph.get(genesis), committed.get(genesis));
    committed.forEach(
        (hash, time) -> {
          if (!hash.equals(genesis)) {
            copy.take(graph.get(hash), time);
          }
        });
    copy.resolve();
    return copy;
  }

  AumHash head() {
    return chain.get(chain.size() - 1).hash();
  }

  boolean isActive(AumHash hash) {
    return places.containsKey(hash);
  }

  boolean holds(AumHash hash) {
    return committed.containsKey(hash);
  }

  /**
   * Takes in a batch, judged against what was there before it.
   *
   * @param reference the reference time; empty before there was one, when nothing is mature
   * @return what is kept out: what the rule refuses, and what builds on that
   */
  Set<AumHash> inform(List<Aum> batch, Rule rule, Instant now, Optional<Instant> reference) {
    Set<AumHash> refused = new LinkedHashSet<>();
    List<Aum> admitted = new ArrayList<>();
    Set<AumHash> fresh = new HashSet<>();
    for (Aum x : batch) {
      AumHash parent = x.parent().orElse(genesis);
      if (holds(x.hash()) || fresh.contains(x.hash())) {
        continue;
      }
      boolean rootless = !holds(parent) && !fresh.contains(parent);
      if (rootless || isRefused(x, rule, reference)) {
        refused.add(x.hash());
      } else {
        fresh.add(x.hash());
        admitted.add(x);
      }
    }
    for (Aum x : admitted) {
      if (rule == Rule.FROM_CONTROL) {
        letGoWhatWouldWin(x, reference);
      }
      take(x, now);
    }
    boolean followed =
        rule == Rule.FROM_CONTROL && !batch.isEmpty() && followHeldBranch(batch, fresh, reference);
    if (followed || !admitted.isEmpty()) {
      resolve();
    }
    return refused;
  }

  private boolean isRefused(Aum x, Rule rule, Optional<Instant> reference) {
    Optional<Aum> follower = activeFollower(x);
    if (follower.isEmpty()) {
      return false;
    }
    Aum f = follower.get();
    return graph.winsBySection4(x, f) && !isAdmitted(x, f, rule, reference);
  }

  private boolean isAdmitted(Aum x, Aum f, Rule rule, Optional<Instant> reference) {
    long counted = recount(x, reference);
    long against = graph.fullWeight(f);
    return switch (rule) {
      case CONTROL -> x.kind().equals(AumKind.CHECKPOINT) && counted > against;
      case FROM_CONTROL -> counted >= against;
      case RECOUNTED -> counted > against || (counted == against && Graph.winsTie(x, f));
    };
  }

  /**
   * The recounted weight of an AUM whose parent is on the active chain; its full weight elsewhere.
   */
  long recount(Aum x, Optional<Instant> reference) {
    AumHash fork = x.parent().orElseThrow();
    Integer place = places.get(fork);
    if (place == null) {
      return graph.fullWeight(x);
    }
    int end = chain.size();
    while (end > place + 1 && isUnsent(chain.get(end - 1).hash())) {
      end--;
    }
    int mature = 0;
    for (int i = place + 1; i < end; i++) {
      if (isOld(chain.get(i).hash(), reference)) {
        mature = i - place;
      }
    }
    return new NaiveRecount(graph, fork, chain.subList(place + 1, end), mature).weightOf(x);
  }

  /** True for an AUM of the active chain that is old, or is followed by one. */
  boolean isMature(AumHash hash) {
    Integer place = places.get(hash);
    return place != null
        && chain.subList(place, chain.size()).stream()
            .anyMatch(aum -> isOld(aum.hash(), reference()));
  }

  private Optional<Instant> ageCountsFrom(AumHash hash) {
    return own.getOrDefault(hash, Optional.of(committed.get(hash)));
  }

  private boolean isOld(AumHash hash, Optional<Instant> reference) {
    Optional<Instant> since = ageCountsFrom(hash);
    return since.isPresent()
        && reference.isPresent()
        && !since.get().plus(MATURE_AFTER).isAfter(reference.get());
  }

  private boolean isUnsent(AumHash hash) {
    return own.containsKey(hash) && own.get(hash).isEmpty();
  }

  private Optional<Aum> activeFollower(Aum x) {
    Integer place = places.get(x.parent().orElseThrow());
    return place == null || place + 1 == chain.size()
        ? Optional.empty()
        : Optional.of(chain.get(place + 1));
  }

  /**
   * Judges a branch that lost here before and that control follows now, as if it came for the first
   * time.
   *
   * @return true when something was let go for it
   */
  private boolean followHeldBranch(
      List<Aum> batch, Set<AumHash> fresh, Optional<Instant> reference) {
    Aum at = batch.get(batch.size() - 1);
    if (!holds(at.hash()) || isActive(at.hash())) {
      return false;
    }
    List<Aum> onTheWay = new ArrayList<>();
    while (!isActive(at.parent().orElseThrow())) {
      onTheWay.add(at);
      at = graph.get(at.parent().orElseThrow());
    }
    if (fresh.contains(at.hash())) {
      return false;
    }
    if (letGoWhatWouldWin(at, reference)) {
      // Opening has to agree with control's branch at every fork of it.
      onTheWay.forEach(this::letGoPreferredSiblings);
    }
    return true;
  }

  /**
   * A tie goes to control's branch, so what protocol section 4 would prefer goes, and what follows
   * it.
   *
   * @return true when the AUM may displace what follows
   */
  private boolean letGoWhatWouldWin(Aum x, Optional<Instant> reference) {
    Optional<Aum> follower = activeFollower(x);
    if (follower.isEmpty() || !isAdmitted(x, follower.get(), Rule.FROM_CONTROL, reference)) {
      return false;
    }
    letGoPreferredSiblings(x);
    return true;
  }

  private void letGoPreferredSiblings(Aum x) {
    for (Aum sibling : new ArrayList<>(children(x.parent().orElseThrow()))) {
      if (graph.winsBySection4(sibling, x)) {
        letGo(sibling.hash());
      }
    }
  }

  private List<Aum> children(AumHash parent) {
    return held.getOrDefault(parent, List.of());
  }

  private void take(Aum aum, Instant now) {
    if (committed.putIfAbsent(aum.hash(), now) == null) {
      held.computeIfAbsent(aum.parent().orElseThrow(), any -> new ArrayList<>(1)).add(aum);
    }
  }

  /** Lets an AUM go, and all that follow it. */
  private void letGo(AumHash first) {
    Deque<AumHash> waiting = new ArrayDeque<>(List.of(first));
    while (!waiting.isEmpty()) {
      AumHash hash = waiting.remove();
      if (committed.remove(hash) != null) {
        held.get(graph.get(hash).parent().orElseThrow()).removeIf(aum -> aum.hash().equals(hash));
        children(hash).forEach(child -> waiting.add(child.hash()));
      }
    }
  }

  private void resolve() {
    List<Aum> walked = new ArrayList<>();
    Map<AumHash, Integer> at = new HashMap<>();
    Aum next = graph.get(genesis);
    while (true) {
      at.put(next.hash(), walked.size());
      walked.add(next);
      List<Aum> children = children(next.hash());
      if (children.isEmpty()) {
        chain = walked;
        places = at;
        return;
      }
      Aum winner = children.get(0);
      for (Aum child : children.subList(1, children.size())) {
        if (graph.winsBySection4(child, winner)) {
          winner = child;
        }
      }
      next = winner;
    }
  }

  // What only nodes have.

  /** Takes in what was made here. */
  Set<AumHash> make(List<Aum> edits, Instant now) {
    for (Aum edit : edits) {
      own.putIfAbsent(edit.hash(), Optional.empty());
    }
    return inform(edits, Rule.RECOUNTED, now, reference());
  }

  /** When the heads were last equal; before they ever were, when the head came. */
  Optional<Instant> reference() {
    return agreedAt.or(() -> ageCountsFrom(head()));
  }

  void agreed(Instant now) {
    agreedAt = Optional.of(now);
  }

  /** Control has these, and so what is behind them. */
  void controlHas(Collection<AumHash> named, Instant now) {
    List<AumHash> unsent = own.keySet().stream().filter(this::isUnsent).toList();
    if (unsent.isEmpty()) {
      return;
    }
    int lowest = unsent.stream().mapToInt(graph::height).min().orElseThrow();
    Set<AumHash> behind = new HashSet<>();
    for (AumHash hash : named) {
      Optional<Aum> at = graph.find(hash);
      while (at.isPresent() && graph.height(at.get().hash()) >= lowest) {
        if (!behind.add(at.get().hash())) {
          break;
        }
        at = at.get().parent().flatMap(graph::find);
      }
    }
    for (AumHash hash : unsent) {
      if (behind.contains(hash)) {
        own.put(hash, Optional.of(now));
      }
    }
  }

  /** What is off the active chain. */
  Set<AumHash> losers() {
    Set<AumHash> losers = new HashSet<>(committed.keySet());
    losers.removeAll(places.keySet());
    return losers;
  }

  /** Lets go of what is off the active chain; returns what is unsent, on it or off it. */
  Set<AumHash> drop(Set<AumHash> purged) {
    Set<AumHash> unsent = new HashSet<>(purged);
    unsent.removeIf(hash -> !isUnsent(hash));
    for (AumHash hash : purged) {
      if (!isActive(hash)) {
        letGo(hash);
      }
    }
    return unsent;
  }

  /**
   * Sets aside unsent edits, once control's head is held here.
   *
   * @param sent what was sent to control in this round, so that control has had its say on it; of
   *     all others, those that lost here are set aside
   */
  void setAside(AumHash controlsHead, Set<AumHash> sent) {
    if (!holds(controlsHead)) {
      return;
    }
    List<AumHash> aside = new ArrayList<>();
    own.forEach(
        (hash, since) -> {
          boolean lost = sent.contains(hash) || !isActive(hash);
          if (since.isEmpty() && lost && holds(hash) && !isRevocation(graph.get(hash))) {
            aside.add(hash);
          }
        });
    if (!aside.isEmpty()) {
      aside.forEach(this::letGo);
      resolve();
    }
  }

  /** A checkpoint that takes a key away. */
  private boolean isRevocation(Aum aum) {
    return aum.kind().equals(AumKind.CHECKPOINT) && !NaiveRecount.takenAway(graph, aum).isEmpty();
  }
}
