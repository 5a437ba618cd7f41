package dev.tka.cli.input;

import dev.tka.node.HttpConnections;
import dev.tka.node.HttpTransport;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a node proves to a server who it is, and how it knows the server. */
public final class NodeControlOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description =
          "The file of the node's token, as 'tka node token' writes it; it is read anew for each"
              + " request (default: the file that TKA_TOKEN_FILE names).")
  private @Nullable StreamArgument token;

  @Option(
      names = "--ca-file",
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description =
          "Certificates in PEM of the authorities that may vouch for the server (default:"
              + " TKA_CA_FILE, else those that Java trusts).")
  private @Nullable StreamArgument ca;

  /**
   * Connections as these options say.
   *
   * @throws IOException if the file of authorities holds none
   */
  public HttpConnections connections() throws IOException {
    Optional<Path> file = file(ca, "TKA_CA_FILE");
    return file.isPresent() ? HttpConnections.open(file.get()) : HttpConnections.open();
  }

  /**
   * The way to a server.
   *
   * @param url its address for nodes
   * @throws ParameterException if the URL is none, or no file of a token is named
   */
  public HttpTransport transport(String url, HttpConnections connections) {
    Path file =
        file(token, "TKA_TOKEN_FILE")
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(),
                        "missing the node's token: --token-file FILE or TKA_TOKEN_FILE ('tka node"
                            + " token' makes one)"));
    try {
      return HttpTransport.toServer(connections, url, file);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "URL: " + e.getMessage());
    }
  }

  private Optional<Path> file(@Nullable StreamArgument given, String variable) {
    if (given != null) {
      return Optional.of(given.path());
    }
    @Nullable String named = System.getenv(variable);
    try {
      return named == null || named.isEmpty() ? Optional.empty() : Optional.of(Path.of(named));
    } catch (InvalidPathException e) {
      throw new ParameterException(spec.commandLine(), variable + ": expected the path of a file");
    }
  }
}
