package dev.tka.core.store;

/**
 * A store for one tailnet's AUMs. There is one way to write, {@link #commit}, and one way to end,
 * {@link #wipe}. Safe for use by many threads.
 *
 * <p>The obligations of an implementation, which the contract test suite checks:
 *
 * <ul>
 *   <li><b>Atomic.</b> After a commit, a failure, or a crash at any byte, the store shows all of
 *       the commit or none of it.
 *   <li><b>Compare and set.</b> A commit that was decided on any revision but the current one fails
 *       with {@link StoreException.Conflict} and changes nothing.
 *   <li><b>Durable.</b> A commit that returned survives a crash, as far as the medium does. A
 *       commit that will survive no longer fails: if tidying up after it goes wrong, that is left
 *       to the next writer.
 *   <li><b>Snapshots.</b> A snapshot never changes, bodies included. A store on a medium that
 *       others also write to may forget bodies that were removed at least a day ago; asking for one
 *       then fails with {@link StoreException.NoSuchAum}.
 *   <li><b>Idempotent content.</b> Adding an AUM that is stored changes nothing, least of all its
 *       commit time. Purging an AUM that is not stored changes nothing.
 *   <li><b>Limits.</b> What a commit holds is within {@link Limits}, and every commit can be read
 *       again. A store whose form holds less refuses the commit with {@link
 *       StoreException.OverLimit}.
 *   <li><b>Exact bytes.</b> An AUM is returned as exactly the bytes that were committed.
 *   <li><b>Notes.</b> {@link AumSnapshot#ownAums} are those of the last commit that had any.
 *   <li><b>Trail.</b> {@link AumSnapshot#trail} is the previous trail, cut and then extended as the
 *       commit says. A store that keeps what it purges need not write it: it may derive the trail
 *       from the purged AUMs behind the oldest ancestor. The two are equal if commits state their
 *       effect on the active chain: AUMs that leave its old end are purged with their entries, AUMs
 *       that come back there are added with their original commit times, the trail is cut from the
 *       first of them, and the oldest ancestor is recorded. An AUM purged without an entry may be
 *       remembered nevertheless.
 * </ul>
 *
 * <p>A store does not judge AUMs: verifying them is up to the caller of {@link #commit}.
 */
public interface AumStore extends AumSource {
  /**
   * Makes one change.
   *
   * @return the store right after it
   * @throws StoreException.Conflict if the store is no longer at the commit's base
   * @throws StoreException.InDoubt if the store was lost during the commit, so that it is not known
   *     whether it happened: read again
   * @throws StoreException if the store cannot be written; it is unchanged
   */
  AumSnapshot commit(Commit commit) throws StoreException;

  /**
   * Forgets everything, for good: the tailnet's lock was disabled. The store can be used again, at
   * a revision that it never had before.
   *
   * @throws StoreException.InDoubt if the store was lost during the wipe, so that it is not known
   *     whether it happened: read again, or wipe again
   * @throws StoreException if the store cannot be written; it is unchanged
   */
  void wipe() throws StoreException;
}
