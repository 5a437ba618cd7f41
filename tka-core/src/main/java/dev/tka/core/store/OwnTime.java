package dev.tka.core.store;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * A store's note about the time that it keeps for itself (protocol, section 10, "Own time"), so
 * that a wall clock that is wrong for an hour does not decide who may rewrite history. All times
 * are to the second.
 *
 * @param own the own time when the note was made
 * @param clock the wall clock then
 * @param latestClock the latest that the wall clock has ever shown
 * @param begun the wall clock when the store began to keep own time; the commit times of AUMs from
 *     before count as no later
 */
public record OwnTime(Instant own, Instant clock, Instant latestClock, Instant begun) {
  /** The most that own time goes on over a stop that lasted longer. */
  public static final Duration MOST_OVER_A_STOP = Duration.ofDays(1);

  /** Rejects null components. */
  public OwnTime {
    Objects.requireNonNull(own);
    Objects.requireNonNull(clock);
    Objects.requireNonNull(latestClock);
    Objects.requireNonNull(begun);
  }

  /** The note of a store that begins to keep own time, with the wall clock's. */
  public static OwnTime beginning(Instant clock) {
    return new OwnTime(clock, clock, clock, clock);
  }

  /**
   * The own time at the start of a program, after no program ran: it goes on by what the wall clock
   * went on since this note or, if that is more than a day, by what the clock is beyond the latest
   * ever seen, at most a day. It never goes back, and not beyond the latest clock ever seen.
   *
   * @param now the wall clock at the start
   */
  public Instant afterStop(Instant now) {
    Duration passed = Duration.between(clock, now);
    if (passed.compareTo(MOST_OVER_A_STOP) > 0) {
      Duration unseen = Duration.between(latestClock, now);
      passed = unseen.compareTo(MOST_OVER_A_STOP) > 0 ? MOST_OVER_A_STOP : unseen;
    }
    if (passed.isNegative()) {
      return own;
    }
    Instant latest = later(latestClock, now);
    Instant gone = own.plus(passed);
    return later(own, gone.isAfter(latest) ? latest : gone);
  }

  /**
   * The next note.
   *
   * @param ownNow the own time now; an earlier one than this note's counts as this note's
   * @param now the wall clock now
   */
  public OwnTime noted(Instant ownNow, Instant now) {
    return new OwnTime(later(own, ownNow), now, later(latestClock, now), begun);
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }
}
