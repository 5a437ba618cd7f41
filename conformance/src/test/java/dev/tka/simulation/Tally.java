package dev.tka.simulation;

import java.util.Map;
import java.util.TreeMap;

/** Counts by name; prints in the order of the names. */
final class Tally {
  private final Map<String, Long> counts = new TreeMap<>();

  void add(String name, long count) {
    if (count > 0) {
      counts.merge(name, count, Long::sum);
    }
  }

  void add(String name) {
    add(name, 1);
  }

  long get(String name) {
    return counts.getOrDefault(name, 0L);
  }

  void addAll(Tally other) {
    other.counts.forEach(this::add);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    counts.forEach((name, count) -> text.append(String.format("%,10d  %s%n", count, name)));
    return text.toString();
  }
}
