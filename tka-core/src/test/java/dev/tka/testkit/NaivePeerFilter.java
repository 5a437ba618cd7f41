package dev.tka.testkit;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerFilter;
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
public final class NaivePeerFilter {
  /** What becomes of a peer. */
  public enum Fate {
    KEPT,
    UNAUTHORIZED,
    OBSOLETE,
    OUTRUN,
    CLONED,
    SHARED_KEY
  }

  private NaivePeerFilter() {}

  private record Rotated(Peer peer, List<NodeKey> previous, NodeKeySignature initial) {}

  /** What becomes of each peer, by id. */
  public static Map<String, Fate> filter(Authority authority, Collection<Peer> peers) {
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
    // that still use those." "An unsigned-peer-API-only peer whose node key is obsolete is dropped
    // all the same."
    Set<NodeKey> obsolete = new HashSet<>();
    rotations.forEach(rotated -> obsolete.addAll(rotated.previous()));
    for (Peer peer : peers) {
      if (fates.get(peer.id()) == Fate.KEPT && obsolete.contains(peer.nodeKey())) {
        fates.put(peer.id(), Fate.OBSOLETE);
      }
    }

    // "Groups are settled in the order of their wrapping key's bytes."
    List<Bytes> wrappingKeys =
        rotations.stream()
            .filter(NaivePeerFilter::isDirect)
            .map(rotated -> rotated.initial().wrappingPubkey())
            .distinct()
            .sorted()
            .toList();
    for (Bytes wrappingKey : wrappingKeys) {
      // "Peers that are already obsolete are excluded first."
      List<Rotated> group =
          rotations.stream()
              .filter(NaivePeerFilter::isDirect)
              .filter(rotated -> rotated.initial().wrappingPubkey().equals(wrappingKey))
              .filter(rotated -> !obsolete.contains(rotated.peer().nodeKey()))
              .toList();
      // "Keep the one with the most previous keys; if two are equally long, drop all of them."
      // "Only a tie for the longest drops all of a group, including shorter ones."
      int longest = group.stream().mapToInt(one -> one.previous().size()).max().orElse(0);
      boolean tie = group.stream().filter(one -> one.previous().size() == longest).count() > 1;
      List<Rotated> losers =
          group.stream().filter(one -> tie || one.previous().size() < longest).toList();
      losers.forEach(one -> fates.put(one.peer().id(), tie ? Fate.CLONED : Fate.OUTRUN));
      // "The loser is a node key, not a peer." "Every peer that has that node key is dropped,
      // including the winner itself when it shares that key."
      for (Rotated loser : losers) {
        obsolete.add(loser.peer().nodeKey());
        for (Peer peer : peers) {
          if (fates.get(peer.id()) == Fate.KEPT && peer.nodeKey().equals(loser.peer().nodeKey())) {
            fates.put(peer.id(), Fate.SHARED_KEY);
          }
        }
      }
    }
    return fates;
  }

  private static boolean isDirect(Rotated rotated) {
    return rotated.initial().kind() == NodeKeySignature.DIRECT;
  }
}
