package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a {@code tka serve} of its own process bears, with the load in this one: {@code bench/run.sh
 * --load [DATABASE]}. The figures are of a machine that both share.
 */
final class Load {
  private static final String TAILNET = "load";

  /** The length of the chain. */
  static final int LENGTH = 2_000;

  /** How far behind nodes are. */
  private static final List<Integer> BEHIND = List.of(0, 1, 700);

  static final int NODES = 10_000;
  private static final int STORM = 5_000;
  private static final int CALLERS = 8;
  private static final int OTHERS = 4;
  private static final int FLOOD_EACH_SECOND = 1_000;

  /** How far behind the nodes are with which a tailnet floods. */
  private static final List<Integer> FLOOD_BEHIND = List.of(0, 700);

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration SPELL = Duration.ofSeconds(10);

  /** Of clients that read long answers. */
  private static final int VERSION = 148;

  private final ServerProcess server;
  private final LoadClient client;
  private final List<Aum> chain;

  Load(ServerProcess server, LoadClient client, List<Aum> chain) {
    this.server = server;
    this.client = client;
    this.chain = chain;
  }

  /** Runs all parts. */
  public static void main(String[] args) throws Exception {
    Path state = Chain.newDirectory();
    List<String> usual = args.length > 0 ? List.of("--database=" + args[0]) : List.of();
    List<String> unlimited = new ArrayList<>(usual);
    unlimited.addAll(List.of("--requests-per-second=100000", "--bytes-per-second=999999999"));
    List<Aum> chain = Chain.decode(Chain.encodings(LENGTH + 100));
    try (ServerProcess server = new ServerProcess(state, "512m", unlimited);
        LoadClient client = new LoadClient(server)) {
      Load load = new Load(server, client, chain);
      load.begin(TAILNET, LENGTH);
      load.offers();
      load.waiting();
      // What follows is measured within the limits that a tailnet has.
      server.restart(usual);
      load.storm();
      load.flood();
    } finally {
      Chain.deleteDirectory(state);
    }
  }

