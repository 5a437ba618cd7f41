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
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which of a node's peers are signed (protocol, section 7, "Filtering peers"). The verdicts are a
 * function of the authority and the peers, whatever the order in which these came; a change of one
 * peer costs that peer, and those whose verdict depends on its signature.
 *
 * <p>Whether a signature verifies depends on its bytes and the node key alone, and is found out
 * once for as long as a peer has both. Whether the key that it rests on is trusted is asked again
 * of every authority.
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

  /** The peers with valid rotations from direct signatures, by the wrapping key of these. */
  private final Map<Bytes, NavigableSet<String>> chains = new HashMap<>();

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
   * @param peers no two with one id
   * @return the verdicts by the ids of the peers, in order
   * @throws IllegalArgumentException if two of them have one id
   */
  public static Map<String, PeerVerdict> filter(Authority authority, Collection<Peer> peers) {
    PeerFilter filter = new PeerFilter(authority);
    filter.put(peers);
    return filter.verdicts();
  }

  /** A peer, and what is known of its signature. */
  private static final class Entry {
    final Peer peer;

    /** Whether it verifies, whoever is trusted; unknown until somebody had to know. */
    @Nullable NodeKeyAuthorization verified;

    NodeKeyAuthorization authorization = new NodeKeyAuthorization.Unsigned();

    Entry(Peer peer) {
      this.peer = peer;
    }

    /** What makes node keys obsolete. */
    Optional<NodeKeyAuthorization.Rotation> rotation() {
      return authorization instanceof NodeKeyAuthorization.Authorized authorized
          ? authorized.rotation()
          : Optional.empty();
    }

    /** What chains that compete have in common: those from credentials do not. */
    Optional<Bytes> chain() {
      return rotation()
          .map(NodeKeyAuthorization.Rotation::initial)
          .filter(initial -> initial.kind() == NodeKeySignature.DIRECT)
          .map(NodeKeySignature::wrappingPubkey);
    }
  }

  /** All verdicts by the ids of the peers, in order. */
  public Map<String, PeerVerdict> verdicts() {
    return new LinkedHashMap<>(verdicts);
  }

  /** The verdict on a peer; empty for a stranger. */
  public Optional<PeerVerdict> verdict(String id) {
    return Optional.ofNullable(verdicts.get(id));
  }

  /**
   * Takes peers in, new ones and changed ones.
   *
   * @param peers no two with one id
   * @return the verdicts that are new or changed, by the ids of the peers, in order
   * @throws IllegalArgumentException if two of them have one id; then none is taken in
   */
  public Map<String, PeerVerdict> put(Collection<Peer> peers) {
    Set<String> ids = new HashSet<>();
    for (Peer peer : peers) {
      if (!ids.add(peer.id())) {
        throw new IllegalArgumentException("two peers have one id: " + peer.id());
      }
    }
    Set<String> affected = new HashSet<>();
    List<Entry> fresh = new ArrayList<>();
    for (Peer peer : peers) {
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
    return settle(affected);
  }

  /**
   * Takes a peer out.
   *
   * @return the verdicts on others that changed
   */
  public Map<String, PeerVerdict> remove(String id) {
    Set<String> affected = new HashSet<>();
    Entry entry = entries.remove(id);
    if (entry != null) {
      index(entry, affected, false);
      affected.remove(id);
      verdicts.remove(id);
    }
    return settle(affected);
  }

  /**
   * Goes on with another authority: what the node has learned since, say.
   *
   * @return the verdicts that changed
   */
  public Map<String, PeerVerdict> follow(Authority next) {
    degraded = next.isDegraded();
    return follow(next.state());
  }

  /** Goes on as if the authority had another state. */
  Map<String, PeerVerdict> follow(State next) {
    state = next;
    Set<String> affected = new HashSet<>();
    List<Entry> all = new ArrayList<>(entries.values());
    all.forEach(entry -> index(entry, affected, false));
    judge(all, affected);
    return settle(affected);
  }

  private void judge(List<Entry> fresh, Set<String> affected) {
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

  /** Notes what an entry says, or that it does not say it any more, and whom that concerns. */
  private void index(Entry entry, Set<String> affected, boolean present) {
    String id = entry.peer.id();
    affected.add(id);
    note(holders, entry.peer.nodeKey(), id, present);
    entry
        .rotation()
        .ifPresent(
            rotation -> {
              for (NodeKey previous : rotation.previousNodeKeys()) {
                note(obsoletedBy, previous, id, present);
                affected.addAll(at(holders, previous));
              }
            });
    entry
        .chain()
        .ifPresent(
            chain -> {
              note(chains, chain, id, present);
              affected.addAll(at(chains, chain));
            });
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
  private Map<String, PeerVerdict> settle(Set<String> affected) {
    Set<String> all = new TreeSet<>();
    for (String id : affected) {
      Entry entry = entries.get(id);
      if (entry != null) {
        all.add(id);
        // One that is obsolete now does not compete any more.
        entry.chain().ifPresent(chain -> all.addAll(at(chains, chain)));
      }
    }
    Map<Bytes, List<String>> furthest = new HashMap<>();
    Map<String, PeerVerdict> changed = new LinkedHashMap<>();
    for (String id : all) {
      PeerVerdict verdict = decide(require(id), furthest);
      if (!verdict.equals(verdicts.put(id, verdict))) {
        changed.put(id, verdict);
      }
    }
    return changed;
  }

  private Entry require(String id) {
    Entry entry = entries.get(id);
    if (entry == null) {
      throw new IllegalStateException("indexed, and not here: " + id);
    }
    return entry;
  }

  private PeerVerdict decide(Entry entry, Map<Bytes, List<String>> furthest) {
    boolean unsigned = entry.peer.unsignedPeerApiOnly();
    if (!unsigned && entry.authorization instanceof NodeKeyAuthorization.Denied denied) {
      return new PeerVerdict.Unauthorized(denied);
    }
    Optional<String> obsoletedBy = obsoletedBy(entry);
    if (obsoletedBy.isPresent()) {
      return new PeerVerdict.Obsolete(obsoletedBy.get());
    }
    Optional<Bytes> chain = entry.chain();
    if (chain.isPresent()) {
      List<String> ids = furthest.computeIfAbsent(chain.get(), this::furthest);
      if (ids.size() > 1) {
        return new PeerVerdict.Cloned(ids);
      }
      if (!ids.contains(entry.peer.id())) {
        return new PeerVerdict.Outrun(ids.get(0));
      }
    }
    return new PeerVerdict.Kept(
        entry.authorization instanceof NodeKeyAuthorization.Authorized authorized
            ? Optional.of(authorized)
            : Optional.empty());
  }

  private Optional<String> obsoletedBy(Entry entry) {
    return at(obsoletedBy, entry.peer.nodeKey()).stream().findFirst();
  }

  /** Of the peers of a chain that are not obsolete, those with the most previous keys, in order. */
  private List<String> furthest(Bytes chain) {
    List<String> furthest = new ArrayList<>();
    int most = 0;
    for (String id : at(chains, chain)) {
      Entry entry = require(id);
      int previous = entry.rotation().map(rotation -> rotation.previousNodeKeys().size()).orElse(0);
      if (previous < most || obsoletedBy(entry).isPresent()) {
        continue;
      }
      if (previous > most) {
        furthest.clear();
        most = previous;
      }
      furthest.add(id);
    }
    // One list for all verdicts that name it: a copy for each grows with the square of the clones.
    return List.copyOf(furthest);
  }
}
