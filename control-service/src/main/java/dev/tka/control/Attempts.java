package dev.tka.control;

import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Decides again while other writers are first, and says in plain words what a place cannot do. */
final class Attempts {
  private static final int MOST = 24;

  /** The longest pause before another attempt, in milliseconds; the first ones are shorter. */
  private static final long LONGEST_PAUSE = 64;

  private Attempts() {}

  /** One attempt: it reads what is there, decides and commits. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws ControlException, StoreException, OpenException;
  }

  /**
   * Runs attempts until none conflicts. What is in doubt is decided again, too: an attempt has the
   * same effect when it is repeated.
   *
   * @throws ControlException.Conflict if others were first too often
   * @throws ControlException.InDoubt if it stays unknown whether a change happened
   * @throws ControlException.Unavailable if the place cannot be used
   */
  static <T> T untilFirst(Attempt<T> attempt) throws ControlException {
    Optional<StoreException.InDoubt> doubt = Optional.empty();
    for (int done = 1; ; done++) {
      try {
        return attempt.run();
      } catch (StoreException.Conflict e) {
        if (done >= MOST) {
          throw new ControlException.Conflict(
              "others change this tailnet all the time: try again in a moment");
        }
      } catch (StoreException.InDoubt e) {
        if (done >= MOST || doubt.isPresent()) {
          throw new ControlException.InDoubt(e);
        }
        doubt = Optional.of(e);
      } catch (StoreException.OverLimit e) {
        throw new ControlException.TooLarge("this is more than can be stored");
      } catch (StoreException e) {
        throw doubt
            .<ControlException>map(ControlException.InDoubt::new)
            .orElseGet(() -> new ControlException.Unavailable(e));
      } catch (OpenException.EmptyStore e) {
        throw new ControlException.LockOff();
      } catch (OpenException e) {
        throw new ControlException.Unavailable(
            "this tailnet's lock cannot be opened: its operator has to look, with tka doctor", e);
      }
      pause(done);
    }
  }

  private static void pause(int attempts) throws ControlException {
    long most = Math.min(LONGEST_PAUSE, 1L << Math.min(attempts, 10));
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(most + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlException.Unavailable("the server is about to stop: try again", e);
    }
  }
}
