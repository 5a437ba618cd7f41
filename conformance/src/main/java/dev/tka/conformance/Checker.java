package dev.tka.conformance;

import java.io.IOException;

/** Holds one case of one kind of golden file against this build. */
@FunctionalInterface
interface Checker {
  /**
   * True for a checker whose cases need others of their file: it is shown all of them before the
   * first check, whatever their order.
   */
  default boolean looksAhead() {
    return false;
  }

  /**
   * Is shown a case ahead of all checks; may be called by several threads.
   *
   * @throws Mismatch if the case cannot be read
   */
  default void lookAhead(GoldenCase golden) throws Mismatch {}

  /**
   * Checks a case, and asks for every field that it knows. Called by several threads at once.
   *
   * @throws Mismatch if this build does something else
   * @throws IOException if a temporary file cannot be written
   */
  void check(GoldenCase golden) throws Mismatch, IOException;
}
