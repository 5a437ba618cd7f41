package dev.tka.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongFunction;

/** Runs many scenarios on all processors, and counts. */
final class SimulationRunner {
  static final String SCENARIOS = "scenarios";
  static final String WITH_COMPACTED_NODE = "scenarios with a compacted node";
  static final String WITH_LONG_CHAIN = "scenarios with more than 1,000 AUMs";
  static final String WITH_NODE_APART = "scenarios with a node apart";

  private static final int CHUNK = 20;
  private static final int MOST_FAILURES = 5;

  private final LongFunction<Scenario> generator;

  /** Of each seed, the scenario that a generator draws. */
  SimulationRunner(LongFunction<Scenario> generator) {
    this.generator = generator;
  }

  /**
   * What came of many scenarios.
   *
   * @param failures the first of them, shrunk, for people
   */
  record Summary(Tally tally, List<String> failures) {
    Summary {
      failures = List.copyOf(failures);
    }
  }

  /** Runs the scenarios of as many seeds, from one on. */
  Summary run(long firstSeed, int count) throws InterruptedException {
    ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try {
      List<Callable<Summary>> chunks = new ArrayList<>();
      for (int from = 0; from < count; from += CHUNK) {
        long first = firstSeed + from;
        int size = Math.min(CHUNK, count - from);
        chunks.add(() -> runChunk(first, size));
      }
      Tally tally = new Tally();
      List<String> failures = new ArrayList<>();
      for (Future<Summary> chunk : threads.invokeAll(chunks)) {
        Summary summary = chunk.get();
        tally.addAll(summary.tally());
        failures.addAll(summary.failures());
      }
      return new Summary(tally, failures);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }

  private Summary runChunk(long firstSeed, int count) {
    Tally tally = new Tally();
    List<String> failures = new ArrayList<>();
    for (long seed = firstSeed; seed < firstSeed + count; seed++) {
      Scenario scenario = generator.apply(seed);
      Outcome outcome = play(scenario);
      outcome.result().ifPresent(result -> count(tally, scenario, result));
      if (outcome.failure().isPresent()) {
        tally.add("failures: " + kindOf(outcome.failure().get()));
        if (failures.size() < MOST_FAILURES) {
          failures.add(describe(scenario, outcome.failure().get()));
        }
      }
    }
    return new Summary(tally, failures);
  }

  /** What came of one scenario: a result, or a failure, or both. */
  private record Outcome(Optional<Simulation.Result> result, Optional<String> failure) {}

  private static Outcome play(Scenario scenario) {
    try {
      Simulation.Result result = Simulation.run(scenario);
      return new Outcome(Optional.of(result), result.violations().stream().findFirst());
    } catch (Exception e) {
      return new Outcome(Optional.empty(), Optional.of(e.getClass().getName() + ": " + where(e)));
    }
  }

  /** The message, and the first place in this package. */
  private static String where(Exception e) {
    for (StackTraceElement element : e.getStackTrace()) {
      if (element.getClassName().startsWith("dev.tka.")) {
        return e.getMessage() + " at " + element;
      }
    }
    return String.valueOf(e.getMessage());
  }

  private static String kindOf(String failure) {
    return failure.substring(0, failure.indexOf(':'));
  }

  private static String describe(Scenario scenario, String failure) {
    String kind = kindOf(failure);
    List<Event> smallest =
        Shrinker.shrink(
            scenario.events(),
            events ->
                play(scenario.withEvents(events))
                    .failure()
                    .filter(other -> kindOf(other).equals(kind))
                    .isPresent());
    Scenario shrunk = scenario.withEvents(smallest);
    return failure
        + "\nshrunk: "
        + play(shrunk).failure().orElse("does not fail again")
        + "\n"
        + shrunk.describe();
  }

  /** What the counts of one kind of scenario begin with. */
  static String kind(Pairing pairing, Attack attack) {
    return "pairing " + pairing + ", adversary " + attack.describe() + ": ";
  }

  private static void count(Tally tally, Scenario scenario, Simulation.Result result) {
    String pairing = kind(scenario.pairing(), scenario.attack());
    tally.addAll(result.tally());
    tally.add(SCENARIOS);
    tally.add(pairing + SCENARIOS);
    tally.add(WITH_COMPACTED_NODE, result.compacted() ? 1 : 0);
    tally.add(WITH_LONG_CHAIN, result.longest() > 1000 ? 1 : 0);
    tally.add("scenarios with more than 2,000 AUMs", result.longest() > 2000 ? 1 : 0);
    tally.add(pairing + WITH_NODE_APART, result.hasNodeApart() ? 1 : 0);
    tally.add(pairing + "nodes", result.endings().size());
    for (NodeEnding ending : result.endings()) {
      tally.add(pairing + "nodes: " + ending.verdict().describe());
    }
  }
}
