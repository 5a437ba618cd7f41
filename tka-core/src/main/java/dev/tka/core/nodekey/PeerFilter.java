package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides which of a node's peers are signed (protocol, section 7, "Filtering peers"). The verdicts
 * are a function of the authority and the peers, whatever the order in which they came; the cost of
 * a change to one peer is that of the peer itself and of those whose verdict depends on its
 * signature.
 *
 * <p>Whether a signature verifies depends only on its bytes and the node key, and is computed once
 * for as long as a peer has both. Whether the key on which it rests is trusted is asked again of
 * every authority.
 *
 * <p>For one thread; checks signatures on all cores.
 */
public final class PeerFilter {
  private final Map<String, Entry> entries = new HashMap<>();
  private final Map<String, PeerVerdict> verdicts = new TreeMap<>();

  /** The peers that have a node key. */
  private final Map<NodeKey, NavigableSet<String>> holders = new HashMap<>();

  /** The peers whose valid rotation makes a node key obsolete. */
  private final Map<NodeKey, NavigableSet<String>> obsoletedBy = new HashMap<>();

  /**
   * The peers with valid rotations from direct signatures, by the wrapping key of those signatures.
   */
  private final Map<Bytes, NavigableSet<String>> chains = new HashMap<>();

  /** The outcome of each of those groups: the node keys that lost in it. */
  private final Map<Bytes, Map<NodeKey, Loss>> outcomes = new HashMap<>();

  /** The same losses by node key, then by the wrapping key of the group. */
  private final Map<NodeKey, NavigableMap<Bytes, Loss>> losses = new HashMap<>();

  private State state;
  private boolean degraded;

  /** A filter without peers. */
  public PeerFilter(Authority authority) {
    this.state = authority.state();
    this.degraded = authority.isDegraded();
  }

  /**
   * Filters peers once.
   *
   * @param peers the peers, each with a different id
   * @return the verdicts by peer id, in order
   * @throws IllegalArgumentException if two of them have the same id
   */
  public static Map<String, PeerVerdict> filter(Authority authority, Collection<Peer> peers) {
    PeerFilter filter = new PeerFilter(authority);
    filter.apply(PeerChange.whole(peers));
    return filter.verdicts();
  }

  /** A peer, and the known facts about its signature. */
  private static final class Entry {
    final Peer peer;

    /** The verification result, whoever is trusted; unknown until it is needed. */
    @Nullable NodeKeyAuthorization verified;

    NodeKeyAuthorization authorization = new NodeKeyAuthorization.Unsigned();

    Entry(Peer peer) {
      this.peer = peer;
    }

    /** The rotation, which makes node keys obsolete. */
    Optional<NodeKeyAuthorization.Rotation> rotation() {
      return authorization instanceof NodeKeyAuthorization.Authorized authorized
          ? authorized.rotation()
          : Optional.empty();
    }

    /** The key that competing chains share: those from credentials do not compete. */
    Optional<Bytes> chain() {
      return rotation()
          .map(NodeKeyAuthorization.Rotation::initial)
          .filter(initial -> initial.kind() == NodeKeySignature.DIRECT)
          .map(NodeKeySignature::wrappingPubkey);
    }
  }

  /**
   * A node key that lost in its group, and is obsolete because of it.
   *
   * @param loser the first of the peers that lost with it
   * @param why the verdict on those peers
   */
  private record Loss(String loser, PeerVerdict.Dropped why) {}

  /** The verdicts to decide again: peers, and groups by their wrapping key. */
  private record Affected(Set<String> ids, NavigableSet<Bytes> groups) {
    static Affected nothing() {
      return new Affected(new TreeSet<>(), new TreeSet<>());
    }
  }

  /** All verdicts by peer id, in order. */
  public Map<String, PeerVerdict> verdicts() {
    return new LinkedHashMap<>(verdicts);
  }

  /** The verdict on a peer; empty for an unknown peer. */
  public Optional<PeerVerdict> verdict(String id) {
    return Optional.ofNullable(verdicts.get(id));
  }

  /**
   * What a change did.
   *
   * @param verdicts the verdicts that are new or changed, by peer id, in order
   * @param gone the ids of peers that there are no more, in order
   */
  public record Effect(Map<String, PeerVerdict> verdicts, Set<String> gone) {}

