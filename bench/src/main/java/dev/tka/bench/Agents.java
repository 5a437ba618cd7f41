package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Clocks;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.node.AgentDirectory;
import dev.tka.node.AgentListener;
import dev.tka.node.AgentPool;
import dev.tka.node.AgentRunner;
import dev.tka.node.HttpConnections;
import dev.tka.node.HttpTransport;
import dev.tka.node.NodeAgent;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Thousands of agents in this process on one {@code tka serve} of its own: {@code bench/run.sh
 * --agents}. Each has its folder on disk, its token, and the peers of its tailnet, all signed.
 */
final class Agents {
  private static final int TAILNETS = 20;
  private static final int NODES = 100;
  private static final int LENGTH = 100;
  private static final int COMMITS = 3;
  private static final int ROUNDS_AT_ONE_TIME = 4;
  private static final int VERSION = 148;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final String OPERATOR = "operator-" + "x".repeat(40);

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final ServerProcess server;
  private final LoadClient client;
  private final String operatorUrl;
  private final String nodeUrl;
  private final List<Aum> chain;
  private final Path folder;
  private final List<NodeAgent> agents = new ArrayList<>();
  private final List<AgentDirectory> folders = new ArrayList<>();

  private Agents(
      ServerProcess server, String operatorUrl, String nodeUrl, List<Aum> chain, Path folder)
      throws IOException {
    this.server = server;
    this.client = new LoadClient(server);
    this.operatorUrl = operatorUrl;
    this.nodeUrl = nodeUrl;
    this.chain = chain;
    this.folder = folder;
  }

