package dev.tka.node;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/**
 * Threads, time and chance for any number of {@link AgentRunner}s. A thread is held only while a
 * round with control lasts; agents of a control that stalls keep others waiting, so agents of
 * another control want a pool of their own.
 */
public final class AgentPool implements AutoCloseable {
  private final Executor rounds;
  private final Timer timer;
  private final DoubleSupplier chance;
  private final Runnable closing;

  /** Where time comes from. */
  interface Timer {
    /** The running time, from any beginning. */
    Duration now();

    /**
     * Has a task run later, which must not take long.
     *
     * @return ends the wait; has no effect once it is over
     */
    Runnable after(Duration pause, Runnable task);
  }

  AgentPool(Executor rounds, Timer timer, DoubleSupplier chance, Runnable closing) {
    this.rounds = rounds;
    this.timer = timer;
    this.chance = chance;
    this.closing = closing;
  }

  /**
   * A pool of its own threads.
   *
   * @param threads rounds that go on at one time
   */
  public static AgentPool of(int threads) {
    ExecutorService rounds =
        Executors.newFixedThreadPool(threads, task -> daemon(task, "tka-node-round"));
    ScheduledThreadPoolExecutor times =
        new ScheduledThreadPoolExecutor(1, task -> daemon(task, "tka-node-time"));
    times.setRemoveOnCancelPolicy(true);
    return new AgentPool(
        rounds,
        new Machine(times),
        () -> ThreadLocalRandom.current().nextDouble(),
        () -> {
          times.shutdownNow();
          rounds.shutdownNow();
        });
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** The machine's time. */
  private record Machine(ScheduledExecutorService times) implements Timer {
    @Override
    public Duration now() {
      return Duration.ofNanos(System.nanoTime());
    }

    @Override
    public Runnable after(Duration pause, Runnable task) {
      Future<?> later = times.schedule(task, pause.toMillis(), TimeUnit.MILLISECONDS);
      return () -> later.cancel(false);
    }
  }

  Executor rounds() {
    return rounds;
  }

  Timer timer() {
    return timer;
  }

  DoubleSupplier chance() {
    return chance;
  }

  /** Ends the threads; runners are stopped before. */
  @Override
  public void close() {
    closing.run();
  }
}
