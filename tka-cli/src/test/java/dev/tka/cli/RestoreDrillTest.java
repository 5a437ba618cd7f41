package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.control.Caller;
import dev.tka.control.ControlListener;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.Login;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import dev.tka.node.AgentDirectory;
import dev.tka.node.AgentRunner;
import dev.tka.node.ControlFailure;
import dev.tka.node.HttpConnections;
import dev.tka.node.HttpTransport;
import dev.tka.node.NodeAgent;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.sql.SqliteFile;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.MemoryFolders;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server whose database is lost and restored from a backup, and agents that go on, over HTTP. The
 * system property {@code tka.nodes} sets how many.
 */
class RestoreDrillTest {
  private static final int AGENTS = Integer.getInteger("tka.nodes", 10);

  /** The last agent's node is signed after the backup. */
  private static final int UNSIGNED = AGENTS;

  private static final int GONE = AGENTS + 1;
  private static final int HOSTILE = AGENTS + 2;
  private static final int MINUTES = 10;
  private static final String NAME = "example.com";
  private static final int VERSION = 148;
  private static final DisablementSecret SECRET =
      DisablementSecret.of("the secret of tests".getBytes(StandardCharsets.UTF_8));

  @TempDir Path folder;

  @TempDir(factory = MemoryFolders.class)
  Path nodes;

  private final FakeClock clock =
      new FakeClock(Instant.now().truncatedTo(ChronoUnit.SECONDS).minus(Duration.ofDays(32)));
  private final HttpConnections connections = HttpConnections.open();
  private final List<Agent> agents = new ArrayList<>();
  private final List<Aum> chain = new ArrayList<>();
  private final List<String> gaveBack = new ArrayList<>();
  private final List<String> failed = Collections.synchronizedList(new ArrayList<>());
  private SqliteFile place;
  private ControlService service;
  private ControlServer server;
  private int port;

  /** An agent, and the number of its node. */
  private record Agent(int node, AgentDirectory kept, NodeAgent agent, HttpTransport transport) {
    AumHash head() {
      return agent.authority().orElseThrow().current().head();
    }
  }

  private Path file() {
    return folder.resolve("control.db");
  }

  private void serve() throws Exception {
    place = SqliteFile.create(file(), clock);
    service =
        ControlService.over(
            place,
            ControlSettings.DEFAULTS,
            clock,
            new ControlListener() {
              @Override
              public void gaveBack(String tailnet, long came, List<Long> missing) {
                gaveBack.add(came + " came, missing " + missing);
              }

              @Override
              public void failed(String what, Exception why) {
                failed.add(what + ": " + why);
              }
            });
    server =
        ControlServer.start(
            new ControlServer.Parts(service, place, line -> {}, 1000),
            ServerSettings.of(
                Listener.of(Role.NODE, new Listener.Address.Tcp("127.0.0.1", port)),
                Listener.of(
                    Role.OPERATOR, new Listener.Address.Unix(folder.resolve("operator.sock")))));
    port = ((Listener.Address.Tcp) server.address(Role.NODE).orElseThrow()).port();
  }

  private void stop() {
    server.close();
    service.close();
  }

  @AfterEach
  void close() throws Exception {
    for (Agent each : agents) {
      each.kept().close();
    }
    connections.close();
    stop();
  }

  private RpcAnswer call(int node, RpcRequest request) throws Exception {
    return service.call(Caller.node(NAME, node), request);
  }

  private static RpcRequest offer(int node, AumHash head, AumHash... ancestors) {
    return new RpcRequest.Offer(
        VERSION,
        Optional.of(NodeKeySignatures.nodeKey(node)),
        new SyncOffer(head, List.of(ancestors)));
  }

  /** What node 1 sends; all of it is to be taken in. */
  private void edit(Aum... aums) throws Exception {
    AumHash last = aums[aums.length - 1].hash();
    List<Bytes> encoded = Arrays.stream(aums).map(Aum::encoded).toList();
    RpcAnswer.Send answer =
        (RpcAnswer.Send)
            service.call(
                Caller.operator(NAME),
                new RpcRequest.Send(
                    VERSION, Optional.empty(), new SyncSend(last, encoded), false, true));
    assertThat(answer.receipt().refused()).isEmpty();
    assertThat(answer.receipt().head()).isEqualTo(last);
  }

