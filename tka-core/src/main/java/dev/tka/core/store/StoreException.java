package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/**
 * A failure of the place where AUMs are stored. The store is unchanged, except after {@link
 * InDoubt}.
 */
public abstract sealed class StoreException extends TkaException {
  private static final String FAILED = "reading or writing failed";

  private StoreException(String message) {
    super(message);
  }

  private StoreException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The problem in words: many messages of the JDK are nothing but a path. */
  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    if (cause instanceof FileSystemException file && file.getReason() == null) {
      return describe(file) + ": " + file.getFile();
    }
    return message == null ? FAILED : message.lines().findFirst().orElse(FAILED);
  }

  private static String describe(FileSystemException failure) {
    if (failure instanceof AccessDeniedException) {
      return "no permission";
    }
    if (failure instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (failure instanceof FileAlreadyExistsException) {
      return "expected no such file, found one";
    }
    return failure instanceof NotDirectoryException ? "not a directory" : FAILED;
  }

  /** Another writer was first; read again and decide again. */
  public static final class Conflict extends StoreException {

    /** Made by stores. */
    public Conflict(Revision expected, Revision found) {
      super("expected the store at revision " + expected.value() + ", found " + found.value());
    }

    /** Made by stores, for what has no revision; says what was expected and found. */
    public Conflict(String what) {
      super(what);
    }
  }

  /**
   * The tailnet is being moved to another place, or lives there: its fence is not the one under
   * which this was asked for (service, section 7). Read the fence to learn which it is.
   */
  public static final class Fenced extends StoreException {
    private final String tailnet;

    /**
     * Made by stores.
     *
     * @param tailnet its name
     * @param what says where it lives
     */
    public Fenced(String tailnet, String what) {
      super(what);
      this.tailnet = tailnet;
    }

    /** The tailnet, whose name a caller need not know: it may have asked for a token. */
    public String tailnet() {
      return tailnet;
    }
  }

  /** Other writers were in the way for too long; try again. */
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
   * The place was lost during a change, and it is not known whether the change happened. It is safe
   * to read the store again and to make another change to what it shows: if the first one did
   * happen after all, the second fails with {@link Conflict}.
   */
  public static final class InDoubt extends StoreException {

    /** Made by stores. */
    public InDoubt(String what, Throwable cause) {
      super(
          what + ": lost during a change, and whether it happened is not known: " + describe(cause),
          cause);
    }
  }

  /**
   * The place has rules of its own, such as a running server's, and takes the change neither now
   * nor later; nothing was written.
   */
  public static final class Refused extends StoreException {

    /**
     * Made by stores.
     *
     * @param reason the place's own words
     */
    public Refused(String reason) {
      super("not admitted; nothing was written: " + reason);
    }
  }

  /** The change goes beyond {@link Limits}: what it writes could not be read again. */
  public static final class OverLimit extends StoreException {

    /** Made where changes are made, and by stores whose form has a limit of its own. */
    public OverLimit(String what) {
      super(what);
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

  /** The stored content cannot have been written by a store of this kind. */
  public static final class Damaged extends StoreException {

    /** Made by stores. */
    public Damaged(String what) {
      super(what);
    }
  }

  /** The stored content was written by a newer version of this software. */
  public static final class Newer extends StoreException {

    /** Made by stores. */
    public Newer(String what, long expected, long found) {
      super(what + ": expected version " + expected + " or older, found version " + found);
    }
  }

  /** The store is not empty, and the operation needs an empty one. */
  public static final class NotEmpty extends StoreException {

    /** Made by code that fills stores. */
    public NotEmpty() {
      super("expected an empty store, found AUMs or what they left there already");
    }
  }
}
