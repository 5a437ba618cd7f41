package dev.tka.core;

/**
 * What an AUM does: one byte on the wire (protocol, section 2). Kinds that nobody has defined yet
 * are legal; they verify and apply as a no-op, so that old software keeps working.
 *
 * @param code 0 to 255
 */
public record AumKind(int code) {
  /** Adds one key. */
  public static final AumKind ADD_KEY = new AumKind(1);

  /** Removes one key. */
  public static final AumKind REMOVE_KEY = new AumKind(2);

  /** Changes nothing but the head. */
  public static final AumKind NO_OP = new AumKind(3);

  /** Changes the votes or the metadata of one key. */
  public static final AumKind UPDATE_KEY = new AumKind(4);

  /** Carries the whole state. */
  public static final AumKind CHECKPOINT = new AumKind(5);

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if the code is not 0 to 255
   */
  public AumKind {
    if (code < 0 || code > 255) {
      throw new IllegalArgumentException("an AUM kind is 0 to 255, not " + code);
    }
  }

  /** True for the five kinds that have a meaning. */
  public boolean isKnown() {
    return code >= ADD_KEY.code && code <= CHECKPOINT.code;
  }

  /** The name that people see: {@code add-key}, {@code checkpoint}, or {@code unknown(9)}. */
  @Override
  public String toString() {
    return switch (code) {
      case 1 -> "add-key";
      case 2 -> "remove-key";
      case 3 -> "no-op";
      case 4 -> "update-key";
      case 5 -> "checkpoint";
      default -> "unknown(" + code + ")";
    };
  }
}
