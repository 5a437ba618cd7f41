package dev.tka.node;

import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.nodekey.PeerFilter;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The peers, what is decided about each, and the one table that packets are looked up in. The table
 * never shows more than an old or a new decision allows: what is forbidden goes first.
 */
final class PeerBook {
  private final Map<String, KnownPeer> peers = new TreeMap<>();
  private final Map<NodeKey, Set<String>> holders = new HashMap<>();
  private final ConcurrentHashMap<NodeKey, PeerAccess> table = new ConcurrentHashMap<>();
  private final PeerLog log;
  private Rule rule = new Nobody();
  private @Nullable PeerFilter filter;

  PeerBook(PeerLog log, Collection<KnownPeer> remembered) {
    this.log = log;
    remembered.forEach(this::hold);
  }

  /** What decides about peers. */
  sealed interface Rule {}

  /** Nothing is known that could decide: no peer is let in. */
  record Nobody() implements Rule {}

  /** The lock is off. */
  record Everybody() implements Rule {}

  /** The lock is on. */
  record Signed(Authority authority) implements Rule {}

  /** Never blocks. */
  PeerAccess access(NodeKey key) {
    return table.getOrDefault(key, PeerAccess.NONE);
  }

  private void hold(KnownPeer known) {
    peers.put(known.peer().id(), known);
    holders.computeIfAbsent(known.peer().nodeKey(), any -> new HashSet<>()).add(known.peer().id());
  }

  private void release(KnownPeer known) {
    Set<String> ids = holders.get(known.peer().nodeKey());
    if (ids != null && ids.remove(known.peer().id()) && ids.isEmpty()) {
      holders.remove(known.peer().nodeKey());
    }
  }

  /**
   * Takes in news of peers.
   *
   * @param names of those that are new or different, by id
   * @throws StoreException if they cannot be noted; they count all the same, until a restart
   */
  synchronized void apply(PeerChange change, Map<String, String> names) throws StoreException {
    Map<String, KnownPeer> upserts = new LinkedHashMap<>();
    Set<NodeKey> touched = new HashSet<>();
    for (Peer peer : change.upserts()) {
      KnownPeer known = new KnownPeer(peer, Optional.ofNullable(names.get(peer.id())));
      KnownPeer before = peers.get(peer.id());
      if (known.equals(before)) {
        continue;
      }
      if (before != null) {
        release(before);
        touched.add(before.peer().nodeKey());
      }
      upserts.put(peer.id(), known);
      touched.add(peer.nodeKey());
    }
    Set<String> gone = new HashSet<>(change.removals());
    if (change instanceof PeerChange.Whole) {
      gone.addAll(peers.keySet());
      change.upserts().forEach(peer -> gone.remove(peer.id()));
    }
    gone.retainAll(peers.keySet());
    for (String id : gone) {
      KnownPeer before = peers.remove(id);
      if (before != null) {
        release(before);
        touched.add(before.peer().nodeKey());
      }
    }
    upserts.values().forEach(this::hold);
    if (filter != null) {
      PeerFilter.Effect effect = filter.apply(change);
      effect.verdicts().keySet().forEach(id -> touched.add(require(id).peer().nodeKey()));
    }
    show(touched);
    log.note(upserts.values(), gone, peers.values());
  }

  /** Has peers decided about by another rule, or by a later authority. */
  synchronized void follow(Rule next) {
    if (next instanceof Signed signed) {
      if (filter == null) {
        filter = new PeerFilter(signed.authority());
        filter.apply(PeerChange.whole(peers.values().stream().map(KnownPeer::peer).toList()));
      } else if (rule instanceof Signed before && before.authority() != signed.authority()) {
        filter.follow(signed.authority());
      }
    } else {
      filter = null;
    }
    boolean same = rule.equals(next);
    rule = next;
    if (!same) {
      show(Set.copyOf(holders.keySet()));
    }
  }

  private KnownPeer require(String id) {
    KnownPeer known = peers.get(id);
    if (known == null) {
      throw new IllegalStateException("judged, and not here: " + id);
    }
    return known;
  }

  private void show(Set<NodeKey> keys) {
    Map<NodeKey, PeerAccess> more = new HashMap<>();
    for (NodeKey key : keys) {
      PeerAccess access = PeerAccess.NONE;
      for (String id : holders.getOrDefault(key, Set.of())) {
        PeerAccess one = decide(require(id).peer());
        access = one.compareTo(access) > 0 ? one : access;
      }
      if (access == PeerAccess.NONE) {
        table.remove(key);
      } else if (access == PeerAccess.PEER_API) {
        table.put(key, access);
      } else {
        more.put(key, access);
      }
    }
    table.putAll(more);
  }

  private PeerAccess decide(Peer peer) {
    if (rule instanceof Nobody) {
      return PeerAccess.NONE;
    }
    if (filter != null && !(filter.verdict(peer.id()).orElse(null) instanceof PeerVerdict.Kept)) {
      return PeerAccess.NONE;
    }
    return peer.unsignedPeerApiOnly() ? PeerAccess.PEER_API : PeerAccess.FULL;
  }

  /** Every peer with the verdict on it, in the order of their ids. */
  synchronized List<JudgedPeer> judged() {
    List<JudgedPeer> all = new ArrayList<>();
    for (KnownPeer known : peers.values()) {
      Optional<PeerVerdict> verdict =
          filter == null ? Optional.empty() : filter.verdict(known.peer().id());
      all.add(new JudgedPeer(known, decide(known.peer()), verdict));
    }
    return all;
  }
}
