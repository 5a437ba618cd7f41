package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.client.ServedNode;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.Bytes;
import dev.tka.core.nodekey.Peer;
import dev.tka.store.StorePlace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The nodes of a tailnet as a running server knows them, in place of a peers file. */
public final class ServedPeers {
  /** What a message calls them. */
  public static final String SOURCE = "the server's nodes";

  private ServedPeers() {}

  /**
   * A server, of which nodes can be asked.
   *
   * @throws CommandFailure if a place is none
   */
  public static ServerPlace require(StorePlace place) throws CommandFailure {
    return find(place)
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.USAGE,
                    place.url()
                        + ": expected a running server, such as https://HOST:PORT or unix:PATH,"
                        + " found a "
                        + place.noun()));
  }

  /** A server, if a place is one. */
  public static Optional<ServerPlace> find(StorePlace place) {
    return place instanceof ServerPlace server ? Optional.of(server) : Optional.empty();
  }

  /** Asks a server for all nodes of a tailnet. */
  public static PeersFile of(ServerPlace place, String tailnet) throws ServerException {
    List<PeersFile.Entry> entries = new ArrayList<>();
    try (ServerClient client = ServerClient.open(place.access())) {
      client.nodes(tailnet, node -> entries.add(entry(node)));
    }
    return new PeersFile(Optional.empty(), entries, true);
  }

  private static PeersFile.Entry entry(ServedNode node) {
    return new PeersFile.Entry(
        new Peer(
            Long.toString(node.node()),
            node.nodeKey(),
            node.signature().orElse(Bytes.empty()),
            node.unsignedPeerApiOnly()),
        node.name(),
        node.rotationKey(),
        Optional.empty());
  }
}
