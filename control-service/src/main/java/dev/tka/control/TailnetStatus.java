package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Fence;
import java.time.Instant;
import java.util.Optional;

/**
 * How a tailnet stands, for its operator.
 *
 * @param tailnet its name
 * @param authority the authority that is on; empty while the lock is off
 * @param head its head; empty while the lock is off
 * @param length the number of AUMs on its active chain; 0 while the lock is off
 * @param keys the number of trusted keys; 0 while the lock is off
 * @param nodes the number of nodes
 * @param pending an init that was begun and not finished
 * @param retired the number of authorities that were ended
 * @param hasSupportSecret whether a secret for support is kept
 * @param restored when its operator said that it was restored from a backup: it takes back what
 *     nodes still hold; empty once that is over
 * @param problem why the authority cannot be opened, on one line
 * @param standing whether it lives here; if it does not, nothing else is told of it
 */
public record TailnetStatus(
    String tailnet,
    Optional<AuthorityName> authority,
    Optional<AumHash> head,
    int length,
    int keys,
    long nodes,
    Optional<Pending> pending,
    int retired,
    boolean hasSupportSecret,
    Optional<Instant> restored,
    Optional<String> problem,
    Fence.Standing standing) {
  /** That of a tailnet that does not live here. */
  static TailnetStatus elsewhere(String tailnet, Fence.Standing standing) {
    return new TailnetStatus(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        0,
        0,
        0,
        Optional.empty(),
        0,
        false,
        Optional.empty(),
        Optional.empty(),
        standing);
  }

  /** Whether it lives here. */
  public boolean livesHere() {
    return standing instanceof Fence.Standing.Open || standing instanceof Fence.Standing.Fenced;
  }

  /**
   * An init that was begun.
   *
   * @param genesis the hash of the AUM that it is to begin with
   * @param by the node that began it; empty for the operator
   * @param at when
   */
  public record Pending(AumHash genesis, Optional<Long> by, Instant at) {}
}
