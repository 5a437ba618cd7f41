package dev.tka.client;

import dev.tka.core.AumHash;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumImport;
import java.nio.ByteBuffer;
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

  /** Its head now; empty if its lock is off. */
  Optional<AumHash> head(String tailnet) throws StoreException {
    return ask(server -> server.tailnet(tailnet)).flatMap(ServedTailnet::head);
  }

  @Override
  public AumStore tailnet(String name) {
    Tailnets.requireName(name);
    return new ServedAums(this, name);
  }

  @Override
  public boolean has(String name) throws StoreException {
    return ask(server -> server.has(name));
  }

  /** {@inheritDoc} A server names heads and not revisions: each head stands for one. */
  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
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
