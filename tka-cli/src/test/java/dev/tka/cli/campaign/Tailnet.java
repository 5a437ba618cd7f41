package dev.tka.cli.campaign;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A tailnet of the campaign: who is in it, and its first two AUMs. Nodes 1 to {@link #ADMINS} are
 * the admins'; each has the key of its number.
 */
final class Tailnet {
  static final int ADMINS = 8;

  /** The key that was stolen and then removed. */
  static final int THIEF = 99;

  /** The key that is added again and again, and revoked. */
  static final int SUSPECT = 500;

  /** Agents' nodes have numbers from here, all signed from the beginning. */
  static final int FIRST_AGENT = 101;

  /** Each admin owns one node that it signs, and one that nobody signs. */
  static final int FIRST_SIGNED = 201;

  static final int FIRST_UNSIGNED = 301;

  /** Each straggler has one log in. */
  static final int FIRST_STRAGGLER = 401;

  final String name;
  final int agents;
  final Aum genesis;
  final Aum removal;

  /** Where it lives, as far as clients know. */
  private volatile Place place;

  private final Place first;

  /** Where it may be moved to. */
  private final Optional<Place> other;

  Tailnet(Place place, Optional<Place> other, String name, int agents) {
    this.place = place;
    this.other = other;
    this.first = place;
    this.name = name;
    this.agents = agents;
    List<Key> keys = new ArrayList<>();
    for (int admin = 1; admin <= ADMINS; admin++) {
      keys.add(TestKeys.key(admin, 1));
    }
    keys.add(TestKeys.key(THIEF, 1));
    this.genesis = Chains.genesis(keys, 1);
    // Two sign it: what the thief's one vote signs beside it then weighs less.
    this.removal = Chains.removeKey(genesis, TestKeys.id(THIEF), 1, 2);
  }

  /** Whether nobody is to edit it, so that all can come to one head. */
  volatile boolean rests;

  Place place() {
    return place;
  }

  /** A server of a place said that it was moved from there. */
  void leave(Place left) {
    place = left.equals(first) ? other.orElseThrow() : first;
  }

  /** The key of an admin's or an agent's node, which never changes. */
  static NodeKey nodeKey(int node) {
    return NodeKeySignatures.nodeKey(node);
  }

  /** A key of a node that has many in its life. */
  static NodeKey nodeKey(int node, int generation) {
    return NodeKeySignatures.nodeKey(node * 100_000 + generation);
  }

  static Bytes signature(NodeKey key, int signer) {
    try {
      return NodeKeySigning.direct(key, Optional.empty(), TestKeys.privateKey(signer)).encoded();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Makes it: nodes, lock, and without the thief's key. */
  void begin(Client client, History history) throws InterruptedException {
    Map<Long, Bytes> signatures = new TreeMap<>();
    List<Integer> nodes = new ArrayList<>();
    for (int admin = 1; admin <= ADMINS; admin++) {
      nodes.add(admin);
    }
    for (int agent = 0; agent < agents; agent++) {
      nodes.add(FIRST_AGENT + agent);
    }
    for (int node : nodes) {
      NodeKey key = nodeKey(node);
      client.logIn(this, node, key);
      Bytes signature = signature(key, 1);
      signatures.put((long) node, signature);
      long now = System.nanoTime();
      history.add(
          new Call(
              "begin/" + name + "/" + node,
              "begin",
              "",
              name,
              "sign",
              now,
              now,
              Call.OK,
              Integer.toString(node),
              key.toString(),
              Client.text(signature)));
    }
    long now = System.nanoTime();
    history.add(
        new Call(
            "begin/" + name,
            "begin",
            "",
            name,
            "begin",
            now,
            now,
            Call.OK,
            "",
            genesis.hash().toString(),
            ""));
    Optional<NodeKey> first = Optional.of(nodeKey(1));
    client.require(
        this,
        server ->
            server.forward(
                name, 1, new RpcRequest.InitBegin(Client.VERSION, first, genesis.encoded())));
    client.require(
        this,
        server ->
            server.forward(
                name,
                1,
                new RpcRequest.InitFinish(Client.VERSION, first, signatures, Optional.empty())));
    client.send(
        this,
        1,
        nodeKey(1),
        "edit",
        genesis.hash(),
        removal.hash(),
        new SyncSend(genesis.hash(), List.of(removal.encoded())),
        true);
  }
}
