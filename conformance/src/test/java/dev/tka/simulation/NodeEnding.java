package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.authority.Authority;
import java.util.Locale;
import java.util.Optional;

/**
 * How one node ended.
 *
 * @param reason what the node said, for people
 */
record NodeEnding(int node, Verdict verdict, String reason) {
  /** At control's head, or not, by the classes of nodes left behind. */
  enum Verdict {
    AT_CONTROLS_HEAD(0),
    /** A stale branch won at control, below this node's window. */
    STALE_BRANCH_WON(1),
    /** The same, and the node has AUMs that control does not. */
    OWN_BRANCH_UNSENT(2),
    /** The node is behind, and control's offer names nothing that it still has. */
    FAR_BEHIND(3),
    /** A revocation won at control, below this node's window. */
    REVOKED_BELOW_WINDOW(4),
    /** More AUMs than the reference opens. */
    TOO_LONG(5),
    /** Control was restored from a copy that is older than what this node kept. */
    CONTROL_LOST_HISTORY(0),
    /** A typed outcome of protocol section 10. */
    TOLD_WHY(0),
    /** None of these, and syncing does not help. */
    STUCK_OTHERWISE(0),
    /** A reference node follows edits of its own that control refused: its head tells, no more. */
    OWN_EDITS_REFUSED(0),
    /** Every sync goes well, and the heads differ all the same. */
    DIVERGED(0);

    private final int baselineClass;

    Verdict(int baselineClass) {
      this.baselineClass = baselineClass;
    }

    /** For people: the name, and the class in the baseline's list of nodes left behind, if any. */
    String describe() {
      String name = name().toLowerCase(Locale.ROOT).replace('_', ' ');
      return baselineClass == 0 ? name : name + " (class " + baselineClass + ")";
    }
  }

  boolean isApart() {
    return verdict != Verdict.AT_CONTROLS_HEAD;
  }

  static NodeEnding of(Tailnet tailnet, Member member) {
    Authority node = member.end.authority();
    Authority control = tailnet.control().authority();
    if (node.head().equals(control.head())) {
      return new NodeEnding(member.index, Verdict.AT_CONTROLS_HEAD, "");
    }
    Optional<RoundFailed> failure = member.last.flatMap(NodeEndpoint.SyncReport::failure);
    if (failure.isEmpty()) {
      Verdict verdict =
          member.refusedByControl.isEmpty() ? Verdict.DIVERGED : Verdict.OWN_EDITS_REFUSED;
      return new NodeEnding(member.index, verdict, String.join("; ", member.refusedByControl));
    }
    RoundFailed why = failure.get();
    return new NodeEnding(
        member.index, verdict(tailnet, node, control, why), why.reason() + ": " + why.getMessage());
  }

  private static Verdict verdict(
      Tailnet tailnet, Authority node, Authority control, RoundFailed why) {
    return switch (why.reason()) {
      case TOO_LONG, NOT_OPEN -> Verdict.TOO_LONG;
      case CONTROL_LOST_HISTORY -> Verdict.CONTROL_LOST_HISTORY;
      case TYPED -> Verdict.TOLD_WHY;
      default -> leftBehind(tailnet, node, control);
    };
  }

  private static Verdict leftBehind(Tailnet tailnet, Authority node, Authority control) {
    Graph graph = tailnet.graph();
    AumHash fork = graph.commonAncestor(node.head(), control.head());
    if (fork.equals(node.head())) {
      return Verdict.FAR_BEHIND;
    }
    if (node.isActive(fork)) {
      return Verdict.STUCK_OTHERWISE;
    }
    if (fork.equals(control.head())) {
      return Verdict.CONTROL_LOST_HISTORY;
    }
    Aum winner = graph.following(fork, control.head());
    if (control.snapshot().find(node.head()).isEmpty()) {
      return Verdict.OWN_BRANCH_UNSENT;
    }
    return takesAKeyAway(graph, winner) ? Verdict.REVOKED_BELOW_WINDOW : Verdict.STALE_BRANCH_WON;
  }

  /** True for what a retroactive revocation looks like. */
  private static boolean takesAKeyAway(Graph graph, Aum aum) {
    return aum.kind().equals(AumKind.CHECKPOINT)
        && graph.stateAt(aum.parent().orElseThrow()).keys().stream()
            .anyMatch(key -> !graph.stateAt(aum.hash()).trusts(key.id()));
  }
}
