package dev.tka.store.etcd;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Tells readers that what is in memory is current. One request to etcd serves all who asked before
 * it was sent. The same request, every few seconds, tells whether the watch lives.
 */
final class Barrier implements AutoCloseable {
  static final Duration HEARTBEAT = Duration.ofSeconds(3);

  /** How long an answer is waited for. It is longer than a request is repeated, twice. */
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private final EtcdClient client;
  private final Layout layout;
  private final Values values;
  private final Cache cache;
  private final Duration heartbeat;
  private final Runnable chores;
  private final Thread thread;

  // Guarded by this.
  private Optional<Round> next = Optional.empty();
  private boolean closed;

  /** A request, and those who wait for it. */
  private static final class Round {
    final CompletableFuture<Cache.Answered> answer = new CompletableFuture<>();
  }

  /**
   * A barrier.
   *
   * @param heartbeat how often a request is made that nobody waits for
   * @param chores what is to be done beside at each of them; readers wait for it
   */
  Barrier(
      EtcdClient client,
      Layout layout,
      Values values,
      Cache cache,
      Duration heartbeat,
      Runnable chores) {
    this.client = client;
    this.layout = layout;
    this.values = values;
    this.cache = cache;
    this.heartbeat = heartbeat;
    this.chores = chores;
    this.thread = new Thread(this::run, "tka-etcd-barrier");
    thread.setDaemon(true);
  }

  void begin() {
    thread.start();
  }

  /**
   * Returns when all that was committed before the call is in memory.
   *
   * @return the newest mark of that moment
   */
  Cache.Mark pass() throws EtcdFailure {
    Round mine;
    synchronized (this) {
      if (closed) {
        throw new EtcdFailure.Unreachable("closed", null);
      }
      mine = next.orElseGet(Round::new);
      next = Optional.of(mine);
      notifyAll();
    }
    Cache.Answered answered;
    try {
      answered = mine.answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EtcdFailure.Unreachable("interrupted", e);
    } catch (TimeoutException e) {
      throw new EtcdFailure.Unreachable("no answer in " + PATIENCE.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof EtcdFailure.Refused refused) {
        throw refused;
      }
      throw new EtcdFailure.Unreachable(
          e.getCause() instanceof EtcdFailure failure ? failure.why() : "a failure", e.getCause());
    }
    cache.await(answered);
    return answered.mark();
  }

  private void run() {
    Optional<Cache.Answered> before = Optional.empty();
    long beat = System.nanoTime();
    while (true) {
      Optional<Round> round = take(beat + heartbeat.toNanos());
      if (round.isEmpty()) {
        return;
      }
      Round now = round.get();
      long asked = System.nanoTime();
      try {
        long known = cache.mark().revision();
        Messages.Range found = client.range(layout.last(), 0);
        Cache.Mark mark =
            found.found().stream()
                .findFirst()
                .map(each -> new Cache.Mark(each.modified(), values.mark(each.value())))
                .orElse(new Cache.Mark(0, 0));
        Cache.Answered answered = new Cache.Answered(mark, asked, known);
        now.answer.complete(answered);
        cache.advance(mark, found.header().revision());
        if (asked - beat >= heartbeat.toNanos()) {
          beat = asked;
          if (before.isPresent() && !cache.hasReached(before.get())) {
            cache.restartWatch();
          }
          before = Optional.of(answered);
          // Who is behind does not know which large changes were committed.
          if (cache.hasReached(answered)) {
            chores.run();
          }
        }
      } catch (EtcdFailure e) {
        beat = System.nanoTime();
        now.answer.completeExceptionally(e);
      } catch (Throwable e) {
        // Whatever it is: readers wait for this thread.
        now.answer.completeExceptionally(e);
        thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
      }
    }
  }

  /** Waits for somebody who asks, or the next heartbeat; empty when this is closed. */
  private synchronized Optional<Round> take(long end) {
    while (!closed && next.isEmpty() && end - System.nanoTime() > 0) {
      try {
        wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        closed = true;
      }
    }
    if (closed) {
      next.ifPresent(
          each -> each.answer.completeExceptionally(new EtcdFailure.Unreachable("closed", null)));
      return Optional.empty();
    }
    Round round = next.orElseGet(Round::new);
    next = Optional.empty();
    return Optional.of(round);
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    thread.interrupt();
  }
}
