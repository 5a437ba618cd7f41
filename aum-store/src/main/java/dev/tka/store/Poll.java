package dev.tka.store;

import dev.tka.core.store.StoreException;
import java.time.Duration;
import java.util.Optional;

/**
 * Watches a place by polling what is authoritative; a {@link #hint} makes it poll at once. It keeps
 * what watchers are promised: one thread, reports in the order of the changes, and {@code lost}
 * while the place cannot be read.
 *
 * @param <T> what is read
 */
public final class Poll<T> implements Tailnets.Watch {
  /**
   * The pause after a poll, as a multiple of the poll's duration, up to the interval, so that hints
   * of many commits do not cause constant polling.
   */
  private static final int REST = 4;

  private final Source<T> source;
  private final Duration interval;
  private final Receiver<T> receiver;
  private final Thread thread;

  /** What was read but not reported, because the receiver threw. */
  private Optional<T> untold = Optional.empty();

  private boolean hinted;
  private volatile boolean closed;

  /** Reads what a watch reports. */
  @FunctionalInterface
  public interface Source<T> {
    /**
     * What there is now; empty if nothing whatever was committed since this last returned.
     *
     * @throws StoreException if it cannot be read; it is read again after the interval
     */
    Optional<T> read() throws StoreException;
  }

  /** Receives what was read, from one thread. */
  public interface Receiver<T> {
    /**
     * All that was committed before a moment was read.
     *
     * @param found the newest that this has not yet returned from; empty if there is nothing new
     * @param moment as counted by {@link System#nanoTime}
     */
    void caughtUp(Optional<T> found, long moment);

    /** The place cannot be read. */
    void lost(StoreException why);
  }

  private Poll(Source<T> source, Duration interval, Receiver<T> receiver) {
    this.source = source;
    this.interval = interval;
    this.receiver = receiver;
    this.thread = new Thread(this::run, "tka-watch");
    thread.setDaemon(true);
  }

  /**
   * Begins to watch.
   *
   * @param interval the longest wait between two reads
   */
  public static <T> Poll<T> begin(Source<T> source, Duration interval, Receiver<T> receiver) {
    Poll<T> poll = new Poll<>(source, interval, receiver);
    poll.thread.start();
    return poll;
  }

  /** Says that there may be a change. */
  public synchronized void hint() {
    hinted = true;
    notifyAll();
  }

  private void run() {
    while (!closed) {
      long begun = System.nanoTime();
      look();
      pause((System.nanoTime() - begun) * REST);
    }
  }

  private void look() {
    long moment = System.nanoTime();
    Optional<T> found;
    try {
      found = source.read();
    } catch (StoreException e) {
      if (!closed) {
        tell(() -> receiver.lost(e));
      }
      return;
    } catch (RuntimeException e) {
      // A bug in the store. Without this, the watch would end silently.
      if (!closed) {
        tell(() -> receiver.lost(new StoreException.Unavailable("the watch", e)));
      }
      return;
    }
    if (closed) {
      return;
    }
    untold = found.or(() -> untold);
    if (tell(() -> receiver.caughtUp(untold, moment))) {
      untold = Optional.empty();
    }
  }

  /** True if the receiver took the report. Its exceptions go to the thread's handler. */
  private boolean tell(Runnable call) {
    try {
      call.run();
      return true;
    } catch (RuntimeException e) {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
      return false;
    }
  }

  /**
   * Waits for the next poll.
   *
   * @param least nanoseconds to wait even after a hint, but no longer than the interval
   */
  private synchronized void pause(long least) {
    long now = System.nanoTime();
    long end = now + interval.toNanos();
    long earliest = now + Math.min(least, interval.toNanos());
    while (!closed) {
      long left = (hinted ? earliest : end) - System.nanoTime();
      if (left <= 0) {
        break;
      }
      try {
        wait(left / 1_000_000 + 1);
      } catch (InterruptedException e) {
        closed = true;
      }
    }
    hinted = false;
  }

  /** Waits until the watch has ended. */
  public void join() throws InterruptedException {
    thread.join();
  }

  /** Ends it. A call of the receiver that has begun may still come to its end. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
  }
}
