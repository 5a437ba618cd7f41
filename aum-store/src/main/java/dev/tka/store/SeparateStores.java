package dev.tka.store;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Unrelated stores, combined into one place. */
final class SeparateStores implements Tailnets {
  private final Map<String, AumStore> stores;
  private final Watches watches = new Watches();

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
    if (watches.areClosed()) {
      throw new IllegalStateException(this + " are closed");
    }
    SortedMap<String, Revision> revisions = new TreeMap<>();
    for (Map.Entry<String, AumStore> each : stores.entrySet()) {
      revisions.put(each.getKey(), each.getValue().read().revision());
    }
    return revisions;
  }

  @Override
  public Watch watch(Watcher watcher) {
    return watches.add(
        RevisionPoll.begin(() -> Optional.of(revisions()), RevisionPoll.INTERVAL, watcher));
  }

  @Override
  public void close() {
    watches.close();
  }

  @Override
  public String toString() {
    return "the stores of " + new TreeMap<>(stores).keySet();
  }
}
