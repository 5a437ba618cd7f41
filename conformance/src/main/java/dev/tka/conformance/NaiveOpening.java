package dev.tka.conformance;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * "Opening a store" (protocol, section 4) sentence by sentence as the page describes it, over a
 * plain list: no index, and nothing shared with the library except applying one AUM to a state. A
 * second opinion on heads, deliberately slow.
 */
final class NaiveOpening {
  private final List<Aum> aums;

  private NaiveOpening(List<Aum> aums) {
    this.aums = aums;
  }

  /** The head that the page selects; empty if it refuses the store. */
  static Optional<AumHash> head(List<Aum> aums, Optional<AumHash> lastActiveAncestor) {
    return new NaiveOpening(aums).head(lastActiveAncestor);
  }

  private Optional<AumHash> head(Optional<AumHash> lastActiveAncestor) {
    Set<Aum> ancestors = new HashSet<>();
    for (Aum aum : aums) {
      if (children(aum).isEmpty()) {
        ancestors.add(oldestOf(aum));
      }
    }
    if (ancestors.size() == 1) {
      return follow(ancestors.iterator().next());
    }
    return lastActiveAncestor.flatMap(this::find).map(this::oldestOf).flatMap(this::follow);
  }

  private Optional<AumHash> follow(Aum ancestor) {
    try {
      Aum at = ancestor;
      Optional<State> state = stateAt(ancestor);
      while (state.isPresent()) {
        List<Aum> candidates = children(at);
        if (candidates.isEmpty()) {
          return Optional.of(at.hash());
        }
        Aum best = candidates.get(0);
        for (Aum candidate : candidates) {
          if (beats(candidate, best, state.get())) {
            best = candidate;
          }
        }
        at = best;
        state = Optional.of(state.get().apply(at));
      }
      return Optional.empty();
    } catch (ApplyException e) {
      return Optional.empty();
    }
  }

  private static boolean beats(Aum candidate, Aum best, State state) {
    long difference = weight(candidate, state) - weight(best, state);
    if (difference != 0) {
      return difference > 0;
    }
    boolean candidateRemoves = candidate.kind().equals(AumKind.REMOVE_KEY);
    boolean bestRemoves = best.kind().equals(AumKind.REMOVE_KEY);
    if (candidateRemoves != bestRemoves) {
      return candidateRemoves;
    }
    return candidate.hash().bytes().compareTo(best.hash().bytes()) < 0;
  }

  private static long weight(Aum aum, State state) {
    Set<Bytes> signers = new HashSet<>();
    for (AumSignature signature : aum.signatures()) {
      signature.keyId().ifPresent(signers::add);
    }
    long weight = 0;
    for (Key key : state.keys()) {
      if (signers.contains(key.id())) {
        weight += key.votes();
      }
    }
    return weight;
  }

  private static Optional<State> stateAt(Aum oldest) throws ApplyException {
    if (oldest.kind().equals(AumKind.CHECKPOINT) && oldest.state().isPresent()) {
      State body = oldest.state().get();
      return Optional.of(body.standingAt(oldest.hash()));
    }
    boolean oldForm = oldest.kind().equals(AumKind.NO_OP) || oldest.kind().equals(AumKind.ADD_KEY);
    return oldForm && oldest.parent().isEmpty()
        ? Optional.of(State.NOTHING.apply(oldest))
        : Optional.empty();
  }

  private List<Aum> children(Aum parent) {
    List<Aum> found = new ArrayList<>();
    for (Aum aum : aums) {
      if (aum.parent().equals(Optional.of(parent.hash()))) {
        found.add(aum);
      }
    }
    return found;
  }

  private Aum oldestOf(Aum aum) {
    Aum oldest = aum;
    for (Optional<Aum> parent = oldest.parent().flatMap(this::find);
        parent.isPresent();
        parent = oldest.parent().flatMap(this::find)) {
      oldest = parent.get();
    }
    return oldest;
  }

  private Optional<Aum> find(AumHash hash) {
    return aums.stream().filter(aum -> aum.hash().equals(hash)).findFirst();
  }
}
