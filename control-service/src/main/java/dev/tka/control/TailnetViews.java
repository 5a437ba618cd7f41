package dev.tka.control;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The last known {@link TailnetView} of the tailnets that are asked for. One that is kept costs no
 * access to the store as long as everything committed up to a second ago is known; then it is at
 * most that old.
 */
final class TailnetViews {
  /** How old an announcement may be (service, section 7). */
  private static final Duration OLDEST = Duration.ofSeconds(1);

  private static final int MOST = 10_000;

  private final Reading reading;
  private final LongSupplier nanoTime;
  private final Cache<String, Entry> entries = Caffeine.newBuilder().maximumSize(MOST).build();
  private volatile Optional<Long> caughtUp = Optional.empty();

  /** Reads what the nodes of a tailnet are told now. */
  @FunctionalInterface
  interface Reading {
    TailnetView read(String tailnet) throws ControlException;
  }

  TailnetViews(Reading reading, LongSupplier nanoTime) {
    this.reading = reading;
    this.nanoTime = nanoTime;
  }

  /**
   * A view, and how many changes were known when it was read.
   *
   * @param view what was read
   * @param changes the count before it was read
   */
  private record Known(TailnetView view, long changes) {}

  /** A tailnet that was asked for. */
  private static final class Entry {
    final AtomicLong changes = new AtomicLong();
    volatile Optional<Known> known = Optional.empty();

    Optional<TailnetView> fresh() {
      return known.filter(each -> each.changes == changes.get()).map(Known::view);
    }
  }

  /**
   * What the nodes of a tailnet are told, as of a second ago or later.
   *
   * @throws ControlException.UnknownTailnet if there is no such tailnet
   * @throws ControlException if it cannot be read
   */
  TailnetView get(String tailnet) throws ControlException {
    Entry entry = entries.get(tailnet, any -> new Entry());
    boolean current =
        caughtUp.filter(moment -> nanoTime.getAsLong() - moment <= OLDEST.toNanos()).isPresent();
    if (current) {
      Optional<TailnetView> fresh = entry.fresh();
      if (fresh.isPresent()) {
        return fresh.get();
      }
    }
    // Many ask at once after a change: one of them reads.
    synchronized (entry) {
      if (current) {
        Optional<TailnetView> fresh = entry.fresh();
        if (fresh.isPresent()) {
          return fresh.get();
        }
      }
      long changes = entry.changes.get();
      TailnetView read = reading.read(tailnet);
      entry.known = Optional.of(new Known(read, changes));
      return read;
    }
  }

  /** A tailnet changed: its view is read again when it is asked for. */
  void changed(String tailnet) {
    Optional.ofNullable(entries.getIfPresent(tailnet))
        .ifPresent(entry -> entry.changes.incrementAndGet());
  }

  /** Changes cannot be known: all views are read again when they are asked for. */
  void allChanged() {
    entries.invalidateAll();
  }

  /** All changes before a moment were named. */
  void caughtUp(long moment) {
    caughtUp = Optional.of(moment);
  }

  /** How long ago it was known last that every change was named; empty if it never was. */
  Optional<Duration> age() {
    return caughtUp.map(moment -> Duration.ofNanos(Math.max(0, nanoTime.getAsLong() - moment)));
  }
}
