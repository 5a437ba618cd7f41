package dev.tka.core.internal;

/** Sums of votes. */
public final class Votes {
  private Votes() {}

  /** A sum of votes, which are unsigned; at most {@link Long#MAX_VALUE}. */
  public static long add(long weight, long votes) {
    return votes < 0 || weight + votes < 0 ? Long.MAX_VALUE : weight + votes;
  }
}
