package dev.tka.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.TkaException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Protocol, section 10 as a whole: no node is left behind, and a removed key has no say. The large
 * run:
 *
 * <pre>
 * ./mvnw -o -pl conformance -am test -Dtest=SimulationTest -Dtka.scenarios=20000 \
 *     -Dsurefire.failIfNoSpecifiedTests=false
 * </pre>
 *
 * <p>A failure prints its seed and its events, shrunk. With {@code -Dtka.seed=N -Dtka.scenarios=1}
 * that seed runs again by itself.
 */
class SimulationTest {
  /** What the build lives: always the same tailnets, so that what is rare is known to be there. */
  private static final int SHORT = 100;

  private static final int SCENARIOS = Integer.getInteger("tka.scenarios", SHORT);
  private static final long FIRST_SEED = Long.getLong("tka.seed", 0);

  /** From here on, what is promised of the mix is asserted, too. */
  private static final int LARGE = 20_000;

  /** From here on, what is rare is seen often enough to assert how rare. */
  private static final int MANY = 100;

  private static final int COMPARED = 40;

  @Test
  void noNodeIsLeftBehindAndARemovedKeyHasNoSay() throws InterruptedException {
    SimulationRunner.Summary summary =
        new SimulationRunner(ScenarioGenerator::draw).run(FIRST_SEED, SCENARIOS);
    Tally tally = summary.tally();
    System.out.println(tally);
    assertThat(summary.failures()).isEmpty();
    assertTheReferenceStrandsNodes(tally);
    assertAdversariesFail(tally);
    if (SCENARIOS >= LARGE) {
      assertThat(tally.get(SimulationRunner.WITH_LONG_CHAIN)).isGreaterThanOrEqualTo(500);
      assertThat(tally.get(SimulationRunner.WITH_COMPACTED_NODE) * 100)
          .isGreaterThanOrEqualTo(tally.get(SimulationRunner.SCENARIOS) * 30);
    }
  }

  /** Else the simulator would prove nothing. */
  private static void assertTheReferenceStrandsNodes(Tally tally) {
    String kind = SimulationRunner.kind(Pairing.R, Attack.NONE);
    long scenarios = tally.get(kind + SimulationRunner.SCENARIOS);
    if (scenarios >= MANY || SCENARIOS == SHORT) {
      assertThat(tally.get(kind + SimulationRunner.WITH_NODE_APART) * 100)
          .as("scenarios of the reference with a node apart, of %d", scenarios)
          .isGreaterThanOrEqualTo(scenarios * 2);
    }
  }

  private static void assertAdversariesFail(Tally tally) {
    for (boolean wrongClocks : List.of(false, true)) {
      assertAtMost(tally, Expectations.HONEST_APART, Expectations.HONEST, wrongClocks, 1000);
      assertAtMost(tally, Expectations.HONEST_REFUSED, Expectations.HONEST, wrongClocks, 1000);
      for (String neverSucceeds :
          List.of(Thief.OLD_KEY, Thief.YOUNG, Thief.SHIELD, Thief.LOWERED)) {
        assertAtMost(tally, neverSucceeds, wrongClocks, 500);
      }
      assertAtMost(tally, Thief.SERVED, wrongClocks, 50);
      assertAtMost(tally, Thief.COUNTER, wrongClocks, 50);
      for (String neverRefused : List.of(Thief.STOLEN, Thief.REVIVE, Thief.STRIP)) {
        assertAtMost(tally, neverRefused, wrongClocks, 100);
      }
    }
    assertAtMost(tally, Judge.REVOCATIONS_MISSED, SimulationRunner.SCENARIOS, 10_000);
  }

  private static void assertAtMost(Tally tally, String attack, boolean wrongClocks, int oneIn) {
    String named = Judge.named(attack, wrongClocks);
    assertAtMost(tally, named + ", successes", named + ", tries", oneIn);
  }

  private static void assertAtMost(
      Tally tally, String what, String of, boolean wrongClocks, int oneIn) {
    assertAtMost(tally, Judge.named(what, wrongClocks), Judge.named(of, wrongClocks), oneIn);
  }

