package dev.tka.cli.campaign;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
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
   * @param asked a tailnet whose servers it concerns
   */
  record Kind(String name, Tailnet asked, Doing doing) {}

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
  private final History history;
  private final Probe probe;
  private final Map<String, List<Long>> served = new TreeMap<>();
  private int count;

  /** Whether a server answers what it must read from and write to its database. */
  interface Probe {
    boolean serves(Tailnet tailnet, Replica replica) throws InterruptedException;
  }

  Faults(long seed, History history, Probe probe) {
    this.random = new Random(seed);
    this.history = history;
    this.probe = probe;
  }

  void add(String name, Tailnet asked, Doing doing) {
    kinds.add(new Kind(name, asked, doing));
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
    long begun = System.nanoTime();
    long possible = kind.doing.happen();
    long done = System.nanoTime();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    Map<String, Long> perServer = new HashMap<>();
    for (Replica each : kind.asked.place().replicas()) {
      while (!probe.serves(kind.asked, each)) {
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
      // PgBouncer has its own patience with a database that went away.
      perServer.merge(
          each.name.endsWith("pooled") ? kind.name + ", through PgBouncer" : kind.name,
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - possible),
          Math::max);
    }
    perServer.forEach(
        (name, millis) -> served.computeIfAbsent(name, any -> new ArrayList<>()).add(millis));
    count++;
    history.add(line(kind, "fault", begun, done));
    history.add(line(kind, "served", possible, System.nanoTime()));
  }

  private Call line(Kind kind, String what, long begun, long ended) {
    return new Call(
        "fault/" + count,
        "faults",
        "",
        kind.asked.name,
        what,
        begun,
        ended,
        Call.OK,
        "",
        "",
        kind.name);
  }

  int count() {
    return count;
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
                  "%d times, served again after p50 %d ms, worst %d ms",
                  sorted.size(),
                  sorted.get((sorted.size() - 1) / 2),
                  sorted.get(sorted.size() - 1)));
        });
    return figures;
  }
}