  private Aum head() {
    return chain.get(chain.size() - 1);
  }

  /** A tailnet of agents that follow, with a node that is long gone and one that is hostile. */
  private void begin() throws Exception {
    serve();
    for (int node = 1; node <= HOSTILE; node++) {
      service.login(
          NAME,
          node,
          Login.of(NodeKeySignatures.nodeKey(node))
              .withRotationKey(TestKeys.publicKey(1000 + node))
              .withName("node" + node)
              .withMayInit(node == 1));
    }
    State state =
        State.of(
            List.of(SECRET.value()),
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1), TestKeys.key(3, 1)),
            7,
            7);
    Aum genesis = TestKeys.sign(Aum.builder(AumKind.CHECKPOINT).state(state).build(), 1);
    Optional<dev.tka.core.NodeKey> one = Optional.of(NodeKeySignatures.nodeKey(1));
    call(1, new RpcRequest.InitBegin(VERSION, one, genesis.encoded()));
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (int node = 1; node <= HOSTILE; node++) {
      if (node != UNSIGNED) {
        signatures.put((long) node, NodeKeySignatures.direct(node, 1, 1000 + node).encoded());
      }
    }
    call(1, new RpcRequest.InitFinish(VERSION, one, signatures, Optional.empty()));
    chain.add(genesis);
    call(GONE, offer(GONE, genesis.hash()));
    clock.advance(Duration.ofDays(31));
    call(HOSTILE, offer(HOSTILE, genesis.hash()));
    // When nodes came is written some seconds later, and has to be in the copy.
    ControlRecords records = ((Tailnets) place).records().orElseThrow();
    long asked = System.nanoTime();
    while (!records.sightings(NAME).keySet().containsAll(List.of((long) GONE, (long) HOSTILE))) {
      assertThat(System.nanoTime() - asked).isLessThan(Duration.ofMinutes(1).toNanos());
      Thread.sleep(20);
    }
    for (int node = 1; node <= AGENTS; node++) {
      AgentDirectory kept =
          AgentDirectory.open(Files.createDirectory(nodes.resolve("node" + node)), clock);
      Path token = Files.writeString(nodes.resolve("token" + node), service.makeToken(NAME, node));
      Agent agent =
          new Agent(
              node,
              kept,
              NodeAgent.open(kept, NodeKeySignatures.nodeKey(node), clock.clocks()),
              HttpTransport.toServer(connections, "http://127.0.0.1:" + port, token));
      agents.add(agent);
      AgentRunner.once(agent.agent(), agent.transport());
    }
  }

  /** Edits, a removal, rotations of node keys and a signature, which the backup does not have. */
  private int goOn() throws Exception {
    int rotated = 0;
    for (int minute = 1; minute <= MINUTES; minute++) {
      clock.advance(Duration.ofMinutes(1));
      Aum next =
          minute == MINUTES / 2
              ? Chains.removeKey(head(), TestKeys.id(3), 1)
              : Chains.addKey(head(), TestKeys.key(10 + minute, 1), 1);
      edit(next);
      chain.add(next);
      if (minute == 3) {
        call(
            1,
            new RpcRequest.Sign(
                VERSION,
                Optional.of(NodeKeySignatures.nodeKey(1)),
                NodeKeySignatures.direct(UNSIGNED, 1, 1000 + UNSIGNED).encoded()));
      }
      for (Agent each : agents) {
        if ((each.node() + minute) % 3 == 0) {
          AgentRunner.once(each.agent(), each.transport());
        }
        if (each.node() % 5 == 2 && each.node() % MINUTES == minute % MINUTES) {
          rotated +=
              each.agent()
                      .logIn(
                          NodeKeySignatures.nodeKey(1000 + each.node()),
                          TestKeys.privateKey(1000 + each.node()),
                          each.transport())
                      .rotated()
                  ? 1
                  : 0;
        }
      }
    }
    return rotated;
  }

  /**
   * A node's map poll; a node whose login was lost logs in again.
   *
   * @return whether it had to
   */
  private static boolean poll(Agent each) throws Exception {
    try {
      AgentRunner.once(each.agent(), each.transport());
      return false;
    } catch (ControlFailure.Refused e) {
      each.agent()
          .logIn(each.agent().nodeKey(), TestKeys.privateKey(1000 + each.node()), each.transport());
      AgentRunner.once(each.agent(), each.transport());
      return true;
    }
  }

  @Test
  void aTailnetThatWasRestoredFromAnOldCopyIsWholeAgainAndSaysSoByItself() throws Exception {
    begin();
    String store = "sqlite:" + file();
    Path copy = folder.resolve("copy.db");
    assertThat(Cli.run("backup", store, copy).exitCode()).isEqualTo(ExitCode.OK);
    int rotated = goOn();
    stop();

    Cli.Result restored = Cli.run("restore", copy, store, "--yes");
    assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCode.OK);
    assertThat(restored.out())
        .contains("was " + head().hash() + "; " + MINUTES + " AUMs missing; newer AUMs at ");
    serve();
    long began = System.nanoTime();
    Instant since = clock.instant();
    assertThat(service.restored(since)).containsExactly(NAME);
    // An admin who knows nothing of it edits before any node has come.
    Aum meanwhile = Chains.noOp(chain.get(0), "meanwhile", 2);
    edit(meanwhile);
    // So does whoever would use the moment.
    Aum bad = TestKeys.signBadly(Aum.builder(AumKind.NO_OP).parent(chain.get(0).hash()).build(), 1);
    int loggedIn = 0;
    int polls = 0;
    Optional<Duration> back = Optional.empty();
    while (service.status(NAME).restored().isPresent()) {
      assertThat(System.nanoTime() - began)
          .isLessThan(Duration.ofMinutes(Math.max(2, AGENTS / 10)).toNanos());
      clock.advance(Duration.ofMinutes(1));
      for (Agent each : agents) {
        loggedIn += poll(each) ? 1 : 0;
      }
      polls++;
      if (back.isEmpty() && service.status(NAME).head().equals(Optional.of(head().hash()))) {
        back = Optional.of(Duration.ofNanos(System.nanoTime() - began));
      }
      if (polls == 3) {
        call(HOSTILE, offer(HOSTILE, bad.hash(), chain.get(0).hash()));
        call(
            HOSTILE,
            new RpcRequest.Send(
                VERSION,
                Optional.of(NodeKeySignatures.nodeKey(HOSTILE)),
                new SyncSend(bad.hash(), List.of(bad.encoded())),
                false,
                true));
      }
      Thread.sleep(200);
    }
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    for (Agent each : agents) {
      loggedIn += poll(each) ? 1 : 0;
    }

    Authority after = Authority.open(((Tailnets) place).tailnet(NAME).read());
    assertThat(after.head()).isEqualTo(head().hash());
    assertThat(after.state().trusts(TestKeys.id(3))).isFalse();
    assertThat(after.snapshot().find(meanwhile.hash())).as("kept, and lost").isPresent();
    assertThat(after.snapshot().find(bad.hash())).isEmpty();
    assertThat(agents).allSatisfy(each -> assertThat(each.head()).isEqualTo(head().hash()));
    assertThat(loggedIn).isEqualTo(rotated);
    assertThat(failed).isEmpty();
    assertThat(gaveBack).containsExactly(HOSTILE + " came, missing []");
    Cli.Result fleet =
        Cli.run("fleet", "unix:" + folder.resolve("operator.sock"), "--tailnet", NAME);
    assertThat(fleet.out())
        .contains(
            " current, 1 locked-out, 1 refused",
            "locked-out  node" + UNSIGNED,
            "refused     node" + HOSTILE)
        .doesNotContain("awaited");
    System.out.printf(
        "%d agents, %d AUMs lost and given back, %d node keys rotated and %d logged in again,"
            + " the head back after %d ms and the first polls,"
            + " over after %s of the server's clock and %d ms, %d polls of each agent%n%s",
        AGENTS,
        MINUTES,
        rotated,
        loggedIn,
        back.orElseThrow().toMillis(),
        Duration.between(since, clock.instant()),
        took.toMillis(),
        polls,
        restored.out() + fleet.out().lines().limit(2).toList());
  }
}
