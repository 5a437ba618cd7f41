package dev.tka.simulation;

import dev.tka.core.TkaException;

/** Turns what cannot go wrong in memory, and with AUMs that honest members made, into a bug. */
final class Unchecked {
  private Unchecked() {}

  /** Something that may throw. */
  interface Action {
    void run() throws TkaException;
  }

  static void run(Action action) {
    try {
      action.run();
    } catch (TkaException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
