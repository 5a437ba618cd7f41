package dev.tka.control;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.security.SecureRandom;
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
  private final AtomicLong numbers = new AtomicLong();
  private final String process = Long.toHexString(new SecureRandom().nextLong());
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
   * A view, and the last change that was known when it was read.
   *
   * @param view what was read
   * @param change its number, as of before the reading
   */
  private record Known(TailnetView view, long change) {}

  /** A tailnet that was asked for. */
  private static final class Entry {
    /** A number that no other change has, of this tailnet or another one. */
    volatile long change;

    volatile Optional<Known> known = Optional.empty();

    Entry(long change) {
      this.change = change;
    }

    Optional<TailnetView> fresh() {
      return known.filter(each -> each.change == change).map(Known::view);
    }
  }

  /**
   * What the nodes of a tailnet are told, as of a second ago or later.
   *
   * @throws ControlException.UnknownTailnet if there is no such tailnet
   * @throws ControlException if it cannot be read
   */
  TailnetView get(String tailnet) throws ControlException {
    boolean current = isCurrent();
    Entry entry = entry(tailnet);
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
      long change = entry.change;
      TailnetView read = reading.read(tailnet);
      entry.known = Optional.of(new Known(read, change));
      return read;
    }
  }

  private Entry entry(String tailnet) {
    return entries.get(tailnet, any -> new Entry(numbers.incrementAndGet()));
  }

  private boolean isCurrent() {
    return age().filter(age -> age.compareTo(OLDEST) <= 0).isPresent();
  }

  /**
   * Names what is committed of a tailnet, as of a second ago or later, without an access to the
   * store. What is read afterwards is that or newer, and once anything else is committed the name
   * is never given again, by this process or another one.
   *
   * @return empty if changes are not known now
   */
  Optional<String> version(String tailnet) {
    return isCurrent() ? Optional.of(process + "-" + entry(tailnet).change) : Optional.empty();
  }

  /** A tailnet changed: its view is read again when it is asked for. */
  void changed(String tailnet) {
    Optional.ofNullable(entries.getIfPresent(tailnet))
        .ifPresent(entry -> entry.change = numbers.incrementAndGet());
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
