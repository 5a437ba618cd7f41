package dev.tka.broker;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * How many requests a broker refuses within a minute, each with a line in its log: whoever may ask
 * could fill the disk with them. Above, it decides nothing. Safe for use by many threads.
 */
final class Refusals {
  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final int most;
  private final Deque<Instant> times = new ArrayDeque<>();

  Refusals(int most) {
    this.most = most;
  }

  /** One more was refused. */
  synchronized void add(Instant now) {
    times.addLast(now);
  }

  /** How long to wait before anything is decided; empty if it may be now. */
  synchronized Optional<Duration> wait(Instant now) {
    // A clock that went back must not make anybody wait for it to come again.
    while (!times.isEmpty()
        && (times.getFirst().isAfter(now) || !times.getFirst().plus(WINDOW).isAfter(now))) {
      times.removeFirst();
    }
    return times.size() < most
        ? Optional.empty()
        : Optional.of(Duration.between(now, times.getFirst().plus(WINDOW)));
  }
}
