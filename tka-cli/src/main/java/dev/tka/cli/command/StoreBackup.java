package dev.tka.cli.command;

import dev.tka.cli.input.StoreUrl;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.store.StoreException;
import dev.tka.store.sql.SqliteFile;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A copy of a store that only its owner can read, made before the store is changed. */
final class StoreBackup {
  private static final FileAttribute<?>[] OWNER_ONLY =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
          ? new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
          }
          : new FileAttribute<?>[0];

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final StoreUrl store;
  private final Optional<Path> place;

  private StoreBackup(StoreUrl store, Optional<Path> place) {
    this.store = store;
    this.place = place;
  }

  /**
   * Plans a copy.
   *
   * @param asked where it shall be; else it is beside the store, named after it and the time
   * @throws CommandFailure if it is asked for, and none can be made
   */
  static StoreBackup of(StoreUrl store, Optional<Path> asked) throws CommandFailure {
    if (store instanceof StoreUrl.Directory directory) {
      return new StoreBackup(store, asked.or(() -> Optional.of(beside(directory.path()))));
    }
    if (store instanceof StoreUrl.Sqlite sqlite) {
      return new StoreBackup(store, asked.or(() -> Optional.of(beside(sqlite.path()))));
    }
    if (asked.isPresent()) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "--backup goes with a directory or a file of SQLite; pg_dump copies a database");
    }
    return new StoreBackup(store, Optional.empty());
  }

  private static Path beside(Path store) {
    Path path = store.toAbsolutePath().normalize();
    return path.resolveSibling(path.getFileName() + ".backup-" + TIME.format(Instant.now()));
  }

  /** Where it is; empty if none is made. */
  Optional<Path> place() {
    return place;
  }

  /** The end of a sentence that says what will be done. */
  String plan() {
    return place
        .map(copy -> ", after copying the " + noun() + " to " + copy)
        .orElse(", of which no copy is made here");
  }

  /** A sentence that says what was done; empty if nothing. */
  Optional<String> report() {
    return place.map(copy -> "Copied the " + noun() + " to " + copy + ".");
  }

  private String noun() {
    return store instanceof StoreUrl.Directory ? "directory" : "file";
  }

  /**
   * Makes it.
   *
   * @throws java.nio.file.FileAlreadyExistsException if something is at its place
   * @throws CommandFailure if it would be inside the directory
   */
  void make() throws StoreException, IOException, CommandFailure {
    if (place.isEmpty()) {
      return;
    }
    if (store instanceof StoreUrl.Directory directory) {
      copy(directory.path(), place.get());
    } else if (store instanceof StoreUrl.Sqlite sqlite) {
      try (SqliteFile file = SqliteFile.at(sqlite.path(), Clock.systemUTC())) {
        file.backup(place.get(), (done, all) -> {});
      }
    }
  }

  /** Copies files and folders with their times. */
  private static void copy(Path directory, Path copy) throws IOException, CommandFailure {
    Path real = directory.toRealPath();
    Path target = copy.toAbsolutePath().normalize();
    if (target.startsWith(real) || target.startsWith(directory.toAbsolutePath().normalize())) {
      throw new CommandFailure(
          ExitCode.USAGE, "expected a backup outside the directory, found " + copy);
    }
    List<Path> files;
    try (Stream<Path> walk = Files.walk(real)) {
      files = walk.filter(file -> !file.equals(real)).toList();
    }
    Files.createDirectory(target, OWNER_ONLY);
    for (Path file : files) {
      Files.copy(
          file,
          target.resolve(real.relativize(file).toString()),
          StandardCopyOption.COPY_ATTRIBUTES,
          LinkOption.NOFOLLOW_LINKS);
    }
  }
}
