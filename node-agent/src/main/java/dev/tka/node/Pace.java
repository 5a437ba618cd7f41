package dev.tka.node;

import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * When a node may ask control again (service, section 9). After a failure it waits for a random
 * part of a time that doubles, so that thousands that lost control at one moment do not come back
 * at one. Whatever control answers, and however fast, it asks so many times at once and then once
 * in a while. For one thread.
 */
final class Pace {
  /** How often it may ask before it has to wait. */
  static final int BURST = 10;

  /** How often it may ask on average. */
  static final Duration EVERY = Duration.ofSeconds(5);

  /** The longest pause that a failure leads to. */
  static final Duration LONGEST = Duration.ofMinutes(5);

  private static final Duration FIRST = Duration.ofSeconds(1);
  private static final int MOST_DOUBLINGS = 20;

  private final DoubleSupplier chance;
  private int failures;
  private double allowance = BURST;
  private Duration counted;

  /**
   * A pace.
   *
   * @param chance 0 to 1, without the 1
   * @param now the running time
   */
  Pace(DoubleSupplier chance, Duration now) {
    this.chance = chance;
    this.counted = now;
  }

  /** All is well. */
  void settle() {
    failures = 0;
  }

  /** How long to wait before control is asked, when all is well. */
  Duration next(Duration now) {
    allowance =
        Math.min(BURST, allowance + (double) now.minus(counted).toMillis() / EVERY.toMillis());
    counted = now;
    allowance -= 1;
    return allowance >= 0
        ? Duration.ZERO
        : Duration.ofMillis((long) (-allowance * EVERY.toMillis() * (1 + chance.getAsDouble())));
  }

  /**
   * How long to wait before control is asked, after it failed.
   *
   * @param asked how long control asks the node to wait
   */
  Duration afterFailure(Duration now, Optional<Duration> asked) {
    Duration most = LONGEST;
    if (failures < MOST_DOUBLINGS && FIRST.multipliedBy(1L << failures).compareTo(LONGEST) < 0) {
      most = FIRST.multipliedBy(1L << failures);
    }
    failures++;
    Duration pause =
        asked.orElse(Duration.ZERO).plusMillis((long) (most.toMillis() * chance.getAsDouble()));
    Duration least = next(now);
    return pause.compareTo(least) > 0 ? pause : least;
  }
}
