package dev.tka.cli.campaign;

import dev.tka.cli.Cli;
import dev.tka.cli.ServeProcess;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Three servers on a PostgreSQL with a standby, and one on SQLite, under faults, while admins edit,
 * revoke and sign, agents follow, and a thief tries (service, section 7). Everything that is asked
 * and answered is recorded, to be judged afterwards.
 */
final class Campaign implements AutoCloseable {
  private static final int AGENTS = 8;
  private static final int LOOK_MILLIS = 100;
  private static final int POLL_MILLIS = 50;
  private static final int YEAR = 365;
  private static final Duration CONVERGENCE = Duration.ofMinutes(2);
  private static final int PROBE = 900;

  private final long seed;
  private final Path folder;
  private final Consumer<String> out;
  private final Random random;
  private final AtomicBoolean over = new AtomicBoolean();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final AtomicInteger probes = new AtomicInteger();
  private final List<AutoCloseable> toClose = new ArrayList<>();
  private final List<Tailnet> tailnets = new ArrayList<>();
  private final History history;
  private final Faults faults;
  private final int longestSeconds;
  private final int restMillis;

  /** The last that each server said of each tailnet. */
  private final Map<String, String> announced = new ConcurrentHashMap<>();

  /**
   * Prepares one.
   *
   * @param folder where its files and its history are kept
   * @param longestSeconds how long something stands still at most
   * @param restMillis how long an admin rests after each thing done, beside its pauses
   */
  Campaign(long seed, Path folder, int longestSeconds, int restMillis, Consumer<String> out)
      throws Exception {
    this.seed = seed;
    this.folder = folder;
    this.out = out;
    this.longestSeconds = longestSeconds;
    this.restMillis = restMillis;
    this.random = new Random(seed);
    this.history = new History(folder.resolve("history.jsonl"));
    this.faults = new Faults(seed, history, this::serves);
    toClose.add(history);
    out.accept("campaign: seed " + seed + ", history " + folder.resolve("history.jsonl"));
  }

  /** What it came to. */
  record Result(Verdict verdict, Map<String, String> faults, String figures) {}

  /**
   * Runs it.
   *
   * @param shared what three of the servers share
   * @param sharedTailnets the number of tailnets there
   * @param restoring whether another server is put back from copies; nodes then take their time
   */
  Result run(Duration time, SharedDatabase shared, int sharedTailnets, boolean restoring)
      throws Exception {
    long began = System.nanoTime();
    toClose.add(0, shared);
    List<SharedDatabase.Way> ways = shared.ways();
    Optional<WrongClock> clock = WrongClock.at(folder.resolve("clock"));
    Optional<SmallDisk> disk = SmallDisk.at(folder.resolve("disk"));
    disk.ifPresent(toClose::add);
    clock.ifPresent(toClose::add);
    if (clock.isEmpty()) {
      out.accept(
          "Left out: clocks that jump; libfaketime ('apt-get install faketime') is missing.");
    }
    if (disk.isEmpty()) {
      out.accept("Left out: a full disk; only root may mount a small one.");
    }

    String file = "sqlite:" + folder.resolve("disk").resolve("control.db");
    List<Replica> servers =
        startAll(
            List.of(
                () -> replica(shared, ways.get(0), Map.of()),
                () ->
                    replica(
                        shared, ways.get(1), clock.map(WrongClock::environment).orElse(Map.of())),
                () -> replica(shared, ways.get(2), Map.of()),
                () -> new Replica(folder, "sqlite-1", Map.of(), file)));
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= sharedTailnets; i++) {
      names.add("p" + i);
    }
    Place several = new Place(shared.name(), ways.get(0).url(), servers.subList(0, 3));
    Place sqlite = new Place("sqlite", file, servers.subList(3, 4));
    names.forEach(name -> tailnets.add(new Tailnet(several, Optional.empty(), name, AGENTS)));
    Tailnet first = tailnets.get(0);
    Tailnet single = new Tailnet(sqlite, Optional.empty(), "s", AGENTS / 2);
    tailnets.add(single);
    Moves moves = new Moves(several, sqlite, history, random);
    tailnets.add(moves.tailnet());

    Optional<Restores> restores = Optional.empty();
    if (restoring) {
      String restored = "sqlite:" + folder.resolve("restored.db");
      Place alone =
          new Place(
              "restored",
              restored,
              startAll(List.of(() -> new Replica(folder, "restored-1", Map.of(), restored))));
      restores = Optional.of(new Restores(alone, history, folder));
      tailnets.add(restores.get().tailnet());
    }

