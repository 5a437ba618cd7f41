package dev.tka.cli.campaign;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Faults one after the other, at random, and how long it takes each time to serve again. */
final class Faults {
  private static final long PATIENCE_SECONDS = 120;
  private static final int MOST_BETWEEN_MILLIS = 700;

  /**
   * Something that is done to what serves.
   *
   * @param at whose servers it concerns
   */
  record Kind(String name, Place at, Doing doing) {}

  /** Does it. */
  interface Doing {
    /**
     * Does it, and undoes it.
     *
     * @return the time from which it was possible to serve again
     */
    long happen() throws Exception;
  }

  private final List<Kind> kinds = new ArrayList<>();
  private final Random random;
  private final Probe probe;
  private final Map<String, List<Long>> served = new TreeMap<>();

  /** Whether a server answers what it must read from and write to its database. */
  interface Probe {
    boolean serves(Place place, Replica replica) throws InterruptedException;
  }

  Faults(long seed, Probe probe) {
    this.random = new Random(seed);
    this.probe = probe;
  }

  void add(String name, Place at, Doing doing) {
    kinds.add(new Kind(name, at, doing));
  }

  /** Each kind once in any order, and then any until it is over. */
  void run(BooleanSupplier over) throws Exception {
    List<Kind> first = new ArrayList<>(kinds);
    Collections.shuffle(first, random);
    for (Kind each : first) {
      happen(each);
    }
    while (!over.getAsBoolean()) {
      happen(kinds.get(random.nextInt(kinds.size())));
    }
  }

  private void happen(Kind kind) throws Exception {
    TimeUnit.MILLISECONDS.sleep(random.nextInt(MOST_BETWEEN_MILLIS));
    long possible = kind.doing.happen();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    for (Replica each : kind.at.replicas()) {
      while (!probe.serves(kind.at, each)) {
        if (System.nanoTime() > end) {
          throw new AssertionError(
              each
                  + " does not serve "
                  + PATIENCE_SECONDS
                  + " s after: "
                  + kind.name
                  + "\n"
                  + each.server.said());
        }
        TimeUnit.MILLISECONDS.sleep(10);
      }
    }
    served
        .computeIfAbsent(kind.name, any -> new ArrayList<>())
        .add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - possible));
  }

  int count() {
    return served.values().stream().mapToInt(List::size).sum();
  }

  /** By kind: how many, and how long until all servers of the place served again. */
  Map<String, String> figures() {
    Map<String, String> figures = new LinkedHashMap<>();
    served.forEach(
        (name, times) -> {
          List<Long> sorted = times.stream().sorted().toList();
          figures.put(
              name,
              String.format(
                  Locale.ROOT,
                  "%4d times, served again after p50 %5d ms, worst %5d ms",
                  sorted.size(),
                  sorted.get((sorted.size() - 1) / 2),
                  sorted.get(sorted.size() - 1)));
        });
    return figures;
  }
}
