package dev.tka.compaction;

/**
 * The reason why an AUM stays: the first rule of protocol section 6 that keeps it. The constants
 * are in the order of the rules.
 */
public enum KeepReason {
  /** Rule 1: it was committed less than the minimum age ago. */
  YOUNG,
  /** Rule 2: it is within the minimum chain, the last AUMs of the active chain. */
  MINIMUM_CHAIN,
  /** Rule 2: it is between the minimum chain and the first old checkpoint, or that checkpoint. */
  UP_TO_CHECKPOINT,
  /** Rule 3: it follows, directly or indirectly, an AUM that rules 1 and 2 keep. */
  DESCENDANT,
  /** Rule 4: it connects a kept AUM with the rest. */
  PATH,
  /**
   * Rule 4: it is on the stretch of the active chain by which the oldest ancestor moved back, so
   * that a kept branch has its root.
   */
  STRETCH
}
