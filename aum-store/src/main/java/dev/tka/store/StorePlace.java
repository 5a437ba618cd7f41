package dev.tka.store;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.function.Function;

/** A place where AUMs are kept, or may be, as a URL names it. Immutable. */
public sealed interface StorePlace {
  /**
   * Names the place in messages. {@link StoreKinds#parse} reads it again. It holds no secret: other
   * processes see arguments, and people paste messages.
   */
  String url();

  /** A noun for it that fits into "a ... holds one tailnet", such as {@code directory}. */
  String noun();

  /** The rules that an authority there keeps. */
  AdmissionPolicy policy();

  /** Its path, if it lies in the file system. */
  default Optional<Path> path() {
    return Optional.empty();
  }

  /** A sentence that people should read before they change it, such as which program runs there. */
  default Optional<String> warning() {
    return Optional.empty();
  }

  /**
   * Why nothing is written there but edits, and what helps, as the part of a sentence; empty if it
   * can be written.
   */
  default Optional<String> readOnly() {
    return Optional.empty();
  }

  /** A library in use that should not be trusted with such a place; empty if there is none. */
  default Optional<Outdated> outdated() {
    return Optional.empty();
  }

  /**
   * A library on the class path that is too old.
   *
   * @param fault its name, its version, and what may happen
   * @param remedy what to do
   */
  record Outdated(String fault, String remedy) {}

  /** The way to copy it. */
  Backup backup();

  /** The way to put a copy back. */
  default Restore restore() {
    return new Restore.ByHand("stop what uses it, and put the copy in its place");
  }

  /** A place for one tailnet, which needs no name there; a node's, unless it says otherwise. */
  non-sealed interface OfOne extends StorePlace {
    /**
     * Opens it.
     *
     * @throws StoreException.Absent if there is no store there
     * @throws StoreException if it cannot be opened
     */
    AumStore open(Clock clock) throws StoreException;

    /**
     * Opens it, and makes it first if there is none.
     *
     * @throws StoreException if it cannot be made or opened
     */
    AumStore create(Clock clock) throws StoreException;

    @Override
    default AdmissionPolicy policy() {
      return AdmissionPolicy.NODE;
    }
  }

  /** A place for many tailnets, each with a name; control's, unless it says otherwise. */
  non-sealed interface OfMany extends StorePlace {
    /**
     * Opens it.
     *
     * @throws StoreException.Absent if there is no store there
     * @throws StoreException if it cannot be opened
     */
    Tailnets open(Clock clock) throws StoreException;

    /**
     * Opens it, and makes it first if there is none.
     *
     * @throws StoreException if it cannot be made or opened
     */
    Tailnets create(Clock clock) throws StoreException;

    @Override
    default AdmissionPolicy policy() {
      return AdmissionPolicy.CONTROL;
    }
  }

  /** A way to copy a place. */
  sealed interface Backup {
    /**
     * A copy in one file, of one moment, also while others read and write.
     *
     * @param copying makes it
     */
    record Online(Copying copying) implements Backup {}

    /**
     * A copy that is right only while nothing writes.
     *
     * @param copying makes it
     * @param advice how a person copies it, such as {@code copy it with 'cp -a'}
     */
    record Offline(Copying copying, String advice) implements Backup {}

    /**
     * None is made here.
     *
     * @param advice how a person copies it, such as {@code copy a database with pg_dump}
     */
    record Elsewhere(String advice) implements Backup {}
  }

  /** A way to put a copy back. */
  sealed interface Restore {
    /**
     * It can be put back here, for a place with a path.
     *
     * @param at the place of a copy, by its path
     * @param restoring puts it back
     */
    record Here(Function<Path, OfMany> at, Restoring restoring) implements Restore {}

    /**
     * Nothing is put back here.
     *
     * @param advice how a person does it, such as {@code put a database back with pg_restore}
     */
    record ByHand(String advice) implements Restore {}
  }

  /** Puts a copy back. */
  @FunctionalInterface
  interface Restoring {
    /**
     * Puts a copy in the place, all of it or nothing. A tailnet that was moved away from the place
     * stays so ({@link dev.tka.store.records.Fence#keptOver}), as far as what is there can be read.
     *
     * @return where what was there is kept; empty if nothing was
     * @throws StoreException.Busy if another process has the place open
     * @throws StoreException if the copy cannot be read, is damaged or is no store
     * @throws IOException if the place cannot be written
     */
    Optional<Path> from(Path copy, Progress progress) throws StoreException, IOException;
  }

  /** Makes a copy. */
  @FunctionalInterface
  interface Copying {
    /**
     * Makes a copy that only its owner can read.
     *
     * @return the place of the copy
     * @throws java.nio.file.FileAlreadyExistsException if something is at the target; it stays
     * @throws StoreException if the place cannot be read
     * @throws IOException if the copy cannot be written
     */
    StorePlace copyTo(Path target, Progress progress) throws StoreException, IOException;
  }
}