    Client founder = new Client("founder", history, seed, () -> false);
    for (Tailnet each : tailnets) {
      each.begin(founder, history);
    }
    Agents agents = new Agents(history);
    toClose.add(0, agents);
    for (Tailnet each : tailnets) {
      agents.begin(each, folder.resolve("agents"));
    }
    addFaults(first, single, shared, ways, clock, disk);
    faults.add("a move", moves.tailnet(), moves::move);
    faults.add(
        "a move while a server stands still", moves.tailnet(), moves::moveFromOneThatStandsStill);
    if (restores.isPresent()) {
      Restores each = restores.get();
      Admin reader = new Admin("restorer", 1, List.of(each.tailnet()), history, seed, () -> false);
      faults.add(
          "a restore from a copy", each.tailnet(), () -> each.restore(reader, agents, still()));
    }
    long ready = System.nanoTime();
    out.accept(String.format("campaign: ready after %.1f s", (ready - began) / 1e9));

    List<Admin> admins = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int number = 1; number <= Tailnet.ADMINS; number++) {
      Admin admin =
          new Admin("admin-" + number, number, tailnets, history, seed + number, over::get);
      admins.add(admin);
      threads.add(
          start(
              () -> {
                admin.work();
                Thread.sleep(restMillis);
              }));
    }
    for (int i = 0; i < servers.size(); i++) {
      threads.add(
          start(
              new Straggler(moves, servers.get(i), i + 1, history, seed - 2 - i, over::get)::work));
    }
    threads.add(start(new Thief(tailnets, history, seed - 1, over::get)::work));
    threads.add(
        start(
            () -> {
              agents.look();
              Thread.sleep(LOOK_MILLIS);
            }));
    for (Replica each : servers) {
      threads.add(start(() -> poll(each)));
    }
    long end = ready + time.toNanos();
    try {
      faults.run(() -> System.nanoTime() > end || !failures.isEmpty());
    } finally {
      over.set(true);
    }
    for (Thread each : threads) {
      each.join();
    }
    if (!failures.isEmpty()) {
      AssertionError failed = new AssertionError("seed " + seed);
      failures.forEach(failed::addSuppressed);
      throw failed;
    }
    moves.end();
    String last = end(agents);
    Verdict verdict = Verdict.of(history.calls());
    return new Result(verdict, faults.figures(), figures(agents, admins, ready) + last);
  }

  private Replica replica(
      SharedDatabase shared, SharedDatabase.Way way, Map<String, String> environment)
      throws Exception {
    return new Replica(folder, shared.name() + "-" + way.name(), environment, way.url());
  }

  private interface Starting {
    Replica start() throws Exception;
  }

  /** Starts servers at the same time. */
  private List<Replica> startAll(List<Starting> all) throws Exception {
    Replica[] started = new Replica[all.size()];
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      int number = i;
      Thread thread =
          new Thread(
              () -> {
                try {
                  started[number] = all.get(number).start();
                } catch (Throwable e) {
                  failures.add(e);
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread each : threads) {
      each.join();
    }
    for (Replica each : started) {
      if (each != null) {
        toClose.add(0, each);
      }
    }
    if (!failures.isEmpty()) {
      throw new AssertionError("the servers do not start", failures.peek());
    }
    return List.of(started);
  }

  /** Work that is repeated until the end. */
  private interface Work {
    void run() throws Exception;
  }

  private Thread start(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (!over.get()) {
                  work.run();
                }
              } catch (Throwable e) {
                failures.add(e);
              }
            });
    thread.start();
    return thread;
  }

  /** What one server announces, one time after the other. */
  private void poll(Replica replica) throws InterruptedException {
    for (Tailnet each : tailnets) {
      if (!each.place().replicas().contains(replica)) {
        continue;
      }
      long begun = System.nanoTime();
      try {
        ServeProcess.Reply reply =
            replica.server.get("/v1/tailnets/" + each.name + "/announcement");
        if (reply.status() != 200 && reply.status() != 404) {
          continue;
        }
        // All are locked to the end: who says otherwise is blamed.
        String head =
            reply.status() == 200
                ? Cli.parse(reply.text()).getOrDefault("Head", "").toString()
                : "";
        if (!head.equals(announced.put(replica.name + " " + each.name, head))) {
          history.add(
              new Call(
                  "poll/" + replica.name + "/" + begun,
                  "poll-" + replica.name,
                  replica.name,
                  each.name,
                  "announced",
                  begun,
                  System.nanoTime(),
                  Call.OK,
                  "",
                  "",
                  head));
        }
      } catch (IOException e) {
        Thread.sleep(POLL_MILLIS);
      }
    }
    Thread.sleep(POLL_MILLIS);
  }

  /** A login is read from and written to the database. */
  private boolean serves(Tailnet tailnet, Replica replica) throws InterruptedException {
    try {
      return replica
              .server
              .post(
                  Client.loginPath(tailnet.name, PROBE),
                  Client.login(PROBE, Tailnet.nodeKey(PROBE, probes.incrementAndGet())))
              .status()
          == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private long still() {
    return 1000L + random.nextInt(Math.max(1, (longestSeconds - 1) * 1000));
  }

  private Replica any(Place place) {
    return place.replicas().get(random.nextInt(place.replicas().size()));
  }

  private void addFaults(
      Tailnet several,
      Tailnet sqlite,
      SharedDatabase shared,
      List<SharedDatabase.Way> ways,
      Optional<WrongClock> clock,
      Optional<SmallDisk> disk) {
    for (Tailnet asked : List.of(several, sqlite)) {
      Place place = asked.place();
      faults.add(
          "kill -9 of a server, " + place.name(),
          asked,
          () -> {
            Replica replica = any(place);
            long now = System.nanoTime();
            replica.server.kill();
            replica.server.start();
            return now;
          });
      faults.add(
          "a server that stands still, " + place.name(),
          asked,
          () -> {
            Replica replica = any(place);
            replica.server.pause();
            Thread.sleep(still());
            replica.server.resume();
            return System.nanoTime();
          });
    }
    faults.add(
        "connections cut",
        several,
        () -> {
          ways.get(random.nextInt(ways.size())).cut();
          return System.nanoTime();
        });
    faults.add(
        "connections frozen",
        several,
        () -> {
          SharedDatabase.Way way = ways.get(random.nextInt(ways.size()));
          way.freeze();
          Thread.sleep(still());
          way.thaw();
          return System.nanoTime();
        });
    shared.faults(random, this::still).forEach((name, doing) -> faults.add(name, several, doing));
    clock.ifPresent(
        wrong ->
            faults.add(
                "a clock that jumps by a year",
                several,
                () -> {
                  wrong.jump(random.nextBoolean() ? YEAR : -YEAR);
                  return System.nanoTime();
                }));
    disk.ifPresent(
        small ->
            faults.add(
                "a full disk",
                sqlite,
                () -> {
                  small.fill();
                  Thread.sleep(still());
                  small.free();
                  return System.nanoTime();
                }));
  }

  /** Records where everything ended, once the agents have followed. */
  private String end(Agents agents) throws Exception {
    Map<String, AumHash> heads = new HashMap<>();
    for (Tailnet each : tailnets) {
      Authority authority = new Admin("last", 1, tailnets, history, seed, () -> false).sync(each);
      heads.put(each.name, authority.head());
      history.add(
          Call.seen("last", "", each.name, "end", System.nanoTime(), authority.head().toString()));
      for (String line : new Client("last", history, seed, () -> false).nodes(each).orElseThrow()) {
        Map<String, Object> node = Cli.parse(line);
        long now = System.nanoTime();
        history.add(
            new Call(
                "last/" + each.name + "/" + node.get("node"),
                "last",
                "",
                each.name,
                "endNode",
                now,
                now,
                Call.OK,
                node.get("node").toString(),
                node.get("nodeKey").toString(),
                node.getOrDefault("nodeKeySignature", "").toString()));
      }
    }
    long began = System.nanoTime();
    agents.startAgain(heads);
    while (!agents.behind(heads).isEmpty()) {
      agents.look();
      if (System.nanoTime() - began > CONVERGENCE.toNanos()) {
        throw new AssertionError("seed " + seed + ", do not follow: " + agents.behind(heads));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    agents.look();
    return String.format(
        "; all agents followed %.1f s after the last edit", (System.nanoTime() - began) / 1e9);
  }

  private String figures(Agents agents, List<Admin> admins, long since) {
    List<Call> calls = history.calls();
    return String.format(
        "seed %d: %d faults in %.0f s; %d calls, %d without an answer; %d admins, %d agents;"
            + " %d edits acknowledged, %d refused, %d revocations, %d signatures, %d tries of a"
            + " thief, %d heads read",
        seed,
        faults.count(),
        (System.nanoTime() - since) / 1e9,
        calls.size(),
        calls.stream().filter(Call::isUnknown).count(),
        admins.size(),
        agents.count(),
        count(calls, "edit", true),
        count(calls, "edit", false),
        count(calls, "revoke", true),
        count(calls, "sign", true),
        count(calls, "theft", false),
        count(calls, "offer", true));
  }

  private static long count(List<Call> calls, String what, boolean ok) {
    return calls.stream()
        .filter(each -> each.what().equals(what) && each.isOk() == ok && !each.isUnknown())
        .count();
  }

  @Override
  public void close() throws IOException {
    over.set(true);
    for (AutoCloseable each : toClose) {
      try {
        each.close();
      } catch (Exception e) {
        throw new IOException(each + " is not closed", e);
      }
    }
  }
}
