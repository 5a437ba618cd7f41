package dev.tka.simulation;

import dev.tka.control.ControlException;
import dev.tka.control.Login;
import dev.tka.control.LoginAnswer;
import dev.tka.control.NodeEntry;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.nodekey.RotationException;
import dev.tka.node.JudgedPeer;
import dev.tka.node.PeerAccess;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.NaivePeerFilter;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * The nodes of a tailnet as the control service lists them, and what each member was told of them.
 * Holds what every member's agent lets in against a naive filter, at every step.
 */
final class Roster {
  static final String CHECKED = "peers: looked at by a member";
  static final String KEPT = "peers: kept by a member";
  static final String DROPPED = "peers: dropped by a member";
  static final String AFTER_ANNOUNCEMENT = "peers: looked at after an announcement";

  /** Nodes that only others see. */
  private static final int BYSTANDERS = 4;

  private static final int FIRST_BYSTANDER = 101;

  /** The numbers of the lock keys with which nodes rotate begin here. */
  private static final int LOCK_KEYS = 700_000;

  /** A key that nobody ever trusts. */
  private static final int NOBODYS_KEY = 800_001;

  /** A peer that nobody but a lying control knows. */
  private static final int FORGED = 301;

  private final ServiceControl control;
  private final Judge judge;
  private final Random random;
  private final Map<Long, Member> members = new TreeMap<>();
  private final Map<Member, Told> told = new HashMap<>();
  private final Set<NodeKey> everKeys = new HashSet<>();
  private final Set<Peer> everTold = new HashSet<>();
  private final Map<Filtered, Map<NodeKey, PeerAccess>> filtered = new HashMap<>();
  private int serial = 1000;

  Roster(ServiceControl control, Judge judge, long seed) {
    this.control = control;
    this.judge = judge;
    this.random = new Random(seed);
  }

  /** What a member was told last, and what it must let in for that. */
  private static final class Told {
    Map<String, Peer> peers = Map.of();
    Optional<Authority> under = Optional.empty();
    Map<NodeKey, PeerAccess> expected = Map.of();
  }

  /** All on which a filter's answer depends. */
  private record Filtered(Set<Bytes> trusted, boolean degraded, List<Peer> peers) {}

  static AgentNode agent(Member member) {
    return (AgentNode) member.end;
  }

  /** A member comes. */
  void joined(Member member) {
    members.put(agent(member).number(), member);
    told.put(member, new Told());
    everKeys.add(agent(member).agent().nodeKey());
  }

  /** At the beginning, somebody signs the members and most others. */
  void begin() {
    for (int i = 0; i < BYSTANDERS; i++) {
      change(i, Event.Change.NEW_KEY);
    }
    for (long number : new ArrayList<>(members.keySet())) {
      sign(members.get(number), (int) number, random.nextInt(4) == 0);
    }
    Member first = members.get(1L);
    sign(first, FIRST_BYSTANDER, false);
    sign(first, FIRST_BYSTANDER + 1, true);
    change(2, Event.Change.PEER_API_ONLY);
  }

  /** The number of a member or another node, by any number. */
  private long number(int any) {
    int one = Math.floorMod(any, members.size() + BYSTANDERS);
    return one < members.size() ? one + 1 : FIRST_BYSTANDER + one - members.size();
  }

  private List<NodeEntry> listed(Optional<Collection<Long>> some) {
    List<NodeEntry> list = new ArrayList<>();
    control.calls(
        service -> {
          service.nodes(ServiceControl.TAILNET, some, list::add);
          return list;
        });
    return list;
  }

  private Optional<NodeEntry> entry(long number) {
    return listed(Optional.of(List.of(number))).stream().findFirst();
  }

  private static int lockKey(long number) {
    return LOCK_KEYS + (int) number;
  }

  private NodeKey freshKey() {
    serial++;
    NodeKey fresh = NodeKeySignatures.nodeKey(serial);
    everKeys.add(fresh);
    return fresh;
  }

