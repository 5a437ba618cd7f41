package dev.tka.store;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A place that keeps the AUMs of many tailnets, each in its own store: readers and writers of one
 * tailnet never touch the rows of another. Safe for use by many threads; several processes may use
 * the place.
 */
public interface Tailnets extends AutoCloseable {
  /** The length of the longest tailnet name, in characters. */
  int LONGEST_NAME = 255;

  /** The rule for a tailnet's name, for error messages. */
  String NAME =
      "1 to " + LONGEST_NAME + " characters, without a zero character or half of a surrogate pair";

  /** The revision of a tailnet to which nothing was ever committed. */
  Revision NO_COMMIT = new Revision(0);

  /** How long a body is kept, at least, after its AUM was removed. */
  Duration REMOVED_STAY = Duration.ofDays(1);

  /**
   * Whether a text can be the name of a tailnet that stands; for a new one, see {@link
   * TailnetName}. It has 1 to {@value #LONGEST_NAME} characters, none of them the zero character,
   * which one database refuses, or half of a surrogate pair, which would give two tailnets one
   * name.
   */
  static boolean isName(String text) {
    return !text.isEmpty()
        && text.length() <= LONGEST_NAME
        && text.indexOf('\0') < 0
        && StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  /**
   * Rejects a text that cannot be a tailnet's name.
   *
   * @throws IllegalArgumentException unless {@link #isName}
   */
  static void requireName(String text) {
    if (!isName(text)) {
      throw new IllegalArgumentException(
          "expected a tailnet's name of " + NAME + ", found " + text.length() + " characters");
    }
  }

  /**
   * Combines stores of one tailnet each, in memory or in a node's directory, into one place. It has
   * no stores for other tailnets, and every tailnet in it has a revision. A watch polls each store.
   * Closing the place leaves the stores as they are.
   *
   * @param stores the stores, by tailnet name
   */
  static Tailnets of(Map<String, ? extends AumStore> stores) {
    return new SeparateStores(stores);
  }

  /**
   * The store of one tailnet; it holds nothing until something is committed to it, and is then at
   * {@link #NO_COMMIT}.
   *
   * @param name the tailnet's name, or any other text that identifies it: 1 to {@value
   *     #LONGEST_NAME} characters, without a zero character or half of a surrogate pair The first
   *     commit to it, which makes it, asks for more: {@link TailnetName}
   * @throws IllegalArgumentException if the name is invalid, or this place has no store for it; and
   *     from that first commit, if no new tailnet may have the name
   */
  AumStore tailnet(String name);

  /**
   * The current revision of every tailnet that was ever committed to, by name. Wiped tailnets are
   * included.
   *
   * @throws StoreException if the revisions cannot be read
   */
  SortedMap<String, Revision> revisions() throws StoreException;

  /**
   * Whether a tailnet was ever committed to.
   *
   * @throws StoreException if that cannot be read
   */
  default boolean has(String name) throws StoreException {
    return revisions().containsKey(name);
  }

  /**
   * Reads every tailnet that was ever committed to and lives here, in any order, and the retired
   * authorities of these. A database is asked for many of them at once; all that is shown of one
   * tailnet is of one moment.
   *
   * @param reading called by this thread, for one tailnet after the other
   * @throws StoreException if the place cannot be read, or as the callee throws it
   */
  default void readAll(Reading reading) throws StoreException {
    for (String name : revisions().keySet()) {
      AumSnapshot snapshot;
      try {
        snapshot = tailnet(name).read();
      } catch (StoreException.Damaged e) {
        reading.damaged(name, e);
        continue;
      } catch (StoreException.Fenced e) {
        continue;
      }
      reading.found(name, snapshot);
    }
  }

  /** Receives each tailnet that is read. */
  interface Reading {
    /** A tailnet, and what it holds. */
    void found(String name, AumSnapshot snapshot) throws StoreException;

    /** A tailnet that cannot be read, and why. */
    void damaged(String name, StoreException.Damaged why) throws StoreException;
  }

  /**
   * What this place keeps for a control server beside the AUMs; empty if this kind of place keeps
   * nothing of the sort, as stores of one tailnet each do.
   */
  default Optional<ControlRecords> records() {
    return Optional.empty();
  }

  /**
   * Deletes a tailnet with everything that is noted about it. Its name is free afterwards, and
   * watches report a tailnet that is gone. Snapshots go on showing what they showed, for {@link
   * #REMOVED_STAY}. Of a tailnet that was moved, the note where it lives is all that is left when
   * the move is complete, and can be deleted.
   *
   * @param base the revision that is to be deleted; nothing happens at {@link #NO_COMMIT} if there
   *     is no such tailnet
   * @throws StoreException.Conflict if the tailnet is at another revision; it stays
   * @throws StoreException.Fenced if it does not live here, or is being moved; it stays
   * @throws StoreException if the place cannot be written; the tailnet stays
   * @throws UnsupportedOperationException if this place does not delete tailnets
   */
  default void delete(String name, Revision base) throws StoreException {
    throw new UnsupportedOperationException(this + ": this kind of store deletes no tailnets");
  }

  /**
   * Reports which tailnets there are and at which revisions, at first and after every change,
   * including those by other processes, until the watch is closed.
   *
   * @param watcher called by one thread, never twice at a time. If it throws, the report is
   *     repeated
   */
  Watch watch(Watcher watcher);

  /** Closes the place, and the stores, snapshots and watches that came from it. */
  @Override
  void close();

  /** Changes are reported while this is open. */
  interface Watch extends AutoCloseable {
    /** Ends the watch; a call in progress may still run to its end. */
    @Override
    void close();
  }

  /**
   * Receives reports. Each says what there is, and not what changed since the one before: whoever
   * keeps something compares it with the report, and so also notices a place that was put back,
   * from a backup, to what an earlier report said.
   */
  interface Watcher {
    /**
     * Something may have changed. Reports come in the order of the changes; intermediate states may
     * be left out.
     *
     * @param revisions the revision of every tailnet, as {@link Tailnets#revisions} says. A name
     *     that is not among them is that of a tailnet that is gone, or never was: {@link
     *     #NO_COMMIT}
     */
    void found(Map<String, Revision> revisions);

    /**
     * All changes made before a moment have been reported.
     *
     * @param moment as counted by {@link System#nanoTime}
     */
    void caughtUp(long moment);

    /**
     * The place cannot be reached. Changes are not reported until {@link #caughtUp} is called
     * again; by then all of them have been.
     */
    void lost(StoreException why);
  }
}
