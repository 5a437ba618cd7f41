package dev.tka.simulation;

import dev.tka.core.TkaException;
import java.util.List;

/** Lets one scenario happen, then brings everybody together, and says how each node ended. */
final class Simulation {
  private Simulation() {}

  /**
   * What came of a scenario.
   *
   * @param longest how many AUMs the longest active chain had at the end
   * @param compacted true when a node forgot something
   */
  record Result(List<NodeEnding> endings, int longest, boolean compacted) {
    Result {
      endings = List.copyOf(endings);
    }

    boolean hasNodeApart() {
      return endings.stream().anyMatch(NodeEnding::isApart);
    }
  }

  static Result run(Scenario scenario) throws TkaException {
    Tailnet tailnet = new Tailnet(scenario, new ReferenceEnds(), new ReferenceEnds());
    for (Event event : scenario.events()) {
      event.happen(tailnet);
    }
    tailnet.settle();
    List<NodeEnding> endings =
        tailnet.members().stream().map(member -> NodeEnding.of(tailnet, member)).toList();
    boolean compacted = tailnet.members().stream().anyMatch(member -> member.purged > 0);
    return new Result(endings, tailnet.control().authority().length(), compacted);
  }
}
