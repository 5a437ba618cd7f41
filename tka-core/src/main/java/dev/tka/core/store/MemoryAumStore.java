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
    this(new Revision(0));
  }

  /**
   * An empty store in place of one that is gone.
   *
   * @param last the revision at which the other one ended; this one is at 0, and then at revisions
   *     that the other one never had
   */
  public MemoryAumStore(Revision last) {
    this(empty(0), last.value());
  }

  private MemoryAumStore(IndexSnapshot<Bytes> current, long lastSequence) {
    this.current = current;
    this.lastSequence = lastSequence;
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

  /**
   * Moves everything to another store. This one is empty afterwards, as after {@link #wipe}.
   *
   * @return the other store, at the revision that this one was at
   */
  public synchronized MemoryAumStore moveAll() {
    MemoryAumStore other = new MemoryAumStore(current, lastSequence);
    wipe();
    return other;
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
