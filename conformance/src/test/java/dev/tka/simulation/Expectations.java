package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import java.util.List;
import java.util.Set;

/**
 * What must hold when everybody has come together again; protocol section 10 and nothing else is
 * judged.
 */
final class Expectations {
  static final String HONEST = "honest scenarios";
  static final String HONEST_APART = "honest scenarios: with a node apart";
  static final String HONEST_REFUSED = "honest scenarios: with a refusal at a node";
  private final Scenario scenario;
  private final Tailnet tailnet;
  private final Judge judge;

  Expectations(Scenario scenario, Tailnet tailnet) {
    this.scenario = scenario;
    this.tailnet = tailnet;
    this.judge = tailnet.judge();
  }

  /** Notes every violation, and counts what only has to be rare. */
  void check(List<NodeEnding> endings) {
    Pairing pairing = scenario.pairing();
    endings.stream().filter(NodeEnding::isApart).forEach(this::checkApart);
    if (pairing.isOurs()) {
      tailnet.members().forEach(this::checkRevocationsKept);
    }
    if (pairing.isOurs() && scenario.attack() == Attack.NONE) {
      endings.stream()
          // Told that control has lost history, a node knows that its edits are lost there, too.
          .filter(ending -> ending.verdict() != NodeEnding.Verdict.CONTROL_LOST_HISTORY)
          .forEach(ending -> checkNoEditLost(tailnet.member(ending.node())));
      boolean refused = judge.tally().get(Judge.REFUSALS_AT_NODES) > 0;
      judge.tally().add(judge.named(HONEST_REFUSED), refused ? 1 : 0);
      boolean apart = endings.stream().anyMatch(this::isApartForNoReason);
      judge.tally().add(judge.named(HONEST_APART), apart ? 1 : 0);
      judge.tally().add(judge.named(HONEST));
    }
    // A node that was shown what control never saw may be apart: that is counted by itself.
    if (pairing.isOurs() && scenario.attack() != Attack.PLANT) {
      tailnet.expectedEverywhere().forEach(this::checkRevocationEverywhere);
    }
  }

  private void checkApart(NodeEnding ending) {
    switch (scenario.pairing()) {
      case A, S -> {
        boolean told = ending.verdict() == NodeEnding.Verdict.TOLD_WHY;
        if (isApartForNoReason(ending) && !told) {
          judge.violation("a node is apart", ending.toString());
        }
      }
      case B -> {
        boolean lostHistory =
            ending.verdict() == NodeEnding.Verdict.CONTROL_LOST_HISTORY && tailnet.wasRestored();
        if (!lostHistory
            && ending.verdict() != NodeEnding.Verdict.TOLD_WHY
            && ending.verdict() != NodeEnding.Verdict.TOO_LONG) {
          judge.violation("a node is apart", ending.toString());
        }
      }
      case C -> {
        Member member = tailnet.member(ending.node());
        // By its offer, or by what control had to refuse of its own edits.
        boolean diagnosed =
            !member.refusedByControl.isEmpty()
                || tailnet
                    .control()
                    .diagnosis(ReferenceRules.offer(member.end.authority()))
                    .isPresent();
        if (diagnosed) {
          judge
              .tally()
              .add("pairing C: nodes apart, diagnosed by control: " + ending.verdict().describe());
        } else {
          judge.violation("a node is apart, and control does not say why", ending.toString());
        }
      }
      case R -> {}
    }
  }

  /** Where control was restored, it is the reason. */
  private boolean isApartForNoReason(NodeEnding ending) {
    boolean lostHistory =
        ending.verdict() == NodeEnding.Verdict.CONTROL_LOST_HISTORY && tailnet.wasRestored();
    return ending.isApart() && !lostHistory;
  }

  private void checkNoEditLost(Member member) {
    Authority control = tailnet.control().authority();
    Set<AumHash> reported = member.end.reportedEdits();
    for (AumHash edit : member.ownEdits) {
      if (!control.isActive(edit) && !reported.contains(edit)) {
        judge.violation(
            "an edit was lost without being reported", "node " + member.index + ": " + edit);
      }
    }
  }

  private void checkRevocationsKept(Member member) {
    member.end.authority().snapshot().ownAums().setAside().stream()
        .filter(edit -> edit.revocation())
        .forEach(
            edit -> judge.violation("a revocation was set aside", edit.aum().hash().toString()));
  }

  /** For as long as control follows it, every node does. */
  private void checkRevocationEverywhere(Aum revocation) {
    if (!tailnet.control().authority().isActive(revocation.hash())) {
      return;
    }
    for (Member member : tailnet.members()) {
      Authority node = member.end.authority();
      boolean follows =
          tailnet.graph().commonAncestor(node.head(), revocation.hash()).equals(revocation.hash());
      judge.tally().add(Judge.REVOCATIONS_AT_NODES);
      if (!follows) {
        judge.tally().add(Judge.REVOCATIONS_MISSED);
      }
    }
  }
}
