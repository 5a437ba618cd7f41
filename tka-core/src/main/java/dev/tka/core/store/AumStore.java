package dev.tka.core.store;

/**
 * A place where one tailnet's AUMs are kept. There is one way to write, {@link #commit}, and one
 * way to end, {@link #wipe}. Safe for use by many threads.
 *
 * <p>What an implementation owes, and the contract test suite checks:
 *
 * <ul>
 *   <li><b>Atomic.</b> After a commit, a failure, or a crash at any byte, the store shows all of
 *       the commit or nothing of it.
 *   <li><b>Compare and set.</b> A commit that was decided on another revision than the present one
 *       fails with {@link StoreException.Conflict} and changes nothing.
 *   <li><b>Durable.</b> A commit that returned survives a crash, as far as the medium does. One
 *       that will survive does not fail any more: what goes wrong with tidying up after it is left
 *       to whoever writes next.
 *   <li><b>Snapshots.</b> A snapshot that was read keeps showing what it showed, bodies included. A
 *       store on a medium that others write to, too, may forget bodies that were removed at least a
 *       day ago; asking for one then fails with {@link StoreException.NoSuchAum}.
 *   <li><b>Idempotent content.</b> Adding an AUM that is stored changes nothing, its commit time
 *       least of all. Purging one that is not stored changes nothing.
 *   <li><b>Exact bytes.</b> An AUM is handed out as the bytes that were committed.
 *   <li><b>Notes.</b> {@link AumSnapshot#marks} are those of the last commit that had any.
 *   <li><b>Trail.</b> {@link AumSnapshot#trail} is the one before, cut and then extended as the
 *       commit says. A store that keeps what it purges need not write it: it may tell the trail
 *       from the purged AUMs behind the oldest ancestor. Both are the same when commits say what
 *       they do to the active chain: AUMs that leave its old end are purged with their entries,
 *       AUMs that come back there are added with the commit times that they had, the trail is cut
 *       from the first of them, and the oldest ancestor is recorded. Purged without an entry, an
 *       AUM may be remembered nevertheless.
 * </ul>
 *
 * <p>A store does not judge AUMs: that they verify is up to whoever commits them.
 */
public interface AumStore extends AumSource {
  /**
   * Makes one change.
   *
   * @return the store right after it
   * @throws StoreException.Conflict if the store is not at the commit's base any more
   * @throws StoreException.InDoubt if the store was lost meanwhile, and whether the commit happened
   *     is not known: read again
   * @throws StoreException if it cannot be written; it is as it was
   */
  AumSnapshot commit(Commit commit) throws StoreException;

  /**
   * Forgets everything, for good: the tailnet's lock was disabled. The store can be used again, at
   * a revision that it never had.
   *
   * @throws StoreException.InDoubt if the store was lost meanwhile, and whether it was wiped is not
   *     known: read again, or wipe again
   * @throws StoreException if it cannot be written; it is as it was
   */
  void wipe() throws StoreException;
}
