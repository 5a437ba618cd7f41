package dev.tka.node;

import java.util.Locale;

/**
 * A change that an agent noticed.
 *
 * @param line what it is, for people, on one line
 * @param status how the node stands after it
 */
public record AgentEvent(Kind kind, String line, AgentStatus status) {
  /** What a change is about. */
  public enum Kind {
    /** The lock: its head, whether it is on, and whether control and the node agree. */
    LOCK,
    /** Which peers are let in. */
    PEERS,
    /** Control does not answer as it should, or does so again. */
    CONTROL,
    /** What a look at control's log of heads found, if that is another thing than before. */
    LOG,
    /** What the node kept is damaged, or cannot be read or written. */
    PROBLEM;

    /** A stable word for programs. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
