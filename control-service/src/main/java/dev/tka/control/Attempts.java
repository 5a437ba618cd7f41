package dev.tka.control;

import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides again while other writers are first, waits while a move switches, and says in plain words
 * what a place cannot do.
 */
final class Attempts {
  private static final int MOST = 24;

  /** The longest pause before another attempt, in milliseconds; the first ones are shorter. */
  private static final long LONGEST_PAUSE = 64;

  /**
   * How long a request waits while its tailnet is fenced, in milliseconds. A move that is well
   * switches in a fraction of it, and gives up before.
   */
  static final long LONGEST_WAIT = 5_000;

  /** How often a request looks whether the fence is gone, in milliseconds. */
  private static final long SHORTEST_LOOK = 5;

  private static final long LONGEST_LOOK = 20;

  /** How long a fence stands before whoever made it counts as dead. */
  static final Duration DEAD = Duration.ofSeconds(10);

  private final ControlRecords records;
  private final LongSupplier nanoTime;
  private final Sleep sleep;

  /**
   * The fences that were met, and when first. The clocks of a place's servers may differ by years,
   * so each counts from what it has seen itself.
   */
  private final Map<String, Met> met = new ConcurrentHashMap<>();

  private record Met(Fence fence, long nanos) {}

  /** Waits; tests do not. */
  @FunctionalInterface
  interface Sleep {
    void millis(long time) throws InterruptedException;
  }

  Attempts(ControlRecords records, LongSupplier nanoTime, Sleep sleep) {
    this.records = records;
    this.nanoTime = nanoTime;
    this.sleep = sleep;
  }

  /** One attempt: it reads what is there, decides and commits. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws ControlException, StoreException, OpenException;
  }

  /**
   * Runs attempts until none conflicts. What is in doubt is decided again, too: an attempt has the
   * same effect when it is repeated. One that meets a fence is decided again when that is gone.
   *
   * @throws ControlException.Conflict if others were first too often
   * @throws ControlException.InDoubt if it stays unknown whether a change happened
   * @throws ControlException.Moved if the tailnet was moved elsewhere
   * @throws ControlException.Unfinished if what is here is a copy that is not finished
   * @throws ControlException.Unavailable if the place cannot be used, or the tailnet is fenced for
   *     too long
   */
  <T> T untilFirst(Attempt<T> attempt) throws ControlException {
    Optional<StoreException.InDoubt> doubt = Optional.empty();
    long began = nanoTime.getAsLong();
    long slept = 0;
    int done = 0;
    while (true) {
      done++;
      try {
        return attempt.run();
      } catch (StoreException.Fenced e) {
        boolean fenced = isFenced(e.tailnet());
        long waited = Math.max(slept, (nanoTime.getAsLong() - began) / 1_000_000);
        if (fenced ? waited >= LONGEST_WAIT : done >= MOST) {
          throw doubt
              .<ControlException>map(ControlException.InDoubt::new)
              .orElseGet(
                  () ->
                      new ControlException.Unavailable(
                          "this tailnet is being moved: try again in a moment", e));
        }
        if (fenced) {
          slept += pause(SHORTEST_LOOK, LONGEST_LOOK);
          // Other writers were not in the way.
          done = 0;
          continue;
        }
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
      long unused = pause(0, Math.min(LONGEST_PAUSE, 1L << Math.min(done, 10)));
    }
  }

  private long pause(long least, long most) throws ControlException {
    long time = ThreadLocalRandom.current().nextLong(least, most + 1);
    try {
      sleep.millis(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlException.Unavailable("the server is about to stop: try again", e);
    }
    return time;
  }

  /** Reads what is of no one tailnet, and is told also where tailnets do not live here. */
  @FunctionalInterface
  interface Reading<T> {
    T read() throws StoreException;
  }

  /**
   * Reads, and says in plain words if that fails.
   *
   * @throws ControlException.Unavailable if the place cannot be read
   */
  static <T> T read(Reading<T> reading) throws ControlException {
    try {
      return reading.read();
    } catch (StoreException e) {
      throw new ControlException.Unavailable(e);
    }
  }

  /**
   * Looks at a tailnet's fence, and lifts it if its mover is dead.
   *
   * @return whether it is one to wait for
   * @throws ControlException if the tailnet does not live here
   */
  boolean isFenced(String tailnet) throws ControlException {
    try {
      Fence fence = records.fence(tailnet);
      requireHere(fence);
      return !fence.isOpen() && !lift(tailnet, fence);
    } catch (StoreException e) {
      throw new ControlException.Unavailable(e);
    }
  }

  /**
   * Rejects a tailnet that does not live here.
   *
   * @throws ControlException.Moved if it was moved elsewhere
   * @throws ControlException.Unfinished if what is here is a copy that is not finished
   */
  static void requireHere(Fence fence) throws ControlException {
    if (fence.standing() instanceof Fence.Standing.Moved moved) {
      throw new ControlException.Moved(moved.server());
    }
    if (!fence.livesHere()) {
      throw new ControlException.Unfinished();
    }
  }

  private static Met since(@Nullable Met before, Fence fence, long now) {
    return before != null && before.fence().equals(fence) ? before : new Met(fence, now);
  }

  /** Lifts the fences that were met and whose movers are dead, also where nobody asks again. */
  void sweep() throws StoreException {
    for (String tailnet : List.copyOf(met.keySet())) {
      Fence fence = records.fence(tailnet);
      if (!(fence.standing() instanceof Fence.Standing.Fenced) || lift(tailnet, fence)) {
        met.remove(tailnet);
      }
    }
  }

  /** Opens a tailnet whose mover is dead. True if it is open now, whoever did it. */
  private boolean lift(String tailnet, Fence fence) throws StoreException {
    long now = nanoTime.getAsLong();
    Met first = met.compute(tailnet, (name, before) -> since(before, fence, now));
    if (now - first.nanos() < DEAD.toNanos()) {
      return false;
    }
    met.remove(tailnet);
    try {
      records.fence(tailnet, fence, fence.next(new Fence.Standing.Open()));
      return true;
    } catch (StoreException.Conflict e) {
      // Somebody else did, or it is moved by now: the next attempt meets what is there.
      return false;
    }
  }
}
