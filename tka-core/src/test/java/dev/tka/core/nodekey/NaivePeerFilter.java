package dev.tka.core.nodekey;

import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Protocol, section 7, "Filtering peers", sentence by sentence over whole lists, with no index and
 * no memory: a second opinion for {@link PeerFilter}.
 */
final class NaivePeerFilter {
  /** What becomes of a peer. */
  enum Fate {
    KEPT,
    UNAUTHORIZED,
    OBSOLETE,
    OUTRUN,
    CLONED
  }

  private NaivePeerFilter() {}

  private record Rotated(Peer peer, List<NodeKey> previous, NodeKeySignature initial) {}

  static Map<String, Fate> filter(Authority authority, Collection<Peer> peers) {
    Map<String, Fate> fates = new HashMap<>();
    List<Rotated> rotations = new ArrayList<>();

    // "drop a peer without a valid signature (unless it is marked as unsigned-peer-API-only)"
    for (Peer peer : peers) {
      fates.put(peer.id(), Fate.KEPT);
      if (peer.unsignedPeerApiOnly()) {
        continue;
      }
      NodeKeyAuthorization verdict =
          NodeKeyAuthorization.of(authority, peer.nodeKey(), peer.signature());
      if (!(verdict instanceof NodeKeyAuthorization.Authorized authorized)) {
        fates.put(peer.id(), Fate.UNAUTHORIZED);
      } else if (authorized.rotation().isPresent()) {
        NodeKeyAuthorization.Rotation rotation = authorized.rotation().get();
        rotations.add(new Rotated(peer, rotation.previousNodeKeys(), rotation.initial()));
      }
    }

    // "Valid rotation signatures make every earlier node key in their nest obsolete: drop peers
    // still using those." "a peer whose node key is obsolete is dropped all the same."
    Set<NodeKey> obsolete = new HashSet<>();
    rotations.forEach(rotated -> obsolete.addAll(rotated.previous()));
    for (Peer peer : peers) {
      if (fates.get(peer.id()) == Fate.KEPT && obsolete.contains(peer.nodeKey())) {
        fates.put(peer.id(), Fate.OBSOLETE);
      }
    }

    // "Of several rotation chains from one direct signature's wrapping key, keep the one with most
    // previous keys; if two are equally long, drop all of them." "Peers already obsolete are set
    // aside first; only a tie for the longest drops all of a group".
    for (Rotated one : rotations) {
      if (fates.get(one.peer().id()) == Fate.OBSOLETE || !isDirect(one)) {
        continue;
      }
      int longest = 0;
      int howMany = 0;
      for (Rotated other : rotations) {
        if (isDirect(other)
            && !obsolete.contains(other.peer().nodeKey())
            && other.initial().wrappingPubkey().equals(one.initial().wrappingPubkey())) {
          if (other.previous().size() > longest) {
            longest = other.previous().size();
            howMany = 0;
          }
          howMany += other.previous().size() == longest ? 1 : 0;
        }
      }
      if (howMany > 1) {
        fates.put(one.peer().id(), Fate.CLONED);
      } else if (one.previous().size() < longest) {
        fates.put(one.peer().id(), Fate.OUTRUN);
      }
    }
    return fates;
  }

  private static boolean isDirect(Rotated rotated) {
    return rotated.initial().kind() == NodeKeySignature.DIRECT;
  }
}
