package dev.tka.node;

import java.util.OptionalInt;
import java.util.Set;

/**
 * Which of a node's servers is asked first: the one that answered last. One that cannot be reached,
 * or does not know the node, is left for the next, in the order in which they are configured. Safe
 * for use by many threads.
 */
final class ServerChoice {
  /** Not authorized, not found, gone, moved: nothing of the node is there. */
  private static final Set<Integer> KNOWS_NOTHING = Set.of(401, 404, 410, 307);

  private static final int FIRST_ERROR = 300;
  private static final int NOT_MODIFIED = 304;

  private final int count;
  private int first;

  /** The one that answered last. */
  private OptionalInt home = OptionalInt.empty();

  ServerChoice(int count) {
    this.count = count;
  }

  synchronized int first() {
    return first;
  }

  /** A server has answered for itself. */
  synchronized void answered(int server, int status) {
    if (status < FIRST_ERROR || status == NOT_MODIFIED) {
      home = OptionalInt.of(server);
      first = server;
    } else if (server == first
        && (KNOWS_NOTHING.contains(status) || !home.equals(OptionalInt.of(server)))) {
      first = (server + 1) % count;
    }
  }

  /** A server did not answer. */
  synchronized void unreachable(int server) {
    if (server == first) {
      first = (server + 1) % count;
    }
  }
}