  /** Makes a change to the peers: the one way in for whole lists and for deltas. */
  public Effect apply(PeerChange change) {
    Affected affected = Affected.nothing();
    Set<String> gone = new TreeSet<>(change.removals());
    if (change instanceof PeerChange.Whole) {
      gone.addAll(entries.keySet());
    }
    change.upserts().forEach(peer -> gone.remove(peer.id()));
    gone.removeIf(id -> !remove(id, affected));
    List<Entry> fresh = new ArrayList<>();
    for (Peer peer : change.upserts()) {
      Entry before = entries.get(peer.id());
      if (before != null) {
        if (before.peer.equals(peer)) {
          continue;
        }
        index(before, affected, false);
      }
      Entry entry = new Entry(peer);
      entries.put(peer.id(), entry);
      fresh.add(entry);
    }
    judge(fresh, affected);
    return new Effect(settle(affected), gone);
  }

  /** Removes a peer, if there is one. */
  private boolean remove(String id, Affected affected) {
    Entry entry = entries.remove(id);
    if (entry == null) {
      return false;
    }
    index(entry, affected, false);
    affected.ids().remove(id);
    verdicts.remove(id);
    return true;
  }

  /**
   * Replaces the authority, for example after the node has learned of updates.
   *
   * @return the verdicts that changed
   */
  public Map<String, PeerVerdict> follow(Authority next) {
    degraded = next.isDegraded();
    return follow(next.state());
  }

  /** Judges as if the authority had another state. */
  Map<String, PeerVerdict> follow(State next) {
    state = next;
    Affected affected = Affected.nothing();
    List<Entry> all = new ArrayList<>(entries.values());
    all.forEach(entry -> index(entry, affected, false));
    judge(all, affected);
    return settle(affected);
  }

  private void judge(List<Entry> fresh, Affected affected) {
    NodeKeyVerifier verifier = new NodeKeyVerifier(SignatureVerifier.fastest());
    fresh.parallelStream()
        .forEach(
            entry ->
                entry.authorization =
                    degraded ? new NodeKeyAuthorization.Degraded() : authorize(entry, verifier));
    fresh.forEach(entry -> index(entry, affected, true));
  }

  private NodeKeyAuthorization authorize(Entry entry, NodeKeyVerifier verifier) {
    Peer peer = entry.peer;
    if (peer.unsignedPeerApiOnly()) {
      return new NodeKeyAuthorization.Unsigned();
    }
    NodeKeyAuthorization verified = entry.verified;
    NodeKeyAuthorization verdict =
        verifier.authorize(state, peer.nodeKey(), peer.signature(), Optional.ofNullable(verified));
    if (!(verdict instanceof NodeKeyAuthorization.UntrustedKey)) {
      entry.verified = verdict;
    }
    return verdict;
  }

  /** Records what an entry says, or no longer says, and which verdicts that affects. */
  private void index(Entry entry, Affected affected, boolean present) {
    String id = entry.peer.id();
    affected.ids().add(id);
    note(holders, entry.peer.nodeKey(), id, present);
    entry
        .rotation()
        .ifPresent(
            rotation -> {
              for (NodeKey previous : rotation.previousNodeKeys()) {
                note(obsoletedBy, previous, id, present);
                touch(previous, affected);
              }
            });
    entry
        .chain()
        .ifPresent(
            group -> {
              note(chains, group, id, present);
              affected.groups().add(group);
            });
  }

  /** Records the verdicts affected when a node key becomes obsolete, or no longer is. */
  private void touch(NodeKey nodeKey, Affected affected) {
    for (String id : at(holders, nodeKey)) {
      affected.ids().add(id);
      require(id).chain().ifPresent(affected.groups()::add);
    }
  }

  private static <K> void note(
      Map<K, NavigableSet<String>> index, K key, String id, boolean present) {
    if (present) {
      index.computeIfAbsent(key, any -> new TreeSet<>()).add(id);
      return;
    }
    NavigableSet<String> ids = index.get(key);
    if (ids != null && ids.remove(id) && ids.isEmpty()) {
      index.remove(key);
    }
  }

  private static <K> Set<String> at(Map<K, NavigableSet<String>> index, K key) {
    NavigableSet<String> ids = index.get(key);
    return ids == null ? Set.of() : ids;
  }

  /** Judges again those whose verdict may have changed. */
  private Map<String, PeerVerdict> settle(Affected affected) {
    // In the order of their wrapping keys: a node key that lost in one takes no part in the next.
    for (Bytes group = affected.groups().pollFirst();
        group != null;
        group = affected.groups().pollFirst()) {
      settle(group, affected);
    }
    Map<String, PeerVerdict> changed = new LinkedHashMap<>();
    for (String id : affected.ids()) {
      Entry entry = entries.get(id);
      if (entry != null) {
        PeerVerdict verdict = decide(entry);
        if (!verdict.equals(verdicts.put(id, verdict))) {
          changed.put(id, verdict);
        }
      }
    }
    return changed;
  }

