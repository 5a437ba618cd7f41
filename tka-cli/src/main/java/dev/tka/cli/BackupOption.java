package dev.tka.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a command copies a directory before it changes what cannot be made again. */
final class BackupOption {
  @Option(
      names = "--backup",
      paramLabel = "PATH",
      description =
          "Where to copy the directory first; nothing may be there (default: DIR.backup-TIME).")
  private @Nullable Path path;

  /** The place of the copy. */
  Path placeFor(Path directory) {
    return path == null ? DirectoryBackup.defaultPlace(directory) : path;
  }
}
