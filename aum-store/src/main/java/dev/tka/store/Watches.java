package dev.tka.store;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The open watches of a place, which end with it. */
final class Watches implements AutoCloseable {
  private final Set<Tailnets.Watch> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** What to give to whoever asked for a watch; ended, where the place is closed meanwhile. */
  Tailnets.Watch add(Tailnets.Watch watch) {
    open.add(watch);
    if (closed) {
      watch.close();
    }
    return () -> {
      open.remove(watch);
      watch.close();
    };
  }

  /** True once the place is closed. */
  boolean areClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
    open.forEach(Tailnets.Watch::close);
  }
}
