package dev.tka.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The bounds of own time (protocol, section 10, "Own time"), looked at from outside, where the true
 * time is known: whatever the wall clocks say, it goes on as the true time does while a program
 * runs, at most a day for each start, and at a node at most a day beyond the last agreement.
 */
final class OwnTimeRules {
  private static final Duration DAY = Duration.ofDays(1);
  private final Map<Integer, Seen> seen = new HashMap<>();

  /**
   * What was seen of one store last.
   *
   * @param starts how many programs began with it since
   */
  private record Seen(Instant own, Instant truth, int starts) {}

  /** A program began to run with a store. */
  void started(int store) {
    seen.computeIfPresent(
        store, (any, last) -> new Seen(last.own(), last.truth(), last.starts() + 1));
  }

  /** A store is another one now. */
  void replaced(int store) {
    seen.remove(store);
  }

  /**
   * Looks at the own time of a store.
   *
   * @param most the latest that it may be, unless it was that late before; empty if there is no
   *     such bound
   * @return what is wrong with it, if anything
   */
  Optional<String> check(int store, Instant own, Instant truth, Optional<Instant> most) {
    Seen last = seen.put(store, new Seen(own, truth, 0));
    if (last == null) {
      return Optional.empty();
    }
    Duration passed = Duration.between(last.truth(), truth);
    Duration gone = Duration.between(last.own(), own);
    boolean runs = last.starts() == 0;
    boolean fast = gone.compareTo(passed.plus(DAY.multipliedBy(last.starts()))) > 0;
    boolean slow = runs && (most.isEmpty() ? gone.compareTo(passed) < 0 : gone.isNegative());
    boolean beyond = most.filter(own::isAfter).isPresent() && own.isAfter(last.own());
    return fast || slow || beyond
        ? Optional.of("store " + store + ": " + last + ", then " + own + " at " + truth)
        : Optional.empty();
  }
}
