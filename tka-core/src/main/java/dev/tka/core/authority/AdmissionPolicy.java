package dev.tka.core.authority;

import dev.tka.core.store.Limits;
import java.util.Set;

/**
 * The policy on rewriting history: whether a valid AUM that would displace one of the active chain
 * is admitted (protocol, section 10). An AUM that is not admitted is left out together with
 * everything that builds on it; the rest of the batch is taken in.
 *
 * <p>This is the one table of those rules, with a row for each policy. One more thing depends on
 * where a batch came from: what control sent to a node is <i>favoured</i>, see {@link
 * LiveAuthority#informFromControl}.
 */
public enum AdmissionPolicy {
  /**
   * The reference's policy: fork resolution alone decides (protocol, section 4), purged AUMs leave
   * no trail, and no notes are kept about own AUMs.
   */
  REFERENCE,
  /**
   * Control's policy: only a checkpoint displaces, only if it is strictly heavier, and only if no
   * signer bars it.
   */
  CONTROL(
      Rule.REMEMBERS,
      Rule.BARS,
      Rule.ADMITS_ONLY_HEAVIER_CHECKPOINTS,
      Rule.BOUNDS_LOSERS,
      Rule.BOUNDS_AUMS),
  /**
   * The policy of a control that was restored from a backup, until all nodes have synced: it takes
   * back what they still hold. Fork resolution decides, unless a signer bars the AUM.
   */
  RESTORED_CONTROL(Rule.REMEMBERS, Rule.BARS, Rule.BOUNDS_LOSERS, Rule.BOUNDS_AUMS),
  /**
   * A node's policy: AUMs that control sends displace if they are not lighter; for all others, fork
   * resolution decides. Either way, not if a signer bars them.
   */
  NODE(Rule.REMEMBERS, Rule.BARS, Rule.FOLLOWS_CONTROL);

  /** A column of the table: true of a policy or not. */
  enum Rule {
    /** AUMs purged from the active chain leave a trail, and the trail is consulted. */
    REMEMBERS,
    /** A signer whose key was since taken away or lowered bars an AUM from displacing others. */
    BARS,
    /** Only a checkpoint of more votes may displace; any other AUM that would is a conflict. */
    ADMITS_ONLY_HEAVIER_CHECKPOINTS,
    /** AUMs that lost are kept only up to a quota. */
    BOUNDS_LOSERS,
    /** An AUM that could block the way to nodes is not taken. */
    BOUNDS_AUMS,
    /**
     * There is a control to follow: a tie goes to the branch that it sent, AUMs that it does not
     * have do not bar it, and finality is judged by the last time at which the heads were equal.
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

  /** The largest AUM that is taken in, in bytes. */
  int maxAumBytes() {
    return has(Rule.BOUNDS_AUMS) ? Limits.MAX_AUM_BYTES_AT_CONTROL : Limits.MAX_AUM_BYTES;
  }

  /**
   * True if AUMs purged from the active chain leave a trail, which is offered to peers and compared
   * with the AUMs that they name.
   */
  public boolean remembers() {
    return has(Rule.REMEMBERS);
  }

  /** True if there is a control to follow, and notes are kept on which own AUMs it has. */
  public boolean followsControl() {
    return has(Rule.FOLLOWS_CONTROL);
  }
}
