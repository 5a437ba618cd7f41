package dev.tka.compaction;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * How much a store keeps at least (protocol, section 6).
 *
 * @param minChain how many AUMs of the active chain, from the head back; at least 1
 * @param minAge how long since its commit an AUM is young, and stays wherever it is; more than zero
 */
public record CompactionPolicy(int minChain, Duration minAge) {
  /** What shipping nodes keep: 24 AUMs, 14 days. */
  public static final CompactionPolicy DEFAULT = new CompactionPolicy(24, Duration.ofDays(14));

  /**
   * Checks both.
   *
   * @throws IllegalArgumentException if one of them is zero or less
   */
  public CompactionPolicy {
    Objects.requireNonNull(minAge);
    if (minChain < 1) {
      throw new IllegalArgumentException("minimum chain: expected 1 or more, found " + minChain);
    }
    if (minAge.isNegative() || minAge.isZero()) {
      throw new IllegalArgumentException("minimum age: expected more than zero, found " + minAge);
    }
  }

  /** True for what was committed less than the minimum age ago. Exactly that old is old. */
  boolean isYoung(Instant committedAt, Instant now) {
    return Duration.between(committedAt, now).compareTo(minAge) < 0;
  }
}
