package dev.tka.cli;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Stream;

/** A copy of a directory that only its owner can look into. */
final class DirectoryBackup {
  private static final FileAttribute<?>[] OWNER_ONLY =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
          ? new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
          }
          : new FileAttribute<?>[0];

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private DirectoryBackup() {}

  /** Where a copy goes when nobody says: beside the directory, named after it and the time. */
  static Path defaultPlace(Path directory) {
    Path path = directory.toAbsolutePath().normalize();
    return path.resolveSibling(path.getFileName() + ".backup-" + TIME.format(Instant.now()));
  }

  /**
   * Copies files and folders with their times.
   *
   * @throws java.nio.file.FileAlreadyExistsException if something is at the place of the copy
   * @throws CommandFailure if the copy would be inside the directory
   */
  static void copy(Path directory, Path copy) throws IOException, CommandFailure {
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
