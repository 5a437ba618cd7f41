package dev.tka.client;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumImport;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The tailnets of a server, read and verified one by one. */
final class ServedTailnets implements Tailnets {
  private final ServerAccess access;
  private @Nullable ServerClient client;

  ServedTailnets(ServerAccess access) {
    this.access = access;
  }

  synchronized ServerClient client() throws ServerException {
    if (client == null) {
      client = ServerClient.open(access);
    }
    return client;
  }

  /** What is asked of the server. */
  @FunctionalInterface
  interface Asking<T> {
    T of(ServerClient client) throws ServerException;
  }

  <T> T ask(Asking<T> asking) throws StoreException {
    try {
      return asking.of(client());
    } catch (ServerException e) {
      throw failure(e);
    }
  }

  /** What a failure of the server is for who uses a store. */
  StoreException failure(ServerException failure) {
    return failure instanceof ServerException.BadAnswer
        ? new StoreException.Damaged(url() + ": " + failure.getMessage())
        : new StoreException.Unavailable(url(), failure);
  }

  ServerAccess access() {
    return access;
  }

  String url() {
    return access.url().toString();
  }

  /** A tailnet as it is there now; empty if there is none, or its lock is off. */
  AumSnapshot read(String tailnet) throws StoreException {
    if (access.node().isPresent()) {
      return readByRounds(tailnet);
    }
    Optional<AumImport.Verified> verified =
        ask(
            server -> {
              try {
                return server.export(tailnet);
              } catch (ServerException.Refused e) {
                if (e.code().equals("unknown-tailnet")) {
                  return Optional.empty();
                }
                throw e;
              }
            });
    return verified.isPresent()
        ? verified.get().commitTo(new MemoryAumStore())
        : new MemoryAumStore().read();
  }

  /**
   * The active chain, as a node fetches it (protocol, section 5): all of it in one round, unless it
   * is very long. Every AUM is verified. When each was committed is not told.
   */
  private AumSnapshot readByRounds(String tailnet) throws StoreException {
    MemoryAumStore read = new MemoryAumStore();
    Optional<Bytes> genesis = ask(server -> server.bootstrap(tailnet)).genesis();
    if (genesis.isEmpty()) {
      return read.read();
    }
    try {
      LiveAuthority live =
          LiveAuthority.bootstrap(
              read,
              Aum.decode(genesis.get().toByteArray()),
              AdmissionPolicy.REFERENCE,
              Clock.systemUTC());
      Rounds rounds = new Rounds(tailnet, client());
      SyncOutcome unused = new NodeSync(live).run(rounds, round -> {});
      if (!rounds.head.equals(Optional.of(live.current().head()))) {
        throw bad("what it sent does not lead to the head that it names");
      }
    } catch (ServerException e) {
      throw failure(e);
    } catch (StoreException e) {
      throw e;
    } catch (TkaException e) {
      throw bad("what it sent does not verify: " + e.getMessage());
    }
    return read.read();
  }

  private StoreException bad(String what) {
    return failure(new ServerException.BadAnswer(access.url(), what));
  }

  /** Rounds of a reader, and the head that the server named last. */
  private static final class Rounds implements NodeSync.Control<ServerException> {
    private final String tailnet;
    private final ServerClient server;
    private Optional<AumHash> head = Optional.empty();

    Rounds(String tailnet, ServerClient server) {
      this.tailnet = tailnet;
      this.server = server;
    }

    @Override
    public SyncAnswer offer(SyncOffer offer) throws ServerException {
      SyncAnswer answer = server.offer(tailnet, offer);
      head = Optional.of(answer.offer().head());
      return answer;
    }

    @Override
    public SyncReceipt send(SyncSend send) throws ServerException {
      return server.send(tailnet, send);
    }
  }

  /** Its head now; empty if its lock is off. */
  Optional<AumHash> head(String tailnet) throws StoreException {
    if (access.node().isPresent()) {
      return ask(server -> server.announcement(tailnet))
          .filter(Announcement.Enabled.class::isInstance)
          .map(told -> ((Announcement.Enabled) told).head());
    }
    return ask(server -> server.tailnet(tailnet)).flatMap(ServedTailnet::head);
  }

  @Override
  public AumStore tailnet(String name) {
    Tailnets.requireName(name);
    return new ServedAums(this, name);
  }

  @Override
  public boolean has(String name) throws StoreException {
    return access.node().isEmpty()
        ? ask(server -> server.tailnet(name)).isPresent()
        : ask(server -> server.announcement(name)).isPresent();
  }

  /** {@inheritDoc} A server names head and not revisions: each head stands for one. */
  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    if (access.node().isPresent()) {
      throw failure(
          new ServerException.NotSent(
              access.url(),
              "forwarders are told no names of tailnets: name one with --tailnet ID"));
    }
    SortedMap<String, Revision> revisions = new TreeMap<>();
    for (ServedTailnet each : ask(ServerClient::tailnets)) {
      revisions.put(
          each.name(),
          each.head()
              .map(head -> ByteBuffer.wrap(head.bytes().toByteArray()).getLong() & Long.MAX_VALUE)
              .map(Revision::new)
              .orElse(NO_COMMIT));
    }
    return revisions;
  }

  @Override
  public Watch watch(Watcher watcher) {
    throw new UnsupportedOperationException(this + " are not watched");
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
    }
  }

  @Override
  public String toString() {
    return "the tailnets of " + access.url();
  }
}
