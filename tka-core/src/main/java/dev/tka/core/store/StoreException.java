package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;

/**
 * What can go wrong with the place where AUMs are kept. The store is as it was, but for {@link
 * InDoubt}.
 */
public abstract sealed class StoreException extends TkaException {

  private StoreException(String message) {
    super(message);
  }

  private StoreException(String message, Throwable cause) {
    super(message, cause);
  }

  private static String describe(Throwable cause) {
    String type = cause.getClass().getSimpleName();
    String message = cause.getMessage();
    return message == null ? type : type + ": " + message.lines().findFirst().orElse("");
  }

  /** Another writer was first; read again and decide anew. */
  public static final class Conflict extends StoreException {

    /** Made by stores. */
    public Conflict(Revision expected, Revision found) {
      super("expected the store at revision " + expected.value() + ", found " + found.value());
    }
  }

  /** Other writers are in the way, and stayed there; try again. */
  public static final class Busy extends StoreException {

    /** Made by stores. */
    public Busy(String what) {
      super(what);
    }
  }

  /** The store cannot be read or written. */
  public static final class Unavailable extends StoreException {

    /** Made by stores. */
    public Unavailable(String what, Throwable cause) {
      super(what + ": " + describe(cause), cause);
    }
  }

  /**
   * The place was lost while a change was made, and whether it happened is not known. Whoever reads
   * the store again, and makes another change to what it shows, is safe: should the first one have
   * happened after all, that is a {@link Conflict}.
   */
  public static final class InDoubt extends StoreException {

    /** Made by stores. */
    public InDoubt(String what, Throwable cause) {
      super(
          what + ": lost during a change, and whether it happened is not known: " + describe(cause),
          cause);
    }
  }

  /** There is no store at this place. */
  public static final class Absent extends StoreException {

    /** Made by stores. */
    public Absent(String what) {
      super(what);
    }
  }

  /** The AUM that was asked for is not stored. */
  public static final class NoSuchAum extends StoreException {

    /** Made by stores. */
    public NoSuchAum(AumHash hash) {
      super("no AUM " + hash + " in the store");
    }
  }

  /** What is stored cannot be what a store of this kind wrote. */
  public static final class Damaged extends StoreException {

    /** Made by stores. */
    public Damaged(String what) {
      super(what);
    }
  }

  /** A newer version of this software wrote what is stored. */
  public static final class Newer extends StoreException {

    /** Made by stores. */
    public Newer(String what, long expected, long found) {
      super(what + ": expected version " + expected + " or older, found version " + found);
    }
  }

  /** The store is not empty, and what was asked for begins in an empty one. */
  public static final class NotEmpty extends StoreException {

    /** Made by whoever fills stores. */
    public NotEmpty() {
      super("expected an empty store, found AUMs or what they left there already");
    }
  }
}
