package dev.tka.conformance;

import java.io.IOException;

/** Holds one case of one kind of golden file against this build. */
@FunctionalInterface
interface Checker {
  /**
   * Checks a case, and asks for every field that it knows.
   *
   * @throws Mismatch if this build does something else
   * @throws IOException if a temporary file cannot be written
   */
  void check(GoldenCase golden) throws Mismatch, IOException;
}
