package dev.tka.core.store;

import dev.tka.core.Bytes;
import java.util.List;
import java.util.Optional;

/**
 * A store in memory, for tests, for caches, and for nodes without permanent storage. Its trail is
 * complete.
 */
public final class MemoryAumStore implements AumStore {
  private volatile IndexSnapshot<Bytes> current;

  // Counts attempts: what a failed commit left in the index stays out of sight.
  private long lastSequence;

  /** An empty store. */
  public MemoryAumStore() {
    this.current = empty(0);
  }

  @Override
  public AumSnapshot read() {
    return current;
  }

  @Override
  public synchronized AumSnapshot commit(Commit commit) throws StoreException.Conflict {
    IndexSnapshot<Bytes> base = current;
    if (!commit.base().equals(base.revision())) {
      throw new StoreException.Conflict(commit.base(), base.revision());
    }
    Trail before = base.trail();
    Trail trail = commit.trailCut().map(before::cutFrom).orElse(before).extend(commit.trail());
    long sequence = ++lastSequence;
    AumIndex<Bytes> index =
        base.index()
            .add(
                commit.additions().stream().map(addition -> AumIndex.Item.of(addition)).toList(),
                sequence);
    if (!commit.purges().isEmpty()) {
      index = index.without(commit.purges());
    }
    current =
        new IndexSnapshot<>(
            index,
            sequence,
            new Revision(sequence),
            commit.lastActiveAncestor().or(base::lastActiveAncestor),
            IndexSnapshot.Bodies.IN_MEMORY,
            () -> trail,
            base.notes().after(commit),
            List.of());
    return current;
  }

  @Override
  public synchronized void wipe() {
    current = empty(++lastSequence);
  }

  private static IndexSnapshot<Bytes> empty(long sequence) {
    return new IndexSnapshot<>(
        new AumIndex<>(),
        sequence,
        new Revision(sequence),
        Optional.empty(),
        IndexSnapshot.Bodies.IN_MEMORY,
        () -> Trail.EMPTY,
        Notes.NONE,
        List.of());
  }
}
