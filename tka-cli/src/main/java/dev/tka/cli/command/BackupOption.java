package dev.tka.cli.command;

import dev.tka.cli.input.FileText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.store.StorePlace;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The place to which a command copies a store before an irreversible change. */
final class BackupOption {
  @Option(
      names = "--backup",
      paramLabel = "PATH",
      converter = FileText.class,
      description =
          "Where to copy the directory or the SQLite file first; the path must not exist"
              + " (default: the store's path and .backup-TIME). A PostgreSQL database is not"
              + " copied.")
  private @Nullable StreamArgument path;

  /**
   * The copy of a store.
   *
   * @throws CommandFailure if a copy was requested, and none can be made
   */
  StoreBackup of(StorePlace store) throws CommandFailure {
    return StoreBackup.of(store, Optional.ofNullable(path).map(StreamArgument::path));
  }
}
