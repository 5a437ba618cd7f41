package dev.tka.conformance;

import java.io.IOException;

/** Checks this build against one case of one kind of golden file. */
@FunctionalInterface
interface Checker {
  /**
   * True if cases need others of their file: the checker sees all of them before the first check,
   * in any order.
   */
  default boolean looksAhead() {
    return false;
  }

  /**
   * Sees a case before all checks; may be called by several threads.
   *
   * @throws Mismatch if the case cannot be read
   */
  default void lookAhead(GoldenCase golden) throws Mismatch {}

  /**
   * Checks a case, and reads every field that it knows. Called by several threads at once.
   *
   * @throws Mismatch if this build disagrees
   * @throws IOException if a temporary file cannot be written
   */
  void check(GoldenCase golden) throws Mismatch, IOException;
}
