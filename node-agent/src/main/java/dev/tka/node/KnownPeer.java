package dev.tka.node;

import dev.tka.core.nodekey.Peer;
import java.util.Optional;

/**
 * A peer, and its name.
 *
 * @param name what control calls it, for people; nothing is decided by it
 */
public record KnownPeer(Peer peer, Optional<String> name) {}
