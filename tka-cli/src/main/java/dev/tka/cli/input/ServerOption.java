package dev.tka.cli.input;

import dev.tka.cli.output.Texts;
import dev.tka.client.ServerAccess;
import dev.tka.client.ServerPlace;
import dev.tka.store.StorePlace;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a command proves to a running server who it is, and knows that it talks to that server. */
public final class ServerOption {
  private static final String TOKEN = "--token-file";
  private static final String CA = "--ca-file";
  private static final String CERTIFICATE = "--cert-file";
  private static final String NODE = "--as-node";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = TOKEN,
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description =
          "For a running server: the file of the operator's token (default: the file that"
              + " TKA_TOKEN_FILE names).")
  private @Nullable StreamArgument token;

  @Option(
      names = CA,
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description =
          "For a running server: certificates in PEM of the authorities that may vouch for it"
              + " (default: TKA_CA_FILE, else those that Java trusts).")
  private @Nullable StreamArgument ca;

  @Option(
      names = CERTIFICATE,
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description =
          "For a running server: your own certificate and its private key in PEM, in place of a"
              + " token (default: TKA_CERT_FILE).")
  private @Nullable StreamArgument certificate;

  @Option(
      names = NODE,
      paramLabel = "N",
      description =
          "For the forwarders' address of a running server: ask in the name of the node with this"
              + " number, with a forwarder's token.")
  private @Nullable Long node;

  /**
   * A place, with what these options say if it is a server.
   *
   * @throws ParameterException if the environment names an impossible file
   */
  public StorePlace of(StorePlace place) {
    if (!(place instanceof ServerPlace server)) {
      return place;
    }
    ServerAccess access = server.access();
    Optional<Path> file = StreamArgument.file(token, "TKA_TOKEN_FILE", spec);
    access = file.isPresent() ? access.withTokenFile(file.get()) : access;
    file = StreamArgument.file(ca, "TKA_CA_FILE", spec);
    access = file.isPresent() ? access.withCaFile(file.get()) : access;
    file = StreamArgument.file(certificate, "TKA_CERT_FILE", spec);
    access = file.isPresent() ? access.withCertificateFile(file.get()) : access;
    if (node != null && node < 1) {
      throw new ParameterException(
          spec.commandLine(), NODE + ": expected the number of a node, from 1, found " + node);
    }
    return new ServerPlace(node == null ? access : access.withNode(node));
  }

  /** For a shell: these options as given, for another command on a server. */
  String words(StorePlace place) {
    return place instanceof ServerPlace
        ? word(TOKEN, token)
            + word(CA, ca)
            + word(CERTIFICATE, certificate)
            + (node == null ? "" : " " + NODE + " " + node)
        : "";
  }

  private static String word(String name, @Nullable StreamArgument given) {
    return given == null ? "" : " " + name + " " + Texts.shellWord(given.text());
  }
}
