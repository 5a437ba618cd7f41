package dev.tka.control;

import dev.tka.core.NodeKey;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Learns what happens in a {@link ControlService}, for logs and metrics. It is called by the thread
 * that serves the request and must not block or throw.
 */
public interface ControlListener {
  /** Hears nothing. */
  ControlListener NONE = new ControlListener() {};

  /**
   * A request was served.
   *
   * @param tailnet its tailnet
   * @param node the number of the node that sent it; empty for the operator
   * @param nodeKey the key that the request names
   * @param what the path of the RPC below {@code /machine/tka/}, or a word such as {@code login}
   * @param outcome {@code ok}, a more exact word, or the code of the error
   * @param detail what to know about it, on one line; empty if there is nothing
   * @param took how long it took
   */
  record Event(
      String tailnet,
      Optional<Long> node,
      Optional<NodeKey> nodeKey,
      String what,
      String outcome,
      String detail,
      Duration took) {}

  /** A request was served, well or not. */
  default void served(Event event) {}

  /**
   * An authority has begun, and nodes that came after the list to sign was made have no signature:
   * they are locked out until they are signed.
   */
  default void unsigned(String tailnet, List<Long> nodes) {}

  /**
   * A tailnet that was restored from a backup counts as restored no longer, by itself: nodes have
   * given back what they hold, or too much time went by.
   *
   * @param came how many nodes need not come any more
   * @param missing the numbers of those that did not come
   */
  default void gaveBack(String tailnet, long came, List<Long> missing) {}

  /** Work in the background failed; it is tried again. */
  default void failed(String what, Exception why) {}
}
