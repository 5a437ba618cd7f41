package dev.tka.control;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import java.util.Optional;
import java.util.SortedMap;

/** A place that several services use, and that none of them closes. */
record SharedPlace(Tailnets place) implements Tailnets {
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
  public void close() {}
}
