package dev.tka.control;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import java.util.Optional;

/**
 * A node as the control server sees it (service, section 10).
 *
 * @param node control's own number for it, 1 or more
 * @param nodeKey its current key
 * @param signature its encoded signature, which goes into everybody's map; none while the lock is
 *     off
 * @param rotationKey its lock key, if it sent one
 * @param name its name, for people
 * @param unsignedPeerApiOnly whether peers let it in without a signature, for their peer API alone
 * @param mayInit whether it may begin an authority
 */
public record NodeEntry(
    long node,
    NodeKey nodeKey,
    Optional<Bytes> signature,
    Optional<LockPublicKey> rotationKey,
    Optional<String> name,
    boolean unsignedPeerApiOnly,
    boolean mayInit) {
  /** A node of which nothing but its key is known. */
  public static NodeEntry of(long node, NodeKey nodeKey) {
    return new NodeEntry(
        node, nodeKey, Optional.empty(), Optional.empty(), Optional.empty(), false, false);
  }
}