  /** A member signs a node's key, by itself or through a credential, and sends that to control. */
  void sign(Member by, int whom, boolean credential) {
    Optional<NodeEntry> entry = entry(whom > 100 ? whom : number(whom - 1));
    OptionalInt key = by.keyTrustedBy(by.end.authority().state());
    if (entry.isEmpty() || key.isEmpty() || !by.online) {
      return;
    }
    NodeKey nodeKey = entry.get().nodeKey();
    int lockKey = lockKey(entry.get().node());
    try {
      NodeKeySignature signature =
          credential
              ? NodeKeySigning.fromCredential(
                  NodeKeySigning.credential(
                      TestKeys.publicKey(lockKey), Signing.signer(key.getAsInt())),
                  nodeKey,
                  Signing.signer(lockKey))
              : NodeKeySigning.direct(
                  nodeKey,
                  Optional.of(TestKeys.publicKey(lockKey)),
                  Signing.signer(key.getAsInt()));
      control.answer(
          agent(by).number(),
          new RpcRequest.Sign(0, Optional.of(agent(by).agent().nodeKey()), signature.encoded()));
      judge.tally().add("peers: signed");
    } catch (ControlException e) {
      // Control may be ahead, and trust the key no more.
      judge.tally().add("peers: signature refused by control");
    } catch (TkaException e) {
      throw new IllegalStateException(e);
    }
  }

  void sign(Member by, int whom) {
    sign(by, (int) number(whom), random.nextInt(4) == 0);
  }

  /** A node, a member or another, is changed at control. */
  void change(int whom, Event.Change change) {
    long number =
        change == Event.Change.MEMBERS_NEW_KEY
            ? 1 + Math.floorMod(whom, members.size())
            : FIRST_BYSTANDER + Math.floorMod(whom, BYSTANDERS);
    switch (change) {
      case MEMBERS_NEW_KEY -> {
        Member member = members.get(number);
        if (member.online) {
          newKey(member);
        }
      }
      case NEW_KEY -> newKey(number);
      case PEER_API_ONLY, SIGNED_ONLY ->
          entry(number)
              .ifPresent(
                  old ->
                      put(
                          new NodeEntry(
                              old.node(),
                              old.nodeKey(),
                              old.signature(),
                              old.rotationKey(),
                              old.name(),
                              change == Event.Change.PEER_API_ONLY,
                              false)));
      case TWIN -> {
        Optional<NodeEntry> of = entry(number(whom + 1));
        if (of.isPresent() && of.get().node() != number) {
          NodeEntry twin = of.get();
          put(
              new NodeEntry(
                  number,
                  twin.nodeKey(),
                  twin.signature(),
                  twin.rotationKey(),
                  twin.name(),
                  false,
                  false));
        }
      }
      case REMOVE ->
          control.calls(
              service -> {
                service.deleteNode(ServiceControl.TAILNET, number);
                return number;
              });
    }
  }

  private void put(NodeEntry entry) {
    try {
      control.to(
          service -> {
            service.putNode(ServiceControl.TAILNET, entry);
            return entry;
          });
    } catch (ControlException e) {
      // The key that signed it was removed since.
      judge.tally().add("peers: entry refused by control");
    }
  }

  private void newKey(Member member) {
    AgentNode node = agent(member);
    try {
      boolean rotated = node.logIn(freshKey(), Signing.signer(lockKey(node.number()))).rotated();
      judge.tally().add(rotated ? "peers: rotated" : "peers: new keys without a signature");
    } catch (RotationException e) {
      judge.tally().add("peers: cannot rotate");
    } catch (TkaException e) {
      throw new IllegalStateException(e);
    }
  }

  private void newKey(long number) {
    NodeKey fresh = freshKey();
    int lockKey = lockKey(number);
    Login login = Login.of(fresh).withRotationKey(TestKeys.publicKey(lockKey));
    LoginAnswer first =
        control.calls(service -> service.login(ServiceControl.TAILNET, number, login));
    if (!(first instanceof LoginAnswer.HandBack back)) {
      return;
    }
    try {
      Bytes rotated =
          NodeKeySigning.rotate(
                  NodeKeySignature.decode(back.signature().toByteArray()),
                  fresh,
                  Signing.signer(lockKey))
              .encoded();
      control.calls(
          service -> service.login(ServiceControl.TAILNET, number, login.withSignature(rotated)));
      judge.tally().add("peers: rotated");
    } catch (DecodeException e) {
      throw new IllegalStateException(e);
    } catch (TkaException e) {
      judge.tally().add("peers: cannot rotate");
    }
  }

