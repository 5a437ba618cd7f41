package dev.tka.core.nodekey;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** News of a node's peers: all of them, or what is different. */
public sealed interface PeerChange {
  /** The peers that are new or replace those with their ids; each has a different id. */
  List<Peer> upserts();

  /** The ids of peers that are removed; none of them is among the upserts. */
  Set<String> removals();

  /** All peers: whoever is not listed is there no more. */
  record Whole(List<Peer> upserts) implements PeerChange {
    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if two peers have the same id
     */
    public Whole {
      upserts = List.copyOf(upserts);
      ids(upserts);
    }

    @Override
    public Set<String> removals() {
      return Set.of();
    }
  }

  /** What is different; everybody else stays. */
  record Delta(List<Peer> upserts, Set<String> removals) implements PeerChange {
    /**
     * Copies both.
     *
     * @throws IllegalArgumentException if two peers have the same id, or one that is removed
     */
    public Delta {
      upserts = List.copyOf(upserts);
      removals = Set.copyOf(removals);
      for (String id : ids(upserts)) {
        if (removals.contains(id)) {
          throw new IllegalArgumentException("a peer is changed and removed: " + id);
        }
      }
    }
  }

  /** All peers. */
  static PeerChange whole(Collection<Peer> peers) {
    return new Whole(List.copyOf(peers));
  }

  /** Peers that are new or different. */
  static PeerChange upserts(Collection<Peer> peers) {
    return new Delta(List.copyOf(peers), Set.of());
  }

  /** A peer that is there no more. */
  static PeerChange removal(String id) {
    return new Delta(List.of(), Set.of(id));
  }

  private static Set<String> ids(List<Peer> peers) {
    Set<String> ids = new HashSet<>();
    for (Peer peer : peers) {
      if (!ids.add(peer.id())) {
        throw new IllegalArgumentException("two peers have one id: " + peer.id());
      }
    }
    return ids;
  }
}