  /** Runs all parts. */
  public static void main(String[] args) throws Exception {
    Path state = Chain.newDirectory();
    Path tokens = Files.writeString(state.resolve("operator"), OPERATOR + "\n");
    int operator = freePort();
    int node = freePort();
    List<String> options =
        List.of(
            "--requests-per-second=100000",
            "--operator-listen=127.0.0.1:" + operator,
            "--operator-token-file=" + tokens,
            "--node-listen=127.0.0.1:" + node);
    List<Aum> chain = Chain.decode(Chain.encodings(LENGTH + COMMITS));
    try (ServerProcess server = new ServerProcess(state.resolve("server"), "512m", options)) {
      new Agents(
              server,
              "http://127.0.0.1:" + operator,
              "http://127.0.0.1:" + node,
              chain,
              state.resolve("agents"))
          .run();
    } finally {
      Chain.deleteDirectory(state);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0)) {
      return free.getLocalPort();
    }
  }

  private static String tailnet(int number) {
    return "agents-" + number;
  }

  private void run() throws Exception {
    for (int tailnet = 0; tailnet < TAILNETS; tailnet++) {
      begin(tailnet(tailnet));
    }
    try (AgentPool pool = AgentPool.of(ROUNDS_AT_ONE_TIME);
        HttpConnections connections = HttpConnections.open()) {
      List<HttpTransport> transports = new ArrayList<>();
      for (int tailnet = 0; tailnet < TAILNETS; tailnet++) {
        for (int node = 1; node <= NODES; node++) {
          transports.add(transport(connections, tailnet(tailnet), node));
        }
      }
      long heapBefore = heap();
      long residentBefore = resident();
      long serverHeapBefore = server.heap();
      long began = System.nanoTime();
      open();
      List<AgentRunner> runners = new ArrayList<>();
      for (int i = 0; i < agents.size(); i++) {
        runners.add(AgentRunner.start(agents.get(i), transports.get(i), pool, AgentListener.NONE));
      }
      await(agent -> agent.status().kept() == NODES - 1);
      print("%d agents join      all know their %d peers after %.1f s%n", began, NODES - 1);
      awaitWaiting(runners);
      System.out.printf(
          Locale.ROOT,
          "memory                 %.1f KiB of heap and %.1f KiB of RSS each; at the server %.1f KiB"
              + " of heap each%n",
          (heap() - heapBefore) / 1024.0 / agents.size(),
          (resident() - residentBefore) / 1024.0 / agents.size(),
          (server.heap() - serverHeapBefore) / 1024.0 / agents.size());
      for (int i = 0; i < COMMITS; i++) {
        AumHash head = chain.get(LENGTH + i).hash();
        Duration serverBefore = server.cpu();
        long ownBefore = ownCpu();
        began = System.nanoTime();
        for (int tailnet = 0; tailnet < TAILNETS; tailnet++) {
          commit(tailnet(tailnet), chain.subList(LENGTH + i, LENGTH + i + 1));
        }
        await(
            agent ->
                agent.authority().filter(live -> live.current().head().equals(head)).isPresent());
        print("%d agents follow    a commit to each of %d tailnets in %.2f s", began, TAILNETS);
        awaitWaiting(runners);
        System.out.printf(
            Locale.ROOT,
            "; with their peers in %.2f s; processor time: server %.1f s, agents %.1f s%n",
            (System.nanoTime() - began) / 1e9,
            server.cpu().minus(serverBefore).toMillis() / 1e3,
            (ownCpu() - ownBefore) / 1e9);
      }
      for (AgentRunner each : runners) {
        each.close();
      }
    }
    for (AgentDirectory each : folders) {
      each.close();
    }
  }

  private void print(String format, long began, int number) {
    System.out.printf(
        Locale.ROOT, format, agents.size(), number, (System.nanoTime() - began) / 1e9);
  }

  private void open() throws Exception {
    for (int tailnet = 0; tailnet < TAILNETS; tailnet++) {
      for (int node = 1; node <= NODES; node++) {
        AgentDirectory kept =
            AgentDirectory.open(folder.resolve(tailnet + "-" + node), Clock.systemUTC());
        folders.add(kept);
        agents.add(NodeAgent.open(kept, nodeKey(node), Clocks.of(Clock.systemUTC())));
      }
    }
  }

  private static NodeKey nodeKey(int node) {
    return Load.nodeKey(node);
  }

  private void await(Predicate<NodeAgent> condition) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    for (NodeAgent agent : agents) {
      while (!condition.test(agent)) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException("it takes too long: " + agent.status());
        }
        Thread.sleep(5);
      }
    }
  }

  private static void awaitWaiting(List<AgentRunner> runners) throws InterruptedException {
    for (AgentRunner each : runners) {
      while (!each.waitsFor().equals("control to announce a change")) {
        Thread.sleep(5);
      }
    }
  }

  /** All nodes of a tailnet, signed, and a chain. */
  private void begin(String tailnet) throws Exception {
    StringBuilder all = new StringBuilder();
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (int node = 1; node <= NODES; node++) {
      all.append("{\"node\":\"")
          .append(node)
          .append("\",\"nodeKey\":\"")
          .append(nodeKey(node))
          .append(node == 1 ? "\",\"mayInit\":true}\n" : "\"}\n");
      signatures.put(
          (long) node,
          NodeKeySigning.direct(nodeKey(node), Optional.empty(), TestKeys.privateKey(Chain.SIGNER))
              .encoded());
    }
    client.put("/v1/tailnets/" + tailnet + "/nodes", all.toString());
    Optional<NodeKey> sender = Optional.of(nodeKey(0));
    client.call(tailnet, 1, new RpcRequest.InitBegin(VERSION, sender, chain.get(0).encoded()));
    client.call(
        tailnet, 1, new RpcRequest.InitFinish(VERSION, sender, signatures, Optional.empty()));
    commit(tailnet, chain.subList(1, LENGTH));
  }

  private void commit(String tailnet, List<Aum> aums) throws Exception {
    AumHash head = aums.get(aums.size() - 1).hash();
    client.call(
        tailnet,
        1,
        new RpcRequest.Send(
            VERSION,
            Optional.of(nodeKey(0)),
            new SyncSend(head, aums.stream().map(Aum::encoded).toList()),
            false,
            true));
  }

  private HttpTransport transport(HttpConnections connections, String tailnet, int node)
      throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(operatorUrl + "/v1/tailnets/" + tailnet + "/nodes/" + node + "/tokens"))
            .header("Authorization", "Bearer " + OPERATOR)
            .POST(HttpRequest.BodyPublishers.noBody())
            .build();
    String made = CLIENT.send(request, HttpResponse.BodyHandlers.ofString()).body();
    Files.createDirectories(folder);
    Path file = folder.resolve(tailnet + "-" + node + ".token");
    Files.writeString(file, made.replaceAll(".*\"token\":\"([^\"]+)\".*", "$1").strip());
    return HttpTransport.toServer(connections, nodeUrl, file);
  }

  private static long heap() throws InterruptedException {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    for (int i = 0; i < 3; i++) {
      memory.gc();
      Thread.sleep(200);
    }
    return memory.getHeapMemoryUsage().getUsed();
  }

  private static long resident() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElse(0);
  }

  private static long ownCpu() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime()
        : 0;
  }
}
