package dev.tka.store;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Tells a thread that asked for it what its stores wait for: the lock of a directory, or another
 * writer of a database. Stores wait in silence otherwise, and for how long is up to them.
 */
public final class Waits {
  /** A wait that lasts longer is told. */
  public static final Duration NOTICEABLE = Duration.ofSeconds(2);

  private static final ThreadLocal<Consumer<String>> LISTENERS =
      ThreadLocal.withInitial(() -> what -> {});

  private Waits() {}

  /** Waits are told as long as this is open; closed by the thread that opened it. */
  public interface Listening extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Tells this thread's waits, each once, when it has lasted for {@link #NOTICEABLE}.
   *
   * @param listener receives what is waited for, such as {@code "another program that is writing to
   *     control.db"}; quick, and safe to be called by another thread
   */
  public static Listening tell(Consumer<String> listener) {
    Consumer<String> before = LISTENERS.get();
    LISTENERS.set(listener);
    return () -> LISTENERS.set(before);
  }

  /** One wait of a store that polls. */
  public static final class Wait {
    private final String what;
    private final long noticeableAt = System.nanoTime() + NOTICEABLE.toNanos();
    private boolean told;

    private Wait(String what) {
      this.what = what;
    }

    /** To be called whenever the store looked again in vain, by the thread that waits. */
    public void goesOn() {
      if (!told && System.nanoTime() - noticeableAt >= 0) {
        told = true;
        LISTENERS.get().accept(what);
      }
    }
  }

  /**
   * Begins a wait of this thread; for stores that poll.
   *
   * @param what is waited for
   */
  public static Wait begin(String what) {
    return new Wait(what);
  }

  /**
   * Begins a call of this thread that does nothing but wait, inside a database; for stores that do
   * not poll.
   *
   * @param what is waited for
   * @return to be closed when the call has returned
   */
  public static Listening during(String what) {
    Consumer<String> listener = LISTENERS.get();
    ScheduledFuture<?> telling =
        Timer.TIMER.schedule(
            () -> listener.accept(what), NOTICEABLE.toMillis(), TimeUnit.MILLISECONDS);
    return () -> telling.cancel(false);
  }

  /** Started only by stores that need it. */
  private static final class Timer {
    static final ScheduledThreadPoolExecutor TIMER =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "tka-waits");
              thread.setDaemon(true);
              return thread;
            });

    static {
      TIMER.setRemoveOnCancelPolicy(true);
    }
  }
}
