package dev.tka.store;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The open watches of a place, which end with it, for implementations of {@link Tailnets}. Safe for
 * use by many threads.
 */
public final class Watches implements AutoCloseable {
  private final Set<Tailnets.Watch> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** None yet. */
  public Watches() {}

  /**
   * Remembers a watch.
   *
   * @return what to give to the caller of {@link Tailnets#watch}; ended already if the place is
   *     closed
   */
  public Tailnets.Watch add(Tailnets.Watch watch) {
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
  public boolean areClosed() {
    return closed;
  }

  /** Ends all of them, and those that come. */
  @Override
  public void close() {
    closed = true;
    open.forEach(Tailnets.Watch::close);
  }
}
