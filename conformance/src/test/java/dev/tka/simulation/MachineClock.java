package dev.tka.simulation;

import dev.tka.core.authority.Clocks;
import dev.tka.testkit.FakeClock;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;

/** The clocks of one machine: its wall clock may be wrong, its running clock never is. */
final class MachineClock extends Clock {
  private final FakeClock truth;
  private volatile Duration ahead;

  /**
   * The clocks of a machine.
   *
   * @param ahead how far the wall clock is ahead of the true time
   */
  MachineClock(FakeClock truth, Duration ahead) {
    this.truth = truth;
    this.ahead = ahead;
  }

  /** Somebody, or a bad server, sets the wall clock. */
  void jump(Duration by) {
    ahead = ahead.plus(by);
  }

  Clocks clocks() {
    return new Clocks(this, () -> Duration.between(FakeClock.START, truth.instant()));
  }

  @Override
  public Instant instant() {
    return truth.instant().plus(ahead);
  }

  @Override
  public ZoneId getZone() {
    return truth.getZone();
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