  /** Settles one group, and records the consequences for later ones. */
  private void settle(Bytes group, Affected affected) {
    Map<NodeKey, Loss> after = outcome(group);
    Map<NodeKey, Loss> before =
        after.isEmpty() ? outcomes.remove(group) : outcomes.put(group, after);
    Set<NodeKey> nodeKeys = new HashSet<>(after.keySet());
    nodeKeys.addAll(before == null ? Set.of() : before.keySet());
    for (NodeKey nodeKey : nodeKeys) {
      Loss loss = after.get(nodeKey);
      if (loss != null) {
        losses.computeIfAbsent(nodeKey, any -> new TreeMap<>()).put(group, loss);
      } else {
        NavigableMap<Bytes, Loss> others = losses.get(nodeKey);
        if (others != null && others.remove(group) != null && others.isEmpty()) {
          losses.remove(nodeKey);
        }
      }
      for (String id : at(holders, nodeKey)) {
        affected.ids().add(id);
        require(id)
            .chain()
            .filter(other -> other.compareTo(group) > 0)
            .ifPresent(affected.groups()::add);
      }
    }
  }

  private Entry require(String id) {
    Entry entry = entries.get(id);
    if (entry == null) {
      throw new IllegalStateException("indexed, and not here: " + id);
    }
    return entry;
  }

  private PeerVerdict decide(Entry entry) {
    boolean unsigned = entry.peer.unsignedPeerApiOnly();
    if (!unsigned && entry.authorization instanceof NodeKeyAuthorization.Denied denied) {
      return new PeerVerdict.Unauthorized(denied);
    }
    Optional<String> obsoletedBy = obsoletedBy(entry);
    if (obsoletedBy.isPresent()) {
      return new PeerVerdict.Obsolete(obsoletedBy.get());
    }
    NavigableMap<Bytes, Loss> lost = losses.get(entry.peer.nodeKey());
    if (lost != null) {
      Bytes group = lost.firstKey();
      Loss loss = lost.firstEntry().getValue();
      boolean lostItself =
          entry.chain().equals(Optional.of(group))
              && !loss.why().equals(new PeerVerdict.Outrun(entry.peer.id()));
      return lostItself ? loss.why() : new PeerVerdict.SharedKey(loss.loser(), loss.why());
    }
    return new PeerVerdict.Kept(
        entry.authorization instanceof NodeKeyAuthorization.Authorized authorized
            ? Optional.of(authorized)
            : Optional.empty());
  }

  private Optional<String> obsoletedBy(Entry entry) {
    return at(obsoletedBy, entry.peer.nodeKey()).stream().findFirst();
  }

  /**
   * The node keys that lose in a group: all but the longest chain's, or all if several chains are
   * longest.
   */
  private Map<NodeKey, Loss> outcome(Bytes group) {
    List<Entry> competing = new ArrayList<>();
    List<String> longest = new ArrayList<>();
    int most = 0;
    for (String id : at(chains, group)) {
      Entry entry = require(id);
      if (obsoletedBy(entry).isPresent() || lostBefore(group, entry.peer.nodeKey())) {
        continue;
      }
      competing.add(entry);
      int previous = entry.rotation().map(rotation -> rotation.previousNodeKeys().size()).orElse(0);
      if (previous > most) {
        longest.clear();
        most = previous;
      }
      if (previous == most) {
        longest.add(id);
      }
    }
    if (competing.size() < 2) {
      return Map.of();
    }
    // One verdict for all: a separate list for each would grow with the square of the clones.
    PeerVerdict.Dropped why =
        longest.size() > 1
            ? new PeerVerdict.Cloned(longest)
            : new PeerVerdict.Outrun(longest.get(0));
    Map<NodeKey, Loss> lost = new HashMap<>();
    for (Entry entry : competing) {
      if (longest.size() > 1 || !longest.contains(entry.peer.id())) {
        lost.putIfAbsent(entry.peer.nodeKey(), new Loss(entry.peer.id(), why));
      }
    }
    return lost;
  }

  private boolean lostBefore(Bytes group, NodeKey nodeKey) {
    NavigableMap<Bytes, Loss> lost = losses.get(nodeKey);
    return lost != null && lost.firstKey().compareTo(group) < 0;
  }
}
