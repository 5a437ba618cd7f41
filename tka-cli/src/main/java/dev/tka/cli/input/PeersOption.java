package dev.tka.cli.input;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The nodes of a network, for commands in which they are optional. */
public final class PeersOption {
  @Option(
      names = "--peers",
      paramLabel = "PEERS",
      converter = StreamArgument.File.class,
      description =
          "The nodes of the network: a peers file (docs/peers-file.md), such as the output of"
              + " 'tailscale lock status --json', or - for standard input.")
  private @Nullable StreamArgument source;

  public boolean isGiven() {
    return source != null;
  }

  /** For a shell: the word that names the same file to another command, or stands for one. */
  public String word() {
    return source == null ? Advice.PEERS : source.word(Advice.PEERS);
  }

  public boolean isStandardInput() {
    return StreamArgument.isStandardInput(source);
  }

  /**
   * Reads the named file, if any; its broken entries are reported on {@code err}.
   *
   * @throws CommandFailure if it is not a peers file
   */
  public Optional<PeersFile> read(Tka tka, PrintWriter err) throws IOException, CommandFailure {
    return source == null ? Optional.empty() : Optional.of(PeersFile.read(source, tka, err));
  }
}
