package dev.tka.cli.input;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.store.StoreException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * Where the nodes of a network come from: a peers file, a running server, or tailscaled.
 *
 * @param file the file, if one is named
 * @param server the server, if no file is
 * @param daemon tailscaled, if no file is
 */
public record PeersSource(
    Optional<StreamArgument> file, Optional<ServerPlace> server, Optional<TailscaledPlace> daemon) {
  /**
   * The named file, or the server or tailscaled that the store is.
   *
   * @param what names the argument in an error
   * @throws ParameterException if there is neither
   */
  public static PeersSource of(
      Optional<StreamArgument> file, String what, StoreArgument store, CommandSpec spec) {
    Optional<ServerPlace> server =
        file.isPresent() ? Optional.empty() : ServedPeers.find(store.place());
    Optional<TailscaledPlace> daemon =
        file.isPresent() ? Optional.empty() : DaemonPeers.find(store.place());
    if (file.isEmpty() && server.isEmpty() && daemon.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "missing "
              + what
              + ", a peers file: only a running server, or tailscaled, knows its nodes");
    }
    return new PeersSource(file, server, daemon);
  }

  /**
   * Reads all nodes; broken entries of a file are reported on {@code err}.
   *
   * @param opened the tailnet whose nodes they are
   * @throws CommandFailure if the file is not a peers file
   */
  public PeersFile read(OpenStore opened, Tka tka, PrintWriter err)
      throws StoreException, IOException, CommandFailure, ServerException {
    if (daemon.isPresent()) {
      return DaemonPeers.of(daemon.get(), err);
    }
    return server.isPresent()
        ? ServedPeers.of(server.get(), opened.tailnet().orElseThrow())
        : PeersFile.read(file.orElseThrow(), tka, err);
  }

  /** For a shell: the option that names the same nodes to another command, or nothing. */
  public String option() {
    return file.map(named -> " --peers " + named.word(Advice.PEERS)).orElse("");
  }

  /** For a node that is not among them. */
  public Advice list(String store) {
    return file.map(named -> Advice.listPeers(store, named.word(Advice.PEERS)))
        .orElseGet(
            () ->
                Advice.person(
                    daemon.isPresent()
                        ? "'tka peers " + store + "' lists " + DaemonPeers.SOURCE
                        : "'tka fleet " + store + "' lists the server's nodes"));
  }

  /** For nodes that are not signed. */
  public List<Advice> signAll(String store) {
    return file.map(named -> List.of(Advice.signNodes(store, named.word(Advice.PEERS))))
        .orElse(
            daemon.isPresent()
                ? List.of(
                    Advice.person(
                        "'tka sign " + store + "' signs those that lack only a signature"))
                : List.of());
  }

  /** For messages. */
  @Override
  public String toString() {
    return file.map(StreamArgument::toString)
        .orElse(daemon.isPresent() ? DaemonPeers.SOURCE : ServedPeers.SOURCE);
  }
}
