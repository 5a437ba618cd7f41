package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Parameters;

/** The folder of a node's agent. */
public final class FolderArgument {
  @Parameters(
      index = "0",
      paramLabel = "FOLDER",
      converter = StreamArgument.File.class,
      description = "The folder of the node's agent, which 'tka node run' makes.")
  private StreamArgument folder;

  /** Its path, whether there is one or not. */
  public Path path() {
    return folder.path();
  }

  /**
   * Its path, of a folder that is there.
   *
   * @throws CommandFailure if there is none
   */
  public Path existing() throws CommandFailure {
    if (!Files.isDirectory(path())) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          folder + ": no such folder: 'tka node run' or 'tka node once' makes it");
    }
    return path();
  }
}
