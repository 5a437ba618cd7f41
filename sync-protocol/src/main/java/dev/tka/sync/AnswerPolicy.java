package dev.tka.sync;

/**
 * How control answers an offer.
 *
 * @param namesCommonAum whether control's offer also names the exact newest common AUM, besides its
 *     checkpoints, so that a node with a small window finds it, too
 * @param maxBytes the limit on one answer, in bytes, see {@link MissingAums#bounded}
 */
public record AnswerPolicy(boolean namesCommonAum, long maxBytes) {
  /** The reference's policy: checkpoints alone, and all missing AUMs (protocol, section 5). */
  public static AnswerPolicy reference() {
    return new AnswerPolicy(false, Long.MAX_VALUE);
  }

  /** Our policy (protocol, section 10): the common AUM is named, and the answer is bounded. */
  public static AnswerPolicy bounded(long maxBytes) {
    return new AnswerPolicy(true, maxBytes);
  }
}
