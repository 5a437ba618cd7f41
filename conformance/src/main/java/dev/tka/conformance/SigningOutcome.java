package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.nodekey.NodeKeySignature;
import java.util.Optional;

/**
 * What a case of signing comes to. Where the reference binds, its bytes, or a refusal where it
 * refuses. Where it does not (a quirk, or a result that no node accepts), what is made verifies, or
 * nothing is made.
 */
final class SigningOutcome {
  /** What this build does. */
  @FunctionalInterface
  interface Attempt {
    NodeKeySignature sign() throws TkaException;
  }

  /** How far the reference's result binds. */
  enum Binds {
    /** Its bytes, and whether there are any. */
    WHOLLY,
    /** Its bytes, if any are made. */
    UNLESS_REFUSED,
    /** Not at all: what is made only has to verify. */
    NOT
  }

  private SigningOutcome() {}

  /**
   * Compares.
   *
   * @param expected the reference's result, when it has one
   */
  static void require(Optional<Bytes> expected, Binds binds, NodeKey nodeKey, Attempt attempt)
      throws Mismatch {
    Bytes made;
    try {
      made = attempt.sign().encoded();
    } catch (TkaException e) {
      if (binds == Binds.WHOLLY) {
        Mismatch.require("signed (" + e.getMessage() + ")", expected.isPresent(), false);
      }
      return;
    }
    if (binds != Binds.NOT) {
      Mismatch.require("signed", expected, Optional.of(made));
    }
    Mismatch.require("what was made verifies", true, NaiveNodeKeys.verifies(made, nodeKey));
  }
}
