package dev.tka.cli.campaign;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Clocks;
import dev.tka.core.store.StoreException;
import dev.tka.node.AgentDirectory;
import dev.tka.node.AgentListener;
import dev.tka.node.AgentPool;
import dev.tka.node.AgentRunner;
import dev.tka.node.HttpConnections;
import dev.tka.node.HttpTransport;
import dev.tka.node.JudgedPeer;
import dev.tka.node.NodeAgent;
import dev.tka.node.PeerAccess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Nodes' agents with folders of their own, each at one server, and what they know. */
final class Agents implements AutoCloseable {
  private static final int ROUNDS_AT_ONE_TIME = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final History history;
  private final AgentPool pool = AgentPool.of(ROUNDS_AT_ONE_TIME);
  private final HttpConnections connections = HttpConnections.open();
  private final List<One> all = new ArrayList<>();

  Agents(History history) {
    this.history = history;
  }

  private static final class One {
    final String name;
    final String tailnet;
    final AgentDirectory folder;
    final NodeAgent agent;
    final HttpTransport transport;
    AgentRunner runner;
    final Set<String> kept = new HashSet<>();
    String head = "";

    One(
        String name,
        String tailnet,
        AgentDirectory folder,
        NodeAgent agent,
        HttpTransport transport,
        AgentRunner runner) {
      this.name = name;
      this.tailnet = tailnet;
      this.folder = folder;
      this.agent = agent;
      this.transport = transport;
      this.runner = runner;
    }
  }

  /** Has those of a tailnet begin. */
  void begin(Tailnet tailnet, Path folder) throws Exception {
    Files.createDirectories(folder);
    for (int i = 0; i < tailnet.agents; i++) {
      int node = Tailnet.FIRST_AGENT + i;
      List<Replica> replicas = tailnet.place().replicas();
      Replica replica = replicas.get(i % replicas.size());
      String name = "agent-" + tailnet.name + "-" + node;
      Path token = replica.token(tailnet.name, node, folder.resolve(name + ".token"));
      AgentDirectory directory = AgentDirectory.open(folder.resolve(name), Clock.systemUTC());
      NodeAgent agent =
          NodeAgent.open(directory, Tailnet.nodeKey(node), Clocks.of(Clock.systemUTC()));
      HttpTransport transport =
          HttpTransport.toServer(connections, replica.nodeUrl(), token).withPatience(PATIENCE);
      AgentRunner runner = AgentRunner.start(agent, transport, pool, AgentListener.NONE);
      all.add(new One(name, tailnet.name, directory, agent, transport, runner));
    }
  }

  int count() {
    return all.size();
  }

  /** Records what is new at any of them, and the loss of what it had. */
  void look() {
    for (One each : all) {
      String head = each.agent.authority().map(live -> live.current().head().toString()).orElse("");
      if (!head.equals(each.head)) {
        each.head = head;
        history.add(Call.seen(each.name, "", each.tailnet, "holds", System.nanoTime(), head));
      }
      for (JudgedPeer peer : each.agent.peers()) {
        String key = peer.known().peer().nodeKey().toString();
        if (peer.access() != PeerAccess.NONE && each.kept.add(key)) {
          long now = System.nanoTime();
          history.add(
              new Call(
                  each.name + "/keeps/" + each.kept.size(),
                  each.name,
                  "",
                  each.tailnet,
                  "keeps",
                  now,
                  now,
                  Call.OK,
                  peer.known().peer().id(),
                  key,
                  ""));
        }
      }
    }
  }

  /**
   * Starts those again that are behind in the named tailnets: after failures they may wait for
   * minutes.
   */
  void startAgain(Map<String, AumHash> heads) {
    for (One each : all) {
      if (isBehind(each, heads)) {
        each.runner.close();
        each.runner = AgentRunner.start(each.agent, each.transport, pool, AgentListener.NONE);
      }
    }
  }

  private static boolean isBehind(One one, Map<String, AumHash> heads) {
    return heads.containsKey(one.tailnet)
        && !one.agent
            .authority()
            .map(live -> live.current().head())
            .equals(Optional.of(heads.get(one.tailnet)));
  }

  /**
   * Those that do not hold the head of their tailnet, if that is named, with what they wait for.
   */
  List<String> behind(Map<String, AumHash> heads) {
    return all.stream()
        .filter(each -> isBehind(each, heads))
        .map(each -> each.name + " waits for " + each.runner.waitsFor())
        .toList();
  }

  @Override
  public void close() throws StoreException {
    for (One each : all) {
      each.runner.close();
    }
    pool.close();
    connections.close();
    for (One each : all) {
      each.folder.close();
    }
  }
}
