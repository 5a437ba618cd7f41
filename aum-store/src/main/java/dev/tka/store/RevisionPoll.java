package dev.tka.store;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Watches a place by asking for its revisions again and again, for {@link Tailnets#watch}. The
 * revisions are authoritative; a {@link #hint}, where the place has a way to give one, makes it ask
 * at once. It keeps what a {@link Tailnets.Watcher} is promised: one thread, each tailnet's commits
 * in their order, and {@code lost} while the revisions cannot be read.
 */
public final class RevisionPoll implements Tailnets.Watch {
  /** How often to ask, where that costs little. */
  public static final Duration INTERVAL = Duration.ofMillis(100);

  /**
   * How many times longer than a look the pause after it is, up to the interval, so that hints of
   * many commits do not have it look all the time.
   */
  private static final int REST = 4;

  private final Revisions revisions;
  private final Duration interval;
  private final Tailnets.Watcher watcher;
  private final Map<String, Revision> told = new HashMap<>();

  /** What was read and could not be told: the watcher threw. */
  private final Map<String, Revision> untold = new LinkedHashMap<>();

  private final Thread thread;
  private boolean hinted;
  private volatile boolean closed;

  /** Reads what changed since it was last asked. */
  @FunctionalInterface
  public interface Revisions {
    /**
     * All revisions by the tailnet's name; those that are known to be what they were when this was
     * last called and returned may be left out. Called by one thread at a time.
     *
     * @throws StoreException if they cannot be read; it is asked again after the interval
     */
    Map<String, Revision> read() throws StoreException;
  }

  private RevisionPoll(Revisions revisions, Duration interval, Tailnets.Watcher watcher) {
    this.revisions = revisions;
    this.interval = interval;
    this.watcher = watcher;
    this.thread = new Thread(this::run, "tka-watch");
    thread.setDaemon(true);
  }

  /**
   * Begins to watch. What was committed before this returns is not told, if it can be read at once.
   *
   * @param interval how long to wait between two looks at most
   */
  public static RevisionPoll begin(
      Revisions revisions, Duration interval, Tailnets.Watcher watcher) {
    RevisionPoll poll = new RevisionPoll(revisions, interval, watcher);
    try {
      poll.told.putAll(revisions.read());
    } catch (StoreException e) {
      // Said again by the first look of the thread, if it stays so; then all is told.
    }
    poll.thread.start();
    return poll;
  }

  /** There may be something to see. */
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
    Map<String, Revision> found;
    try {
      found = revisions.read();
    } catch (StoreException e) {
      if (!closed) {
        tell(() -> watcher.lost(e));
      }
      return;
    } catch (RuntimeException e) {
      // A store's own bug. Without this, nobody would hear that nothing is watched any more.
      if (!closed) {
        tell(() -> watcher.lost(new StoreException.Unavailable("the watch", e)));
      }
      return;
    }
    if (closed) {
      return;
    }
    found.forEach(
        (tailnet, revision) -> {
          if (!revision.equals(told.get(tailnet))) {
            untold.put(tailnet, revision);
          }
        });
    told.putAll(untold);
    untold.entrySet().removeIf(each -> tell(() -> watcher.changed(each.getKey(), each.getValue())));
    if (untold.isEmpty()) {
      tell(() -> watcher.caughtUp(moment));
    }
  }

  /** True when the watcher heard it. When it throws, that is shown as any thread's end is. */
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
   * Waits for the next look.
   *
   * @param least nanoseconds to wait whatever is hinted, but no longer than the interval
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

  /** Waits until it has ended. */
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
