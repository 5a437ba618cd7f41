package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.testkit.PgBouncer;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.sync.rpc.Announcement;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What is committed through one of two services on one database is told by the other (service,
 * section 4): soon, whatever becomes of the database, and to a reader that goes back and forth
 * between them. The system property {@code tka.rounds} sets how often.
 */
class ReplicasPushTest {
  private static final int FEW = 20;
  private static final int ROUNDS = Integer.getInteger("tka.rounds", FEW);

  /** Faults cost seconds. */
  private static final int CUTS = Math.min(100, Math.max(5, ROUNDS / 10));

  private static final int NODES = 6;
  private static final long PATIENCE_SECONDS = 30;

  /** Of a commit whose line waits for a database that was stopped, without that time. */
  private static final long MOST_MILLIS_BEYOND_A_STOP = 1000;

  /** Well below the mean delay when notifications are lost. */
  private static final long MOST_MILLIS_MEDIAN = 120;

  private final PostgresServer server = PostgresServer.flushing();
  private final List<ControlService> services = new ArrayList<>();
  private final List<Aum> chain = Collections.synchronizedList(new ArrayList<>());
  private final Map<AumHash, Integer> places = new ConcurrentHashMap<>();
  private PostgresSettings settings;

  @BeforeEach
  void begin() throws Exception {
    settings = server.newDatabase();
    open(settings);
    beginTailnet();
    awaitWatching();
  }

  private void open(PostgresSettings through) throws Exception {
    for (int i = 0; i < 2; i++) {
      services.add(
          ControlService.over(
              PostgresDatabase.create(through, Clock.systemUTC()),
              ControlSettings.DEFAULTS,
              Clock.systemUTC()));
    }
  }

  /** Other services on the same database, or on another. */
  private void openInstead(PostgresSettings through) throws Exception {
    close();
    services.clear();
    open(through);
  }

  private void beginTailnet() throws Exception {
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (int node = 1; node <= NODES; node++) {
      login(services.get(0), node, "node" + node);
      signatures.put((long) node, TestControl.signature(node));
    }
    Aum genesis = TestControl.genesis(1);
    services.get(0).call(Caller.node(TAILNET, 1), TestControl.begin(1, genesis));
    services.get(0).call(Caller.node(TAILNET, 1), TestControl.finish(1, signatures));
    note(genesis);
  }

  private void awaitWatching() throws InterruptedException {
    for (ControlService each : services) {
      // The first report has all readers ask for everything.
      while (each.age().isEmpty()) {
        Thread.sleep(1);
      }
    }
  }

  @AfterEach
  void close() {
    services.forEach(ControlService::close);
  }

  private static void login(ControlService service, int node, String name) throws ControlException {
    service.login(
        TAILNET, node, Login.of(TestControl.nodeKey(node)).withName(name).withMayInit(node == 1));
  }

  private void note(Aum aum) {
    places.put(aum.hash(), chain.size());
    chain.add(aum);
  }

  /** The next AUM, which is noted before it is committed. */
  private Aum nextAum() {
    Aum last = chain.get(chain.size() - 1);
    Aum next = Chains.updateVotes(last, TestKeys.key(2, 1).id(), 1 + chain.size() % 2, 1);
    note(next);
    return next;
  }

  private void commit(ControlService service, Aum aum) throws ControlException {
    service.call(Caller.node(TAILNET, 1), TestControl.edit(1, aum.parent().orElseThrow(), aum));
  }

  private static Optional<Announcement> announced(ControlService service) {
    try {
      return Optional.of(service.announcement(TAILNET, Optional.empty()));
    } catch (ControlException e) {
      return Optional.empty();
    }
  }

