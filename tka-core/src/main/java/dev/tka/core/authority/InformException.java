package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;

/** A batch of updates that was refused as a whole (protocol, section 4, "Inform"). */
public abstract sealed class InformException extends TkaException {

  private InformException(String message) {
    super(message);
  }

  private InformException(String message, Throwable cause) {
    super(message, cause);
  }

  /** There was no update. */
  public static final class Empty extends InformException {

    Empty() {
      super("expected at least one update, found none");
    }
  }

  /** One update was refused, and therefore the whole batch. */
  public abstract static sealed class Refused extends InformException {
    private final int index;
    private final String reason;

    private Refused(int index, String reason) {
      super("update " + index + ": " + reason);
      this.index = index;
      this.reason = reason;
    }

    private Refused(int index, TkaException cause) {
      super("update " + index + ": " + cause.getMessage(), cause);
      this.index = index;
      this.reason = cause.getMessage();
    }

    /** The index of the update, counted from 0. */
    public int index() {
      return index;
    }

    /** The problem alone, without the index, for callers that number updates differently. */
    public String reason() {
      return reason;
    }
  }

  /** The update has no parent and is not the stored genesis: it would begin another authority. */
  public static final class UnknownGenesis extends Refused {

    UnknownGenesis(int index, AumHash hash) {
      super(index, hash + " has no parent, and it is not the genesis that is stored");
    }
  }

  /** The update's parent is neither stored nor earlier in the batch. */
  public static final class UnknownParent extends Refused {
    private final AumHash parent;

    UnknownParent(int index, AumHash hash, AumHash parent) {
      super(index, hash + ": its parent " + parent + " is neither stored nor earlier in the batch");
      this.parent = parent;
    }

    /** The parent that was not found. */
    public AumHash parent() {
      return parent;
    }
  }

  /** The update is ill-formed, or the state at its parent does not accept it. */
  public static final class Invalid extends Refused {

    Invalid(int index, TkaException cause) {
      super(index, cause);
    }
  }

  /** The update is too long to be passed on to all nodes, or to be stored. */
  public static final class TooLong extends Refused {

    TooLong(int index, AumHash hash, int size, int most) {
      super(index, hash + " has " + size + " bytes, and at most " + most + " are taken");
    }
  }

  /** The store already holds AUMs; an authority begins in an empty one. */
  public static final class AlreadyBegun extends InformException {

    AlreadyBegun() {
      super("expected an empty store to begin an authority in, found AUMs");
    }
  }
}
