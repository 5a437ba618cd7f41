package dev.tka.simulation;

/** A round that ended early, so that the node does not compact after it (protocol, section 8). */
final class RoundFailed extends Exception {
  /** What ended it. */
  enum Cause {
    /** A message was lost. */
    LOST,
    /** Control found nothing in the node's offer. */
    NO_INTERSECTION_AT_CONTROL,
    /** The node found nothing in control's offer. */
    NO_INTERSECTION_AT_NODE,
    /** AUMs that the receiver could not take in. */
    NOT_ACCEPTED,
    /** More AUMs than the reference walks over. */
    TOO_LONG,
    /** An end that could not open its store. */
    NOT_OPEN,
    /** Control's head is one that the node has left behind and purged. */
    CONTROL_LOST_HISTORY,
    /** Another outcome of protocol section 10 that says why no round can help. */
    TYPED,
    /** Rounds change nothing, and nobody knows why. */
    STALLED
  }

  private final Cause reason;

  RoundFailed(Cause reason, String message) {
    super(message);
    this.reason = reason;
  }

  Cause reason() {
    return reason;
  }
}
