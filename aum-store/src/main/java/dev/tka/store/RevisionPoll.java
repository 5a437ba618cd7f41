package dev.tka.store;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Watches a place by polling its revisions, which are authoritative, for {@link Tailnets#watch}; a
 * {@link #hint} makes it poll at once. It keeps what a {@link Tailnets.Watcher} is promised: one
 * thread, reports in the order of the changes, and {@code lost} while the revisions cannot be read.
 */
public final class RevisionPoll implements Tailnets.Watch {
  /** The polling interval for places where a poll is cheap. */
  public static final Duration INTERVAL = Duration.ofMillis(100);

  /**
   * The pause after a poll, as a multiple of the poll's duration, up to the interval, so that hints
   * of many commits do not cause constant polling.
   */
  private static final int REST = 4;

  private final Revisions revisions;
  private final Duration interval;
  private final Tailnets.Watcher watcher;
  private final Thread thread;

  /** What was read but not reported, because the watcher threw. */
  private Optional<Map<String, Revision>> untold = Optional.empty();

  private boolean hinted;
  private volatile boolean closed;

  /** Reads the revisions of a place. */
  @FunctionalInterface
  public interface Revisions {
    /**
     * All revisions by the tailnet's name; empty if nothing whatever was committed since this last
     * returned. Revisions that are equal again do not show that: a backup may have been put back.
     *
     * @throws StoreException if they cannot be read; they are read again after the interval
     */
    Optional<Map<String, Revision>> read() throws StoreException;
  }

  private RevisionPoll(Revisions revisions, Duration interval, Tailnets.Watcher watcher) {
    this.revisions = revisions;
    this.interval = interval;
    this.watcher = watcher;
    this.thread = new Thread(this::run, "tka-watch");
    thread.setDaemon(true);
  }

  /**
   * Begins to watch.
   *
   * @param interval the longest wait between two reads
   */
  public static RevisionPoll begin(
      Revisions revisions, Duration interval, Tailnets.Watcher watcher) {
    RevisionPoll poll = new RevisionPoll(revisions, interval, watcher);
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
    Optional<Map<String, Revision>> found;
    try {
      found = revisions.read();
    } catch (StoreException e) {
      if (!closed) {
        tell(() -> watcher.lost(e));
      }
      return;
    } catch (RuntimeException e) {
      // A bug in the store. Without this, the watch would end silently.
      if (!closed) {
        tell(() -> watcher.lost(new StoreException.Unavailable("the watch", e)));
      }
      return;
    }
    if (closed) {
      return;
    }
    untold = found.or(() -> untold);
    if (untold.isEmpty() || tell(() -> watcher.found(untold.orElseThrow()))) {
      untold = Optional.empty();
      tell(() -> watcher.caughtUp(moment));
    }
  }

  /** True if the watcher took the report. Its exceptions go to the thread's handler. */
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

  /** Ends it. A call of the watcher that has begun may still come to its end. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
  }
}
