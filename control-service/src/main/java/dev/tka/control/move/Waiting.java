package dev.tka.control.move;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How a mover measures time and lets it pass. Only what passed since it saw something counts: the
 * clocks of two movers, or of a mover and a server, may differ by years.
 *
 * @param nanoTime moves forward as time passes
 */
record Waiting(LongSupplier nanoTime, Sleep sleep) {
  static final Waiting REAL = new Waiting(System::nanoTime, Waiting::sleepReally);

  /** Lets time pass. */
  @FunctionalInterface
  interface Sleep {
    void pass(Duration time) throws InterruptedException;
  }

  private static void sleepReally(Duration time) throws InterruptedException {
    Thread.sleep(time.toMillis());
  }

  long now() {
    return nanoTime.getAsLong();
  }

  Duration since(long moment) {
    return Duration.ofNanos(now() - moment);
  }
}
