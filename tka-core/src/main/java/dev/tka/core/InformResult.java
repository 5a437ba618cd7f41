package dev.tka.core;

import java.util.List;

/**
 * What became of a batch of updates.
 *
 * @param before the authority that the batch was decided on
 * @param after the authority with the batch taken in; the same object when there was nothing new
 * @param added the AUMs that were new, in the order of the batch
 * @param known how many were stored already, or stood in the batch twice
 * @param refusals what the admission policy kept out
 */
public record InformResult(
    Authority before, Authority after, List<AumHash> added, int known, List<Refusal> refusals) {
  /** Copies its lists. */
  public InformResult {
    added = List.copyOf(added);
    refusals = List.copyOf(refusals);
  }

  /**
   * A valid update that was not admitted.
   *
   * @param update which
   * @param reason the policy's, or that it builds on one that was refused
   */
  public record Refusal(AumHash update, String reason) {}
}
