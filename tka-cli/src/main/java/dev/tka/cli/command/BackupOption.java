package dev.tka.cli.command;

import dev.tka.cli.input.FileText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.store.StorePlace;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a command copies a store before it changes what cannot be made again. */
final class BackupOption {
  @Option(
      names = "--backup",
      paramLabel = "PATH",
      converter = FileText.class,
      description =
          "Where to copy the directory or the file of SQLite first; nothing may be there (default:"
              + " its path and .backup-TIME). Of a database of PostgreSQL no copy is made.")
  private @Nullable StreamArgument path;

  /**
   * The copy of a store.
   *
   * @throws CommandFailure if it was asked for, and none can be made
   */
  StoreBackup of(StorePlace store) throws CommandFailure {
    return StoreBackup.of(store, Optional.ofNullable(path).map(StreamArgument::path));
  }
}
