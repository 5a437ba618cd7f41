package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.store.Marks;
import java.util.List;

/**
 * What became of a batch of updates.
 *
 * @param before the authority that the batch was decided on
 * @param after the authority with the batch taken in; the same object when there was nothing new
 * @param added the AUMs that were new, in the order of the batch
 * @param known how many were stored already, stood in the batch twice, or are remembered
 * @param refusals what the admission policy kept out
 * @param setAside unsent edits that had to go for what was admitted
 * @param displacedOwn AUMs that were made here, that control once had, and that are not on the
 *     active chain any more
 */
public record InformResult(
    Authority before,
    Authority after,
    List<AumHash> added,
    int known,
    List<Refusal> refusals,
    List<Marks.SetAside> setAside,
    List<AumHash> displacedOwn) {
  /** Copies its lists. */
  public InformResult {
    added = List.copyOf(added);
    refusals = List.copyOf(refusals);
    setAside = List.copyOf(setAside);
    displacedOwn = List.copyOf(displacedOwn);
  }
}
