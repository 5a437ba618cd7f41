package dev.tka.core;

import java.util.ArrayList;
import java.util.List;

/**
 * Signs with one tailnet-lock key, wherever its private half lives: in memory ({@link
 * LockPrivateKey}), in a file, in an agent, in hardware. No method shows the private half.
 */
public interface Signer {
  /** The public half, whose bytes are the key id that signatures name. */
  LockPublicKey publicKey();

  /**
   * Signs.
   *
   * @param sigHash of an AUM or a node-key signature, 32 bytes (section 1)
   * @return an Ed25519 signature, 64 bytes
   * @throws SigningException if the key cannot be used now
   */
  Bytes sign(Bytes sigHash) throws SigningException;

  /**
   * The same AUM with this key's signature after those that it has. Whether any state accepts it is
   * not asked.
   *
   * @throws SigningException if the key cannot be used now, or the signature that it made does not
   *     verify
   */
  default Aum sign(Aum aum) throws SigningException {
    LockPublicKey key = publicKey();
    Bytes signature = sign(aum.sigHash());
    // An agent or device may hold another key than it says, or be broken; peers would refuse it.
    if (!SignatureVerifier.fastest()
        .verifyZip215(new SignatureVerifier.Claim(key.bytes(), aum.sigHash(), signature))) {
      throw new SigningException(
          "signer of " + key + ": expected a signature that verifies, found one that does not");
    }
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    signatures.add(AumSignature.of(key.bytes(), signature));
    return aum.withSignatures(signatures);
  }
}
