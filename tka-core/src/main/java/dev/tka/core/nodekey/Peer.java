package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import java.util.Objects;

/**
 * A peer as control hands it out.
 *
 * @param id what tells it from all others, for as long as it exists: a name, a number
 * @param signature of its node key, as it came over the wire; empty when there is none
 * @param unsignedPeerApiOnly true for one that control marks as unsigned, and that may be reached
 *     by nothing but its peer API
 */
public record Peer(String id, NodeKey nodeKey, Bytes signature, boolean unsignedPeerApiOnly) {
  /** Refuses nothing but null. */
  public Peer {
    Objects.requireNonNull(id);
    Objects.requireNonNull(nodeKey);
    Objects.requireNonNull(signature);
  }
}
