package dev.tka.store.records;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import java.util.Optional;

/**
 * What control keeps of a node (service, section 2). Several nodes may have one node key.
 *
 * @param id control's own number for the node, 1 or more
 * @param nodeKey its current node key
 * @param rotationKey the lock key that it sent at registration, if it did
 * @param signature the signature of its node key, if there is one
 * @param name its name, for people
 * @param unsignedPeerApiOnly whether peers let it in without a signature, for their peer API alone
 * @param mayInit whether it may begin an authority (service, section 3)
 * @param told what it is told instead of what most nodes are told
 */
public record NodeRecord(
    long id,
    NodeKey nodeKey,
    Optional<LockPublicKey> rotationKey,
    Optional<Signature> signature,
    Optional<String> name,
    boolean unsignedPeerApiOnly,
    boolean mayInit,
    Optional<Told> told) {
  /** The length of the longest name, in characters. */
  public static final int LONGEST_NAME = 255;

  /**
   * Checks the number and the name.
   *
   * @throws IllegalArgumentException if the number is not positive, or the name is not {@link
   *     #isName}
   */
  public NodeRecord {
    if (id < 1) {
      throw new IllegalArgumentException("expected a node's number of 1 or more, found " + id);
    }
    if (name.isPresent() && !isName(name.get())) {
      throw new IllegalArgumentException("expected a node's name, found something else");
    }
  }

  /**
   * Whether a text can be a node's name: 1 to {@value #LONGEST_NAME} characters that can be kept.
   */
  public static boolean isName(String text) {
    return text.length() <= LONGEST_NAME && dev.tka.store.Tailnets.isName(text);
  }

  /** A node of which nothing but its key is known. */
  public static NodeRecord of(long id, NodeKey nodeKey) {
    return new NodeRecord(
        id,
        nodeKey,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        false,
        Optional.empty());
  }

  /**
   * A signature of a node key, and the authority under which it was verified. It counts for no
   * other: an authority that ends takes all of its signatures with it.
   *
   * @param bytes the encoded node-key signature
   * @param authority the genesis of that authority
   */
  public record Signature(Bytes bytes, AumHash authority) {}

  /** What one node is told instead of what most nodes are told (service, section 4). */
  public sealed interface Told {
    /**
     * The node holds an authority that was ended: it is told that the lock is disabled.
     *
     * @param genesis that authority
     */
    record Retired(AumHash genesis) implements Told {}

    /**
     * The node's last answer had to be truncated: it is told the last AUM that it was sent.
     *
     * @param last that AUM
     */
    record CatchingUp(AumHash last) implements Told {}
  }

  /** With another node key; the signature is that of the one before, and goes. */
  public NodeRecord withNodeKey(NodeKey key) {
    return key.equals(nodeKey)
        ? this
        : new NodeRecord(
            id, key, rotationKey, Optional.empty(), name, unsignedPeerApiOnly, mayInit, told);
  }

  /** With another rotation key. */
  public NodeRecord withRotationKey(Optional<LockPublicKey> key) {
    return new NodeRecord(id, nodeKey, key, signature, name, unsignedPeerApiOnly, mayInit, told);
  }

  /** With another signature. */
  public NodeRecord withSignature(Optional<Signature> other) {
    return new NodeRecord(
        id, nodeKey, rotationKey, other, name, unsignedPeerApiOnly, mayInit, told);
  }

  /** With another name. */
  public NodeRecord withName(Optional<String> other) {
    return new NodeRecord(
        id, nodeKey, rotationKey, signature, other, unsignedPeerApiOnly, mayInit, told);
  }

  /** With or without admission for the peer API alone. */
  public NodeRecord withUnsignedPeerApiOnly(boolean only) {
    return new NodeRecord(id, nodeKey, rotationKey, signature, name, only, mayInit, told);
  }

  /** With or without leave to begin an authority. */
  public NodeRecord withMayInit(boolean may) {
    return new NodeRecord(
        id, nodeKey, rotationKey, signature, name, unsignedPeerApiOnly, may, told);
  }

  /** Told something else, or what most nodes are told. */
  public NodeRecord withTold(Optional<Told> other) {
    return new NodeRecord(
        id, nodeKey, rotationKey, signature, name, unsignedPeerApiOnly, mayInit, other);
  }

  /** Whether others see the same of both: what goes into everybody's map. */
  public boolean looksLike(NodeRecord other) {
    return withTold(Optional.empty())
        .withMayInit(false)
        .equals(other.withTold(Optional.empty()).withMayInit(false));
  }
}
