package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import java.util.Objects;

/**
 * A peer as control describes it.
 *
 * @param id a name or number that distinguishes it from all others for as long as it exists
 * @param signature the signature of its node key, as received; empty if there is none
 * @param unsignedPeerApiOnly true for a peer that control marks as unsigned, and of which only the
 *     peer API may be reached
 */
public record Peer(String id, NodeKey nodeKey, Bytes signature, boolean unsignedPeerApiOnly) {
  /** Rejects null components. */
  public Peer {
    Objects.requireNonNull(id);
    Objects.requireNonNull(nodeKey);
    Objects.requireNonNull(signature);
  }
}
