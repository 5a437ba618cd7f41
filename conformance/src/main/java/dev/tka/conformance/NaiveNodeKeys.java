package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.nodekey.NodeKeySignature;
import java.util.Optional;

/**
 * Protocol, section 7's verification once more, from the innermost signature outwards and by the
 * exact equations alone, to hold what this build signs against.
 */
final class NaiveNodeKeys {
  private static final SignatureVerifier EXACT =
      SignatureVerifier.on(SignatureVerifier.Path.EXACT).orElseThrow();

  private NaiveNodeKeys() {}

  /** Whether bytes are a signature at all. */
  static boolean decodes(Bytes encoded) {
    try {
      NodeKeySignature.decode(encoded.toByteArray());
      return true;
    } catch (DecodeException e) {
      return false;
    }
  }

  /** Whether a signature verifies, for whatever node key and whoever trusts the innermost key. */
  static boolean verifies(Bytes encoded) {
    try {
      return wrappingKey(NodeKeySignature.decode(encoded.toByteArray())).isPresent();
    } catch (DecodeException e) {
      return false;
    }
  }

  /** Whether a node that trusts the key that a signature rests on would accept it. */
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

  /** The key that may rotate a valid signature, which may be nobody's; empty for an invalid one. */
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
