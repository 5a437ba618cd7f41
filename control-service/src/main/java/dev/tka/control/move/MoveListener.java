package dev.tka.control.move;

import java.time.Duration;

/** Receives what a move or a mirror does, as it does it. */
public interface MoveListener {
  /** Hears nothing. */
  MoveListener NONE = new MoveListener() {};

  /** A step begins. */
  default void step(Step.Kind kind) {}

  /** How far the work within a step is. */
  default void progress(long done, long total) {}

  /** Something was copied; also called when nothing had to be. */
  default void copied(Copied what) {}

  /** The tailnet lives at the target; writes waited for this long. */
  default void paused(Duration pause) {}

  /** The copy was found to differ from what was copied, and is made again. */
  default void differs(String how) {}

  /** A mirror's round failed; with a {@link MoveException}, the mirror ends. */
  default void failed(Exception why) {}
}
