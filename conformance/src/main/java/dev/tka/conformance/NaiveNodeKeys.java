package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.nodekey.NodeKeySignature;
import java.util.Optional;

/**
 * The verification of protocol, section 7 a second time, from the innermost signature outwards and
 * only by the exact equations, as a check on the signatures that this build makes.
 */
final class NaiveNodeKeys {
  private static final SignatureVerifier EXACT =
      SignatureVerifier.on(SignatureVerifier.Path.EXACT).orElseThrow();

  private NaiveNodeKeys() {}

  /** Whether bytes decode as a signature. */
  static boolean decodes(Bytes encoded) {
    try {
      NodeKeySignature.decode(encoded.toByteArray());
      return true;
    } catch (DecodeException e) {
      return false;
    }
  }

  /**
   * Whether a signature verifies, for any node key and whether or not the innermost key is trusted.
   */
  static boolean verifies(Bytes encoded) {
    try {
      return wrappingKey(NodeKeySignature.decode(encoded.toByteArray())).isPresent();
    } catch (DecodeException e) {
      return false;
    }
  }

  /** Whether a node that trusts the signature's innermost key would accept it. */
  static boolean verifies(Bytes encoded, NodeKey nodeKey) {
    NodeKeySignature outer;
    try {
      outer = NodeKeySignature.decode(encoded.toByteArray());
    } catch (DecodeException e) {
      return false;
    }
    return outer.kind() != NodeKeySignature.CREDENTIAL
        && outer.pubkey().toHex().equals("6e70" + nodeKey.bytes().toHex())
        && wrappingKey(outer).isPresent();
  }

  /**
   * The key that may rotate a valid signature, which may belong to nobody; empty for an invalid
   * one.
   */
  private static Optional<Bytes> wrappingKey(NodeKeySignature at) {
    Bytes own = at.wrappingPubkey();
    if (at.kind() != NodeKeySignature.ROTATION) {
      boolean valid =
          (at.kind() == NodeKeySignature.DIRECT || at.kind() == NodeKeySignature.CREDENTIAL)
              && at.nested().isEmpty()
              && EXACT.verifyZip215(claim(at.keyId(), at));
      return valid ? Optional.of(own) : Optional.empty();
    }
    Optional<Bytes> inherited = at.nested().flatMap(NaiveNodeKeys::wrappingKey);
    return inherited
        .filter(key -> EXACT.verifyCofactorless(claim(key, at)))
        .map(key -> own.isEmpty() ? key : own);
  }

  private static SignatureVerifier.Claim claim(Bytes key, NodeKeySignature at) {
    return new SignatureVerifier.Claim(key, at.sigHash(), at.signature());
  }
}
