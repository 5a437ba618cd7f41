package dev.tka.control;

import java.util.Optional;

/**
 * Who sends a request, as the transport has found out.
 *
 * @param tailnet the name of the tailnet
 * @param node the number of the node that asks; empty for the operator
 */
public record Caller(String tailnet, Optional<Long> node) {
  /** A node of a tailnet, named by a forwarder or by the node's token. */
  public static Caller node(String tailnet, long node) {
    return new Caller(tailnet, Optional.of(node));
  }

  /** Whoever runs the server. */
  public static Caller operator(String tailnet) {
    return new Caller(tailnet, Optional.empty());
  }
}