  /** Commits until it is certain that it happened. */
  private void commitSurely(ControlService service, Aum aum) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (System.nanoTime() < end) {
      try {
        commit(service, aum);
        return;
      } catch (ControlException e) {
        if (announced(service).equals(Optional.of(new Announcement.Enabled(aum.hash())))) {
          return;
        }
        Thread.sleep(5);
      }
    }
    throw new AssertionError("not committed in " + PATIENCE_SECONDS + " seconds");
  }

  private int place(Announcement announcement) {
    return places.get(((Announcement.Enabled) announcement).head());
  }

  /**
   * A line that was read.
   *
   * @param head what the reader knew from then on, if the line tells it or asks to ask for it
   * @param nanos when it knew it
   */
  private record Timed(WatchLine line, Optional<Announcement> head, long nanos) {}

  /** Reads a watch as its lines come, and asks for the head when a line says so. */
  private static final class Reader implements AutoCloseable {
    final BlockingQueue<Timed> lines = new LinkedBlockingQueue<>();
    private final Semaphore ready = new Semaphore(1);
    private final ControlService service;
    private final Subscription watch;
    private final Thread thread;

    Reader(ControlService service) throws ControlException {
      this.service = service;
      watch = service.watch(Optional.empty(), Optional.empty());
      watch.whenReady(ready::release);
      thread = new Thread(this::run, "reader");
      thread.start();
    }

    private void run() {
      while (!watch.isEnded()) {
        try {
          Optional<WatchLine> line = watch.next();
          if (line.isPresent()) {
            Optional<Announcement> head = headAfter(line.get());
            // A beat tells nothing: whoever waits for more must not wait for ever.
            if (!(line.get() instanceof WatchLine.Beat)) {
              lines.add(new Timed(line.get(), head, System.nanoTime()));
            }
          } else if (ready.tryAcquire(1, TimeUnit.SECONDS)) {
            ready.drainPermits();
          }
        } catch (ControlException e) {
          // It comes again.
          ready.release();
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    private Optional<Announcement> headAfter(WatchLine line) throws InterruptedException {
      if (line instanceof WatchLine.Change change) {
        return Optional.of(change.announcement());
      }
      Optional<Announcement> head = Optional.empty();
      while (line instanceof WatchLine.Resync && head.isEmpty()) {
        head = announced(service);
        if (head.isEmpty()) {
          Thread.sleep(5);
        }
      }
      return head;
    }

    Timed take() throws InterruptedException {
      Timed line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (line == null) {
        throw new AssertionError("no line in " + PATIENCE_SECONDS + " seconds");
      }
      return line;
    }

    @Override
    public void close() {
      watch.close();
      thread.interrupt();
      join(thread);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static double percentile(List<Long> nanos, int percent) {
    List<Long> sorted = nanos.stream().sorted().toList();
    int index = (int) Math.ceil(sorted.size() * percent / 100.0) - 1;
    return sorted.get(Math.max(0, index)) / 1e6;
  }

  private static void print(String what, List<Long> nanos) {
    System.out.printf(
        "push between replicas, %s: %d commits, from commit to line p50 %.1f ms, p99 %.1f ms,"
            + " most %.1f ms%n",
        what, nanos.size(), percentile(nanos, 50), percentile(nanos, 99), percentile(nanos, 100));
  }

  /** Something that is done to the database. */
  @FunctionalInterface
  private interface Fault {
    void happen() throws Exception;
  }

  /**
   * The delays of commits while the database stops for a time: of what returned just before it, no
   * line can come before the database answers again.
   *
   * @param all from commit to line
   * @param beyond the same without the time in which the database was stopped
   */
  private record Delays(List<Long> all, List<Long> beyond) {
    void requireSoon(String what) {
      print(what, all);
      print(what + ", without the time of the stop", beyond);
      // Of a few, one of which may wait for a busy machine, the 99th is the worst.
      assertThat(percentile(beyond, ROUNDS > FEW ? 99 : 50)).isLessThan(MOST_MILLIS_BEYOND_A_STOP);
    }
  }

  /** The time from the return of commits, one after the other, to the other service's lines. */
  private List<Long> delays(int commits, Fault before) throws Exception {
    List<Long> delays = new ArrayList<>();
    try (Reader reader = new Reader(services.get(1))) {
      reader.take();
      for (int i = 0; i < commits; i++) {
        Aum aum = nextAum();
        before.happen();
        commit(services.get(0), aum);
        long returned = System.nanoTime();
        Timed line = reader.take();
        while (!(line.line() instanceof WatchLine.Change change)
            || !change.announcement().equals(new Announcement.Enabled(aum.hash()))) {
          line = reader.take();
        }
        delays.add(Math.max(0, line.nanos() - returned));
      }
    }
    return delays;
  }

  private List<Long> nodeDelays(int commits, Fault before) throws Exception {
    List<Long> delays = new ArrayList<>();
    try (Reader reader = new Reader(services.get(1))) {
      reader.take();
      for (int i = 0; i < commits; i++) {
        int node = 2 + i % (NODES - 1);
        before.happen();
        login(services.get(0), node, "renamed " + i);
        long returned = System.nanoTime();
        Timed line = reader.take();
        while (!(line.line() instanceof WatchLine.Change change)
            || !change.signatures().contains((long) node)) {
          line = reader.take();
        }
        delays.add(Math.max(0, line.nanos() - returned));
      }
    }
    return delays;
  }

  @Test
  void aCommitOnOneIsToldByTheOtherAtOnce() throws Exception {
    delays(3, () -> {});
    List<Long> aums = delays(ROUNDS, () -> {});
    print("AUMs", aums);
    List<Long> nodes = nodeDelays(ROUNDS, () -> {});
    print("node records", nodes);
    assertThat(percentile(aums, 50)).isLessThan(MOST_MILLIS_MEDIAN);
    assertThat(percentile(nodes, 50)).isLessThan(MOST_MILLIS_MEDIAN);
  }

  @Test
  void aCommitIsToldAlthoughAllConnectionsThatListenWereCut() throws Exception {
    int[] cut = {0};
    Fault cutting = () -> cut[0] += server.cutListeners(settings.database());
    print("LISTEN cut before each, AUMs", delays(CUTS, cutting));
    print("LISTEN cut before each, node records", nodeDelays(CUTS, cutting));
    System.out.println("push between replicas: " + cut[0] + " listening connections cut");
    assertThat(cut[0]).isPositive();
  }

  @Test
  void aCommitIsToldAlthoughTheDatabaseStoodStill() throws Exception {
    delaysDuring(
            () -> {
              server.freeze();
              try {
                TimeUnit.SECONDS.sleep(2);
              } finally {
                server.thaw();
              }
            })
        .requireSoon("database frozen for 2 s");
  }

  @Test
  void aCommitIsToldAlthoughTheDatabaseWasRestarted() throws Exception {
    delaysDuring(
            () -> {
              server.stop();
              server.start();
            })
        .requireSoon("database restarted");
  }

  @Test
  void aCommitIsToldThroughPgBouncer() throws Exception {
    assumeTrue(PgBouncer.isInstalled());
    for (String mode : List.of("session", "transaction")) {
      try (PgBouncer pooler = PgBouncer.start(server, mode)) {
        openInstead(pooler.settings(settings.database()));
        awaitWatching();
        delays(3, () -> {});
        List<Long> delays = delays(ROUNDS, () -> {});
        print("PgBouncer, " + mode + " pooling, AUMs", delays);
        // Transaction pooling loses all notifications.
        assertThat(percentile(delays, 50)).isLessThan(MOST_MILLIS_BEYOND_A_STOP);
      }
    }
  }

  @Test
  void aCommitIsToldAlthoughTheStandbyWasPromoted() throws Exception {
    PostgresServer primary = PostgresServer.own();
    String database = primary.newDatabase().database();
    PostgresServer standby = primary.standby();
    try {
      openInstead(
          PostgresSettings.parse(
                  "postgresql://"
                      + PostgresServer.USER
                      + "@127.0.0.1:"
                      + primary.port()
                      + ",127.0.0.1:"
                      + standby.port()
                      + "/"
                      + database
                      + "?targetServerType=primary")
              .withPassword(PostgresServer.PASSWORD));
      chain.clear();
      places.clear();
      beginTailnet();
      awaitWatching();
      delaysDuring(
              () -> {
                primary.crash();
                standby.promote();
              })
          .requireSoon("standby promoted");
    } finally {
      close();
      services.clear();
      standby.delete();
      primary.delete();
    }
  }

  /**
   * The delays of commits, one after the other and none waiting for its line, before, during and
   * after something. A line, or what is asked after a resync, tells all commits up to its head.
   */
  private Delays delaysDuring(Fault fault) throws Exception {
    List<Long> returned = Collections.synchronizedList(new ArrayList<>());
    AtomicBoolean ended = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    int first = chain.size();
    try (Reader reader = new Reader(services.get(1))) {
      Thread writer =
          new Thread(
              () -> {
                try {
                  while (!ended.get()) {
                    commitSurely(services.get(0), nextAum());
                    returned.add(System.nanoTime());
                    Thread.sleep(5);
                  }
                } catch (Throwable e) {
                  failure.set(e);
                }
              },
              "writer");
      writer.start();
      TimeUnit.MILLISECONDS.sleep(200);
      long stopped = System.nanoTime();
      fault.happen();
      long answers = System.nanoTime();
      TimeUnit.MILLISECONDS.sleep(500 + 20L * (ROUNDS - FEW));
      ended.set(true);
      writer.join();
      assertThat(failure.get()).isNull();

      Delays delays = new Delays(new ArrayList<>(), new ArrayList<>());
      int resyncs = -1;
      int told = first;
      while (told < chain.size()) {
        Timed line = reader.take();
        if (line.line() instanceof WatchLine.Resync) {
          resyncs++;
        }
        int upTo = line.head().map(this::place).orElse(-1);
        for (; told <= upTo; told++) {
          long from = returned.get(told - first);
          long delay = Math.max(0, line.nanos() - from);
          long within = Math.min(line.nanos(), answers) - Math.max(from, stopped);
          delays.all().add(delay);
          delays.beyond().add(delay - Math.max(0, within));
        }
      }
      System.out.printf(
          "push between replicas: the database was stopped for %.1f ms%n",
          (answers - stopped) / 1e6);
      System.out.println("push between replicas: " + resyncs + " resyncs after the first");
      return delays;
    }
  }

  @Test
  void aReaderThatGoesBackAndForthBetweenThemMissesNothing() throws Exception {
    try (Wanderer wanderer = new Wanderer(() -> {})) {
      wanderer.wander();
    }
  }

  @Test
  void itMissesNothingAlsoWhereNotificationsAreLost() throws Exception {
    try (Wanderer wanderer =
        new Wanderer(
            () -> {
              int unused = server.cutListeners(settings.database());
            })) {
      wanderer.wander();
    }
  }

  /** Knows what lines told it, and connects again and again while a writer commits. */
  private final class Wanderer implements AutoCloseable {
    private static final int LATE = 100;

    private final Fault before;
    private final Random random = new Random(ROUNDS);
    private final ReentrantLock writing = new ReentrantLock(true);
    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Thread writer = new Thread(this::write, "writer");

    /** Nodes that were changed by transactions that committed after later ones, each once. */
    private final Set<Long> lateNodes = Collections.synchronizedSet(new TreeSet<>());

    private final Semaphore ready = new Semaphore(0);
    private final Set<Long> named = new TreeSet<>();
    private final Map<Long, String> names = new HashMap<>();
    private Announcement head = new Announcement.Never();
    private Optional<String> token = Optional.empty();
    private int commits;
    private int lines;
    private int resyncs;

    /**
     * One that has read nothing.
     *
     * @param before happens before each commit
     */
    Wanderer(Fault before) throws Exception {
      this.before = before;
      for (int late = 0; late < LATE; late++) {
        login(services.get(late % 2), late(late), "late");
      }
    }

    private int late(int number) {
      return 1000 + number;
    }

    private void write() {
      Random choices = new Random(ROUNDS);
      int begun = 0;
      try (Connection connection = server.connect(settings.database());
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        int open = 0;
        for (int i = 0; !ended.get(); i++) {
          writing.lock();
          try {
            ControlService service = services.get(choices.nextInt(2));
            before.happen();
            if (choices.nextBoolean()) {
              commitSurely(service, nextAum());
            } else {
              login(service, 2 + choices.nextInt(NODES - 1), "renamed " + i);
            }
            commits++;
            if (open > 0) {
              open--;
              if (open == 0) {
                lateNodes.add((long) late(begun - 1));
                connection.commit();
                commits++;
              }
            } else if (begun < LATE && choices.nextBoolean()) {
              statement.execute(
                  "update tka.node set changed = pg_current_xact_id(),"
                      + " looked = pg_current_xact_id() where id = "
                      + late(begun));
              begun++;
              open = 1 + choices.nextInt(5);
            }
          } finally {
            writing.unlock();
          }
          Thread.sleep(choices.nextInt(4));
        }
        connection.commit();
      } catch (Throwable e) {
        failure.set(e);
      }
    }

    void wander() throws Exception {
      writer.start();
      for (int round = 1; round <= ROUNDS; round++) {
        boolean stop = round % 10 == 0 || round == ROUNDS;
        if (stop) {
          writing.lock();
        }
        try (Subscription watch = services.get(round % 2).watch(Optional.empty(), token)) {
          watch.whenReady(ready::release);
          int most = random.nextInt(4);
          for (int i = 0; i < most; i++) {
            if (!takeOne(watch, random.nextInt(20))) {
              break;
            }
          }
          if (stop) {
            converge(watch);
          }
        } finally {
          if (stop) {
            writing.unlock();
          }
        }
        assertThat(failure.get()).isNull();
      }
      System.out.printf(
          "push between replicas, %d connections with the last token: %d commits, %d of them late,"
              + " %d lines, %d resyncs, nothing missed%n",
          ROUNDS, commits, lateNodes.size(), lines, resyncs);
      assertThat(resyncs).as("only the first").isEqualTo(1);
    }

    /** While nobody commits, what is known becomes the truth. */
    private void converge(Subscription watch) throws Exception {
      Map<Long, String> truth = read(services.get(0), Optional.empty());
      Optional<Announcement> last = announced(services.get(0));
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (System.nanoTime() < end
          && !(names.equals(truth)
              && last.equals(Optional.of(head))
              && named.containsAll(lateNodes))) {
        takeOne(watch, 100);
      }
      assertThat(head).isEqualTo(last.orElseThrow());
      assertThat(names).isEqualTo(truth);
      assertThat(named).as("told of late commits").containsAll(lateNodes);
    }

    private boolean takeOne(Subscription watch, int millis) throws Exception {
      Optional<WatchLine> line = watch.next();
      if (line.isEmpty()) {
        return ready.tryAcquire(millis, TimeUnit.MILLISECONDS);
      }
      ControlService service = services.get(random.nextInt(2));
      if (line.get() instanceof WatchLine.Change change) {
        head = change.announcement();
        named.addAll(change.signatures());
        names.putAll(read(service, Optional.of(change.signatures())));
      } else if (line.get() instanceof WatchLine.Resync) {
        resyncs++;
        head = announced(service).orElseThrow();
        names.putAll(read(service, Optional.empty()));
        synchronized (lateNodes) {
          named.addAll(lateNodes);
        }
      }
      lines++;
      token = Optional.of(line.get().token().text());
      return true;
    }

    private Map<Long, String> read(ControlService service, Optional<Collection<Long>> some)
        throws ControlException {
      Map<Long, String> found = new HashMap<>();
      service.nodes(TAILNET, some, node -> found.put(node.node(), node.name().orElse("")));
      return found;
    }

    @Override
    public void close() {
      ended.set(true);
      join(writer);
    }
  }
}
