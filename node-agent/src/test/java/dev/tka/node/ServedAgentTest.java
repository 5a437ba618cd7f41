package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.NodeEntry;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.Aum;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.store.StoreException;
import dev.tka.store.MemoryTailnets;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FreePort;
import dev.tka.testkit.MemoryFolders;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An agent and a real server, over HTTP. */
class ServedAgentTest {
  private static final int SELF = 3;
  private static final int UNSIGNED = 5;

  @TempDir Path folder;

  @TempDir(factory = MemoryFolders.class)
  Path directory;

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final HttpConnections connections = HttpConnections.open();
  private final AgentPool pool = AgentPool.of(2);
  private TestTailnet tailnet;
  private ControlServer server;
  private int port;
  private Path tokenFile;
  private HttpTransport transport;
  private AgentDirectory kept;
  private NodeAgent agent;

  @BeforeEach
  void open() throws Exception {
    // It listens there again in a test, after the agent has tried to connect meanwhile.
    port = FreePort.find();
    tailnet = TestTailnet.locked(UNSIGNED);
    serve();
    tokenFile =
        Files.writeString(
            folder.resolve("token"), tailnet.service.makeToken(TestTailnet.NAME, SELF));
    transport = HttpTransport.toServer(connections, "http://127.0.0.1:" + port, tokenFile);
    kept = AgentDirectory.open(directory, tailnet.clock);
    agent = NodeAgent.open(kept, TestTailnet.nodeKey(SELF), tailnet.clock.clocks());
  }

  private void serve() throws IOException {
    server =
        ControlServer.start(
            new ControlServer.Parts(tailnet.service, new MemoryTailnets(), line -> {}, 1000),
            ServerSettings.of(Listener.of(Role.NODE, new Listener.Address.Tcp("127.0.0.1", port))));
  }

  @AfterEach
  void close() throws Exception {
    pool.close();
    connections.close();
    server.close();
    kept.close();
    tailnet.close();
  }

  private AgentRunner run() {
    return AgentRunner.start(agent, transport, pool, event -> lines.add(event.line()));
  }

