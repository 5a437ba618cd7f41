package dev.tka.conformance.naive;

import dev.tka.core.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * A taking away (protocol, section 10): an AUM left a key fewer votes than it had.
 *
 * @param by the AUM, y on the page
 * @param key the key
 * @param after what followed {@code by} on branches that were displaced since, oldest first
 * @param finalThen the fewest votes to which it had finally lowered the key when its branch was
 *     displaced; empty on the active chain
 * @param young whether it counts while it is not final
 */
record NaiveTaking(
    NaiveHeld by, Bytes key, List<NaiveHeld> after, OptionalLong finalThen, boolean young) {
  static final long FINAL_AFTER_SECONDS = 14 * 24 * 60 * 60;

  /** The takings away of an AUM itself, as long as its branch is not displaced. */
  static List<NaiveTaking> of(NaiveHeld y) {
    List<NaiveTaking> takings = new ArrayList<>();
    for (Bytes key : y.parent().state.keyIds()) {
      if (y.votes(key) < y.parent().votes(key)) {
        takings.add(new NaiveTaking(y, key, List.of(), OptionalLong.empty(), true));
      }
    }
    return takings;
  }

  /** The votes that it left. */
  long left() {
    return by.votes(key);
  }

  /** True if the key has more votes than it was left: after a removal, if the key is there. */
  boolean undoneAt(NaiveHeld later) {
    return later.votes(key) > left();
  }

  /** Whether it takes the key away from a rewrite, were this what it left the key. */
  boolean concerns(NaiveHeld x, long level) {
    return level == 0
        || (x.aum.kind().isCheckpoint()
            && level < by.parent().votes(key)
            && level < x.parent().votes(key));
  }

  /**
   * The fewest votes to which the key is finally lowered.
   *
   * @param then what follows on the active chain
   * @param reference the reference time
   */
  OptionalLong finalLevel(List<NaiveHeld> then, long reference) {
    List<NaiveHeld> all = new ArrayList<>(after);
    all.add(0, by);
    all.addAll(then);
    TreeSet<Long> levels = new TreeSet<>();
    all.forEach(one -> levels.add(one.votes(key)));
    for (long level : levels.tailSet(left())) {
      if (level < by.parent().votes(key)
          && secondsAway(level, all, reference) >= FINAL_AFTER_SECONDS) {
        return OptionalLong.of(level);
      }
    }
    return OptionalLong.empty();
  }

  /** How long in all the key had at most so many votes. */
  private long secondsAway(long level, List<NaiveHeld> all, long reference) {
    long sum = 0;
    OptionalLong start = OptionalLong.empty();
    for (NaiveHeld one : all) {
      boolean away = one.votes(key) <= level;
      if (away && start.isEmpty()) {
        start = OptionalLong.of(one.since);
      } else if (!away && start.isPresent()) {
        sum += seconds(start.getAsLong(), Math.min(reference, one.takenIn));
        start = OptionalLong.empty();
      }
    }
    return start.isPresent() ? sum + seconds(start.getAsLong(), reference) : sum;
  }

  private static long seconds(long from, long to) {
    return to > from ? to - from : 0;
  }
}
