package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.store.OwnAums;
import java.util.List;

/**
 * The result of taking in a batch of updates.
 *
 * @param before the authority on which the batch was decided
 * @param after the authority with the batch taken in; the same object if nothing changed
 * @param added the AUMs that were new, in the order of the batch
 * @param known the number of updates that were stored already, repeated in the batch, or remembered
 * @param refusals the updates that the admission policy kept out
 * @param outweighed AUMs that control sent and that were added although they can never win: a few
 *     are kept
 * @param setAside unsent edits that had to make way for the admitted updates
 * @param displacedOwn local AUMs that control had accepted and that are no longer on the active
 *     chain
 */
public record InformResult(
    Authority before,
    Authority after,
    List<AumHash> added,
    int known,
    List<Refusal> refusals,
    List<Refusal.Outweighed> outweighed,
    List<OwnAums.SetAside> setAside,
    List<AumHash> displacedOwn) {
  /** Copies its lists. */
  public InformResult {
    added = List.copyOf(added);
    refusals = List.copyOf(refusals);
    outweighed = List.copyOf(outweighed);
    setAside = List.copyOf(setAside);
    displacedOwn = List.copyOf(displacedOwn);
  }
}
