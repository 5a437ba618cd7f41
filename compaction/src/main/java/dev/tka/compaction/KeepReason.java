package dev.tka.compaction;

/**
 * Why an AUM stays: the first rule of protocol section 6 that keeps it, in the order of the rules
 * and so of these constants.
 */
public enum KeepReason {
  /** Rule 1: it was committed less than the minimum age ago. */
  YOUNG,
  /** Rule 2: it is one of the last of the active chain, as many as the minimum chain. */
  MINIMUM_CHAIN,
  /** Rule 2: it is on the way from there to the first old checkpoint, or that checkpoint. */
  UP_TO_CHECKPOINT,
  /** Rule 3: it follows, directly or not, what rules 1 and 2 keep. */
  DESCENDANT,
  /** Rule 4: it leads from something that is kept back to the rest. */
  PATH,
  /**
   * Rule 4: it is on the stretch of the active chain by which the oldest ancestor moved back, so
   * that a branch that is kept has its root.
   */
  STRETCH
}
