package dev.tka.control;

import dev.tka.store.Tailnets;
import java.time.Clock;
import java.util.function.LongSupplier;

/** Makes services whose time a test sets. */
public final class TimedService {
  private TimedService() {}

  /**
   * A service.
   *
   * @param nanoTime in place of {@link System#nanoTime}
   */
  public static ControlService over(
      Tailnets place, ControlSettings settings, LongSupplier nanoTime) {
    return ControlService.over(place, settings, Clock.systemUTC(), ControlListener.NONE, nanoTime);
  }
}
