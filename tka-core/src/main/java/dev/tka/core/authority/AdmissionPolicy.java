package dev.tka.core.authority;

import java.util.Set;

/**
 * Who may rewrite history: what becomes of a valid AUM that would displace one of the active chain
 * (protocol, section 10). What is not admitted is left out with what builds on it, and the rest of
 * a batch goes on.
 *
 * <p>This is the one table of those rules, a row for each policy. Where a batch came from makes one
 * difference more: what control sent to a node is <i>favoured</i>, see {@link
 * LiveAuthority#informFromControl}.
 */
public enum AdmissionPolicy {
  /**
   * The reference's: fork resolution alone decides (protocol, section 4), nothing is remembered of
   * what is purged, and nothing is noted about own AUMs.
   */
  REFERENCE,
  /** Control's: only a checkpoint displaces, when, recounted, it is strictly heavier. */
  CONTROL(
      Rule.REMEMBERS,
      Rule.RECOUNTS,
      Rule.ADMITS_ONLY_CHECKPOINTS,
      Rule.ADMITS_ONLY_HEAVIER,
      Rule.BOUNDS_LOSERS),
  /**
   * Control's after it was restored from a backup, until all nodes have synced: it takes back what
   * they still hold. Fork resolution decides, with the recounted weight.
   */
  RESTORED_CONTROL(Rule.REMEMBERS, Rule.RECOUNTS, Rule.LEAVES_UNSENT_OUT, Rule.BOUNDS_LOSERS),
  /**
   * A node's: what control sends displaces when, recounted, it is not lighter; of anything else,
   * fork resolution decides, with the recounted weight.
   */
  NODE(Rule.REMEMBERS, Rule.RECOUNTS, Rule.LEAVES_UNSENT_OUT, Rule.FOLLOWS_CONTROL);

  /** A column of the table: true of a policy or not. */
  enum Rule {
    /** What is purged from the active chain leaves a trail, and the trail is asked. */
    REMEMBERS,
    /** What would displace is weighed again in the light of what followed. */
    RECOUNTS,
    /** Of what would displace, only a checkpoint is looked at; the rest is a conflict. */
    ADMITS_ONLY_CHECKPOINTS,
    /** A tie displaces nothing, whatever its kind and hash. */
    ADMITS_ONLY_HEAVIER,
    /** Unsent AUMs, as far as they end the active chain, are not held against a displacement. */
    LEAVES_UNSENT_OUT,
    /** AUMs that lost are kept up to a quota. */
    BOUNDS_LOSERS,
    /**
     * There is a control to follow: a tie goes to the branch that it sent, own AUMs are noted until
     * it has them, and what is mature is told by the last time when the heads were equal.
     */
    FOLLOWS_CONTROL
  }

  @SuppressWarnings("ImmutableEnumChecker") // Nothing can be added to what Set.of makes.
  private final Set<Rule> rules;

  AdmissionPolicy(Rule... rules) {
    this.rules = Set.of(rules);
  }

  boolean has(Rule rule) {
    return rules.contains(rule);
  }

  /**
   * True when what is purged from the active chain leaves a trail, which is offered to peers and
   * compared with what they name.
   */
  public boolean remembers() {
    return has(Rule.REMEMBERS);
  }

  /** True when there is a control to follow, and notes are kept on what it has of own AUMs. */
  public boolean followsControl() {
    return has(Rule.FOLLOWS_CONTROL);
  }
}