  /** A node's key, by its number. */
  static NodeKey nodeKey(long node) {
    byte[] bytes = new byte[NodeKey.SIZE];
    bytes[0] = 1;
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[NodeKey.SIZE - 1 - i] = (byte) (node >>> (8 * i));
    }
    return new NodeKey(Bytes.copyOf(bytes));
  }

  private static Optional<NodeKey> sender() {
    return Optional.of(nodeKey(0));
  }

  /** Has a tailnet of all nodes with a chain of some length. */
  void begin(String tailnet, int length) throws Exception {
    StringBuilder first = new StringBuilder();
    first
        .append("{\"node\":\"1\",\"nodeKey\":\"")
        .append(nodeKey(1))
        .append("\",\"mayInit\":true}");
    client.put("/v1/tailnets/" + tailnet + "/nodes", first.toString());
    Aum genesis = chain.get(0);
    client.call(tailnet, 1, new RpcRequest.InitBegin(VERSION, sender(), genesis.encoded()));
    Bytes signature =
        NodeKeySigning.direct(nodeKey(1), Optional.empty(), TestKeys.privateKey(Chain.SIGNER))
            .encoded();
    client.call(
        tailnet,
        1,
        new RpcRequest.InitFinish(VERSION, sender(), Map.of(1L, signature), Optional.empty()));
    StringBuilder all = new StringBuilder(first).append('\n');
    for (long node = 2; node <= NODES; node++) {
      all.append("{\"node\":\"")
          .append(node)
          .append("\",\"nodeKey\":\"")
          .append(nodeKey(node))
          .append("\"}\n");
    }
    client.put("/v1/tailnets/" + tailnet + "/nodes", all.toString());
    for (int from = 1; from < length; from += 500) {
      commit(tailnet, chain.subList(from, Math.min(length, from + 500)));
    }
  }

  private void commit(String tailnet, List<Aum> aums) throws Exception {
    AumHash head = aums.get(aums.size() - 1).hash();
    client.call(
        tailnet,
        1,
        new RpcRequest.Send(
            VERSION,
            sender(),
            new SyncSend(head, aums.stream().map(Aum::encoded).toList()),
            false,
            true));
  }

  private SyncOffer offerAt(int length) throws Exception {
    return SyncOffer.of(Authority.open(Chain.store(chain.subList(0, length))));
  }

  LoadClient.Body offerBody(int length) throws Exception {
    return LoadClient.Body.of(new RpcRequest.Offer(VERSION, sender(), offerAt(length)));
  }

  /** Offers of nodes that are more or less behind, one after the other by some workers. */
  private void offers() throws Exception {
    for (int behind : BEHIND) {
      LoadClient.Body body = offerBody(LENGTH - behind);
      steadily(body, Duration.ofSeconds(5));
      Duration serverBefore = server.cpu();
      Latencies latencies = steadily(body, SPELL);
      System.out.printf(
          Locale.ROOT,
          "offers, %d behind      %7.0f a second, %s, RSS %d MiB, %.0f us of the server's processor"
              + " time each%n",
          behind,
          latencies.count() / (double) SPELL.toSeconds(),
          latencies,
          server.resident() >> 20,
          server.cpu().minus(serverBefore).toNanos() / 1e3 / latencies.count());
    }
    System.out.printf(Locale.ROOT, "heap in use            %d MiB%n", server.heap() >> 20);
  }

  /** Some callers, each of which sends the next offer once it has the answer to its last. */
  private Latencies steadily(LoadClient.Body body, Duration time) throws Exception {
    Latencies latencies = new Latencies();
    AtomicInteger wrong = new AtomicInteger();
    CountDownLatch left = new CountDownLatch(CALLERS);
    long end = System.nanoTime() + time.toNanos();
    for (int i = 0; i < CALLERS; i++) {
      client.begin(
          new Connections.Talk() {
            private long begun;

            @Override
            public byte[] first() {
              long node = ThreadLocalRandom.current().nextLong(1, NODES + 1);
              byte[] request = client.rpc(TAILNET, node, "sync/offer", body);
              begun = System.nanoTime();
              return request;
            }

            @Override
            public Optional<byte[]> answered(int status, byte[] answer) {
              long now = System.nanoTime();
              latencies.add(now - begun);
              count(status, wrong);
              if (now - end < 0) {
                return Optional.of(first());
              }
              left.countDown();
              return Optional.empty();
            }

            @Override
            public void broke(IOException why) {
              count(0, wrong);
              left.countDown();
            }
          });
    }
    await(left);
    if (wrong.get() > 0) {
      throw new IllegalStateException(wrong + " requests failed");
    }
    return latencies;
  }

  private static void await(CountDownLatch left) throws InterruptedException {
    if (!left.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException(left.getCount() + " were not answered within " + PATIENCE);
    }
  }

  private static void count(int status, AtomicInteger wrong) {
    if (status != 200) {
      wrong.incrementAndGet();
    }
  }

  /** Hears of an answer. */
  private interface Heard {
    /**
     * It came.
     *
     * @param step the number of the request, from 0
     * @param status of HTTP; 0 if the connection broke
     */
    void answer(int step, int status);
  }

  /** Requests that are made beforehand. */
  private static final class Steps implements Connections.Talk {
    private final List<byte[]> requests;
    private final Heard heard;
    private final CountDownLatch left;
    private int step;

    Steps(List<byte[]> requests, Heard heard, CountDownLatch left) {
      this.requests = requests;
      this.heard = heard;
      this.left = left;
    }

    @Override
    public byte[] first() {
      return requests.get(0);
    }

    @Override
    public Optional<byte[]> answered(int status, byte[] body) {
      heard.answer(step, status);
      step++;
      if (step < requests.size()) {
        return Optional.of(requests.get(step));
      }
      left.countDown();
      return Optional.empty();
    }

    @Override
    public void broke(IOException why) {
      heard.answer(step, 0);
      left.countDown();
    }
  }

  /** All nodes wait; one commit wakes them, and each makes a round. */
  private void waiting() throws Exception {
    String head = chain.get(LENGTH - 1).hash().toString();
    AumHash next = chain.get(LENGTH).hash();
    LoadClient.Body offer = offerBody(LENGTH);
    LoadClient.Body send =
        LoadClient.Body.of(
            new RpcRequest.Send(VERSION, sender(), new SyncSend(next, List.of()), false, true));
    List<Latencies> latencies = List.of(new Latencies(), new Latencies(), new Latencies());
    AtomicLong committed = new AtomicLong();
    AtomicInteger wrong = new AtomicInteger();
    CountDownLatch left = new CountDownLatch(NODES);
    long heapBefore = server.heap();
    long residentBefore = server.resident();
    for (long node = 1; node <= NODES; node++) {
      client.begin(
          new Steps(
              List.of(
                  client.poll(TAILNET, node, head),
                  client.rpc(TAILNET, node, "sync/offer", offer),
                  client.rpc(TAILNET, node, "sync/send", send)),
              (step, status) -> {
                latencies.get(step).add(System.nanoTime() - committed.get());
                count(status, wrong);
              },
              left));
      if (node % 200 == 0) {
        Thread.sleep(50);
      }
    }
    Thread.sleep(3_000);
    long heap = server.heap();
    long resident = server.resident();
    Duration serverBefore = server.cpu();
    long ownBefore = ownCpu();
    committed.set(System.nanoTime());
    commit(TAILNET, chain.subList(LENGTH, LENGTH + 1));
    await(left);
    double serverCpu = server.cpu().minus(serverBefore).toMillis() / 1e3;
    double ownCpu = (ownCpu() - ownBefore) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%d nodes wait       %.1f KiB of RSS and %.1f KiB of heap each%n",
        NODES,
        (resident - residentBefore) / 1024.0 / NODES,
        (heap - heapBefore) / 1024.0 / NODES);
    System.out.printf(Locale.ROOT, "woken by a commit      %s%n", latencies.get(0));
    System.out.printf(
        Locale.ROOT,
        "synced after it        %s; wrong answers %d; processor time: server %.1f s, client %.1f s"
            + " (%.0f %%)%n",
        latencies.get(2),
        wrong.get(),
        serverCpu,
        ownCpu,
        100 * ownCpu / (ownCpu + serverCpu));
  }

  private static long ownCpu() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  /** The server was killed and started again, and many nodes come at once. */
  private void storm() throws Exception {
    LoadClient.Body offer = offerBody(LENGTH);
    Latencies latencies = new Latencies();
    Statuses statuses = new Statuses();
    CountDownLatch left = new CountDownLatch(STORM);
    Duration serverBefore = server.cpu();
    long ownBefore = ownCpu();
    long begun = System.nanoTime();
    for (long node = 1; node <= STORM; node++) {
      client.begin(
          new Steps(
              List.of(client.rpc(TAILNET, node, "sync/offer", offer)),
              (step, status) -> {
                latencies.add(System.nanoTime() - begun);
                statuses.add(status);
              },
              left));
    }
    await(left);
    System.out.printf(
        Locale.ROOT,
        "%d after a restart   %s, statuses %s, RSS %d MiB, heap %d MiB; processor time: server"
            + " %.1f s, client %.1f s%n",
        STORM,
        latencies,
        statuses,
        server.resident() >> 20,
        server.heap() >> 20,
        server.cpu().minus(serverBefore).toMillis() / 1e3,
        (ownCpu() - ownBefore) / 1e9);
  }

  /** Other tailnets, without and with one that floods. */
  private void flood() throws Exception {
    for (int i = 0; i < OTHERS; i++) {
      begin("other-" + i, 100);
    }
    LoadClient.Body others = offerBody(100);
    others(others, Duration.ofSeconds(5));
    for (int behind : FLOOD_BEHIND) {
      Latencies alone = others(others, SPELL);
      System.out.printf(Locale.ROOT, "others alone           %s%n", alone);
      flood(others, behind, alone);
    }
  }

  private void flood(LoadClient.Body others, int behind, Latencies alone) throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    Statuses statuses = new Statuses();
    // Of the head of now: other parts have added to the chain.
    LoadClient.Body flooding = offerBody(LENGTH + 1 - behind);
    AtomicInteger sent = new AtomicInteger();
    Duration serverBefore = server.cpu();
    long ownBefore = ownCpu();
    Thread flood =
        new Thread(
            () -> {
              long begun = System.nanoTime();
              while (!over.get()) {
                long due = (System.nanoTime() - begun) * FLOOD_EACH_SECOND / 1_000_000_000L;
                while (sent.get() < due) {
                  long node = 1L + sent.getAndIncrement() % NODES;
                  client.begin(
                      new Steps(
                          List.of(client.rpc(TAILNET, node, "sync/offer", flooding)),
                          (step, status) -> statuses.add(status),
                          new CountDownLatch(1)));
                }
                try {
                  Thread.sleep(2);
                } catch (InterruptedException e) {
                  return;
                }
              }
            });
    flood.start();
    Thread.sleep(2_000);
    Latencies beside = others(others, SPELL);
    over.set(true);
    flood.join();
    System.out.printf(
        Locale.ROOT,
        "beside a flood, %d behind   %s, p99 %.1f times; flood: %d sent, statuses %s; processor"
            + " time: server %.1f s, client %.1f s%n",
        behind,
        beside,
        beside.at(0.99) / (double) alone.at(0.99),
        sent.get(),
        statuses,
        server.cpu().minus(serverBefore).toMillis() / 1e3,
        (ownCpu() - ownBefore) / 1e9);
  }

  /** 50 requests a second for each of the other tailnets. */
  private Latencies others(LoadClient.Body body, Duration time) throws Exception {
    Latencies latencies = new Latencies();
    List<Thread> workers = new ArrayList<>();
    long end = System.nanoTime() + time.toNanos();
    for (int i = 0; i < OTHERS; i++) {
      String tailnet = "other-" + i;
      Thread worker =
          new Thread(
              () -> {
                try {
                  while (System.nanoTime() - end < 0) {
                    long node = ThreadLocalRandom.current().nextLong(1, NODES + 1);
                    long begun = System.nanoTime();
                    client.send(client.rpc(tailnet, node, "sync/offer", body));
                    latencies.add(System.nanoTime() - begun);
                    Thread.sleep(20);
                  }
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
      worker.start();
      workers.add(worker);
    }
    for (Thread worker : workers) {
      worker.join();
    }
    return latencies;
  }

  /** How many answers had which status; 0 where a connection broke. */
  private static final class Statuses {
    private final Map<Integer, Integer> counts = new ConcurrentSkipListMap<>();

    void add(int status) {
      counts.merge(status, 1, Integer::sum);
    }

    @Override
    public String toString() {
      return counts.toString();
    }
  }

  /** Times in nanoseconds, by any number of threads. */
  static final class Latencies {
    private final ConcurrentLinkedQueue<Long> all = new ConcurrentLinkedQueue<>();

    void add(long nanos) {
      all.add(nanos);
    }

    int count() {
      return all.size();
    }

    /** The time within which a share of them are. */
    long at(double share) {
      long[] sorted = all.stream().mapToLong(Long::longValue).toArray();
      Arrays.sort(sorted);
      return sorted.length == 0
          ? 0
          : sorted[(int) Math.min(sorted.length - 1, share * sorted.length)];
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "p50 %.1f ms, p99 %.1f ms, last %.1f ms",
          at(0.5) / 1e6,
          at(0.99) / 1e6,
          at(1) / 1e6);
    }
  }
}
