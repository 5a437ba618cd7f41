package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.nodekey.NodeKeySignature;
import java.util.Optional;

/**
 * The outcome of a signing case. Where the reference is binding, it must be the reference's bytes,
 * or a refusal if the reference refuses. Where it is not (a quirk, or a result that no node
 * accepts), the outcome is a signature that verifies, or none.
 */
final class SigningOutcome {
  /** This build's operation. */
  @FunctionalInterface
  interface Attempt {
    NodeKeySignature sign() throws TkaException;
  }

  /** How far the reference's result is binding. */
  enum Binds {
    /** Its bytes, and whether there are any. */
    WHOLLY,
    /** Its bytes, if any are made. */
    UNLESS_REFUSED,
    /** Not at all: a signature only has to verify. */
    NOT
  }

  private SigningOutcome() {}

  /**
   * Compares.
   *
   * @param expected the reference's result, if it has one
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
    Mismatch.require("the made signature verifies", true, NaiveNodeKeys.verifies(made, nodeKey));
  }
}
