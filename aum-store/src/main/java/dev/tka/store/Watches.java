package dev.tka.store;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The open watches of a place, all closed when it closes, for implementations of {@link Tailnets}.
 * Safe for use by many threads.
 */
public final class Watches implements AutoCloseable {
  private final Set<Tailnets.Watch> open = ConcurrentHashMap.newKeySet();
  private final Set<Poll<?>> hinted = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** No watches yet. */
  public Watches() {}

  /**
   * Registers a watch.
   *
   * @return the one to give to the caller of {@link Tailnets#watch}; closed if the place already is
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

  /**
   * Registers a watch that {@link #hint} is told, and tells it: what was committed since it began
   * is read now.
   *
   * @return as {@link #add} does
   */
  public Tailnets.Watch addHinted(Poll<?> poll) {
    Tailnets.Watch watch = add(poll);
    hinted.add(poll);
    poll.hint();
    return () -> {
      hinted.remove(poll);
      watch.close();
    };
  }

  /** Says that there may be a change. */
  public void hint() {
    hinted.forEach(Poll::hint);
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
