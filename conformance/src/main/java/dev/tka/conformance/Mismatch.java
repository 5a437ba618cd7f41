package dev.tka.conformance;

import java.util.Objects;

/** This build disagrees with the golden data. */
final class Mismatch extends Exception {
  private final String message;

  Mismatch(String message) {
    super(message);
    this.message = message;
  }

  @Override
  public String getMessage() {
    return message;
  }

  /** Fails unless two values are equal. */
  static void require(String what, Object expected, Object found) throws Mismatch {
    if (!Objects.equals(expected, found)) {
      throw new Mismatch(what + ": expected " + expected + ", found " + found);
    }
  }
}
