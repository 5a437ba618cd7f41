package dev.tka.bench;

import dev.tka.core.Aum;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What three {@code tka serve} on one database bear beside one, and what clients see of it when one
 * of the three is killed every few seconds: {@code bench/run.sh --replicas DATABASE}. A client that
 * gets no answer asks another server, once.
 */
final class Replicas {
  private static final String TAILNET = "replicas";
  private static final int SERVERS = 3;
  private static final int CALLERS = 8;
  private static final int BEHIND = 1;
  private static final Duration WARMING = Duration.ofSeconds(5);
  private static final Duration SPELL = Duration.ofSeconds(10);
  private static final Duration KILLING = Duration.ofSeconds(60);
  private static final Duration BETWEEN_KILLS = Duration.ofSeconds(5);
  private static final int UNAVAILABLE = 503;

  private final List<LoadClient> clients;
  private final LoadClient.Body body;

  private Replicas(List<LoadClient> clients, LoadClient.Body body) {
    this.clients = List.copyOf(clients);
    this.body = body;
  }

  /** Runs all parts. */
  public static void main(String[] args) throws Exception {
    if (args.length != 1) {
      System.err.println("usage: bench/run.sh --replicas DATABASE");
      System.exit(2);
    }
    Path state = Chain.newDirectory();
    List<String> options =
        List.of(
            "--database=" + args[0],
            "--requests-per-second=100000",
            "--bytes-per-second=999999999");
    List<Aum> chain = Chain.decode(Chain.encodings(Load.LENGTH + 1));
    List<ServerProcess> servers = new ArrayList<>();
    List<LoadClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < SERVERS; i++) {
        servers.add(new ServerProcess(state.resolve("server-" + i), "512m", options));
        clients.add(new LoadClient(servers.get(i)));
      }
      Load load = new Load(servers.get(0), clients.get(0), chain);
      load.begin(TAILNET, Load.LENGTH);
      Replicas all = new Replicas(clients, load.offerBody(Load.LENGTH - BEHIND));
      for (int count : List.of(1, SERVERS)) {
        all.steadily(count, WARMING);
        System.out.println(count + " of them:  " + all.steadily(count, SPELL));
      }
      System.out.println(all.whileKilling(servers, options));
    } finally {
      clients.forEach(LoadClient::close);
      servers.forEach(ServerProcess::close);
      Chain.deleteDirectory(state);
    }
  }

  /** What callers saw. */
  private static final class Seen {
    final Load.Latencies latencies = new Load.Latencies();
    final AtomicInteger repeated = new AtomicInteger();
    final AtomicInteger failed = new AtomicInteger();
    final Duration time;

    Seen(Duration time) {
      this.time = time;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%7.0f offers a second, %s; asked another server %d times, errors after that %d",
          latencies.count() / (double) time.toSeconds(),
          latencies,
          repeated.get(),
          failed.get());
    }
  }

  private Seen steadily(int servers, Duration time) throws InterruptedException {
    Seen seen = new Seen(time);
    CountDownLatch left = new CountDownLatch(CALLERS);
    long end = System.nanoTime() + time.toNanos();
    for (int i = 0; i < CALLERS; i++) {
      new Caller(servers, i % servers, end, seen, left).begin();
    }
    left.await();
    return seen;
  }

  private String whileKilling(List<ServerProcess> servers, List<String> options) throws Exception {
    int[] kills = {0};
    Exception[] failure = {null};
    long end = System.nanoTime() + KILLING.toNanos();
    Thread killer =
        new Thread(
            () -> {
              try {
                long next = System.nanoTime();
                while (next - end < 0) {
                  servers.get(kills[0] % servers.size()).restart(options);
                  kills[0]++;
                  next += BETWEEN_KILLS.toNanos();
                  TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
                }
              } catch (IOException | InterruptedException e) {
                failure[0] = e;
              }
            });
    killer.start();
    Seen seen = steadily(servers.size(), KILLING);
    killer.join();
    if (failure[0] != null) {
      throw failure[0];
    }
    return kills[0] + " killed: " + seen;
  }

  /** Sends the next offer once it has the answer to its last, to the server that answered last. */
  private final class Caller implements Connections.Talk {
    private final int servers;
    private final long end;
    private final Seen seen;
    private final CountDownLatch left;
    private int at;
    private boolean again;
    private long node;
    private long begun;

    Caller(int servers, int at, long end, Seen seen, CountDownLatch left) {
      this.servers = servers;
      this.at = at;
      this.end = end;
      this.seen = seen;
      this.left = left;
    }

    void begin() {
      next();
      clients.get(at).begin(this);
    }

    private void next() {
      again = false;
      node = ThreadLocalRandom.current().nextLong(1, Load.NODES + 1L);
      begun = System.nanoTime();
    }

    @Override
    public byte[] first() {
      return clients.get(at).rpc(TAILNET, node, "sync/offer", body);
    }

    @Override
    public Optional<byte[]> answered(int status, byte[] answer) {
      if (status == UNAVAILABLE) {
        failed();
        return Optional.empty();
      }
      if (status != 200) {
        seen.failed.incrementAndGet();
      }
      long now = System.nanoTime();
      seen.latencies.add(now - begun);
      if (now - end < 0) {
        next();
        return Optional.of(first());
      }
      left.countDown();
      return Optional.empty();
    }

    @Override
    public void broke(IOException why) {
      failed();
    }

    /** The same from another server, once. */
    private void failed() {
      if (again) {
        seen.failed.incrementAndGet();
        if (System.nanoTime() - end >= 0) {
          left.countDown();
          return;
        }
        next();
      } else {
        seen.repeated.incrementAndGet();
        again = true;
      }
      at = (at + 1) % servers;
      clients.get(at).begin(this);
    }
  }
}
