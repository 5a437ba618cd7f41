package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.State;
import dev.tka.core.nodekey.NodeKeyAuthorization.Denied;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rules that judge node-key signatures (protocol, section 7), in the order of their cost. */
final class NodeKeyVerifier {
  private final SignatureVerifier signatures;

  NodeKeyVerifier(SignatureVerifier signatures) {
    this.signatures = signatures;
  }

  /**
   * Decides whether a state vouches for a node key.
   *
   * @param encoded the signature as received
   * @param verified the result of {@link #verify} for these two, if it is known already
   */
  NodeKeyAuthorization authorize(
      State state, NodeKey nodeKey, Bytes encoded, Optional<NodeKeyAuthorization> verified) {
    if (encoded.isEmpty()) {
      return new NodeKeyAuthorization.Unsigned();
    }
    NodeKeySignature signature;
    try {
      signature = NodeKeySignature.decode(encoded.toByteArray());
    } catch (DecodeException e) {
      return new NodeKeyAuthorization.Undecodable(e.getMessage());
    }
    if (signature.kind() != NodeKeySignature.CREDENTIAL) {
      Optional<Bytes> keyId = signature.authorizingKeyId();
      if (keyId.isPresent() && !state.trusts(keyId.get())) {
        return new NodeKeyAuthorization.UntrustedKey(rotationsAround(signature), keyId.get());
      }
    }
    return verified.orElseGet(() -> verify(signature, nodeKey));
  }

  private static int rotationsAround(NodeKeySignature signature) {
    int layer = 0;
    for (NodeKeySignature at : signature.layers()) {
      if (at.kind() != NodeKeySignature.ROTATION) {
        break;
      }
      layer++;
    }
    return layer;
  }

  /**
   * Decides whether a signature is for a node key and verifies, whether or not its key is trusted.
   */
  NodeKeyAuthorization verify(NodeKeySignature signature, NodeKey nodeKey) {
    if (signature.kind() == NodeKeySignature.CREDENTIAL) {
      return new NodeKeyAuthorization.CredentialAlone();
    }
    List<NodeKeySignature> layers = signature.layers();
    Optional<Denied> misshapen = findMisshapen(layers);
    if (misshapen.isPresent()) {
      return misshapen.get();
    }
    if (!signature.nodeKey().equals(Optional.of(nodeKey))) {
      return new NodeKeyAuthorization.OtherNodeKey(0, nodeKey, signature.pubkey());
    }
    List<NodeKey> previous = new ArrayList<>();
    for (int layer = 0; layer < layers.size(); layer++) {
      NodeKeySignature at = layers.get(layer);
      boolean names = at.kind() != NodeKeySignature.CREDENTIAL || !at.pubkey().isEmpty();
      if (layer > 0 && names) {
        Optional<NodeKey> rotated = at.nodeKey();
        if (rotated.isEmpty()) {
          return new NodeKeyAuthorization.MalformedNodeKey(layer, at.pubkey());
        }
        previous.add(rotated.get());
      }
      // The innermost names its key: findMisshapen has seen it.
      Optional<Denied> denied = findWrongSigner(layer, at);
      if (denied.isPresent()) {
        return denied.get();
      }
    }
    NodeKeySignature innermost = layers.get(layers.size() - 1);
    return new NodeKeyAuthorization.Authorized(
        innermost.keyId(),
        layers.size() == 1
            ? Optional.empty()
            : Optional.of(new NodeKeyAuthorization.Rotation(previous, innermost)));
  }

  /** Rotations around one direct signature or credential that names a key, and nothing else. */
  private static Optional<Denied> findMisshapen(List<NodeKeySignature> layers) {
    int innermost = layers.size() - 1;
    for (int layer = 0; layer <= innermost; layer++) {
      NodeKeySignature at = layers.get(layer);
      boolean rotation = at.kind() == NodeKeySignature.ROTATION;
      boolean ends =
          at.kind() == NodeKeySignature.DIRECT || at.kind() == NodeKeySignature.CREDENTIAL;
      if (!rotation && !ends) {
        return Optional.of(new NodeKeyAuthorization.UnknownKind(layer, at.kind()));
      }
      if (ends && layer < innermost) {
        return Optional.of(new NodeKeyAuthorization.NestsAnother(layer, at.kindName()));
      }
      if (rotation && layer == innermost) {
        return Optional.of(new NodeKeyAuthorization.NestsNothing(layer));
      }
    }
    return layers.get(innermost).keyId().isEmpty()
        ? Optional.of(new NodeKeyAuthorization.NamesNoKey(innermost))
        : Optional.empty();
  }

  private Optional<Denied> findWrongSigner(int layer, NodeKeySignature at) {
    Optional<Bytes> key = at.signingKey();
    if (key.isEmpty()) {
      return Optional.of(new NodeKeyAuthorization.NoWrappingKey(layer));
    }
    int size = key.get().size();
    if (at.kind() == NodeKeySignature.ROTATION && size != LockPublicKey.SIZE) {
      return Optional.of(new NodeKeyAuthorization.WrappingKeyLength(layer, size));
    }
    return at.isSigned(signatures)
        ? Optional.empty()
        : Optional.of(new NodeKeyAuthorization.InvalidSignature(layer, key.get()));
  }
}
