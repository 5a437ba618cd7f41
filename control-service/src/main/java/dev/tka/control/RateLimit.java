package dev.tka.control;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.function.LongSupplier;

/** A limit on how often each of many may do something: some at once, and then one at a time. */
final class RateLimit<K> {
  /** The largest number of names that are remembered; the least recently used go first. */
  private static final int MOST_NAMES = 100_000;

  private final int burst;
  private final long nanosEach;
  private final LongSupplier nanoTime;

  /** When each may next do something if it is to have the whole burst again, by name. */
  private final Cache<K, Long> spent = Caffeine.newBuilder().maximumSize(MOST_NAMES).build();

  /**
   * A limit.
   *
   * @param burst how many at once
   * @param each how long one more takes
   */
  RateLimit(int burst, Duration each, LongSupplier nanoTime) {
    this.burst = burst;
    this.nanosEach = each.toNanos();
    this.nanoTime = nanoTime;
  }

  /** How long to wait until one can be taken; takes none. */
  Duration untilNext(K name) {
    long now = nanoTime.getAsLong();
    Long until = spent.getIfPresent(name);
    long from = until == null || until - now < 0 ? now : until;
    return Duration.ofNanos(Math.max(0, from + nanosEach - now - burst * nanosEach));
  }

  /** Takes one. Returns how long to wait, if there is none left. */
  Duration take(K name) {
    long now = nanoTime.getAsLong();
    long[] wait = new long[1];
    spent
        .asMap()
        .compute(
            name,
            (key, until) -> {
              long from = until == null || until - now < 0 ? now : until;
              long excess = from + nanosEach - now - burst * nanosEach;
              wait[0] = Math.max(0, excess);
              return excess > 0 ? from : from + nanosEach;
            });
    return Duration.ofNanos(wait[0]);
  }
}
