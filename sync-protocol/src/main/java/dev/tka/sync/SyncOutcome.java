package dev.tka.sync;

import dev.tka.core.AumHash;

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

  /** What control sent cannot be taken in. Nothing was stored. */
  record Rejected(Intake.Rejected cause) implements SyncOutcome {}
}