  private void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(120).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what + ": " + lines).isLessThan(end);
      Thread.sleep(5);
    }
  }

  private boolean follows(Aum head) {
    return agent.authority().filter(live -> live.current().head().equals(head.hash())).isPresent();
  }

  @Test
  void itJoinsFollowsACommitAndEndsTheLockWithItsSecret() throws Exception {
    try (AgentRunner runner = run()) {
      await("joined", () -> agent.status().kept() == 3);
      assertThat(agent.access(TestTailnet.nodeKey(1))).isEqualTo(PeerAccess.FULL);
      assertThat(agent.access(TestTailnet.nodeKey(UNSIGNED))).isEqualTo(PeerAccess.NONE);
      tailnet.commit(Chains.noOp(tailnet.head(), "one", 1));
      await("followed", () -> follows(tailnet.head()));
      tailnet.disable();
      await("ended", () -> agent.status().lock().equals("off"));
      await("let in", () -> agent.status().kept() == 4);
      assertThat(runner.waitsFor()).isNotEmpty();
    }
  }

  @Test
  void itComesBackAfterTheServerDoesAndKeepsItsPeersMeanwhile() throws Exception {
    try (AgentRunner runner = run()) {
      await("joined", () -> agent.status().kept() == 3);
      server.close();
      await("noticed", () -> runner.waitsFor().startsWith("its next try"));
      assertThat(agent.status().kept()).isEqualTo(3);
      tailnet.commit(Chains.noOp(tailnet.head(), "meanwhile", 1));
      serve();
      await("followed", () -> follows(tailnet.head()));
      await("said", () -> lines.contains("control answers again"));
    }
  }

  @Test
  void aTokenThatIsRevokedIsReportedAndAnotherInItsFileCounts() throws Exception {
    try (AgentRunner runner = run()) {
      await("joined", () -> agent.status().kept() == 3);
      tailnet.service.revokeToken(
          TestTailnet.NAME, tailnet.service.tokens(TestTailnet.NAME).get(0).hash());
      tailnet.commit(Chains.noOp(tailnet.head(), "unseen", 1));
      await("refused", () -> lines.stream().anyMatch(line -> line.contains("answers 401")));
      assertThat(agent.status().kept()).isEqualTo(3);
      Files.writeString(tokenFile, tailnet.service.makeToken(TestTailnet.NAME, SELF));
      await("followed", () -> follows(tailnet.head()));
      assertThat(runner.waitsFor()).isNotEmpty();
    }
  }

  @Test
  void peersThatAreAsTheNodeKnowsThemAreNotSentAgain() throws Exception {
    List<ControlTransport.ListPeers> asks = new ArrayList<>();
    List<Integer> statuses = new ArrayList<>();
    ControlTransport way =
        ask -> {
          CompletableFuture<ControlTransport.Reply> reply = transport.send(ask);
          if (ask instanceof ControlTransport.ListPeers list) {
            asks.add(list);
            statuses.add(reply.join().status());
          }
          return reply;
        };
    var unused = agent.follow(tailnet.announced(SELF), way);
    // Until the server has heard of the last commit, the list may get another tag.
    await("not sent again", () -> fetched(way) && statuses.get(statuses.size() - 1) == 304);
    assertThat(asks.get(asks.size() - 1).known()).isPresent();
    assertThat(agent.status().kept()).isEqualTo(3);

    tailnet.service.deleteNode(TestTailnet.NAME, 4);
    await("gone", () -> fetched(way) && agent.status().kept() == 2);
    assertThat(agent.access(TestTailnet.nodeKey(4))).isEqualTo(PeerAccess.NONE);

    // What another source says of peers, or another lock, is no list that control has named.
    asks.clear();
    agent.peers(new PeerChange.Delta(List.of(), Set.of("2")), Map.of());
    agent.fetchPeers(way);
    assertThat(agent.status().kept()).isEqualTo(2);
    tailnet.disable();
    var unusedToo = agent.follow(tailnet.announced(SELF), way);
    agent.fetchPeers(way);
    assertThat(asks).extracting(ControlTransport.ListPeers::known).containsOnly(Optional.empty());
  }

  private boolean fetched(ControlTransport way) {
    try {
      agent.fetchPeers(way);
      return true;
    } catch (ControlFailure | StoreException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aLoginRotatesTheSignatureThatControlHandsBack() throws Exception {
    NodeKey next = TestTailnet.nodeKey(33);
    NodeAgent.LoggedIn in = agent.logIn(next, TestKeys.privateKey(100 + SELF), transport);
    assertThat(in.rotated()).isTrue();
    assertThat(in.refused()).isEmpty();
    assertThat(agent.follow(tailnet.announced(SELF), transport).isSettled()).isTrue();
    assertThat(agent.nodeKey()).isEqualTo(next);
    // For its peers, the node goes by its new key, signed.
    NodeKey one = TestTailnet.nodeKey(1);
    Path token =
        Files.writeString(folder.resolve("one"), tailnet.service.makeToken(TestTailnet.NAME, 1));
    try (AgentDirectory other = AgentDirectory.open(directory.resolve("one"), tailnet.clock)) {
      NodeAgent peer = NodeAgent.open(other, one, tailnet.clock.clocks());
      HttpTransport way = HttpTransport.toServer(connections, "http://127.0.0.1:" + port, token);
      var unused = peer.follow(tailnet.announced(1), way);
      peer.fetchPeers(way);
      assertThat(peer.access(next)).isEqualTo(PeerAccess.FULL);
      assertThat(peer.access(TestTailnet.nodeKey(SELF))).isEqualTo(PeerAccess.NONE);
    }
  }

  @Test
  void aNodeKeyThatControlDoesNotKnowOfTheNodeIsRefusedInPlainWords() throws Exception {
    tailnet.service.putNode(TestTailnet.NAME, NodeEntry.of(SELF, TestTailnet.nodeKey(44)));
    assertThatThrownBy(() -> agent.follow(tailnet.announced(SELF), transport))
        .isInstanceOf(ControlFailure.Refused.class)
        .hasMessageStartingWith("control answers 403: ");
  }
}
