package dev.tka.store.internal;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import java.util.SortedMap;

/**
 * A place as the move uses it that holds a tailnet's fence (service, section 7): what no fence
 * bears on is the place's own.
 */
public abstract class UnderFence implements Tailnets {
  private final Tailnets place;

  /** Uses a place, which stays open. */
  protected UnderFence(Tailnets place) {
    this.place = place;
  }

  @Override
  public final SortedMap<String, Revision> revisions() throws StoreException {
    return place.revisions();
  }

  @Override
  public final Watch watch(Watcher watcher) {
    return place.watch(watcher);
  }

  @Override
  public final void close() {
    // The place stays.
  }

  @Override
  public final String toString() {
    return place.toString();
  }
}
