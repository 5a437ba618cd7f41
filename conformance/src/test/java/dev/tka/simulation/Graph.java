package dev.tka.simulation;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Every AUM that anybody made in one simulation, and the state at each, replayed from the genesis:
 * nobody forgets anything here.
 */
final class Graph {
  private final Map<AumHash, Aum> aums = new HashMap<>();
  private final Map<AumHash, State> states = new HashMap<>();
  private final Map<AumHash, Integer> heights = new HashMap<>();

  Graph(Aum genesis) {
    aums.put(genesis.hash(), genesis);
    states.put(genesis.hash(), genesis.state().orElseThrow().standingAt(genesis.hash()));
    heights.put(genesis.hash(), 0);
  }

  /** Notes an AUM whose parent was noted. */
  void add(Aum aum) {
    aums.putIfAbsent(aum.hash(), aum);
  }

  /** An AUM that was noted. */
  Aum get(AumHash hash) {
    return find(hash).orElseThrow(() -> new IllegalStateException("nobody made " + hash));
  }

  /** An AUM, if it was noted. */
  Optional<Aum> find(AumHash hash) {
    return Optional.ofNullable(aums.get(hash));
  }

  /** The state at an AUM. */
  State stateAt(AumHash hash) {
    fillTo(hash);
    return states.get(hash);
  }

  /** How many AUMs lie between the genesis and an AUM, itself included. */
  int height(AumHash hash) {
    fillTo(hash);
    return heights.get(hash);
  }

  /** The AUM so many steps before another, or the genesis. */
  AumHash before(AumHash hash, int steps) {
    Aum at = get(hash);
    for (int i = 0; i < steps && at.parent().isPresent(); i++) {
      at = get(at.parent().get());
    }
    return at.hash();
  }

  private void fillTo(AumHash hash) {
    Deque<Aum> replay = new ArrayDeque<>();
    AumHash at = hash;
    while (!states.containsKey(at)) {
      Aum aum = get(at);
      replay.push(aum);
      at = aum.parent().orElseThrow();
    }
    State state = states.get(at);
    int height = heights.get(at);
    for (Aum aum : replay) {
      try {
        state = state.apply(aum);
      } catch (ApplyException e) {
        throw new IllegalStateException("nobody makes what does not apply", e);
      }
      states.put(aum.hash(), state);
      heights.put(aum.hash(), ++height);
    }
  }

  /** The keys that are trusted before an AUM and not after it. */
  Set<Bytes> takenAway(Aum aum) {
    Set<Bytes> taken = new HashSet<>(stateAt(aum.parent().orElseThrow()).keyIds());
    taken.removeAll(stateAt(aum.hash()).keyIds());
    return taken;
  }

  /** The newest AUM that two have in common behind them, themselves included. */
  AumHash commonAncestor(AumHash one, AumHash other) {
    AumHash left = one;
    AumHash right = other;
    while (!left.equals(right)) {
      if (height(left) >= height(right)) {
        left = get(left).parent().orElseThrow();
      } else {
        right = get(right).parent().orElseThrow();
      }
    }
    return left;
  }

  /** The AUM on the way from an ancestor to a descendant that follows the ancestor. */
  Aum following(AumHash ancestor, AumHash descendant) {
    Aum at = get(descendant);
    while (!at.parent().equals(Optional.of(ancestor))) {
      at = get(at.parent().orElseThrow());
    }
    return at;
  }

  /** The weight of an AUM where every signer that is trusted there counts. */
  long fullWeight(Aum aum) {
    return stateAt(aum.parent().orElseThrow()).weightOf(aum);
  }

  /** Whether an AUM wins over another at one fork (protocol, section 4, "Fork resolution"). */
  boolean winsBySection4(Aum one, Aum other) {
    long weight = fullWeight(one);
    long against = fullWeight(other);
    return weight > against || (weight == against && winsTie(one, other));
  }

  /** The same between two of one weight. */
  static boolean winsTie(Aum one, Aum other) {
    boolean removes = one.kind().equals(AumKind.REMOVE_KEY);
    boolean otherRemoves = other.kind().equals(AumKind.REMOVE_KEY);
    return removes == otherRemoves ? one.hash().compareTo(other.hash()) < 0 : removes;
  }
}
