package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/**
 * What can go wrong with the place where AUMs are kept. The store is as it was, but for {@link
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

  /** What went wrong, in words: many a message of the JDK is no more than a path. */
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
