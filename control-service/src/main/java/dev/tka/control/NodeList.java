package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The nodes of a tailnet: logins, PUTs, and what goes into everybody's map. */
final class NodeList {
  private final Premises premises;
  private final ControlRecords records;

  NodeList(Premises premises) {
    this.premises = premises;
    this.records = premises.records();
  }

  /**
   * The authority that is on.
   *
   * @param genesis the name under which its signatures count
   */
  private record On(Authority authority, AumHash genesis) {}

  /** The authority that is on, which is named if it has no name yet. */
  private Optional<On> on(String tailnet, ControlRecords.Seen seen)
      throws OpenException, StoreException {
    Optional<LiveAuthority> live = premises.live(tailnet);
    if (live.isEmpty()) {
      return Optional.empty();
    }
    Authority authority = live.get().current();
    return Optional.of(
        new On(authority, premises.namedGenesis(tailnet, seen.tailnet(), authority)));
  }

  LoginAnswer login(String tailnet, long id, Login login) throws ControlException {
    requireNumber(id);
    requireName(login.name());
    return premises.untilFirst(() -> loginOnce(tailnet, id, login));
  }

  private LoginAnswer loginOnce(String tailnet, long id, Login login)
      throws ControlException, StoreException, OpenException {
    ControlRecords.Seen seen = premises.seenOrBegun(tailnet);
    Optional<NodeRecord> before = records.node(tailnet, id);
    if (before.isEmpty()) {
      requireRoom(records.countNodes(tailnet) + 1);
    }
    NodeRecord after = before.orElse(NodeRecord.of(id, login.nodeKey()));
    Optional<LockPublicKey> rotationKey = login.rotationKey().or(after::rotationKey);
    Optional<String> refused = Optional.empty();
    Optional<On> on = on(tailnet, seen);
    boolean otherKey = !after.nodeKey().equals(login.nodeKey());
    if (on.isPresent() && otherKey && login.signature().isEmpty()) {
      Optional<Bytes> old =
          SignatureRules.toRotate(on.get().authority(), after, on.get().genesis(), rotationKey);
      if (old.isPresent()) {
        return new LoginAnswer.HandBack(old.get());
      }
    }
    after = after.withNodeKey(login.nodeKey()).withRotationKey(rotationKey);
    if (on.isPresent() && login.signature().isPresent()) {
      Bytes signature = login.signature().get();
      refused = problem(on.get().authority(), after, signature);
      if (refused.isEmpty()) {
        after = signed(after, signature, on.get());
      }
    }
    after =
        after
            .withName(login.name().or(after::name))
            .withUnsignedPeerApiOnly(
                login.unsignedPeerApiOnly().orElse(after.unsignedPeerApiOnly()))
            .withMayInit(login.mayInit().orElse(after.mayInit()));
    if (CatchingUp.isCatchingUp(after) && !GivingBack.isAsked(after)) {
      // It begins anew, and makes a round for what all are told. One that is asked to come may hold
      // just that.
      after = after.withTold(Optional.empty());
    }
    premises.commit(tailnet, before, after);
    return new LoginAnswer.Stored(refused);
  }

  private static NodeRecord signed(NodeRecord node, Bytes signature, On on) {
    return node.withSignature(Optional.of(new NodeRecord.Signature(signature, on.genesis())));
  }

  /** Why a signature does not count for a node, as one line. */
  private static Optional<String> problem(Authority authority, NodeRecord node, Bytes signature) {
    return NodeKeyAuthorization.of(authority, node.nodeKey(), signature)
            instanceof NodeKeyAuthorization.Denied denied
        ? Optional.of("the signature is refused: " + denied.reason())
        : Optional.empty();
  }

  void put(String tailnet, NodeEntry entry) throws ControlException {
    requireWellFormed(entry);
    premises.untilFirst(
        () -> {
          ControlRecords.Seen seen = premises.seenOrBegun(tailnet);
          Optional<NodeRecord> before = records.node(tailnet, entry.node());
          if (before.isEmpty()) {
            requireRoom(records.countNodes(tailnet) + 1);
          }
          NodeRecord after = given(entry, before, on(tailnet, seen));
          premises.commit(tailnet, before, after);
          return after;
        });
  }

