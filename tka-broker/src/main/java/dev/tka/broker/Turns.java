package dev.tka.broker;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Keeps a rule whose signer or second broker is slow from holding up the others. Only so many
 * requests of one rule are signed at one time, some more wait for that, and any other has to ask
 * again. So a rule holds a bounded part of the server's threads. Safe for use by many threads.
 */
final class Turns {
  /** How long a request waits for its turn. */
  static final Duration WAIT = Duration.ofSeconds(20);

  private static final int AT_ONCE = 8;

  /** Of all rules together, unless there are so many that each would get less than it may sign. */
  private static final int PLACES = 192;

  private final int places;
  private final Duration wait;
  private final Map<String, OfRule> rules;

  /**
   * What one rule may hold.
   *
   * @param places of requests that sign or wait
   * @param signing of those that sign
   */
  private record OfRule(Semaphore places, Semaphore signing) {}

  Turns(Policy policy, Duration wait) {
    int each = Math.max(AT_ONCE, PLACES / policy.rules().size());
    places = each * policy.rules().size();
    this.wait = wait;
    rules =
        policy.rules().stream()
            .map(Policy.Rule::name)
            .collect(
                Collectors.toUnmodifiableMap(
                    Function.identity(),
                    name -> new OfRule(new Semaphore(each), new Semaphore(AT_ONCE, true))));
  }

  /** How many requests all rules together may hold. */
  int places() {
    return places;
  }

  /** A turn, to be closed at its end. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  /** Waits for a turn of a rule; empty if none came in time, or too many wait already. */
  Optional<Turn> take(String rule) {
    OfRule of = Objects.requireNonNull(rules.get(rule));
    if (!of.places().tryAcquire()) {
      return Optional.empty();
    }
    boolean got = false;
    try {
      got = of.signing().tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (!got) {
        of.places().release();
      }
    }
    return got
        ? Optional.of(
            () -> {
              of.signing().release();
              of.places().release();
            })
        : Optional.empty();
  }
}