  /** At most one in so many, where there are enough to tell. */
  private static void assertAtMost(Tally tally, String what, String of, int oneIn) {
    if (tally.get(of) >= oneIn) {
      assertThat(tally.get(what) * oneIn)
          .as("%s: %d of %d", what, tally.get(what), tally.get(of))
          .isLessThanOrEqualTo(tally.get(of));
    }
  }

  /**
   * Two things do depend on what was purged, and are left out: where a node that drafts a
   * revocation finds a fork point (of what it purged, only checkpoints will do), and which losing
   * AUMs are still there to be given back to a control that lost them.
   */
  private static List<Event> comparable(Scenario scenario) {
    return scenario.events().stream()
        .filter(event -> !(event instanceof Event.Revoke) && !(event instanceof Event.Restore))
        .toList();
  }

  @Test
  void theSameScenarioEndsTheSameWithAndWithoutCompaction() throws TkaException {
    List<String> different = new ArrayList<>();
    int compacted = 0;
    for (int i = 0; i < COMPARED; i++) {
      Attack attack = i % 2 == 0 ? Attack.NONE : Attack.STOLEN_KEY;
      Scenario drawn = ScenarioGenerator.draw(FIRST_SEED + i, Pairing.A, attack);
      Scenario scenario = drawn.withEvents(comparable(drawn));
      Simulation.Result with = Simulation.run(scenario);
      Simulation.Result without = Simulation.run(scenario.withoutCompaction());
      compacted += with.compacted() ? 1 : 0;
      if (!with.heads().equals(without.heads()) || !with.refused().equals(without.refused())) {
        different.add(scenario.describe());
      }
    }
    assertThat(different).isEmpty();
    assertThat(compacted).isPositive();
  }

  /**
   * Protocol, section 10, "A node": losing AUMs below a node's window are dropped there. Control
   * came back from a copy without the rewrite that node 2 compacted past, and so what it sends
   * loses there. The node does not hold control's chain, and keeps its unsent edits.
   */
  @Test
  void aNodeKeepsItsEditsWhileWhatControlFollowsLosesBelowItsWindow() throws TkaException {
    Scenario scenario =
        new Scenario(
            0,
            Pairing.A,
            Attack.NONE,
            true,
            Collections.nCopies(5, new Scenario.Founder(1, Duration.ZERO)),
            List.of(
                new Event.Edits(4, 3, Event.Via.OWN_STORE),
                new Event.SyncAll(),
                new Event.SyncAll(),
                new Event.Offline(0),
                new Event.RevokeAt(3, 1, 20),
                new Event.Offline(3),
                new Event.Edits(1, 13, Event.Via.CONTROL),
                new Event.Offline(2),
                new Event.Pass(Duration.ofDays(23)),
                new Event.Edits(5, 4, Event.Via.CONTROL),
                new Event.Edits(0, 4, Event.Via.CONTROL),
                new Event.Edits(4, 3, Event.Via.OWN_STORE),
                new Event.Edits(4, 2, Event.Via.CONTROL),
                new Event.Online(2),
                new Event.SyncAll(),
                new Event.Restore(),
                new Event.Edits(2, 4, Event.Via.OWN_STORE)));

    Simulation.Result result = Simulation.run(scenario);

    assertThat(result.violations()).isEmpty();
    assertThat(Set.copyOf(result.heads())).hasSize(1);
  }

  @Test
  void aSeedGivesTheSameEndEveryTime() throws TkaException {
    Scenario scenario = ScenarioGenerator.draw(FIRST_SEED);

    assertThat(ScenarioGenerator.draw(FIRST_SEED)).isEqualTo(scenario);
    assertThat(Simulation.run(scenario).heads()).isEqualTo(Simulation.run(scenario).heads());
  }

  @Test
  void shrinkingLeavesOnlyWhatAFailureNeeds() {
    List<Integer> numbers = List.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

    assertThat(Shrinker.shrink(numbers, some -> some.contains(2) && some.contains(7)))
        .containsExactly(2, 7);
  }
}
