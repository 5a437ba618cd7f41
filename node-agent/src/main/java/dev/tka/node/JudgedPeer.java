package dev.tka.node;

import dev.tka.core.nodekey.PeerVerdict;
import java.util.Optional;

/**
 * A peer, and what is decided about it.
 *
 * @param access what the node may exchange with it
 * @param verdict why; empty while the lock is off, or while it is not known whether it is
 */
public record JudgedPeer(KnownPeer known, PeerAccess access, Optional<PeerVerdict> verdict) {}
