package dev.tka.core.authority;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * The two clocks of a machine: the wall clock, which people and programs may set, and one that only
 * goes on (protocol, section 10, "Own time").
 *
 * @param wall the wall clock
 * @param running the time for which the machine has been running, from any beginning
 */
public record Clocks(Clock wall, Supplier<Duration> running) {
  /** The machine's clocks, but with a given wall clock. */
  public static Clocks of(Clock wall) {
    return new Clocks(wall, Running.MACHINE);
  }

  /** The machine's own monotonic clock, with the time asleep where the system counts that. */
  private static final class Running implements Supplier<Duration> {
    /** On Linux, the seconds since the start of the machine, those asleep included. */
    private static final Path UPTIME = Path.of("/proc/uptime");

    /** Reading the file takes longer than reading the clock, and machines sleep for longer. */
    private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);

    static final Running MACHINE = new Running();

    private Duration asleep = Duration.ZERO;
    private Duration lookedAt = Duration.ZERO.minus(LOOK_AGAIN);
    private final Duration asleepBefore = sinceStart().minus(awake());

    @Override
    public synchronized Duration get() {
      Duration awake = awake();
      if (awake.minus(lookedAt).compareTo(LOOK_AGAIN) >= 0) {
        lookedAt = awake;
        Duration now = sinceStart().minus(awake).minus(asleepBefore);
        asleep = now.compareTo(asleep) > 0 ? now : asleep;
      }
      return awake.plus(asleep);
    }

    private static Duration awake() {
      return Duration.ofNanos(System.nanoTime());
    }

    private static Duration sinceStart() {
      try {
        String seconds = Files.readString(UPTIME).split(" ", 2)[0];
        return Duration.ofMillis((long) (Double.parseDouble(seconds) * 1000));
      } catch (IOException | NumberFormatException e) {
        return awake();
      }
    }
  }
}
