package dev.tka.cli.input;

import dev.tka.client.localapi.LocalApi;
import dev.tka.client.localapi.LocalApiException;
import dev.tka.client.localapi.LockPeer;
import dev.tka.client.localapi.LockStatus;
import dev.tka.client.localapi.OwnNode;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.Bytes;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The nodes of a tailnet as a running tailscaled knows them, in place of a peers file. */
public final class DaemonPeers {
  /** What a message calls them. */
  public static final String SOURCE = "the nodes that tailscaled knows";

  /** Control's answer is there milliseconds after a start. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private DaemonPeers() {}

  /** A running tailscaled, if a place is one. */
  public static Optional<TailscaledPlace> find(StorePlace place) {
    return place instanceof TailscaledPlace daemon ? Optional.of(daemon) : Optional.empty();
  }

  /** What is asked of a daemon. */
  @FunctionalInterface
  public interface Asking<T> {
    T of(LocalApi api) throws LocalApiException;
  }

  /**
   * Asks a daemon.
   *
   * @throws StoreException.Unavailable with the reason as its cause, if it does not do it
   */
  public static <T> T ask(TailscaledPlace place, Asking<T> asking) throws StoreException {
    try (LocalApi api = LocalApi.open(place.socket())) {
      return asking.of(api);
    } catch (LocalApiException e) {
      throw new StoreException.Unavailable(place.title(), e);
    }
  }

  /**
   * Asks a daemon for all nodes that it knows, itself included. It drops the filtered ones; one
   * that it keeps without a signature is excused from the lock.
   *
   * @param err where it is said that the daemon may know none yet
   */
  public static PeersFile of(TailscaledPlace place, PrintWriter err) throws StoreException {
    return ask(
        place,
        api -> {
          LockStatus status = afterStart(api);
          if (status.mayLackMap()) {
            err.println(
                "tka: note: tailscaled knows no peers: this node is alone and locked out, or has not"
                    + " heard from control since it started");
          }
          return of(status, api.ownNode());
        });
  }

  /** Waits a moment for a daemon that may have just started. */
  private static LockStatus afterStart(LocalApi api) throws LocalApiException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    LockStatus status = api.status();
    while (status.mayLackMap() && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(PAUSE_NANOS);
      status = api.status();
    }
    return status;
  }

  /** The nodes in a status. */
  public static PeersFile of(LockStatus status, OwnNode own) {
    List<PeersFile.Entry> peers = new ArrayList<>();
    status.visible().forEach(peer -> peers.add(entry(peer, peer.signature().isEmpty())));
    status.filtered().forEach(peer -> peers.add(entry(peer, false)));
    Optional<PeersFile.Entry> self =
        status
            .nodeKey()
            .map(
                nodeKey ->
                    new PeersFile.Entry(
                        new Peer(
                            own.stableId().orElse("self"),
                            nodeKey,
                            encoded(status.signature()),
                            false),
                        own.name(),
                        status.publicKey(),
                        Optional.empty()));
    return new PeersFile(self, peers, true);
  }

  private static PeersFile.Entry entry(LockPeer peer, boolean excused) {
    String id =
        !peer.stableId().isEmpty()
            ? peer.stableId()
            : peer.number() == 0 ? peer.nodeKey().toString() : Long.toString(peer.number());
    return new PeersFile.Entry(
        new Peer(id, peer.nodeKey(), encoded(peer.signature()), excused),
        peer.name().isEmpty() ? Optional.empty() : Optional.of(peer.name()),
        Optional.empty(),
        Optional.empty());
  }

  private static Bytes encoded(Optional<NodeKeySignature> signature) {
    return signature.map(NodeKeySignature::encoded).orElse(Bytes.empty());
  }
}
