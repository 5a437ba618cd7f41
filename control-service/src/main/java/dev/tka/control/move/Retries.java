package dev.tka.control.move;

import dev.tka.core.store.StoreException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What a mover does about failures of places: most of them pass.
 *
 * <p>For one thread.
 */
final class Retries {
  /** How often other movers, and places, may be in the way in all. */
  private static final int MOST = 50;

  /** How often in a row a place may be busy, out of reach or in doubt before a move is decided. */
  private static final int MOST_IN_A_ROW = 6;

  /** For so long a move that is decided is not given up: until then nobody serves the tailnet. */
  static final Duration DECIDED = Duration.ofMinutes(1);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final Waiting waiting;
  private int failures;
  private int inARow;
  private long firstInARow;

  Retries(Waiting waiting) {
    this.waiting = waiting;
  }

  /** A step was made. */
  void succeeded() {
    inARow = 0;
  }

  /**
   * Waits before the next attempt.
   *
   * @param decided whether the source is moved, so that nothing but the end helps
   * @return false if there is to be no other attempt
   * @throws InterruptedException if this thread is interrupted
   */
  boolean pause(StoreException failure, boolean decided) throws InterruptedException {
    failures++;
    inARow++;
    if (inARow == 1) {
      firstInARow = waiting.now();
    }
    boolean goesOn =
        decided
            ? !(failure instanceof StoreException.Damaged)
                && waiting.since(firstInARow).compareTo(DECIDED) < 0
            : failures < MOST && (isOfOthers(failure) || isOfPlace(failure));
    if (goesOn) {
      Duration pause = FIRST_PAUSE;
      if (!isOfOthers(failure)) {
        for (int i = 1; i < inARow && pause.compareTo(LONGEST_PAUSE) < 0; i++) {
          pause = pause.multipliedBy(2);
        }
      }
      // Two movers that take a copy from each other do not stay in step.
      waiting
          .sleep()
          .pass(pause.plusMillis(ThreadLocalRandom.current().nextLong(pause.toMillis())));
    }
    return goesOn;
  }

  /** Others were faster: the fences tell. */
  private static boolean isOfOthers(StoreException failure) {
    return failure instanceof StoreException.Conflict || failure instanceof StoreException.Fenced;
  }

  /** A disk that fails leaves each commit in doubt. */
  private boolean isOfPlace(StoreException failure) {
    return inARow < MOST_IN_A_ROW
        && (failure instanceof StoreException.Busy
            || failure instanceof StoreException.Unavailable
            || failure instanceof StoreException.InDoubt);
  }
}
