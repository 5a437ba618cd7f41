package dev.tka.control;

import dev.tka.store.records.Changes;
import dev.tka.sync.rpc.Announcement;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * A line of a watch (service, section 4). A watch that resumes from a line's token misses nothing
 * that came after the line; it may see some of what came before it again.
 */
public sealed interface WatchLine {
  /** The token to resume from. */
  Changes.Position token();

  /**
   * A tailnet changed. What is said of it was true when the line was made, or is newer.
   *
   * @param tailnet its name
   * @param token the token to resume from
   * @param announcement what most of its nodes are told from now on
   * @param differs the nodes that are told something else, all of them, in order
   * @param signatures the nodes whose entry in everybody's map changed, in order
   */
  record Change(
      String tailnet,
      Changes.Position token,
      Announcement announcement,
      List<Long> differs,
      List<Long> signatures)
      implements WatchLine {
    /** Copies the lists. */
    public Change {
      differs = List.copyOf(differs);
      signatures = List.copyOf(signatures);
    }
  }

  /**
   * A tailnet was moved to another place (service, section 7), where its next changes are told.
   *
   * @param tailnet its name
   * @param token the token to resume from, here
   * @param server where the servers of that place are; empty if this one was not told
   */
  record Moved(String tailnet, Changes.Position token, Optional<URI> server) implements WatchLine {}

  /** What changed before this line is not known: all of it is to be asked for again. */
  record Resync(Changes.Position token) implements WatchLine {}

  /** Nothing changed for a while. */
  record Beat(Changes.Position token) implements WatchLine {}

  /** The server is about to stop: the reader is to connect to another one. The last line. */
  record Reconnect(Changes.Position token) implements WatchLine {}
}