  /** The peers of a node, as control lists them now. */
  private Map<String, Peer> peersOf(long number) {
    Map<String, Peer> peers = new TreeMap<>();
    for (NodeEntry entry : listed(Optional.empty())) {
      if (entry.node() != number) {
        Peer peer =
            new Peer(
                Long.toString(entry.node()),
                entry.nodeKey(),
                entry.signature().orElse(Bytes.empty()),
                entry.unsignedPeerApiOnly());
        peers.put(peer.id(), peer);
      }
    }
    return peers;
  }

  /** A member is told what is different, or everything. */
  void tell(Member member, boolean whole) {
    tell(member, peersOf(agent(member).number()), whole);
  }

  /** The same, by a control that lists peers whose signatures are none. */
  void lie(Member member) {
    Map<String, Peer> peers = peersOf(agent(member).number());
    NodeKey key = freshKey();
    NodeKeySignature nobodys =
        NodeKeySignatures.sign(
            NodeKeySignatures.unsigned(
                NodeKeySignature.DIRECT,
                NodeKeySignatures.pubkey(serial),
                TestKeys.id(NOBODYS_KEY),
                Bytes.empty()),
            NOBODYS_KEY);
    List<NodeKeySignature> signed = new ArrayList<>();
    for (Peer peer : peers.values()) {
      try {
        signed.add(NodeKeySignature.decode(peer.signature().toByteArray()));
      } catch (DecodeException e) {
        // It has none.
      }
    }
    Bytes signature = nobodys.encoded();
    if (!signed.isEmpty()) {
      NodeKeySignature other = signed.get(random.nextInt(signed.size()));
      signature =
          switch (random.nextInt(3)) {
            case 0 -> signature;
            case 1 -> other.encoded();
            default -> NodeKeySignatures.rotation(other, serial, NOBODYS_KEY).encoded();
          };
    }
    Peer forged = new Peer(Integer.toString(FORGED), key, signature, false);
    peers.put(forged.id(), forged);
    tell(member, peers, random.nextBoolean());
    judge.tally().add("peers: lies told");
  }

