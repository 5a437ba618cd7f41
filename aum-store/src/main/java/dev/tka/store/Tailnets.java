package dev.tka.store;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;

/**
 * A place that keeps the AUMs of many tailnets, each in a store of its own: its readers and writers
 * look at no row of another. Safe for use by many threads; several processes may use the place.
 */
public interface Tailnets extends AutoCloseable {
  /** The longest name of a tailnet in characters. */
  int LONGEST_NAME = 255;

  /** What a tailnet's name is, for errors. */
  String NAME =
      "1 to "
          + LONGEST_NAME
          + " characters, no zero character and no half of a surrogate pair among them";

  /** How long a body outlasts the removal of its AUM at least. */
  Duration REMOVED_STAY = Duration.ofDays(1);

  /**
   * Whether a text can be a tailnet's name: 1 to {@value #LONGEST_NAME} characters, none of them
   * the zero character, which one database refuses, or half of a surrogate pair, which would give
   * two tailnets one name.
   */
  static boolean isName(String text) {
    return !text.isEmpty()
        && text.length() <= LONGEST_NAME
        && text.indexOf('\0') < 0
        && StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  /**
   * Refuses what is no name.
   *
   * @throws IllegalArgumentException unless {@link #isName}
   */
  static void requireName(String text) {
    if (!isName(text)) {
      throw new IllegalArgumentException(
          "a tailnet's name has " + NAME + "; found " + text.length() + " characters");
    }
  }

  /**
   * Stores of one tailnet each, in memory or a node's directory, as one place: no other tailnet has
   * a store there, and all of them have a revision. Watching reads each of them again and again.
   * Closing it leaves the stores as they are.
   *
   * @param stores by the tailnet's name
   */
  static Tailnets of(Map<String, ? extends AumStore> stores) {
    return new SeparateStores(stores);
  }

  /**
   * The store of one tailnet; it holds nothing until something is committed to it.
   *
   * @param name the tailnet's, or whatever tells it from others: 1 to {@value #LONGEST_NAME}
   *     characters, none of them the zero character or half of a surrogate pair
   * @throws IllegalArgumentException if the name is another, or can have no store here
   */
  AumStore tailnet(String name);

  /**
   * The present revision of every tailnet that was ever committed to, those that were wiped
   * included, by name.
   *
   * @throws StoreException if it cannot be read
   */
  SortedMap<String, Revision> revisions() throws StoreException;

  /**
   * Tells of commits from now on, those of other processes included, until it is closed.
   *
   * @param watcher is called by one thread, never twice at a time. When it throws, it is told again
   */
  Watch watch(Watcher watcher);

  /** Ends the use of the place, and of the stores, snapshots and watches that came from it. */
  @Override
  void close();

  /** Commits are told while this is open. */
  interface Watch extends AutoCloseable {
    /** Ends it; a call that has begun may still come to its end. */
    @Override
    void close();
  }

  /** Is told of commits. */
  interface Watcher {
    /**
     * A tailnet was committed to, or wiped. What is told of one tailnet comes in the order of its
     * commits; those in between may be left out.
     */
    void changed(String tailnet, Revision revision);

    /**
     * Whatever was committed up to a moment has been told.
     *
     * @param moment as {@link System#nanoTime} counts
     */
    void caughtUp(long moment);

    /**
     * The place cannot be reached. Commits go untold until {@link #caughtUp} is called again, and
     * none is left out then.
     */
    void lost(StoreException why);
  }
}
