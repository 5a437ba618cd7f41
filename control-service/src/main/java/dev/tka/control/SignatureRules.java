package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.LockPublicKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.store.records.NodeRecord;
import java.util.List;
import java.util.Optional;

/** Which signatures of nodes count, and which can be rotated (protocol, section 7). */
final class SignatureRules {
  private SignatureRules() {}

  /** A node's signature, if it was verified under the authority that is on. */
  static Optional<Bytes> counting(NodeRecord node, Optional<AumHash> genesis) {
    return node.signature()
        .filter(signature -> genesis.equals(Optional.of(signature.authority())))
        .map(NodeRecord.Signature::bytes);
  }

  /**
   * The signature that a node with a new key can rotate, if a rotation can work (service, section
   * 10): it counts and verifies now, the node has its wrapping key, and a layer is left. Otherwise
   * the node would ask for ever.
   *
   * @param before the node with its old key
   * @param rotationKey the lock key that it has now
   */
  static Optional<Bytes> toRotate(
      Authority authority,
      NodeRecord before,
      AumHash genesis,
      Optional<LockPublicKey> rotationKey) {
    Optional<Bytes> old = counting(before, Optional.of(genesis));
    if (old.isEmpty() || rotationKey.isEmpty()) {
      return Optional.empty();
    }
    try {
      NodeKeySignature signature = NodeKeySignature.decode(old.get().toByteArray());
      boolean works =
          signature.wrappingPublic().equals(rotationKey.map(LockPublicKey::bytes))
              && hasLayerLeft(signature)
              && NodeKeyAuthorization.of(authority, before.nodeKey(), old.get())
                  instanceof NodeKeyAuthorization.Authorized;
      return works ? old : Optional.empty();
    } catch (DecodeException e) {
      return Optional.empty();
    }
  }

  /**
   * Whether a shipping node's rotation of a signature can be read and verifies. At the limit, it
   * makes a chain over a direct signature shorter, and only one whose rotations name no wrapping
   * key of their own then still verifies.
   */
  private static boolean hasLayerLeft(NodeKeySignature signature) {
    List<NodeKeySignature> layers = signature.layers();
    if (layers.size() < NodeKeySignature.MAX_LAYERS) {
      return true;
    }
    List<NodeKeySignature> rotations = layers.subList(0, layers.size() - 1);
    return layers.get(layers.size() - 1).kind() == NodeKeySignature.DIRECT
        && rotations.stream().allMatch(rotation -> rotation.wrappingPubkey().isEmpty());
  }

  /** The key that a signature rests on, if the bytes are a signature that names one. */
  static Optional<Bytes> keyOf(Bytes signature) {
    try {
      return NodeKeySignature.decode(signature.toByteArray()).authorizingKeyId();
    } catch (DecodeException e) {
      return Optional.empty();
    }
  }
}
