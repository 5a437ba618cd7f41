package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Decides whether a state accepts an AUM (protocol, section 4). A pure function of the two, in two
 * steps: the rules that need only the AUM and the state, and the signatures, which are most of the
 * cost and can be checked for many AUMs at once.
 */
public final class AumVerifier {
  private final Signatures signatures;

  /** A verifier that checks signatures by the fastest path there is. */
  public AumVerifier() {
    this(SignatureVerifier.fastest()::firstInvalidZip215);
  }

  AumVerifier(Signatures signatures) {
    this.signatures = signatures;
  }

  /** Checks many signatures. */
  @FunctionalInterface
  interface Signatures {
    /** The index of the first that does not verify under ZIP-215; empty when all do. */
    OptionalInt firstInvalid(List<SignatureVerifier.Claim> claims);
  }

  /**
   * Accepts an AUM on top of the state at its parent, signatures included. Whether it also applies
   * is decided by {@link State#apply}.
   *
   * @throws IllFormedException if it breaks protocol section 3
   * @throws VerificationException if the state does not accept it
   */
  public void verify(Aum aum, State atParent) throws IllFormedException, VerificationException {
    requireAcceptable(aum, atParent);
    Optional<Unverified> unverified = findUnverified(List.of(aum));
    if (unverified.isPresent()) {
      throw unverified.get().cause();
    }
  }

  /**
   * Accepts the first AUM of an authority: a checkpoint that its own state accepts.
   *
   * @return the state with which the authority begins
   * @throws IllFormedException if it breaks protocol section 3
   * @throws VerificationException if it is not a checkpoint, or its state does not accept it
   */
  public State verifyBootstrap(Aum aum) throws IllFormedException, VerificationException {
    State body = aum.state().orElse(null);
    if (!aum.kind().isCheckpoint() || body == null) {
      aum.requireWellFormed();
      throw new VerificationException.BootstrapNotCheckpoint(aum.hash(), aum.kind());
    }
    verify(aum, body);
    return body.standingAt(aum.hash());
  }

  /** All of {@link #verify} except the signatures themselves. */
  static void requireAcceptable(Aum aum, State atParent)
      throws IllFormedException, VerificationException {
    aum.requireWellFormed();
    if (aum.signatures().isEmpty()) {
      throw new VerificationException.Unsigned(aum.hash());
    }
    for (int i = 0; i < aum.signatures().size(); i++) {
      Bytes signer = aum.signatures().get(i).signerId();
      if (!atParent.trusts(signer)) {
        throw new VerificationException.UntrustedSigner(aum.hash(), i, signer);
      }
    }
    requireKeyLeft(aum, atParent);
  }

  /** Checks that somebody could still sign after the AUM. */
  static void requireKeyLeft(Aum aum, State atParent) throws VerificationException {
    Bytes keyId = aum.keyId().orElse(Bytes.empty());
    boolean removes =
        switch (aum.kind().meaning()) {
          case REMOVE_KEY -> true;
          // The state of a checkpoint has a key, or is ill-formed.
          case ADD_KEY, NO_OP, UPDATE_KEY, CHECKPOINT, UNKNOWN -> false;
        };
    if (removes && atParent.keys().size() == 1 && atParent.trusts(keyId)) {
      throw new VerificationException.RemovesOnlyKey(aum.hash(), keyId);
    }
  }

  /** The first signature that does not verify, among AUMs that are acceptable otherwise. */
  record Unverified(int index, VerificationException.InvalidSignature cause) {}

  /**
   * Checks every signature of AUMs that are acceptable otherwise, on all cores. Which one is found
   * does not depend on timing.
   */
  Optional<Unverified> findUnverified(List<Aum> aums) {
    List<SignatureVerifier.Claim> claims = new ArrayList<>();
    for (Aum aum : aums) {
      for (AumSignature signature : aum.signatures()) {
        // For kind 25519 the id of a key is the key (protocol, section 1), and no other kind is
        // trusted.
        claims.add(
            new SignatureVerifier.Claim(
                signature.signerId(), aum.sigHash(), signature.signatureBytes()));
      }
    }
    OptionalInt invalid = signatures.firstInvalid(claims);
    if (invalid.isEmpty()) {
      return Optional.empty();
    }
    int left = invalid.getAsInt();
    int index = 0;
    while (left >= aums.get(index).signatures().size()) {
      left -= aums.get(index).signatures().size();
      index++;
    }
    Aum aum = aums.get(index);
    Bytes signer = aum.signatures().get(left).signerId();
    return Optional.of(
        new Unverified(
            index, new VerificationException.InvalidSignature(aum.hash(), left, signer)));
  }
}
