package dev.tka.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Leaves out of a list what a failure does not need: ever smaller chunks, as long as it still
 * fails.
 */
final class Shrinker {
  private Shrinker() {}

  /** A sublist that fails, of which no single element can be left out. */
  static <T> List<T> shrink(List<T> failing, Predicate<List<T>> fails) {
    List<T> smallest = failing;
    int chunk = Math.max(1, failing.size() / 2);
    while (true) {
      boolean shrunk = false;
      for (int from = 0; from < smallest.size(); ) {
        List<T> without = new ArrayList<>(smallest.subList(0, from));
        without.addAll(smallest.subList(Math.min(from + chunk, smallest.size()), smallest.size()));
        if (fails.test(without)) {
          smallest = without;
          shrunk = true;
        } else {
          from += chunk;
        }
      }
      if (chunk == 1 && !shrunk) {
        return smallest;
      }
      chunk = Math.max(1, chunk / 2);
    }
  }
}