  /** A node as given: a signature is kept if its key stays, and none is given. */
  private static NodeRecord given(NodeEntry entry, Optional<NodeRecord> before, Optional<On> on)
      throws ControlException {
    NodeRecord after =
        before
            .orElse(NodeRecord.of(entry.node(), entry.nodeKey()))
            .withNodeKey(entry.nodeKey())
            .withRotationKey(entry.rotationKey())
            .withName(entry.name())
            .withUnsignedPeerApiOnly(entry.unsignedPeerApiOnly())
            .withMayInit(entry.mayInit());
    if (on.isEmpty() || entry.signature().isEmpty()) {
      return after;
    }
    Bytes signature = entry.signature().get();
    if (SignatureRules.counting(after, Optional.of(on.get().genesis()))
        .equals(Optional.of(signature))) {
      // It was verified when it came, and keys may have been removed since.
      return after;
    }
    Optional<String> problem = problem(on.get().authority(), after, signature);
    if (problem.isPresent()) {
      throw new ControlException.Refused("node " + entry.node() + ": " + problem.get());
    }
    return signed(after, signature, on.get());
  }

  /** Changes nothing else: what else of the node changes meanwhile is decided on again. */
  NodeRecord allowInit(String tailnet, long id, boolean may) throws ControlException {
    requireNumber(id);
    return premises.untilFirst(
        () -> {
          NodeRecord before = premises.node(tailnet, id);
          NodeRecord after = before.withMayInit(may);
          premises.commit(tailnet, Optional.of(before), after);
          return after;
        });
  }

  void delete(String tailnet, long id) throws ControlException {
    requireNumber(id);
    premises.untilFirst(
        () -> {
          Optional<NodeRecord> before = records.node(tailnet, id);
          if (before.isPresent()) {
            records.commit(tailnet, RecordsChange.ofNode(before, Optional.empty()));
          }
          return before;
        });
  }

  void replace(String tailnet, List<NodeEntry> entries) throws ControlException {
    Set<Long> numbers = new HashSet<>();
    for (NodeEntry entry : entries) {
      requireWellFormed(entry);
      if (!numbers.add(entry.node())) {
        throw new ControlException.Malformed("node " + entry.node() + " is in the list twice");
      }
    }
    requireRoom(entries.size());
    premises.untilFirst(
        () -> {
          ControlRecords.Seen seen = premises.seenOrBegun(tailnet);
          Optional<On> on = on(tailnet, seen);
          SortedMap<Long, NodeRecord> left = new TreeMap<>();
          records.allNodes(tailnet, node -> left.put(node.id(), node));
          List<RecordsChange.OfNode> changes = new ArrayList<>();
          for (NodeEntry entry : entries) {
            Optional<NodeRecord> before = Optional.ofNullable(left.remove(entry.node()));
            Optional<NodeRecord> after = Optional.of(given(entry, before, on));
            if (!before.equals(after)) {
              changes.add(new RecordsChange.OfNode(before, after));
            }
          }
          for (NodeRecord gone : left.values()) {
            changes.add(new RecordsChange.OfNode(Optional.of(gone), Optional.empty()));
          }
          if (!changes.isEmpty()) {
            records.commit(tailnet, new RecordsChange(Optional.empty(), changes));
          }
          return changes;
        });
  }

  void read(String tailnet, Optional<Collection<Long>> some, Consumer<NodeEntry> reading)
      throws ControlException {
    Optional<AumHash> genesis = premises.untilFirst(() -> genesis(tailnet));
    premises.readNodes(
        node -> reading.accept(entry(node, genesis)),
        each -> {
          if (some.isEmpty()) {
            records.allNodes(tailnet, each);
          } else {
            records.nodes(tailnet, some.get()).forEach(each);
          }
        });
  }

  /** The genesis of the authority that is on, under which signatures count. */
  Optional<AumHash> genesis(String tailnet) throws ControlException, StoreException, OpenException {
    ControlRecords.Seen seen = premises.seen(tailnet);
    return premises
        .live(tailnet)
        .flatMap(live -> Premises.genesisOf(seen.tailnet(), live.current()));
  }

  /** A node as it goes into everybody's map. */
  static NodeEntry entry(NodeRecord node, Optional<AumHash> genesis) {
    return new NodeEntry(
        node.id(),
        node.nodeKey(),
        SignatureRules.counting(node, genesis),
        node.rotationKey(),
        node.name(),
        node.unsignedPeerApiOnly(),
        node.mayInit());
  }

  private void requireRoom(long nodes) throws ControlException {
    int most = premises.settings().mostNodes();
    if (nodes > most) {
      throw new ControlException.Refused(
          "this tailnet may have " + most + " nodes: its operator can raise that");
    }
  }

  private static void requireWellFormed(NodeEntry entry) throws ControlException {
    requireNumber(entry.node());
    requireName(entry.name());
  }

  static void requireNumber(long id) throws ControlException {
    if (id < 1) {
      throw new ControlException.Malformed("the number of a node is 1 or more");
    }
  }

  private static void requireName(Optional<String> name) throws ControlException {
    if (name.isPresent() && !NodeRecord.isName(name.get())) {
      throw new ControlException.Malformed(
          "the name of a node has 1 to " + NodeRecord.LONGEST_NAME + " characters");
    }
  }
}
