package dev.tka.testkit;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A store whose bodies are not in memory, as far as it says; it counts how many are read, and how
 * often.
 */
public final class OnDemandStore implements AumStore {
  private final MemoryAumStore behind = new MemoryAumStore();
  private final AtomicLong bodiesRead = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();
  private final AtomicReference<Runnable> beforeNextRead = new AtomicReference<>(() -> {});

  /** An empty store. */
  public OnDemandStore() {}

  /** How many bodies were read since this was last called. */
  public long bodiesRead() {
    return bodiesRead.getAndSet(0);
  }

  /** How many requests for one or more bodies there were since this was last called. */
  public long requests() {
    return requests.getAndSet(0);
  }

  /** Does something once, just before a body is read. */
  public void beforeNextRead(Runnable action) {
    beforeNextRead.set(action);
  }

  @Override
  public AumSnapshot read() {
    return counting((IndexSnapshot<?>) behind.read());
  }

  @Override
  public AumSnapshot commit(Commit commit) throws StoreException {
    return counting((IndexSnapshot<?>) behind.commit(commit));
  }

  @Override
  public void wipe() {
    behind.wipe();
  }

  private <B> IndexSnapshot<B> counting(IndexSnapshot<B> shown) {
    IndexSnapshot.Bodies<B> bodies =
        new IndexSnapshot.Bodies<>() {
          @Override
          public Bytes read(AumHash hash, B body) throws StoreException {
            return readAll(List.of(hash), List.of(body)).get(0);
          }

          @Override
          public List<Bytes> readAll(List<AumHash> hashes, List<B> bodies) throws StoreException {
            requests.incrementAndGet();
            bodiesRead.addAndGet(hashes.size());
            beforeNextRead.getAndSet(() -> {}).run();
            return shown.encodedAll(hashes);
          }
        };
    return new IndexSnapshot<>(
        shown.index(),
        shown.limit(),
        shown.revision(),
        shown.lastActiveAncestor(),
        bodies,
        shown.remembered(),
        shown.notes(),
        shown.damage());
  }
}
