package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Refusal;
import java.util.List;

/** How a round, or a row of rounds, ended for the node. */
public sealed interface SyncOutcome {
  /** The heads were equal; nothing was sent. */
  record UpToDate(AumHash head) implements SyncOutcome {}

  /** The heads are equal now. */
  record Converged(AumHash head) implements SyncOutcome {}

  /**
   * The heads differ still: another round may bring them together. Rounds in a row never end so.
   */
  record Unfinished(AumHash head, AumHash controlHead) implements SyncOutcome {}

  /**
   * The heads differ, and rounds change nothing any more: control does not follow this node's
   * branch, has taken nothing in, or does not hand out what it names as its head.
   *
   * @param rounds how many there were
   */
  record Stalled(AumHash head, AumHash controlHead, int rounds) implements SyncOutcome {}

  /**
   * Neither end found an AUM that both have: the two are of different authorities, or one has
   * forgotten what they share.
   *
   * @param intersection what the node made of control's offer
   */
  record NoCommonGround(Intersection.None intersection) implements SyncOutcome {}

  /**
   * What control sent follows an AUM that this node does not hold: control's chain left this node's
   * before the oldest AUM that is held here. Nothing was stored.
   *
   * @param parent the AUM that is not held
   * @param oldest this node's oldest ancestor
   */
  record OutOfReach(AumHash parent, AumHash oldest) implements SyncOutcome {}

  /**
   * Control follows a chain that this node does not admit: it rests on keys that were removed, or
   * weighs too little. The rest was taken in.
   *
   * @param refusals what and why
   */
  record Refused(List<Refusal> refusals) implements SyncOutcome {
    /** Copies the list. */
    public Refused {
      refusals = List.copyOf(refusals);
    }
  }

  /**
   * Control has seen revocations that were made here, and does not follow them. This node does,
   * until a person decides.
   *
   * @param revocations which
   * @param reasons what control said, a line each; it may say nothing
   */
  record RevocationRefused(List<AumHash> revocations, List<String> reasons) implements SyncOutcome {
    /** Copies the lists. */
    public RevocationRefused {
      revocations = List.copyOf(revocations);
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * Control's chain ends at an AUM that this node has left behind and purged, or goes on from it in
   * a way that displaces nothing: control was restored from a backup that is older than what this
   * node holds. A node that holds more can give control back what it lost.
   *
   * @param common the newest AUM of this node's trail that control named
   * @param oldest this node's oldest ancestor
   */
  record ControlLostHistory(AumHash common, AumHash oldest) implements SyncOutcome {}

  /**
   * Control does not follow an AUM that it once sent or accepted, and nothing that it sent
   * displaces it.
   *
   * @param denied the first such AUM of this node's active chain
   */
  record ControlDenies(AumHash denied, AumHash controlHead) implements SyncOutcome {}

  /** What control sent cannot be taken in. Nothing was stored. */
  record Rejected(Intake.Rejected cause) implements SyncOutcome {}
}
