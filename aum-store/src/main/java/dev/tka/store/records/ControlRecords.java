package dev.tka.store.records;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What a place keeps for a control server beside the AUMs of its tailnets (service, section 2), in
 * the same database and with the same care: a change is made as a whole or not at all, is durable
 * when the call returns, and fails with {@link StoreException.Conflict} if what it is based on is
 * no longer so. Safe for use by many threads; several processes may use the place.
 *
 * <p>A tailnet of which nothing is kept has {@link TailnetRecord#NONE} and no nodes. The first
 * change makes it, and asks for a name that a new tailnet may have ({@link
 * dev.tka.store.TailnetName}), unless its AUMs are here already. {@link Tailnets#delete} deletes
 * all of it, tokens included.
 *
 * <p>Of a tailnet that does not live here ({@link Fence}), {@link #tailnets}, {@link #seen}, {@link
 * #fence} and what is said of changes answer as of any other. All else fails with {@link
 * StoreException.Fenced}, and so do changes while it is being moved.
 *
 * <p>Everything throws {@link StoreException} if the place cannot be read or written, {@link
 * StoreException.InDoubt} if it is unknown whether a change was made, and {@link
 * IllegalArgumentException} if a tailnet's name is invalid.
 */
public interface ControlRecords {
  /**
   * The names of all tailnets that have AUMs, a record, a node, or a fence that is not open,
   * without the stores that keep retired authorities.
   */
  SortedSet<String> tailnets() throws StoreException;

  /**
   * The names of the tailnets that were restored from a backup ({@link TailnetRecord#restored}).
   */
  default SortedSet<String> restored() throws StoreException {
    SortedSet<String> names = new TreeSet<>();
    for (String name : tailnets()) {
      if (seen(name).tailnet().restored().isPresent()) {
        names.add(name);
      }
    }
    return names;
  }

  /** What is kept of a tailnet. */
  TailnetRecord tailnet(String tailnet) throws StoreException;

  /**
   * A tailnet's record, and the revision of its AUMs at the same moment ({@link Tailnets#NO_COMMIT}
   * if there are none): enough to see that nothing changed since.
   */
  Seen seen(String tailnet) throws StoreException;

  /**
   * What one look at a tailnet shows.
   *
   * @param known whether there is anything of this tailnet: AUMs, a record, a node, or a fence that
   *     is not open
   */
  record Seen(boolean known, TailnetRecord tailnet, Revision aums, Fence fence) {
    /** What is seen of a tailnet that was never moved. */
    public Seen(boolean known, TailnetRecord tailnet, Revision aums) {
      this(known, tailnet, aums, Fence.NONE);
    }
  }

  /** Whether a tailnet lives here. */
  default Fence fence(String tailnet) throws StoreException {
    return seen(tailnet).fence();
  }

  /**
   * Changes whether a tailnet lives here. When this returns, everything that was written under the
   * fence before can be read, and nothing more is written under it.
   *
   * @param after the fence from now on; its epoch is the next one
   * @throws StoreException.Conflict if the fence is not {@code before}, or a copy would begin where
   *     something of the tailnet lives; nothing was changed
   * @throws StoreException.Busy if writers were in the way for too long; nothing was changed
   * @throws IllegalArgumentException if the epoch is not the next one
   */
  void fence(String tailnet, Fence before, Fence after) throws StoreException;

  /**
   * This place, for the move that holds a tailnet's fence: reads and writes of this tailnet, and of
   * its retired authorities, are made exactly while its fence is the one given, and fail with
   * {@link StoreException.Fenced} otherwise. All others fail so while it does not live here.
   * Deleting the tailnet leaves the fence. Closing what is returned leaves this place as it is.
   */
  Tailnets under(String tailnet, Fence fence);

  /** A node, if there is one with this number. */
  Optional<NodeRecord> node(String tailnet, long id) throws StoreException;

  /** The nodes that have a node key, in the order of their numbers. */
  List<NodeRecord> nodesWithKey(String tailnet, NodeKey key) throws StoreException;

  /** Those of some nodes that exist, in the order of their numbers. */
  List<NodeRecord> nodes(String tailnet, Collection<Long> ids) throws StoreException;

  /**
   * Reads all nodes of a moment, in the order of their numbers. Memory does not grow with their
   * number.
   */
  void allNodes(String tailnet, Consumer<NodeRecord> reading) throws StoreException;

  /** The number of nodes. */
  long countNodes(String tailnet) throws StoreException;

  /** The nodes that are told something else than most ({@link NodeRecord#told}), in order. */
  List<NodeRecord> nodesToldApart(String tailnet) throws StoreException;

  /**
   * Makes a change.
   *
   * @throws StoreException.Conflict if the tailnet's record or a node is not as the change says;
   *     nothing was changed
   */
  void commit(String tailnet, RecordsChange change) throws StoreException;

  /**
   * Ends the tailnet's authority: moves its AUMs to a store of their own, as a whole, and notes the
   * authority among the retired ones. The tailnet's store is empty afterwards, and free for another
   * authority. The secret for support and the init that was begun go.
   *
   * @param aums the revision of the AUMs that are moved
   * @param before the tailnet's record
   * @param ended the authority, how and when it ended; its {@code store} is ignored
   * @return the record afterwards
   * @throws StoreException.Conflict if the AUMs are at another revision, or the record is not as
   *     given; nothing was changed
   */
  TailnetRecord retire(String tailnet, Revision aums, TailnetRecord before, RetiredAuthority ended)
      throws StoreException;

  /**
   * Notes when nodes came, in place of what was noted of them before. Nodes that do not exist are
   * left out.
   */
  void noteSightings(String tailnet, Collection<NodeSighting> sightings) throws StoreException;

  /** The last sighting of each node that came, by its number. */
  SortedMap<Long, NodeSighting> sightings(String tailnet) throws StoreException;

  /** The token with a hash, if it was made and not revoked, and its node exists. */
  Optional<NodeToken> token(Bytes hash) throws StoreException;

  /** The tokens of a tailnet's nodes, by node and then by time. */
  List<NodeToken> tokens(String tailnet) throws StoreException;

  /**
   * Keeps a token.
   *
   * @throws StoreException.Conflict if there is no such node, or this token already
   */
  void addToken(NodeToken token) throws StoreException;

  /** Removes the token with a hash; has no effect if there is none in this tailnet. */
  void removeToken(String tailnet, Bytes hash) throws StoreException;

  /** The position after everything that is committed now. */
  Changes.Position position() throws StoreException;

  /**
   * What was committed after a position, whoever did it. Nothing is left out, also what was begun
   * before the position and committed after it; some of it may be named twice.
   *
   * @param most how many nodes of one tailnet to name; of a tailnet with more changes all of them
   *     are to be read again, and it counts as switched
   */
  Changes changesAfter(Changes.Position position, int most) throws StoreException;

  /**
   * Calls back when something may have been committed, until it is closed: at once where the place
   * tells, and else within the place's polling interval.
   */
  Tailnets.Watch watch(Watcher watcher);

  /** Receives what is read after each commit. */
  interface Watcher {
    /**
     * What was committed since the last call; the first call has an empty list. It is called by one
     * thread, never twice at a time, also when nothing was committed: at least once a second while
     * the place can be read.
     *
     * @param moment all that was committed before it is included, as counted by {@link
     *     System#nanoTime}
     */
    void changed(Changes changes, long moment);

    /** The place cannot be read; {@link #changed} is called again when it can. */
    void lost(StoreException why);
  }
}
