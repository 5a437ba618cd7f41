package dev.tka.control.move;

import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;

/**
 * A place that tailnets are moved from or to.
 *
 * @param tailnets the place; whoever opened it closes it
 * @param name names it in words, without a password: what the other place notes, and people read
 */
public record MovePlace(Tailnets tailnets, String name) {
  /**
   * What it keeps beside AUMs.
   *
   * @throws MoveException if it keeps nothing of the sort
   */
  ControlRecords records() throws MoveException {
    return tailnets
        .records()
        .orElseThrow(
            () ->
                new MoveException(
                    MoveException.Reason.NO_RECORDS,
                    name
                        + ": expected control's store, which keeps nodes beside AUMs, found another"));
  }
}
