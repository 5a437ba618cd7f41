package dev.tka.store;

import dev.tka.core.AumHash;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.RetiredStores;
import dev.tka.store.records.ControlRecords;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Many tailnets, and what is kept of them for a control server, in memory: for tests, and to try
 * things out. All is gone when the process ends. Watches are told at once.
 */
public final class MemoryTailnets implements Tailnets {
  /** All that changes is changed under this lock. */
  private final Object lock = new Object();

  private final SortedMap<String, MemoryAumStore> stores = new TreeMap<>();

  /** The last revisions of stores that are gone. */
  private final Map<String, Revision> gone = new HashMap<>();

  private final MemoryRecords records = new MemoryRecords(this, lock);
  private final Set<Poll<?>> polls = ConcurrentHashMap.newKeySet();
  private final Watches watches = new Watches();

  /** No tailnets yet. */
  public MemoryTailnets() {}

  /** {@inheritDoc} The store that has the name is looked up at each call. */
  @Override
  public AumStore tailnet(String name) {
    return front(name, Optional.empty());
  }

  private AumStore front(String name, Optional<Fences.Held> held) {
    Tailnets.requireName(name);
    return new Front(name, held);
  }

  @Override
  public SortedMap<String, Revision> revisions() {
    requireOpen();
    synchronized (lock) {
      SortedMap<String, Revision> revisions = new TreeMap<>();
      stores.forEach((name, store) -> revisions.put(name, store.read().revision()));
      return revisions;
    }
  }

  @Override
  public Optional<ControlRecords> records() {
    return Optional.of(records);
  }

  @Override
  public void delete(String name, Revision base) throws StoreException {
    delete(name, base, Optional.empty());
  }

  private void delete(String name, Revision base, Optional<Fences.Held> held)
      throws StoreException {
    Tailnets.requireName(name);
    requireOpen();
    synchronized (lock) {
      records.requireDeleting(name, held);
      requireRevision(name, base);
      remove(name);
      records.delete(name, held);
    }
    tell();
  }

  @Override
  public Watch watch(Watcher watcher) {
    requireOpen();
    return watched(
        RevisionPoll.begin(() -> Optional.of(revisions()), RecordsPoll.INTERVAL, watcher));
  }

  /** Has a watch be told of commits, and be closed with this place. */
  Watch watched(Poll<?> poll) {
    polls.add(poll);
    // What was committed since the poll began is told now.
    poll.hint();
    Watch watch = watches.add(poll);
    return () -> {
      polls.remove(poll);
      watch.close();
    };
  }

  /** Wakes the watches, after a commit. */
  void tell() {
    polls.forEach(Poll::hint);
  }

  void requireOpen() {
    if (watches.areClosed()) {
      throw new IllegalStateException(this + " are closed");
    }
  }

  /** The names of stores that were ever committed to. Under the lock. */
  Set<String> names() {
    return stores.keySet();
  }

  /** What a store shows, if there is one. Under the lock. */
  Optional<AumSnapshot> find(String name) {
    return Optional.ofNullable(stores.get(name)).map(MemoryAumStore::read);
  }

  /** Rejects a revision that a store is not at. Under the lock. */
  void requireRevision(String name, Revision expected) throws StoreException.Conflict {
    Revision found = find(name).map(AumSnapshot::revision).orElse(NO_COMMIT);
    if (!found.equals(expected)) {
      throw new StoreException.Conflict(expected, found);
    }
  }

  /**
   * Moves a store's content to a new store. Under the lock.
   *
   * @return the name of that store
   */
  String retire(String name, AumHash genesis) {
    MemoryAumStore store = Optional.ofNullable(stores.get(name)).orElseThrow();
    int attempt = 1;
    String other = RetiredStores.name(name, genesis, attempt);
    while (stores.containsKey(other) || records.knows(other)) {
      attempt++;
      other = RetiredStores.name(name, genesis, attempt);
    }
    stores.put(other, store.moveAll());
    return other;
  }

  private void remove(String name) {
    MemoryAumStore store = stores.remove(name);
    if (store != null) {
      gone.put(name, store.read().revision());
    }
  }

  private MemoryAumStore forWriting(String name) {
    MemoryAumStore store = stores.get(name);
    if (store == null) {
      TailnetName.requireNew(name);
      store = new MemoryAumStore(gone.getOrDefault(name, NO_COMMIT));
    }
    return store;
  }

  @Override
  public void close() {
    watches.close();
  }

  @Override
  public String toString() {
    return "tailnets in memory";
  }

  /** This place, for the move that holds a tailnet's fence. */
  Tailnets under(Fences.Held held) {
    return new Under(Optional.of(held));
  }

  /** This place, for a move. */
  private final class Under implements Tailnets {
    private final Optional<Fences.Held> held;

    Under(Optional<Fences.Held> held) {
      this.held = held;
    }

    @Override
    public AumStore tailnet(String name) {
      return front(name, held);
    }

    @Override
    public SortedMap<String, Revision> revisions() {
      return MemoryTailnets.this.revisions();
    }

    @Override
    public Optional<ControlRecords> records() {
      return Optional.of(records.under(held));
    }

    @Override
    public void delete(String name, Revision base) throws StoreException {
      MemoryTailnets.this.delete(name, base, held);
    }

    @Override
    public Watch watch(Watcher watcher) {
      return MemoryTailnets.this.watch(watcher);
    }

    @Override
    public void close() {
      // The place stays.
    }

    @Override
    public String toString() {
      return MemoryTailnets.this.toString();
    }
  }

  /** The store that has a name. */
  private final class Front implements AumStore {
    private final String name;
    private final Optional<Fences.Held> held;

    Front(String name, Optional<Fences.Held> held) {
      this.name = name;
      this.held = held;
    }

    @Override
    public AumSnapshot read() throws StoreException.Fenced {
      requireOpen();
      synchronized (lock) {
        records.requireReading(name, held);
        return find(name).orElseGet(() -> new MemoryAumStore().read());
      }
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      requireOpen();
      AumSnapshot after;
      synchronized (lock) {
        records.requireWriting(name, held);
        MemoryAumStore store = forWriting(name);
        boolean wasOn = isOn(store);
        after = store.commit(commit);
        stores.put(name, store);
        records.noteAums(name, wasOn != isOn(store));
      }
      tell();
      return after;
    }

    @Override
    public void wipe() throws StoreException.Fenced {
      requireOpen();
      synchronized (lock) {
        records.requireWriting(name, held);
        MemoryAumStore store = forWriting(name);
        boolean wasOn = isOn(store);
        store.wipe();
        stores.put(name, store);
        records.noteAums(name, wasOn);
      }
      tell();
    }

    private static boolean isOn(MemoryAumStore store) {
      return !store.read().entries().isEmpty();
    }

    @Override
    public String toString() {
      return MemoryTailnets.this + ", tailnet \"" + name + "\"";
    }
  }
}
