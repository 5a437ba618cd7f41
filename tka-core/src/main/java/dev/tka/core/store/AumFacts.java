package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Facts about an AUM, noted when it is taken in, that decide later who may rewrite the history
 * around it (protocol, section 10).
 *
 * @param own the store's own time when the AUM was committed, to the second
 * @param reference the reference time then, to the second; empty if there was none yet
 * @param changes the keys whose votes it changes
 * @param signers the ids of the keys that signed it; empty if it changes no key
 */
public record AumFacts(
    Instant own, Optional<Instant> reference, List<KeyChange> changes, List<Bytes> signers) {
  /** Copies its lists. */
  public AumFacts {
    Objects.requireNonNull(own);
    Objects.requireNonNull(reference);
    changes = List.copyOf(changes);
    signers = List.copyOf(signers);
  }

  /**
   * The facts about an AUM.
   *
   * @param before the state at its parent; the state at the AUM itself, if it begins an authority
   * @param after the state at the AUM
   */
  public static AumFacts of(
      Aum aum, State before, State after, Instant own, Optional<Instant> reference) {
    return of(aum, KeyChange.madeBy(aum, before, after), own, reference);
  }

  /**
   * The facts about an AUM.
   *
   * @param changes the keys whose votes it changes
   */
  public static AumFacts of(
      Aum aum, List<KeyChange> changes, Instant own, Optional<Instant> reference) {
    return new AumFacts(own, reference, changes, changes.isEmpty() ? List.of() : signersOf(aum));
  }

  /** The ids of the keys that signed an AUM, each once. */
  public static List<Bytes> signersOf(Aum aum) {
    List<Bytes> signers = new ArrayList<>(aum.signatures().size());
    for (AumSignature signature : aum.signatures()) {
      if (!signers.contains(signature.signerId())) {
        signers.add(signature.signerId());
      }
    }
    return signers;
  }
}
