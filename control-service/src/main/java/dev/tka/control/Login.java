package dev.tka.control;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import java.util.Optional;

/**
 * A registration that control accepts (service, section 10). What is empty stays as it is.
 *
 * @param nodeKey the node's key from now on
 * @param signature the encoded signature that it brought
 * @param rotationKey its lock key
 * @param name its name, for people
 * @param unsignedPeerApiOnly whether peers let it in without a signature, for their peer API alone
 * @param mayInit whether it may begin an authority
 */
public record Login(
    NodeKey nodeKey,
    Optional<Bytes> signature,
    Optional<LockPublicKey> rotationKey,
    Optional<String> name,
    Optional<Boolean> unsignedPeerApiOnly,
    Optional<Boolean> mayInit) {
  /** A login with a node key alone. */
  public static Login of(NodeKey nodeKey) {
    return new Login(
        nodeKey,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** With a signature. */
  public Login withSignature(Bytes bytes) {
    return new Login(nodeKey, Optional.of(bytes), rotationKey, name, unsignedPeerApiOnly, mayInit);
  }

  /** With a rotation key. */
  public Login withRotationKey(LockPublicKey key) {
    return new Login(nodeKey, signature, Optional.of(key), name, unsignedPeerApiOnly, mayInit);
  }

  /** With a name. */
  public Login withName(String text) {
    return new Login(
        nodeKey, signature, rotationKey, Optional.of(text), unsignedPeerApiOnly, mayInit);
  }

  /** With or without leave to begin an authority. */
  public Login withMayInit(boolean may) {
    return new Login(nodeKey, signature, rotationKey, name, unsignedPeerApiOnly, Optional.of(may));
  }

  /**
   * Whether it says only what a node with a token of its own may say of itself (service, section
   * 5).
   */
  public boolean isOfNodeItself() {
    return name.isEmpty() && unsignedPeerApiOnly.isEmpty() && mayInit.isEmpty();
  }
}
