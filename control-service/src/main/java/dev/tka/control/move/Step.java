package dev.tka.control.move;

import dev.tka.store.records.Fence;

/**
 * A step of a move (service, section 7). Each can be made again: a move that was killed is taken up
 * where the fences of the two places say.
 *
 * @param kind what it does
 * @param before the fence that it changes, if it changes one
 * @param after the fence afterwards
 */
public record Step(Kind kind, Fence before, Fence after) {
  /** What a step does. */
  public enum Kind {
    /** Makes the target a copy that nobody else sees. */
    BEGIN,
    /** Takes over a copy that another mover, or a mirror, began. */
    TAKE_OVER,
    /** Copies what the target lacks, again and again until little is left, and compares. */
    FOLLOW,
    /** Keeps writes at the source waiting. */
    FENCE,
    /** Copies and compares the rest, while nothing is written. */
    FINISH,
    /** Decides: the tailnet no longer lives at the source. */
    DECIDE,
    /** Opens the target. */
    OPEN,
    /** Waits for another mover, which may be about to decide. */
    WAIT,
    /** Lets writes at the source go on. */
    LIFT,
    /** Deletes what is at a place where the tailnet does not live. */
    DELETE,
    /** Gives the place of a deleted copy back. */
    CLEAR,
    /** Nothing is left to do. */
    DONE
  }

  static Step of(Kind kind) {
    return new Step(kind, Fence.NONE, Fence.NONE);
  }
}
