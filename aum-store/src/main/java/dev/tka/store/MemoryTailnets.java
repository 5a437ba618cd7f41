package dev.tka.store;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.state.PlaceState;
import dev.tka.store.state.StateTailnets;
import java.util.Optional;
import java.util.SortedMap;
import java.util.UUID;

/**
 * Many tailnets, and what is kept of them for a control server, in memory: for tests, and to try
 * things out. All is gone when the process ends. Watches are told at once.
 */
public final class MemoryTailnets implements Tailnets {
  private final StateTailnets place = new StateTailnets(new Memory(), RecordsPoll.INTERVAL);

  /** No tailnets yet. */
  public MemoryTailnets() {}

  /** A state, and nothing else. */
  private static final class Memory implements StateTailnets.Medium {
    /** Tells this place's positions from those of others. */
    private final String identity = "memory:" + UUID.randomUUID();

    private volatile PlaceState state = PlaceState.NONE;

    @Override
    public StateTailnets.Shown read() {
      return new StateTailnets.Shown(state, identity);
    }

    @Override
    public synchronized PlaceState change(StateTailnets.Transition transition)
        throws StoreException {
      PlaceState before = state;
      state = transition.from(before, new Revision(before.position() + 1));
      return state;
    }

    @Override
    public void close() {
      // Whoever is closed shows nothing.
    }

    @Override
    public String toString() {
      return "tailnets in memory";
    }
  }

  /** {@inheritDoc} The store that has the name is looked up at each call. */
  @Override
  public AumStore tailnet(String name) {
    return place.tailnet(name);
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    return place.revisions();
  }

  @Override
  public Optional<ControlRecords> records() {
    return place.records();
  }

  @Override
  public void delete(String name, Revision base) throws StoreException {
    place.delete(name, base);
  }

  @Override
  public Watch watch(Watcher watcher) {
    return place.watch(watcher);
  }

  @Override
  public void close() {
    place.close();
  }

  @Override
  public String toString() {
    return place.toString();
  }
}
