package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.Kills;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers are killed, for real and at random moments, while clients edit, sign and begin
 * authorities through them: what was acknowledged is there afterwards, and nothing is there by half
 * (service, sections 2 and 6). {@code -Dtka.kills} and {@code -Dtka.seconds} make it longer.
 */
class ServeKillTest {
  private static final String TAILNET = "edited";
  private static final int EDITORS = 8;
  private static final int VERSION = 148;
  private static final int SECONDS = Integer.getInteger("tka.seconds", 4);

  /** Long enough for some edits between the first one after a start and a kill. */
  private static final int MOST_MILLIS = 400;

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicInteger acknowledgements = new AtomicInteger();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final Aum genesis =
      Chains.genesis(
          IntStream.rangeClosed(1, EDITORS).mapToObj(n -> TestKeys.key(n, 1)).toList(), 1);

  @TempDir Path folder;

  @Test
  void whatAKilledServerAcknowledgedIsThereAndNothingIsThereByHalf() throws Exception {
    Path state = folder.resolve("state");
    try (ServeProcess server = new ServeProcess(state, "--requests-per-second=100000")) {
      List<ServeProcess> servers = List.of(server);
      begin(servers);
      List<Editor> editors = editors(servers);
      Founder founder = new Founder(servers);
      List<Thread> threads = start(editors, founder);
      for (int i = 0; i < Kills.COUNT; i++) {
        waitForAnAcknowledgement();
        Thread.sleep(random.nextInt(MOST_MILLIS));
        server.kill();
        server.start();
      }
      end(threads);
      check(servers, editors, founder);
      assertThat(server.stop()).isEqualTo(ExitCode.OK);
      try (Tailnets place = SqliteFile.at(state.resolve("control.db"), Clock.systemUTC())) {
        checkChain(place, editors);
      }
      assertThat(Cli.run("verify", "sqlite:" + state.resolve("control.db"), "--all").exitCode())
          .isEqualTo(ExitCode.OK);
      System.out.println(Kills.COUNT + " kills, seed " + seed + ": " + figures(editors, founder));
    }
  }

  @Test
  void twoReplicasOnOneDatabaseLoseNothingAlsoWhenOneIsKilled() throws Exception {
    PostgresSettings database = PostgresServer.shared().newDatabase();
    String option = "--database=" + database;
    try (ServeProcess one =
            new ServeProcess(folder.resolve("one"), option, "--requests-per-second=100000");
        ServeProcess other =
            new ServeProcess(folder.resolve("other"), option, "--requests-per-second=100000")) {
      List<ServeProcess> servers = List.of(one, other);
      begin(servers);
      List<Editor> editors = editors(servers);
      Founder founder = new Founder(servers);
      List<Thread> threads = start(editors, founder);
      Thread.sleep(SECONDS * 500L);
      one.kill();
      Thread.sleep(SECONDS * 250L);
      one.start();
      Thread.sleep(SECONDS * 250L);
      end(threads);
      check(servers, editors, founder);
      try (Tailnets place = PostgresDatabase.at(database, Clock.systemUTC())) {
        checkChain(place, editors);
      }
      System.out.println(
          SECONDS + " seconds on two replicas, seed " + seed + ": " + figures(editors, founder));
    }
  }

  /** Otherwise a slow machine's servers would be killed before they have done anything. */
  private void waitForAnAcknowledgement() throws InterruptedException {
    int before = acknowledgements.get();
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (acknowledgements.get() == before && System.nanoTime() - end < 0) {
      Thread.sleep(1);
    }
  }

  private static String figures(List<Editor> editors, Founder founder) {
    return editors.stream().mapToInt(each -> each.acknowledged.size()).sum()
        + " edits acknowledged, "
        + editors.stream().mapToInt(each -> each.refused).sum()
        + " refused, "
        + editors.stream().mapToInt(each -> each.repeated).sum()
        + " requests repeated, "
        + editors.stream().mapToInt(each -> each.signed).sum()
        + " signatures, "
        + founder.begun
        + " authorities begun";
  }

  private List<Editor> editors(List<ServeProcess> servers) throws Exception {
    List<Editor> editors = new ArrayList<>();
    for (int number = 1; number <= EDITORS; number++) {
      editors.add(new Editor(servers, number));
    }
    return editors;
  }

  private List<Thread> start(List<Editor> editors, Founder founder) {
    List<Thread> threads = new ArrayList<>();
    editors.forEach(each -> threads.add(new Thread(() -> run(each::work))));
    threads.add(new Thread(() -> run(founder::work)));
    threads.forEach(Thread::start);
    return threads;
  }

