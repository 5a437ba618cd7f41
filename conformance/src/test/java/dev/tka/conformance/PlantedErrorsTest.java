package dev.tka.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.testkit.GoldenData;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The kit finds every error that is planted in a field that binds. By default two of each sort for
 * each field of each kind of file; {@code -Dtka.planted=all} plants every one, which takes about
 * half an hour.
 */
class PlantedErrorsTest {
  private static final int OF_EACH_SORT = 2;
  private static final long SEED = 25;

  /** An error and the line that it is for. */
  private record Planting(String line, PlantedErrors.Planted error) {
    @Override
    public String toString() {
      return error + " in " + line.replaceAll("^\\{\"name\":\"([^\"]*)\".*", "$1");
    }
  }

  /** Not the common pool, which a node's directory needs while one waits for it. */
  private static final ExecutorService CORES =
      Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());

  @AfterAll
  static void stop() {
    CORES.shutdownNow();
  }

  static List<String> kinds() {
    return Conformance.kinds();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everyPlantedErrorIsCaught(String kind) throws Exception {
    List<String> lines = GoldenData.lines(kind);
    Conformance.Judge judge = Conformance.judge(kind, lines);
    Map<String, List<Planting>> sorts = plantings(kind, lines);
    List<Planting> plantings = sorts.values().stream().flatMap(List::stream).toList();
    List<Future<Boolean>> caught = new ArrayList<>();
    for (Planting planting : plantings) {
      String spoilt = planting.error().in(planting.line());
      caught.add(CORES.submit(() -> judge.judge(spoilt).isPresent()));
    }
    List<String> missed = new ArrayList<>();
    for (int i = 0; i < plantings.size(); i++) {
      if (!caught.get(i).get()) {
        missed.add(plantings.get(i).toString());
      }
    }

    System.out.printf(
        "%s: %d errors of %d sorts planted, %d missed%n",
        kind, plantings.size(), sorts.size(), missed.size());
    assertThat(plantings).isNotEmpty();
    assertThat(missed).isEmpty();
  }

  /** The error is caught, not the way in which the case is written with it. */
  @ParameterizedTest
  @MethodSource("kinds")
  void aRewrittenCaseStillPasses(String kind) throws IOException {
    List<String> lines = GoldenData.lines(kind);
    Conformance.Judge judge = Conformance.judge(kind, lines);
    for (int i = 0; i < lines.size(); i += 1 + lines.size() / 20) {
      assertThat(judge.judge(PlantedErrors.rewritten(lines.get(i)))).isEmpty();
    }
  }

  private static Map<String, List<Planting>> plantings(String kind, List<String> lines)
      throws IOException {
    boolean all = "all".equals(System.getProperty("tka.planted"));
    Random random = new Random(SEED);
    Map<String, List<Planting>> chosen = new TreeMap<>();
    Map<String, Integer> seen = new TreeMap<>();
    for (String line : lines) {
      for (PlantedErrors.Planted error : PlantedErrors.of(kind, line)) {
        String sort =
            error.pattern().replaceAll("(nested\\.)+", "nested.") + " " + error.mutation();
        List<Planting> ofSort = chosen.computeIfAbsent(sort, any -> new ArrayList<>());
        int number = seen.merge(sort, 1, Integer::sum);
        if (all || ofSort.size() < OF_EACH_SORT) {
          ofSort.add(new Planting(line, error));
        } else if (random.nextInt(number) < OF_EACH_SORT) {
          ofSort.set(random.nextInt(OF_EACH_SORT), new Planting(line, error));
        }
      }
    }
    return chosen;
  }
}
