package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.Announcement;
import dev.tka.testkit.Chains;
import dev.tka.testkit.MemoryFolders;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Agents and a forwarder while their tailnet is moved from one real server to another. */
@Timeout(600)
class MovedAgentTest {
  private static final int NODES = 6;
  private static final String MOVE = "0123456789abcdef";
  private static final String FORWARDER_TOKEN = "forwarder-token-0123456789abcdef";

  @TempDir Path folder;

  @TempDir(factory = MemoryFolders.class)
  Path directories;

  private final MemoryTailnets oldPlace = new MemoryTailnets();
  private final MemoryTailnets newPlace = new MemoryTailnets();
  private final HttpConnections connections = HttpConnections.open();
  private final HttpClient http = HttpClient.newHttpClient();
  private final AgentPool pool = AgentPool.of(2);
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private TestTailnet tailnet;
  private ControlService service;
  private ControlServer oldServer;
  private ControlServer newServer;

  @BeforeEach
  void open() throws Exception {
    Files.writeString(folder.resolve("forwarder"), FORWARDER_TOKEN);
    tailnet = TestTailnet.locked(oldPlace, NODES, TestTailnet.genesis(1), NODES);
    for (int node = 2; node <= NODES; node++) {
      Files.writeString(
          folder.resolve("token" + node), tailnet.service.makeToken(TestTailnet.NAME, node));
    }
    service = ControlService.over(newPlace, ControlSettings.DEFAULTS, tailnet.clock);
    oldServer = serve(tailnet.service, oldPlace);
    newServer = serve(service, newPlace);
  }

  private ControlServer serve(ControlService of, Tailnets place) throws IOException {
    Listener.Address.Tcp any = new Listener.Address.Tcp("127.0.0.1", 0);
    return ControlServer.start(
        new ControlServer.Parts(of, place, line -> {}, 1000),
        ServerSettings.of(
            Listener.of(Role.NODE, any),
            Listener.of(Role.FORWARDER, any).withTokenFile(folder.resolve("forwarder"))));
  }

  private static String url(ControlServer server, Role role) {
    return "http://127.0.0.1:" + ((Listener.Address.Tcp) server.address(role).orElseThrow()).port();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    pool.close();
    connections.close();
    newServer.close();
    oldServer.close();
    service.close();
    tailnet.close();
  }

  private NodeAgent agent(int node, String name, List<String> servers) throws Exception {
    Path token = folder.resolve("token" + node);
    AgentDirectory kept = AgentDirectory.open(directories.resolve(name), tailnet.clock);
    NodeAgent agent = NodeAgent.open(kept, TestTailnet.nodeKey(node), tailnet.clock.clocks());
    AgentRunner runner =
        AgentRunner.start(
            agent,
            HttpTransport.toServer(connections, servers, token),
            pool,
            event -> lines.add(name + ": " + event.line()));
    open.add(0, kept);
    open.add(0, runner);
    return agent;
  }

