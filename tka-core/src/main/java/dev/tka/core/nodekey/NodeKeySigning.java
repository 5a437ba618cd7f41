package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import java.util.List;
import java.util.Optional;

/**
 * Makes node-key signatures (protocol, section 7): direct ones, credentials, and rotations of
 * either. Every signature made here verifies for as long as the key on which it rests is trusted,
 * and names no rotation or wrapping key that anybody can sign for, or that never can (service,
 * section 8).
 */
public final class NodeKeySigning {
  private NodeKeySigning() {}

  /**
   * Signs a node key.
   *
   * @param rotationKey the node's own key, with which it may rotate its node key; empty if it may
   *     not
   * @param signer a trusted key
   * @throws UnsoundKeyException if the node's own key is not sound
   * @throws SigningException if the key cannot be used now, or its signature does not verify
   */
  public static NodeKeySignature direct(
      NodeKey nodeKey, Optional<LockPublicKey> rotationKey, Signer signer)
      throws UnsoundKeyException, SigningException {
    if (rotationKey.isPresent()) {
      UnsoundKeyException.requireSound("rotation key", rotationKey.get().bytes());
    }
    return signed(
        new NodeKeySignature(
            NodeKeySignature.DIRECT,
            NodeKeySignature.pubkeyOf(nodeKey),
            signer.publicKey().bytes(),
            Bytes.empty(),
            Optional.empty(),
            rotationKey.map(LockPublicKey::bytes).orElse(Bytes.empty())),
        signer);
  }

  /**
   * Lets another key sign node keys, as the key of an auth key does.
   *
   * @param wrapping the key that may sign rotations of this
   * @param signer a trusted key
   * @throws UnsoundKeyException if the other key is not sound
   * @throws SigningException if the key cannot be used now, or its signature does not verify
   */
  public static NodeKeySignature credential(LockPublicKey wrapping, Signer signer)
      throws UnsoundKeyException, SigningException {
    UnsoundKeyException.requireSound("wrapping key", wrapping.bytes());
    return signed(
        new NodeKeySignature(
            NodeKeySignature.CREDENTIAL,
            Bytes.empty(),
            signer.publicKey().bytes(),
            Bytes.empty(),
            Optional.empty(),
            wrapping.bytes()),
        signer);
  }

  /**
   * Signs a node key under a credential, as a node does that joined with an auth key.
   *
   * @param wrapping the key that the credential names
   * @throws RotationException if it is not a credential, or the result would not verify
   * @throws UnsoundKeyException as {@link #rotate} does
   * @throws SigningException as {@link #direct} does
   */
  public static NodeKeySignature fromCredential(
      NodeKeySignature credential, NodeKey nodeKey, Signer wrapping)
      throws RotationException, UnsoundKeyException, SigningException {
    if (credential.kind() != NodeKeySignature.CREDENTIAL) {
      throw new RotationException.NotACredential(credential.kindName());
    }
    return rotate(credential, nodeKey, wrapping);
  }

  /**
   * Signs a node key in place of the one that a signature is for. If there would be more layers
   * than can be read, the oldest layers that this key can sign for are left out: those below them
   * and the newest stay.
   *
   * @param wrapping the key that the signature names for this; no other key may rotate it
   * @return the signature itself, if it is for this node key already
   * @throws RotationException if the result would not verify
   * @throws UnsoundKeyException if a layer names a wrapping key that is not sound: its own layer
   *     says nothing, so the node key has to be signed anew
   * @throws SigningException as {@link #direct} does
   */
  public static NodeKeySignature rotate(NodeKeySignature old, NodeKey nodeKey, Signer wrapping)
      throws RotationException, UnsoundKeyException, SigningException {
    if (nodeKey.isZero()) {
      throw new RotationException.NoNodeKey();
    }
    if (old.nodeKey().equals(Optional.of(nodeKey))) {
      requireVerifies(old, nodeKey);
      return old;
    }
    LockPublicKey key = wrapping.publicKey();
    Optional<Bytes> expected = old.wrappingPublic();
    if (!expected.equals(Optional.of(key.bytes()))) {
      throw new RotationException.OtherWrappingKey(
          expected.map(NodeKeySignature::lockKey).orElse("nobody, as it names no key for that"),
          key);
    }
    for (NodeKeySignature layer : old.layers()) {
      UnsoundKeyException.requireSound("wrapping key", layer.wrappingPubkey());
    }
    NodeKeySignature shortened =
        old.layers().size() < NodeKeySignature.MAX_LAYERS ? old : shorten(old, wrapping);
    NodeKeySignature made = rotation(shortened, nodeKey, wrapping);
    requireVerifies(made, nodeKey);
    return made;
  }

  /**
   * Makes room for one more layer: the layer that names this key stays, and so do the newest of the
   * node keys that came after it.
   */
  private static NodeKeySignature shorten(NodeKeySignature old, Signer wrapping)
      throws RotationException, SigningException {
    // Otherwise the author of a forged signature could have this key declare any node keys
    // obsolete.
    requireVerifies(
        old,
        old.nodeKey()
            .orElseThrow(
                () ->
                    new RotationException.NeverVerifies(
                        new NodeKeyAuthorization.MalformedNodeKey(0, old.pubkey()))));
    List<NodeKeySignature> layers = old.layers();
    Bytes key = wrapping.publicKey().bytes();
    int base = layers.size() - 1;
    while (!layers.get(base).wrappingPublic().equals(Optional.of(key))) {
      base--;
    }
    int kept = layers.size() - base;
    int room = NodeKeySignature.MAX_LAYERS - 1 - kept;
    // Without room for the newest, it would not become obsolete, and would tie with its successor.
    if (room < 1) {
      throw new RotationException.TooManyLayers(layers.size());
    }
    List<NodeKey> newest =
        layers.subList(0, base).stream()
            .flatMap(layer -> layer.nodeKey().stream())
            .limit(room)
            .toList();
    NodeKeySignature rebuilt = layers.get(base);
    for (int i = newest.size() - 1; i >= 0; i--) {
      rebuilt = rotation(rebuilt, newest.get(i), wrapping);
    }
    return rebuilt;
  }

  private static NodeKeySignature rotation(
      NodeKeySignature nested, NodeKey nodeKey, Signer wrapping) throws SigningException {
    return signed(
        new NodeKeySignature(
            NodeKeySignature.ROTATION,
            NodeKeySignature.pubkeyOf(nodeKey),
            Bytes.empty(),
            Bytes.empty(),
            Optional.of(nested),
            Bytes.empty()),
        wrapping);
  }

  private static NodeKeySignature signed(NodeKeySignature unsigned, Signer signer)
      throws SigningException {
    return unsigned.withSignature(signer.signVerified(unsigned.sigHash()));
  }

  private static void requireVerifies(NodeKeySignature made, NodeKey nodeKey)
      throws RotationException {
    NodeKeyAuthorization verdict =
        new NodeKeyVerifier(SignatureVerifier.fastest()).verify(made, nodeKey);
    if (verdict instanceof NodeKeyAuthorization.Denied denied) {
      throw new RotationException.NeverVerifies(denied);
    }
  }
}
