package dev.tka.simulation;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.SharedVerification;
import java.util.List;
import java.util.Set;

/** Lets one scenario happen, then brings everybody together, and says how each node ended. */
final class Simulation {
  private Simulation() {}

  /**
   * What came of a scenario.
   *
   * @param longest how many AUMs the longest active chain had at the end
   * @param compacted true when a node forgot something
   * @param violations what must not happen and did; each begins with what kind of thing it is, up
   *     to a colon
   * @param heads control's, then the nodes'
   * @param refused every AUM that some end refused
   * @param tally what the judge and the adversary counted
   */
  record Result(
      List<NodeEnding> endings,
      int longest,
      boolean compacted,
      List<String> violations,
      List<AumHash> heads,
      Set<AumHash> refused,
      Tally tally) {
    Result {
      endings = List.copyOf(endings);
      violations = List.copyOf(violations);
      heads = List.copyOf(heads);
      refused = Set.copyOf(refused);
    }

    boolean hasNodeApart() {
      return endings.stream().anyMatch(NodeEnding::isApart);
    }
  }

  /** Of control, and of the nodes. */
  private record Ends(EndFactory control, EndFactory nodes) {
    static Ends of(Pairing pairing, SharedVerification verification) {
      if (pairing == Pairing.S) {
        EndFactory served = new ServedEnds();
        return new Ends(served, served);
      }
      return new Ends(
          ends(pairing.ourControl(), verification), ends(pairing.ourNodes(), verification));
    }

    private static EndFactory ends(boolean ours, SharedVerification verification) {
      return ours ? new EngineEnds(verification) : new ReferenceEnds(verification);
    }
  }

  static Result run(Scenario scenario) throws TkaException {
    SharedVerification verification = new SharedVerification();
    Ends ends = Ends.of(scenario.pairing(), verification);
    Tailnet tailnet = new Tailnet(scenario, ends.control(), ends.nodes(), verification.verifier());
    try {
      return run(scenario, tailnet);
    } finally {
      tailnet.control().close();
    }
  }

  private static Result run(Scenario scenario, Tailnet tailnet) throws TkaException {
    for (Event event : scenario.events()) {
      event.happen(tailnet);
      tailnet.checkPeers();
    }
    tailnet.settle();
    tailnet.thief().countPlanted();
    List<NodeEnding> endings =
        tailnet.members().stream().map(member -> NodeEnding.of(tailnet, member)).toList();
    new Expectations(scenario, tailnet).check(endings);
    int longest = tailnet.control().authority().length();
    List<AumHash> heads = tailnet.heads();
    tailnet.end();
    boolean compacted = tailnet.members().stream().anyMatch(member -> member.purged > 0);
    return new Result(
        endings,
        longest,
        compacted,
        tailnet.judge().violations(),
        heads,
        tailnet.judge().refusedSoFar(),
        tailnet.judge().tally());
  }
}
