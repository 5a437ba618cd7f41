package dev.tka.sync;

/**
 * How control answers an offer.
 *
 * @param namesCommonAum whether control's offer names the exact newest common AUM beside its
 *     checkpoints, so that a node with a small window finds it, too
 * @param maxBytes how much goes into one answer, see {@link MissingAums#bounded}
 */
public record AnswerPolicy(boolean namesCommonAum, long maxBytes) {
  /** The reference's: checkpoints alone, and all that is missing (protocol, section 5). */
  public static AnswerPolicy reference() {
    return new AnswerPolicy(false, Long.MAX_VALUE);
  }

  /** Ours (protocol, section 10): the common AUM is named, and the answer bounded. */
  public static AnswerPolicy bounded(long maxBytes) {
    return new AnswerPolicy(true, maxBytes);
  }
}
