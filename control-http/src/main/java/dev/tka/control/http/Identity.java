package dev.tka.control.http;

/** Who sends a request, as far as the connection or a token tells (service, section 5). */
sealed interface Identity {
  /** Nobody in particular, on a path that needs no token. */
  record Anybody() implements Identity {}

  /** A control server, which says itself which tailnet and node it speaks for. */
  record Forwarder() implements Identity {}

  /** A node, for itself alone. */
  record Node(String tailnet, long node) implements Identity {}

  /**
   * An operator.
   *
   * @param full whether it may change things
   */
  record Operator(boolean full) implements Identity {}
}
