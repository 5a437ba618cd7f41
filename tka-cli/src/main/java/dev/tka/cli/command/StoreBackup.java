package dev.tka.cli.command;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/** A copy of a store that only its owner can read, made before the store is changed. */
final class StoreBackup {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final StorePlace store;

  /** Makes the copy; empty if there is none to make. */
  private final Optional<StorePlace.Copying> copying;

  private final Optional<Path> target;

  private StoreBackup(
      StorePlace store, Optional<StorePlace.Copying> copying, Optional<Path> target) {
    this.store = store;
    this.copying = copying;
    this.target = target;
  }

  /**
   * Plans a copy.
   *
   * @param asked the requested path; by default, a path beside the store, named after it and the
   *     time
   * @throws CommandFailure if a copy is requested, and none can be made
   */
  static StoreBackup of(StorePlace store, Optional<Path> asked) throws CommandFailure {
    Optional<StorePlace.Copying> copying = copying(store, asked);
    return new StoreBackup(
        store,
        copying,
        copying.flatMap(made -> asked.or(() -> store.path().map(StoreBackup::beside))));
  }

  private static Optional<StorePlace.Copying> copying(StorePlace store, Optional<Path> asked)
      throws CommandFailure {
    StorePlace.Backup backup = store.backup();
    if (backup instanceof StorePlace.Backup.Online online) {
      return Optional.of(online.copying());
    }
    if (backup instanceof StorePlace.Backup.Offline offline) {
      return Optional.of(offline.copying());
    }
    if (asked.isPresent()) {
      String advice = ((StorePlace.Backup.Elsewhere) backup).advice();
      throw new CommandFailure(
          ExitCode.USAGE, "a " + store.noun() + " cannot be copied with --backup: " + advice);
    }
    return Optional.empty();
  }

  private static Path beside(Path store) {
    Path path = store.toAbsolutePath().normalize();
    return path.resolveSibling(path.getFileName() + ".backup-" + stamp());
  }

  /** The path of the copy; empty if none is made. */
  Optional<Path> place() {
    return target;
  }

  /** The end of a sentence about the plan. */
  String plan() {
    return target
        .map(copy -> ", after copying the " + store.noun() + " to " + copy)
        .orElse(", without making a copy");
  }

  /** A sentence about the copy; empty if none was made. */
  Optional<String> report() {
    return target.map(copy -> "Copied the " + store.noun() + " to " + copy + ".");
  }

  /**
   * Makes it.
   *
   * @throws java.nio.file.FileAlreadyExistsException if the path exists
   * @throws CommandFailure if it would be inside the store
   */
  void make() throws StoreException, IOException, CommandFailure {
    if (copying.isPresent() && target.isPresent()) {
      requireOutside(target.get());
      copying.get().copyTo(target.get(), (done, of) -> {});
    }
  }

  private void requireOutside(Path copy) throws IOException, CommandFailure {
    Path path = copy.toAbsolutePath().normalize();
    Optional<Path> folder = store.path().filter(Files::isDirectory);
    if (folder.isPresent()
        && (path.startsWith(folder.get().toRealPath())
            || path.startsWith(folder.get().toAbsolutePath().normalize()))) {
      throw new CommandFailure(
          ExitCode.USAGE, "expected a backup outside the " + store.noun() + ", found " + copy);
    }
  }

  /** The time now, for names of files. */
  static String stamp() {
    return TIME.format(Instant.now());
  }
}