  /** Work that is repeated until the end. */
  private interface Work {
    void run() throws Exception;
  }

  private void run(Work work) {
    try {
      while (!over.get()) {
        work.run();
      }
    } catch (Throwable e) {
      failures.add(e);
    }
  }

  private void end(List<Thread> threads) throws InterruptedException {
    over.set(true);
    for (Thread each : threads) {
      each.join();
    }
    assertThat(failures).as("seed " + seed).isEmpty();
  }

  private void begin(List<ServeProcess> servers) throws Exception {
    ServeProcess server = servers.get(0);
    for (long node = 1; node <= EDITORS; node++) {
      login(server, TAILNET, node, nodeKey(node, 0));
    }
    beginAuthority(new Sender(servers, random.nextLong()), TAILNET, genesis);
  }

  /** A key of a node, which has many in its life. */
  private static NodeKey nodeKey(long node, long generation) {
    byte[] bytes = new byte[NodeKey.SIZE];
    bytes[0] = (byte) node;
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[1 + i] = (byte) (generation >>> (8 * i));
    }
    bytes[NodeKey.SIZE - 1] = 1;
    return new NodeKey(Bytes.copyOf(bytes));
  }

  private static ServeProcess.Reply login(
      ServeProcess server, String tailnet, long node, NodeKey key) throws Exception {
    return server.post(
        "/v1/tailnets/" + tailnet + "/nodes/" + node + "/login",
        "{\"nodeKey\":\"" + key + "\",\"mayInit\":true}");
  }

  private static Bytes signature(NodeKey key, int signer) throws Exception {
    return NodeKeySigning.direct(key, Optional.empty(), TestKeys.privateKey(signer)).encoded();
  }

  private static void beginAuthority(Sender sender, String tailnet, Aum first) throws Exception {
    NodeKey key = nodeKey(1, 0);
    sender.call(tailnet, 1, new RpcRequest.InitBegin(VERSION, Optional.of(key), first.encoded()));
    sender.call(
        tailnet,
        1,
        new RpcRequest.InitFinish(
            VERSION, Optional.of(key), Map.of(1L, signature(key, 1)), Optional.empty()));
  }

  /** Sends requests, and repeats those that get no answer. */
  private static final class Sender {
    private final List<ServeProcess> servers;
    private final Random random;
    int repeated;

    Sender(List<ServeProcess> servers, long seed) {
      this.servers = servers;
      this.random = new Random(seed);
    }

    /** A request to one of the servers. */
    interface Sending {
      ServeProcess.Reply to(ServeProcess server) throws Exception;
    }

    ServeProcess.Reply untilAnswered(Sending sending) throws Exception {
      while (true) {
        try {
          ServeProcess.Reply reply = sending.to(servers.get(random.nextInt(servers.size())));
          if (reply.status() != 503 && reply.status() != 429) {
            return reply;
          }
        } catch (IOException e) {
          // Whether it had its effect is unknown: the same request gets the same answer.
        }
        repeated++;
        Thread.sleep(20);
      }
    }

    /** What must be answered well. */
    RpcAnswer call(String tailnet, long node, RpcRequest request) throws Exception {
      ServeProcess.Reply reply = untilAnswered(server -> server.forward(tailnet, node, request));
      if (reply.status() != 200) {
        throw new AssertionError(request.rpc() + ": " + reply.status() + " " + reply.text());
      }
      return ServeProcess.answer(request, reply);
    }
  }

  /** An admin's node: it edits on the head that it saw last, and signs its own node keys. */
  private final class Editor implements NodeSync.Control<Exception> {
    private final Sender sender;
    private final int number;
    private final LiveAuthority live;
    private final List<AumHash> acknowledged = new ArrayList<>();
    private long generation;
    private Optional<Bytes> lastSignature = Optional.empty();
    private int refused;
    private int signed;
    private int repeated;

    Editor(List<ServeProcess> servers, int number) throws Exception {
      this.sender = new Sender(servers, seed + number);
      this.number = number;
      this.live =
          LiveAuthority.bootstrap(
              new MemoryAumStore(), genesis, AdmissionPolicy.NODE, Clock.systemUTC());
      if (number == 1) {
        lastSignature = Optional.of(signature(nodeKey(1, 0), 1));
      }
    }

    private Optional<NodeKey> key() {
      return Optional.of(nodeKey(number, generation));
    }

    void work() throws Exception {
      new NodeSync(live).run(this, end -> {});
      edit();
      if (acknowledged.size() % 4 == 1) {
        sign();
      }
      repeated = sender.repeated;
    }

    private void edit() throws Exception {
      Authority base = live.current();
      Aum edit =
          Chains.noOp(
              base.snapshot().get(base.head()),
              "editor " + number + " edit " + acknowledged.size() + " " + refused,
              number);
      RpcRequest request =
          new RpcRequest.Send(
              VERSION, key(), new SyncSend(base.head(), List.of(edit.encoded())), true, false);
      ServeProcess.Reply reply =
          sender.untilAnswered(server -> server.forward(TAILNET, number, request));
      if (reply.status() == 200) {
        acknowledged.add(edit.hash());
        acknowledgements.incrementAndGet();
      } else if (reply.status() == 409) {
        refused++;
      } else {
        throw new AssertionError(reply.status() + " " + reply.text());
      }
    }

    private void sign() throws Exception {
      NodeKey next = nodeKey(number, generation + 1);
      ServeProcess.Reply reply =
          sender.untilAnswered(server -> login(server, TAILNET, number, next));
      if (reply.status() != 200) {
        throw new AssertionError(reply.text());
      }
      generation++;
      Bytes signature = signature(next, number);
      sender.call(TAILNET, number, new RpcRequest.Sign(VERSION, key(), signature));
      lastSignature = Optional.of(signature);
      signed++;
    }

    @Override
    public SyncAnswer offer(SyncOffer offer) throws Exception {
      return ((RpcAnswer.Offer)
              sender.call(TAILNET, number, new RpcRequest.Offer(VERSION, key(), offer)))
          .answer();
    }

    @Override
    public SyncReceipt send(SyncSend send) throws Exception {
      return ((RpcAnswer.Send)
              sender.call(TAILNET, number, new RpcRequest.Send(VERSION, key(), send, false, true)))
          .receipt();
    }
  }

  /** Begins one authority after the other, each in a tailnet of its own. */
  private final class Founder {
    private final Sender sender;
    private int begun;

    Founder(List<ServeProcess> servers) {
      this.sender = new Sender(servers, seed);
    }

    String tailnet(int number) {
      return "begun-" + number;
    }

    Aum genesis(int number) {
      return Chains.genesis(
          List.of(TestKeys.key(1, 1), Key.of(TestKeys.publicKey(2), 1 + number % 1000)), 1);
    }

    void work() throws Exception {
      String tailnet = tailnet(begun);
      sender.untilAnswered(server -> login(server, tailnet, 1, nodeKey(1, 0)));
      beginAuthority(sender, tailnet, genesis(begun));
      begun++;
      Thread.sleep(10);
    }
  }

  /** What the servers say afterwards. */
  private void check(List<ServeProcess> servers, List<Editor> editors, Founder founder)
      throws Exception {
    for (ServeProcess server : servers) {
      List<Map<String, Object>> nodes =
          server.get("/v1/tailnets/" + TAILNET + "/nodes").text().lines().map(Cli::parse).toList();
      for (Editor editor : editors) {
        Map<String, Object> node = nodes.get(editor.number - 1);
        assertThat(node.get("nodeKey")).isEqualTo(editor.key().orElseThrow().toString());
        assertThat(Optional.ofNullable(node.get("nodeKeySignature")))
            .as("seed " + seed + ", the signature of node " + editor.number)
            .isEqualTo(
                editor.lastSignature.map(
                    each -> Base64.getEncoder().encodeToString(each.toByteArray())));
      }
      for (int i = 0; i < founder.begun; i++) {
        String path = "/v1/tailnets/" + founder.tailnet(i);
        assertThat(server.get(path + "/announcement").text())
            .contains(founder.genesis(i).hash().toString());
        assertThat(server.get(path + "/nodes").text()).contains("nodeKeySignature");
      }
    }
    assertThat(founder.begun).isPositive();
  }

  private void checkChain(Tailnets place, List<Editor> editors) throws Exception {
    Authority authority = Authority.open(place.tailnet(TAILNET));
    int acknowledged = 0;
    for (Editor editor : editors) {
      acknowledged += editor.acknowledged.size();
      assertThat(editor.acknowledged)
          .as("seed " + seed + ", what editor " + editor.number + " was told is on the chain")
          .allMatch(authority::isActive);
    }
    assertThat(acknowledged).isPositive();
    assertThat(authority.length()).isEqualTo(1 + acknowledged);
  }
}
