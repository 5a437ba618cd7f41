package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Fork resolution from one AUM forward to the end of the chain.
 *
 * @param passed the AUMs in order, including the first
 * @param checkpoints the indexes of those that are checkpoints
 * @param state the state at the last one
 */
record Walk(List<AumHash> passed, List<Integer> checkpoints, State state) {
  /** The AUMs on the way that a walk reads and applies. */
  enum Applying {
    /**
     * Every AUM, so that one that cannot be applied is found wherever it is (protocol, section 4).
     */
    EVERY_AUM,
    /** Those that determine a state that decides something: the state at a fork and at the end. */
    WHAT_DECIDES;

    /**
     * If every body costs a read from the medium, a long chain would be read completely just to
     * apply AUMs that were verified before they were stored.
     */
    static Applying in(AumSnapshot snapshot) {
      return snapshot.hasBodiesInMemory() ? EVERY_AUM : WHAT_DECIDES;
    }
  }

  /** An AUM on the way, which is read only when it is needed. */
  interface Step {
    AumHash hash();

    Optional<AumHash> parent();

    AumKind kind();

    int size();

    Aum aum() throws StoreException;

    static Step of(Aum aum) {
      return new Decoded(aum);
    }

    static Step of(AumSnapshot snapshot, AumEntry entry) {
      return new Stored(snapshot, entry);
    }
  }

  private record Decoded(Aum aum) implements Step {
    @Override
    public AumHash hash() {
      return aum.hash();
    }

    @Override
    public Optional<AumHash> parent() {
      return aum.parent();
    }

    @Override
    public AumKind kind() {
      return aum.kind();
    }

    @Override
    public int size() {
      return aum.encoded().size();
    }
  }

  private record Stored(AumSnapshot snapshot, AumEntry entry) implements Step {
    @Override
    public AumHash hash() {
      return entry.hash();
    }

    @Override
    public Optional<AumHash> parent() {
      return entry.parent();
    }

    @Override
    public AumKind kind() {
      return entry.kind();
    }

    @Override
    public int size() {
      return entry.size();
    }

    @Override
    public Aum aum() throws StoreException {
      return snapshot.get(entry.hash());
    }
  }

  /** The AUMs that follow one. */
  @FunctionalInterface
  interface Children {
    List<Step> of(AumHash parent);

    /** The stored children that a snapshot shows. */
    static Children in(AumSnapshot snapshot) {
      return parent -> {
        List<? extends AumEntry> entries = snapshot.children(parent);
        List<Step> steps = new ArrayList<>(entries.size());
        entries.forEach(entry -> steps.add(Step.of(snapshot, entry)));
        return steps;
      };
    }
  }

  static Walk from(Aum first, State atFirst, Children children, Applying applying)
      throws StoreException, ApplyException {
    List<AumHash> passed = new ArrayList<>();
    List<Integer> checkpoints = new ArrayList<>();
    // The state before the steps that wait to be applied.
    State state = atFirst;
    List<Step> waiting = new ArrayList<>();
    Step at = Step.of(first);
    while (true) {
      if (at.kind().isCheckpoint()) {
        checkpoints.add(passed.size());
      }
      passed.add(at.hash());
      List<Step> next = children.of(at.hash());
      if (next.size() != 1 || applying == Applying.EVERY_AUM) {
        state = applied(state, waiting);
        waiting.clear();
      }
      if (next.isEmpty()) {
        return new Walk(passed, checkpoints, state);
      }
      at = next.size() == 1 ? next.get(0) : Step.of(ForkResolution.choose(state, decoded(next)));
      if (at.kind().isCheckpoint()) {
        // A checkpoint holds the whole state; an older one is needed only to check the state ids.
        waiting.clear();
        state = state.standingAt(at.parent().orElseThrow());
      }
      waiting.add(at);
    }
  }

  private static State applied(State before, List<Step> steps)
      throws StoreException, ApplyException {
    State state = before;
    for (int from = 0; from < steps.size(); from += AumSnapshot.BODIES_AT_ONCE) {
      int to = Math.min(steps.size(), from + AumSnapshot.BODIES_AT_ONCE);
      for (Aum aum : decoded(steps.subList(from, to))) {
        state = state.apply(aum);
      }
    }
    return state;
  }

  /** The AUMs of steps; those that are stored, all in one snapshot, are read together. */
  static List<Aum> decoded(List<Step> steps) throws StoreException {
    List<Aum> aums = new ArrayList<>(steps.size());
    if (steps.size() == 1) {
      aums.add(steps.get(0).aum());
      return aums;
    }
    List<AumHash> hashes = new ArrayList<>(steps.size());
    Optional<AumSnapshot> snapshot = Optional.empty();
    for (Step step : steps) {
      if (step instanceof Stored stored) {
        hashes.add(stored.hash());
        snapshot = Optional.of(stored.snapshot);
      }
    }
    Iterator<Aum> read =
        snapshot.isPresent()
            ? snapshot.get().getAll(hashes).iterator()
            : Collections.emptyIterator();
    for (Step step : steps) {
      aums.add(step instanceof Stored ? read.next() : step.aum());
    }
    return aums;
  }
}
