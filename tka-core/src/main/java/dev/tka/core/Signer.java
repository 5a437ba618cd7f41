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
   * @param sigHash of an AUM or a node-key signature, 32 bytes (protocol, section 1)
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
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    signatures.add(AumSignature.of(publicKey().bytes(), signVerified(aum.sigHash())));
    return aum.withSignatures(signatures);
  }

  /**
   * Signs, and looks at what came of it: an agent or device may hold another key than it says, or
   * be broken, and peers would refuse it.
   *
   * @param sigHash of an AUM or a node-key signature, 32 bytes (protocol, section 1)
   * @throws SigningException if the key cannot be used now, or the signature that it made does not
   *     verify
   */
  default Bytes signVerified(Bytes sigHash) throws SigningException {
    LockPublicKey key = publicKey();
    Bytes signature = sign(sigHash);
    if (!SignatureVerifier.fastest()
        .verifyZip215(new SignatureVerifier.Claim(key.bytes(), sigHash, signature))) {
      throw new SigningException(
          "signer of " + key + ": expected a signature that verifies, found one that does not");
    }
    return signature;
  }
}
