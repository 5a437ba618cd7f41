package dev.tka.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Signs with one tailnet-lock key, wherever its private half is kept: in memory ({@link
 * LockPrivateKey}), in a file, in an agent, in hardware. No method reveals the private half.
 */
public interface Signer {
  /** The public half, whose bytes are the key id that signatures name. */
  LockPublicKey publicKey();

  /**
   * Signs a sig-hash.
   *
   * @param sigHash the sig-hash of an AUM or a node-key signature, 32 bytes (protocol, section 1)
   * @return an Ed25519 signature, 64 bytes
   * @throws SigningException if the key cannot be used now
   */
  Bytes sign(Bytes sigHash) throws SigningException;

  /**
   * Returns the AUM with this key's signature after those that it has. Whether any state accepts it
   * is not checked.
   *
   * @throws SigningException as {@link #signVerified} does
   */
  default Aum sign(Aum aum) throws SigningException {
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    signatures.add(AumSignature.of(publicKey().bytes(), signVerified(aum.sigHash())));
    return aum.withSignatures(signatures);
  }

  /**
   * Signs, and verifies the result: an agent or device may hold a different key than it says, or be
   * broken, and peers would refuse the signature. A key with a {@link KeyDefect} is not asked: its
   * signature would say nothing (service, section 8).
   *
   * @param sigHash the sig-hash of an AUM or a node-key signature, 32 bytes (protocol, section 1)
   * @throws SigningException if the key cannot be used now or is not sound, or its signature does
   *     not verify
   */
  default Bytes signVerified(Bytes sigHash) throws SigningException {
    LockPublicKey key = publicKey();
    Optional<KeyDefect> defect = KeyDefect.of(key.bytes());
    if (defect.isPresent()) {
      throw new SigningException("signer of " + key + ": " + defect.get().reason());
    }
    Bytes signature = sign(sigHash);
    if (!SignatureVerifier.fastest()
        .verifyZip215(new SignatureVerifier.Claim(key.bytes(), sigHash, signature))) {
      throw new SigningException(
          "signer of " + key + ": expected a signature that verifies, found one that does not");
    }
    return signature;
  }
}
