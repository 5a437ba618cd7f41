package dev.tka.client;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
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

  private synchronized ServerClient client() throws ServerException {
    if (client == null) {
      client = ServerClient.open(access);
    }
    return client;
  }

  /** What is asked of the server. */
  @FunctionalInterface
  private interface Asking<T> {
    T of(ServerClient client) throws ServerException;
  }

  private <T> T ask(Asking<T> asking) throws StoreException {
    try {
      return asking.of(client());
    } catch (ServerException.BadAnswer e) {
      throw new StoreException.Damaged(access.url() + ": " + e.getMessage());
    } catch (ServerException e) {
      throw new StoreException.Unavailable(access.url().toString(), e);
    }
  }

  @Override
  public AumStore tailnet(String name) {
    Tailnets.requireName(name);
    return new Store(name);
  }

  @Override
  public boolean has(String name) throws StoreException {
    return ask(server -> server.tailnet(name)).isPresent();
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

  /** One tailnet; each reading asks the server. */
  private final class Store implements AumStore {
    private final String name;

    Store(String name) {
      this.name = name;
    }

    @Override
    public AumSnapshot read() throws StoreException {
      Optional<AumImport.Verified> verified = ask(server -> server.export(name));
      return verified.isPresent()
          ? verified.get().commitTo(new MemoryAumStore())
          : new MemoryAumStore().read();
    }

    @Override
    public AumSnapshot commit(Commit commit) {
      throw new UnsupportedOperationException(this + " is only read");
    }

    @Override
    public void wipe() {
      throw new UnsupportedOperationException(this + " is only read");
    }

    @Override
    public String toString() {
      return access.url() + ", tailnet \"" + name + "\"";
    }
  }
}
