package dev.tka.cli.input;

import dev.tka.node.HttpConnections;
import dev.tka.node.HttpTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a node proves to a server who it is, and how it knows the server. */
public final class NodeControlOption {
  /** Not the variable of the operator's token, which is not for the machine of a node. */
  private static final String TOKEN_VARIABLE = "TKA_NODE_TOKEN_FILE";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description =
          "The file of the node's token, as 'tka node token' writes it; it is read anew for each"
              + " request (default: the file that "
              + TOKEN_VARIABLE
              + " names).")
  private @Nullable StreamArgument token;

  @Option(
      names = "--also",
      paramLabel = "URL",
      description =
          "Another server that the tailnet may be moved to, or is on already; can be repeated. The"
              + " node goes there when a server says that the tailnet is there, or the one before"
              + " does not answer, and nowhere else: all of them get the token.")
  private List<String> also = List.of();

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
    Optional<Path> file = StreamArgument.file(ca, "TKA_CA_FILE", spec);
    return file.isPresent() ? HttpConnections.open(file.get()) : HttpConnections.open();
  }

  /**
   * The way to a server, and to the others that are named.
   *
   * @param url its address for nodes
   * @throws ParameterException if the URL is none, or no file of a token is named
   */
  public HttpTransport transport(String url, HttpConnections connections) {
    Path file =
        StreamArgument.file(token, TOKEN_VARIABLE, spec)
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(),
                        "missing the node's token: --token-file FILE or "
                            + TOKEN_VARIABLE
                            + " ('tka node token' makes one)"));
    try {
      List<String> servers = new ArrayList<>(List.of(url));
      servers.addAll(also);
      return HttpTransport.toServer(connections, servers, file);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "URL: " + e.getMessage());
    }
  }
}
