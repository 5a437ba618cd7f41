package dev.tka.client;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import java.util.Optional;

/**
 * A node as a server keeps it (service, section 10).
 *
 * @param node control's number for it
 * @param nodeKey its node key
 * @param signature its node-key signature; none while the lock is off
 * @param rotationKey its lock key, if it sent one
 * @param name its name, for people
 * @param unsignedPeerApiOnly whether peers let it in without a signature, for their peer API alone
 */
public record ServedNode(
    long node,
    NodeKey nodeKey,
    Optional<Bytes> signature,
    Optional<LockPublicKey> rotationKey,
    Optional<String> name,
    boolean unsignedPeerApiOnly) {}
