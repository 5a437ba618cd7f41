package dev.tka.control.move;

import java.time.Duration;

/**
 * What one round of copying did.
 *
 * @param retired the number of authorities that were ended at the target as at the source
 * @param aums the number of AUMs that were added
 * @param purged the number of AUMs that were forgotten
 * @param nodes the number of nodes that were added, changed or removed
 * @param tokens the number of tokens that were added or removed
 * @param others the number of other changes: to the tailnet's record, and to notes
 * @param again the number of times that something had to be copied anew as a whole
 * @param took how long the round took
 */
public record Copied(
    int retired,
    int aums,
    int purged,
    long nodes,
    int tokens,
    int others,
    int again,
    Duration took) {
  /** Nothing yet. */
  public static final Copied NOTHING = new Copied(0, 0, 0, 0, 0, 0, 0, Duration.ZERO);

  /** The sum of two rounds. */
  public Copied plus(Copied other) {
    return new Copied(
        retired + other.retired,
        aums + other.aums,
        purged + other.purged,
        nodes + other.nodes,
        tokens + other.tokens,
        others + other.others,
        again + other.again,
        took.plus(other.took));
  }

  /** Whether anything was copied. */
  public boolean isNothing() {
    return withoutTime().equals(NOTHING);
  }

  private Copied withoutTime() {
    return new Copied(retired, aums, purged, nodes, tokens, others, again, Duration.ZERO);
  }
}
