package dev.tka.control.move;

/**
 * Why a tailnet is not moved. Whatever the reason, the tailnet lives where it lived, and is whole
 * there; only after {@link Reason#NOT_OPEN} it is served nowhere until the move is run again. The
 * message is one plain line.
 */
public final class MoveException extends Exception {
  private final Reason reason;
  private final String message;

  MoveException(Reason reason, String message) {
    super(message);
    this.reason = reason;
    this.message = message;
  }

  @Override
  public String getMessage() {
    return message;
  }

  /** What kind of reason it is. */
  public Reason reason() {
    return reason;
  }

  /** The kinds of reasons. */
  public enum Reason {
    /** There is no such tailnet at the source. */
    NO_TAILNET,
    /** The target cannot take the name. */
    NAME,
    /** The kind of place keeps no records of control. */
    NO_RECORDS,
    /** Source and target are one place. */
    SAME_PLACE,
    /** The target holds the tailnet already, or another one of that name. */
    HELD,
    /** The source was moved to a place other than the target. */
    MOVED,
    /** The tailnet was moved away from the target, and not to the source. */
    TARGET_MOVED,
    /** What is at the source is a copy that a move or a mirror has not finished. */
    SHADOW,
    /** What is at the target is such a copy of another place. */
    OTHERS_SHADOW,
    /** Another process took the move over, or undid it. */
    TAKEN_OVER,
    /** The move is decided: it can be finished, and not undone. */
    DECIDED,
    /** The move is not finished. */
    UNFINISHED,
    /** There is no move to undo. */
    NOTHING_TO_UNDO,
    /** What is at the source is damaged. */
    DAMAGED,
    /** The copy is not equal to the source although it should be. */
    DIFFERS,
    /** The last copy took too long, again and again. */
    TOO_SLOW,
    /** The move is decided, and a place could not be used to open the target: run it again. */
    NOT_OPEN
  }
}
