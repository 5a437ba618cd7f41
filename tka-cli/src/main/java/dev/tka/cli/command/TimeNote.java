package dev.tka.cli.command;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumKind;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.OwnTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What to know about the time that a store keeps for itself, by which removals become final
 * (protocol, section 10, "Own time").
 *
 * @param kind a word for scripts
 * @param text the observation
 * @param advice what to do about it
 */
record TimeNote(String kind, String text, Advice advice) {
  /** A difference up to this is made by every stop of a program. */
  private static final Duration MOST_APART = Duration.ofDays(1);

  /**
   * The notes about a store.
   *
   * @param now the wall clock
   */
  static List<TimeNote> of(Authority authority, Instant now) {
    List<TimeNote> notes = new ArrayList<>();
    Optional<OwnTime> time = authority.snapshot().notes().time();
    time.flatMap(noted -> ofClock(noted, now)).ifPresent(notes::add);
    long untimed = untimedRemovals(authority);
    if (untimed > 0) {
      notes.add(
          new TimeNote(
              "untimed-removals",
              Texts.count(untimed, "removal")
                  + " from before this store kept time of its own: when they become final is judged"
                  + " by the wall clock of their commits",
              Advice.person("nothing, if those times are right, which 'tka log' shows")));
    }
    return notes;
  }

  private static Optional<TimeNote> ofClock(OwnTime noted, Instant now) {
    Duration back = Duration.between(now, noted.latestClock());
    if (back.compareTo(MOST_APART) > 0) {
      return Optional.of(
          new TimeNote(
              "clock-went-back",
              "the clock is "
                  + days(back)
                  + " before the latest that this store has seen, "
                  + noted.latestClock(),
              Advice.person(
                  "set the clock right if it is wrong. If it was ahead once, there is nothing to"
                      + " do: removals become final by the store's own time, which goes on")));
    }
    Duration behind = Duration.between(noted.afterStop(now), now);
    return behind.compareTo(MOST_APART) > 0
        ? Optional.of(
            new TimeNote(
                "own-time-behind",
                "the store's own time is "
                    + days(behind)
                    + " behind the clock, as after a jump of the clock or a long time without use:"
                    + " removals become final that much later",
                Advice.person(
                    "check the clock. A node's time goes on when it syncs, control's while its"
                        + " program runs")))
        : Optional.empty();
  }

  private static String days(Duration apart) {
    return Texts.count(apart.toDays(), "day");
  }

  private static long untimedRemovals(Authority authority) {
    AumSnapshot snapshot = authority.snapshot();
    long remembered =
        snapshot.trail().entries().stream()
            .filter(entry -> entry.own().isEmpty() && !entry.takenAway().isEmpty())
            .count();
    long stored =
        authority.newestFirst(authority.length()).stream()
            .map(snapshot::find)
            .flatMap(Optional::stream)
            .filter(entry -> entry.kind().equals(AumKind.REMOVE_KEY) && entry.facts().isEmpty())
            .count();
    return remembered + stored;
  }
}