  private void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what + ": " + lines).isLessThan(end);
      Thread.sleep(5);
    }
  }

  private static boolean follows(NodeAgent agent, AumHash head) {
    return agent.authority().filter(live -> live.current().head().equals(head)).isPresent();
  }

  private static void stand(Tailnets place, Fence.Standing standing) throws Exception {
    ControlRecords records = place.records().orElseThrow();
    Fence before = records.fence(TestTailnet.NAME);
    records.fence(TestTailnet.NAME, before, before.next(MOVE, standing));
  }

  /** Makes the copy as its source is. */
  private void copy() throws Exception {
    ControlRecords from = oldPlace.records().orElseThrow();
    ControlRecords to = newPlace.records().orElseThrow();
    Tailnets held = to.under(TestTailnet.NAME, to.fence(TestTailnet.NAME));
    LiveAuthority live =
        LiveAuthority.bootstrap(
            held.tailnet(TestTailnet.NAME),
            tailnet.chain.get(0),
            AdmissionPolicy.CONTROL,
            tailnet.clock);
    var unused = live.inform(tailnet.chain.subList(1, tailnet.chain.size()));
    ControlRecords copy = held.records().orElseThrow();
    List<RecordsChange.OfNode> nodes = new ArrayList<>();
    from.allNodes(
        TestTailnet.NAME,
        node -> nodes.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node))));
    copy.commit(
        TestTailnet.NAME,
        new RecordsChange(
            Optional.of(
                new RecordsChange.OfTailnet(TailnetRecord.NONE, from.tailnet(TestTailnet.NAME))),
            nodes));
    for (NodeToken each : from.tokens(TestTailnet.NAME)) {
      copy.addToken(each);
    }
  }

  private HttpRequest.Builder forward(String base, String path) {
    return HttpRequest.newBuilder(URI.create(base + path))
        .header("Authorization", "Bearer " + FORWARDER_TOKEN);
  }

  /**
   * Forwards a node's edit as docs/control-authors.md says: a redirect is followed to the server
   * that is configured for the URL it begins with, and the node never sees it.
   */
  private HttpResponse<String> edit(Aum aum) throws Exception {
    Map<String, String> configured =
        Map.of(url(newServer, Role.NODE), url(newServer, Role.FORWARDER));
    String path = "/v1/tailnets/" + TestTailnet.NAME + "/nodes/1/machine/tka/sync/send";
    String body =
        JSON.std.asString(
            Map.of(
                "Version", TestTailnet.VERSION,
                "NodeKey", TestTailnet.nodeKey(1).toString(),
                "Head", aum.hash().toString(),
                "MissingAUMs",
                    List.of(Base64.getEncoder().encodeToString(aum.encoded().toByteArray())),
                "Interactive", true));
    String base = url(oldServer, Role.FORWARDER);
    while (true) {
      HttpResponse<String> answer =
          http.send(
              forward(base, path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 307) {
        return answer;
      }
      String location = answer.headers().firstValue("Location").orElseThrow();
      assertThat(location).endsWith(path);
      base =
          Optional.ofNullable(
                  configured.get(location.substring(0, location.length() - path.length())))
              .orElseThrow();
    }
  }

  /** Reads a server's watch. */
  private void watch(String base, List<Map<String, Object>> into) throws Exception {
    var stream =
        http.send(forward(base, "/v1/watch").build(), HttpResponse.BodyHandlers.ofInputStream());
    open.add(stream.body());
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader in =
                  new BufferedReader(
                      new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                  into.add(JSON.std.mapFrom(line));
                }
              } catch (IOException e) {
                // It is closed.
              }
            });
    reader.setDaemon(true);
    reader.start();
  }

  private static boolean told(List<Map<String, Object>> lines, AumHash head) {
    return lines.stream()
        .anyMatch(line -> Map.of("Head", head.toString()).equals(line.get("announcement")));
  }

  @Test
  void agentsAndAForwarderGoOnAtTheNewServerAndNothingIsLost() throws Exception {
    List<String> both = List.of(url(oldServer, Role.NODE), url(newServer, Role.NODE));
    List<NodeAgent> agents = new ArrayList<>();
    for (int node = 2; node <= 4; node++) {
      agents.add(agent(node, "node" + node, both));
    }
    NodeAgent alone = agent(5, "alone", both.subList(0, 1));
    List<Map<String, Object>> oldLines = new CopyOnWriteArrayList<>();
    watch(url(oldServer, Role.FORWARDER), oldLines);
    Aum one = Chains.noOp(tailnet.head(), "one", 1);
    assertThat(edit(one).statusCode()).isEqualTo(200);
    tailnet.chain.add(one);
    for (NodeAgent each : agents) {
      await("joined", () -> follows(each, one.hash()));
    }
    await("joined", () -> follows(alone, one.hash()));

    stand(newPlace, new Fence.Standing.Shadow("the old place"));
    stand(oldPlace, new Fence.Standing.Fenced(Instant.EPOCH));
    Aum two = Chains.noOp(one, "two", 1);
    CompletableFuture<HttpResponse<String>> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return edit(two);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    copy();
    assertThat(waiting).isNotDone();
    stand(
        oldPlace,
        new Fence.Standing.Moved(
            "the new place", Optional.of(URI.create(url(newServer, Role.NODE))), Instant.EPOCH));
    stand(newPlace, new Fence.Standing.Open());

    HttpResponse<String> answer = waiting.get(30, TimeUnit.SECONDS);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).contains(two.hash().toString());
    assertThat(service.announcement(TestTailnet.NAME, Optional.empty()))
        .isEqualTo(new Announcement.Enabled(two.hash()));
    for (NodeAgent each : agents) {
      await("followed to the new server", () -> follows(each, two.hash()));
    }
    await(
        "the watch names the new server",
        () ->
            oldLines.stream()
                .anyMatch(line -> url(newServer, Role.NODE).equals(line.get("moved"))));
    List<Map<String, Object>> newLines = new CopyOnWriteArrayList<>();
    watch(url(newServer, Role.FORWARDER), newLines);
    await("the watch of the new server begins", () -> !newLines.isEmpty());
    Aum three = Chains.noOp(two, "three", 1);
    assertThat(edit(three).statusCode()).isEqualTo(200);
    for (NodeAgent each : agents) {
      await("goes on at the new server", () -> follows(each, three.hash()));
      assertThat(each.status().kept()).isEqualTo(NODES - 1);
    }
    await("the new server tells", () -> told(newLines, three.hash()));

    // Who does not know the new server says where the tailnet is, and keeps what it has.
    await(
        "it is told",
        () ->
            lines.stream()
                .anyMatch(
                    line ->
                        line.startsWith("alone: control answers 307")
                            && line.contains(url(newServer, Role.NODE))));
    assertThat(follows(alone, one.hash())).isTrue();
    assertThat(alone.status().kept()).isEqualTo(NODES - 1);

    // After a restart, with the old server gone.
    oldServer.close();
    NodeAgent late = agent(6, "late", both);
    await("it finds the new server by itself", () -> follows(late, three.hash()));
  }
}
