package dev.tka.compaction;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * The minimum that a store keeps (protocol, section 6).
 *
 * @param minChain the number of AUMs of the active chain, from the head back; at least 1
 * @param minAge the age below which an AUM is young, and stays wherever it is; more than zero
 */
public record CompactionPolicy(int minChain, Duration minAge) {
  /** The policy of shipping nodes: 24 AUMs, 14 days. */
  public static final CompactionPolicy DEFAULT = new CompactionPolicy(24, Duration.ofDays(14));

  /**
   * Checks both values.
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

  /** True if the commit was less than the minimum age ago. Exactly that age counts as old. */
  boolean isYoung(Instant committedAt, Instant now) {
    return Duration.between(committedAt, now).compareTo(minAge) < 0;
  }
}