  private void tell(Member member, Map<String, Peer> now, boolean whole) {
    Told last = told.get(member);
    Map<String, Peer> before = last.peers;
    last.peers = now;
    last.under = Optional.empty();
    now.values().forEach(peer -> everKeys.add(peer.nodeKey()));
    everTold.addAll(now.values());
    try {
      if (whole) {
        agent(member).fetchPeers(now.values());
        return;
      }
      List<Peer> upserts = new ArrayList<>(now.values());
      upserts.removeIf(peer -> peer.equals(before.get(peer.id())));
      Set<String> gone = new HashSet<>(before.keySet());
      gone.removeAll(now.keySet());
      agent(member).agent().peers(new PeerChange.Delta(upserts, gone), Map.of());
    } catch (TkaException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a naive filter keeps. */
  private Map<NodeKey, PeerAccess> naive(Authority authority, Map<String, Peer> peers) {
    Filtered of =
        new Filtered(
            authority.state().keyIds(), authority.isDegraded(), List.copyOf(peers.values()));
    return filtered.computeIfAbsent(of, any -> filter(authority, peers));
  }

  private static Map<NodeKey, PeerAccess> filter(Authority authority, Map<String, Peer> peers) {
    Map<NodeKey, PeerAccess> kept = new LinkedHashMap<>();
    NaivePeerFilter.filter(authority, peers.values())
        .forEach(
            (id, fate) -> {
              Peer peer = peers.get(id);
              if (fate == NaivePeerFilter.Fate.KEPT) {
                kept.merge(
                    peer.nodeKey(),
                    peer.unsignedPeerApiOnly() ? PeerAccess.PEER_API : PeerAccess.FULL,
                    (one, other) -> one.compareTo(other) > 0 ? one : other);
              }
            });
    return kept;
  }

  /** Every member lets in whom it must, by what it knows itself, and nobody else. */
  void check() {
    members.values().forEach(this::check);
  }

  void check(Member member) {
    Authority authority = member.end.authority();
    Told last = told.get(member);
    if (last.under.isEmpty() || last.under.get() != authority) {
      last.expected = naive(authority, last.peers);
      last.under = Optional.of(authority);
    }
    // A member that lost its authority lets nobody in before it is at control's head again.
    boolean knows = !agent(member).agent().lock().equals("unknown");
    Map<NodeKey, PeerAccess> expected = knows ? last.expected : Map.of();
    check(member, expected, "a member's peers are not those that its authority lets in");
    judge.tally().add(KEPT, expected.size());
    judge.tally().add(DROPPED, last.peers.size() - expected.size());
  }

  private void check(Member member, Map<NodeKey, PeerAccess> expected, String kind) {
    for (NodeKey key : everKeys) {
      PeerAccess found = agent(member).agent().access(key);
      PeerAccess right = expected.getOrDefault(key, PeerAccess.NONE);
      if (found != right) {
        boolean more = found.compareTo(right) > 0;
        judge.violation(
            more ? "a peer is let in that is not signed" : kind,
            "node " + member.index + " lets in " + key + " for " + found + ", not " + right);
        return;
      }
    }
    judge.tally().add(CHECKED, expected.size());
  }

  /** A member was told everything by an honest control: it lets in whom control would. */
  void checkAfterAnnouncement(Member member) {
    boolean says =
        member
            .last
            .flatMap(NodeEndpoint.SyncReport::failure)
            .filter(
                why ->
                    why.reason() == RoundFailed.Cause.TYPED
                        || why.reason() == RoundFailed.Cause.CONTROL_LOST_HISTORY)
            .isPresent();
    if (says) {
      judge.tally().add("peers: a member is apart, and says why");
      return;
    }
    judge.tally().add(AFTER_ANNOUNCEMENT);
    check(
        member,
        naive(control.authority(), peersOf(agent(member).number())),
        "a signed peer is dropped after an announcement");
  }

  /** The same while the lock may be off, where everybody is let in. */
  void checkKnowing(Member member) {
    switch (agent(member).agent().status().lock()) {
      case "on" -> check(member);
      case "off" -> {
        Map<NodeKey, PeerAccess> everybody = new LinkedHashMap<>();
        for (Peer peer : told.get(member).peers.values()) {
          everybody.merge(
              peer.nodeKey(),
              peer.unsignedPeerApiOnly() ? PeerAccess.PEER_API : PeerAccess.FULL,
              (one, other) -> one.compareTo(other) > 0 ? one : other);
        }
        check(member, everybody, "a peer is dropped while the lock is off");
      }
      default -> checkNobody(member);
    }
  }

  /** Nobody is let in. */
  void checkNobody(Member member) {
    check(member, Map.of(), "nobody is let in");
  }

  /** Whoever is let in was listed once, and is signed, or marked by control. */
  void checkSigned(Member member) {
    Authority authority = member.end.authority();
    for (JudgedPeer peer : agent(member).agent().peers()) {
      if (peer.access() != PeerAccess.NONE && !everTold.contains(peer.known().peer())) {
        judge.violation("a peer is let in that control never listed", "node " + member.index);
      }
    }
    for (NodeKey key : everKeys) {
      PeerAccess access = agent(member).agent().access(key);
      boolean may =
          access == PeerAccess.NONE
              || everTold.stream()
                  .filter(peer -> peer.nodeKey().equals(key))
                  .anyMatch(
                      peer ->
                          peer.unsignedPeerApiOnly()
                              ? access == PeerAccess.PEER_API
                              : NodeKeyAuthorization.of(authority, key, peer.signature())
                                  instanceof NodeKeyAuthorization.Authorized);
      if (!may) {
        judge.violation("a peer is let in that is not signed", "node " + member.index + ": " + key);
      }
    }
  }

  boolean choose(int oneIn) {
    return random.nextInt(oneIn) == 0;
  }
}
