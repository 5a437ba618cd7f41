package dev.tka.control.http;

import dev.tka.control.Announcement;
import java.util.List;
import java.util.Optional;

/**
 * Where watch streams come from (service, section 4). The reader takes lines when it can write
 * them, so that a slow one costs no memory here: the source remembers where it is, and tells it to
 * read everything again when that is too far back.
 */
public interface WatchSource {
  /**
   * Begins a watch.
   *
   * @param tailnet one tailnet, or empty for all
   * @param from the token of the last line that was read
   * @throws IllegalArgumentException if that is not a token
   */
  Reader watch(Optional<String> tailnet, Optional<String> from);

  /** Ends each watch with a line that says to connect elsewhere. */
  void drain();

  /** One watch. */
  interface Reader extends AutoCloseable {
    /** The next line; empty if there is none yet. */
    Optional<Line> next();

    /**
     * Calls back once, by any thread, when there may be a line; at once if there is one already.
     */
    void whenReady(Runnable ready);

    /** Ends the watch. */
    @Override
    void close();
  }

  /** A line of a watch (service, section 10). Each has a token. */
  sealed interface Line {
    /** Where to go on after it. */
    String token();

    /**
     * Something changed.
     *
     * @param announcement what most nodes are told
     * @param differs the numbers of the nodes that are told something else
     * @param signatures the numbers of the nodes whose map entry is to be sent again
     */
    record Change(
        String token,
        String tailnet,
        Announcement announcement,
        List<Long> differs,
        List<Long> signatures)
        implements Line {
      /** Copies the lists. */
      public Change {
        differs = List.copyOf(differs);
        signatures = List.copyOf(signatures);
      }
    }

    /**
     * Everything is to be read again.
     *
     * @param tailnet of one tailnet, or empty for all
     */
    record Resync(String token, Optional<String> tailnet) implements Line {}

    /** Nothing happened for a while. */
    record Beat(String token) implements Line {}

    /** This server stops: connect to another. */
    record Reconnect(String token) implements Line {}

    /**
     * A tailnet is served elsewhere.
     *
     * @param url where
     */
    record Moved(String token, String tailnet, String url) implements Line {}
  }
}
