package dev.tka.store;

import dev.tka.core.AumStore;
import dev.tka.core.Revision;
import dev.tka.core.StoreException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Stores that have nothing to do with one another, as one place. */
final class SeparateStores implements Tailnets {
  private final Map<String, AumStore> stores;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  SeparateStores(Map<String, ? extends AumStore> stores) {
    this.stores = Map.copyOf(stores);
  }

  @Override
  public AumStore tailnet(String name) {
    return Optional.ofNullable(stores.get(name))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "expected one of the tailnets "
                        + new TreeMap<>(stores).keySet()
                        + ", found \""
                        + name
                        + "\""));
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    if (closed) {
      throw new IllegalStateException(this + " were closed");
    }
    SortedMap<String, Revision> revisions = new TreeMap<>();
    for (Map.Entry<String, AumStore> each : stores.entrySet()) {
      revisions.put(each.getKey(), each.getValue().read().revision());
    }
    return revisions;
  }

  @Override
  public Watch watch(Watcher watcher) {
    Watch watch = RevisionPoll.begin(this::revisions, RevisionPoll.INTERVAL, watcher);
    watches.add(watch);
    if (closed) {
      watch.close();
    }
    return () -> {
      watches.remove(watch);
      watch.close();
    };
  }

  @Override
  public void close() {
    closed = true;
    watches.forEach(Watch::close);
  }

  @Override
  public String toString() {
    return "the stores of " + new TreeMap<>(stores).keySet();
  }
}
