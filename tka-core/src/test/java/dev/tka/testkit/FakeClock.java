package dev.tka.testkit;

import dev.tka.core.authority.Clocks;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicReference;

/** A clock that stands still until it is moved, in either direction. In UTC, whatever is asked. */
public final class FakeClock extends Clock {
  /** Where {@link #FakeClock()} begins: a whole second, so that truncating it changes nothing. */
  public static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

  private final AtomicReference<Instant> now;

  /** A clock at {@link #START}. */
  public FakeClock() {
    this(START);
  }

  /** A clock at some instant. */
  public FakeClock(Instant start) {
    now = new AtomicReference<>(start);
  }

  /** Moves the clock to an instant. */
  public void set(Instant instant) {
    now.set(instant);
  }

  /** Moves the clock on, or back when the step is negative. */
  public void advance(Duration step) {
    now.updateAndGet(instant -> instant.plus(step));
  }

  /** This clock as both clocks of a machine: it never goes back, and its wall clock is right. */
  public Clocks clocks() {
    return new Clocks(this, () -> Duration.between(START, instant()));
  }

  @Override
  public Instant instant() {
    return now.get();
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
