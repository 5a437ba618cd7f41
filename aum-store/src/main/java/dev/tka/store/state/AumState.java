package dev.tka.store.state;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.store.Tailnets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One store's AUMs, with their bodies, in memory. Immutable: a commit gives another one. Both share
 * an index as long as one follows the other, so that a commit costs what it adds; the index grows
 * when the AUMs of the other one are first read, so a commit that is only decided costs nothing. A
 * state from which several others were made and read is copied for all but the first.
 */
public final class AumState {
  /** Nothing, as before a first commit. */
  public static final AumState NONE = empty(Tailnets.NO_COMMIT);

  private final Revision revision;
  private final Optional<AumHash> lastActiveAncestor;
  private final Trail trail;
  private final Notes notes;
  private final List<Damage> damage;
  private final boolean isEmpty;

  /** Makes the index; gone once that was done, with what it holds on to. */
  private Supplier<Grown> growth;

  private volatile @Nullable Shown shown;

  /** An index, and what a reader is shown of it. */
  private record Shown(Grown index, IndexSnapshot<Bytes> snapshot) {}

  /** An index, and the sequence numbers of those who show it. */
  private record Grown(AumIndex<Bytes> index, long limit, AtomicLong last) {}

  /** What a commit adds and removes. */
  private record Growth(Grown base, List<AumIndex.Item<Bytes>> additions, Set<AumHash> purges)
      implements Supplier<Grown> {
    @Override
    public Grown get() {
      long next = base.limit + 1;
      // Only one may go on in this index: others would see its AUMs.
      boolean isFirst = base.last.compareAndSet(base.limit, next);
      AumIndex<Bytes> before = isFirst ? base.index : base.index.upTo(base.limit);
      AumIndex<Bytes> after = before.add(additions, next);
      if (!purges.isEmpty()) {
        after = after.without(purges);
      }
      return new Grown(after, next, after == base.index ? base.last : new AtomicLong(next));
    }
  }

  private AumState(
      Supplier<Grown> growth,
      boolean isEmpty,
      Revision revision,
      Optional<AumHash> lastActiveAncestor,
      Trail trail,
      Notes notes,
      List<Damage> damage) {
    this.growth = growth;
    this.isEmpty = isEmpty;
    this.revision = revision;
    this.lastActiveAncestor = lastActiveAncestor;
    this.trail = trail;
    this.notes = notes;
    this.damage = List.copyOf(damage);
  }

  private static AumState empty(Revision revision) {
    return read(List.of(), revision, Optional.empty(), Trail.EMPTY, Notes.NONE, List.of());
  }

  /**
   * What was read from a medium.
   *
   * @param aums those that could be read, each once, in any order
   * @param damage what could not be read, or should not be there
   */
  public static AumState read(
      List<AumIndex.Item<Bytes>> aums,
      Revision revision,
      Optional<AumHash> lastActiveAncestor,
      Trail trail,
      Notes notes,
      List<Damage> damage) {
    Grown index = new Grown(AumIndex.of(aums), 0, new AtomicLong());
    return new AumState(
        () -> index, aums.isEmpty(), revision, lastActiveAncestor, trail, notes, damage);
  }

  private Shown shown() {
    Shown found = shown;
    return found != null ? found : show();
  }

  private synchronized Shown show() {
    Grown made = growth.get();
    growth = () -> made;
    Shown found = shown;
    if (found == null) {
      found =
          new Shown(
              made,
              new IndexSnapshot<>(
                  made.index,
                  made.limit,
                  revision,
                  lastActiveAncestor,
                  IndexSnapshot.Bodies.IN_MEMORY,
                  () -> trail,
                  notes,
                  damage));
      shown = found;
    }
    return found;
  }

  /** What all stores begin with keeps the AUMs of none of them. */
  @SuppressWarnings("ReferenceEquality")
  private Grown index() {
    return this == NONE ? new Grown(new AumIndex<>(), 0, new AtomicLong()) : shown().index;
  }

  /** The revision. */
  public Revision revision() {
    return revision;
  }

  /** Whether there are no AUMs. */
  public boolean isEmpty() {
    return isEmpty;
  }

  /** What a reader is shown. */
  public IndexSnapshot<Bytes> snapshot() {
    return shown().snapshot;
  }

  /**
   * Rejects a revision that is not the current one.
   *
   * @throws StoreException.Conflict if it is another
   */
  public void require(Revision expected) throws StoreException.Conflict {
    if (!revision.equals(expected)) {
      throw new StoreException.Conflict(expected, revision);
    }
  }

  /**
   * Makes a change.
   *
   * @param next the revision afterwards, which this store never had
   * @throws StoreException.Conflict if the commit is based on another revision
   */
  public AumState commit(Commit commit, Revision next) throws StoreException.Conflict {
    require(commit.base());
    return changed(
        commit.additions().stream().map(addition -> AumIndex.Item.of(addition)).toList(),
        commit.purges(),
        next,
        commit.lastActiveAncestor().or(() -> lastActiveAncestor),
        commit.trailCut().map(trail::cutFrom).orElse(trail).extend(commit.trail()),
        notes.after(commit));
  }

  /**
   * This with AUMs added and then others removed, and all else replaced.
   *
   * @param additions those that are here already stay as they are; fastest if parents come before
   *     their children
   */
  public AumState changed(
      List<AumIndex.Item<Bytes>> additions,
      Set<AumHash> purges,
      Revision next,
      Optional<AumHash> ancestor,
      Trail remembered,
      Notes noted) {
    return new AumState(
        new Growth(index(), additions, purges),
        isEmptyAfter(additions, purges),
        next,
        ancestor,
        remembered,
        noted,
        damage);
  }

  private boolean isEmptyAfter(List<AumIndex.Item<Bytes>> additions, Set<AumHash> purges) {
    if (purges.isEmpty()) {
      return isEmpty && additions.isEmpty();
    }
    return additions.stream().allMatch(each -> purges.contains(each.hash()))
        && snapshot().entries().stream().allMatch(each -> purges.contains(each.hash()));
  }

  /**
   * Nothing, for good: the lock was disabled.
   *
   * @param next the revision afterwards, which this store never had
   */
  public AumState wiped(Revision next) {
    return empty(next);
  }

  @Override
  public String toString() {
    return "AUMs at revision " + revision.value();
  }
}
