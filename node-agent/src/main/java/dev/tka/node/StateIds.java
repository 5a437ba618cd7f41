package dev.tka.node;

import dev.tka.core.State;
import dev.tka.core.TextException;
import java.util.Comparator;

/**
 * The two ids of an authority, which all its states share (protocol, section 8). All 64 bits of
 * each count, unsigned.
 */
public record StateIds(long first, long second) implements Comparable<StateIds> {
  private static final Comparator<StateIds> ORDER =
      Comparator.comparingLong(StateIds::first).thenComparingLong(StateIds::second);

  /** The ids of a state. */
  public static StateIds of(State state) {
    return new StateIds(state.stateId1(), state.stateId2());
  }

  /**
   * Reads {@code id1:id2}, in decimal.
   *
   * @throws TextException if it is something else
   */
  static StateIds parse(String text) throws TextException {
    int colon = text.indexOf(':');
    try {
      if (colon > 0) {
        return new StateIds(
            Long.parseUnsignedLong(text.substring(0, colon)),
            Long.parseUnsignedLong(text.substring(colon + 1)));
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new TextException.BadField("state ids", "two numbers with a colon between", "other text");
  }

  @Override
  public int compareTo(StateIds other) {
    return ORDER.compare(this, other);
  }

  /** Both in decimal, with a colon between. */
  @Override
  public String toString() {
    return Long.toUnsignedString(first) + ':' + Long.toUnsignedString(second);
  }
}
