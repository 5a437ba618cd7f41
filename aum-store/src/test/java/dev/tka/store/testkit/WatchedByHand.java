package dev.tka.store.testkit;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Tailnets in memory that count reads, become unreachable on demand, and report to their watcher
 * what the test says.
 */
public final class WatchedByHand implements Tailnets {
  public final AtomicInteger reads = new AtomicInteger();

  /** The next read waits for this before it returns. */
  public final AtomicReference<CountDownLatch> heldUp = new AtomicReference<>();

  public final CountDownLatch isHeldUp = new CountDownLatch(1);
  public volatile boolean unreachable;
  public volatile boolean closed;

  private final Map<String, AumStore> stores = new ConcurrentHashMap<>();
  private volatile Optional<Watcher> watcher = Optional.empty();

  /** The store that another replica uses, whose reads are not counted. */
  public AumStore elsewhere(String name) {
    return stores.computeIfAbsent(name, any -> new MemoryAumStore());
  }

  public Watcher watcher() {
    return watcher.orElseThrow();
  }

  /** Reports what there is. */
  public void tell() throws StoreException {
    watcher().found(revisions());
  }

  /** Puts another store in the place of a tailnet's, as if a backup had been put back. */
  public void replace(String name, AumStore other) {
    stores.put(name, other);
  }

  /** Takes a tailnet away, as if it had been begun after a backup that was put back. */
  public void remove(String name) {
    stores.remove(name);
  }

  public static StoreException.Unavailable gone() {
    return new StoreException.Unavailable("the place", new IOException("told to be gone"));
  }

  @Override
  public AumStore tailnet(String name) {
    return new Counted(name);
  }

  private final class Counted implements AumStore {
    private final String name;

    Counted(String name) {
      this.name = name;
    }

    private AumStore behind() {
      return Optional.ofNullable(stores.get(name)).orElseGet(MemoryAumStore::new);
    }

    private void reach() throws StoreException {
      if (unreachable) {
        throw gone();
      }
    }

    @Override
    public AumSnapshot read() throws StoreException {
      reads.incrementAndGet();
      reach();
      AumSnapshot read = behind().read();
      CountDownLatch wait = heldUp.getAndSet(null);
      if (wait != null) {
        isHeldUp.countDown();
        try {
          wait.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      return read;
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      reach();
      return elsewhere(name).commit(commit);
    }

    @Override
    public void wipe() throws StoreException {
      reach();
      elsewhere(name).wipe();
    }
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    SortedMap<String, Revision> revisions = new TreeMap<>();
    for (Map.Entry<String, AumStore> each : stores.entrySet()) {
      revisions.put(each.getKey(), each.getValue().read().revision());
    }
    return revisions;
  }

  @Override
  public Watch watch(Watcher told) {
    watcher = Optional.of(told);
    return () -> watcher = Optional.empty();
  }

  @Override
  public void close() {
    closed = true;
  }
}
