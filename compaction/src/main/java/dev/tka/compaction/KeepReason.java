package dev.tka.compaction;

/**
 * The reason why an AUM stays: the first rule of protocol section 6 that keeps it. The constants
 * are in the order of the rules.
 */
public enum KeepReason {
  /** Rule 1: it was committed less than the minimum age ago. */
  YOUNG("young", "came in less than the minimum age ago"),
  /** Rule 2: it is within the minimum chain, the last AUMs of the active chain. */
  MINIMUM_CHAIN("minimum-chain", "one of the last, as many as the minimum chain"),
  /** Rule 2: it is between the minimum chain and the first old checkpoint, or that checkpoint. */
  UP_TO_CHECKPOINT("up-to-checkpoint", "leads back to the first old checkpoint, or is it"),
  /** Rule 3: it follows, directly or indirectly, an AUM that rules 1 and 2 keep. */
  DESCENDANT("descendant", "follows what stays"),
  /** Rule 4: it connects a kept AUM with the rest. */
  PATH("path", "leads back from what stays"),
  /**
   * Rule 4: it is on the stretch of the active chain by which the oldest ancestor moved back, so
   * that a kept branch has its root.
   */
  STRETCH("stretch", "leads back to the root of a branch that stays");

  private final String kind;
  private final String reason;

  KeepReason(String kind, String reason) {
    this.kind = kind;
    this.reason = reason;
  }

  /** A word for programs, which stays as it is: {@code minimum-chain}. */
  public String kind() {
    return kind;
  }

  /** The rule in a few words, without a subject. */
  public String reason() {
    return reason;
  }
}
