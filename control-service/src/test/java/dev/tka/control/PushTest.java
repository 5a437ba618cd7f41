package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.NodeKey;
import dev.tka.core.store.StoreException;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.Announcement;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Changes reach those who wait for them (service, section 4). */
class PushTest {
  private static final AumHash OLD = hash(1);
  private static final AumHash NEW = hash(2);

  /** A tailnet whose first authority was ended. */
  private static final TailnetRecord ENDED =
      new TailnetRecord(
          Optional.empty(),
          Optional.empty(),
          List.of(
              new RetiredAuthority(
                  new AuthorityName(OLD, 1, 2),
                  DisablementSecret.of(new byte[] {1}),
                  Instant.EPOCH,
                  "a#1")),
          Optional.empty(),
          false,
          Optional.empty());

  private final MemoryTailnets place = new MemoryTailnets();
  private final ControlRecords records = place.records().orElseThrow();
  private final Map<String, Announcement> generals = new HashMap<>();
  private final TailnetViews views = new TailnetViews(this::view, System::nanoTime);
  private final Push push =
      new Push(
          records, new Attempts(records, System::nanoTime, Thread::sleep), views, System::nanoTime);
  private final Semaphore ready = new Semaphore(0);

  @AfterEach
  void close() {
    push.close();
    place.close();
  }

  private TailnetView view(String tailnet) throws ControlException {
    Announcement general;
    synchronized (generals) {
      general = generals.getOrDefault(tailnet, new Announcement.Never());
    }
    SortedMap<Long, Announcement> apart = new TreeMap<>();
    try {
      for (NodeRecord node : records.nodesToldApart(tailnet)) {
        Announcement own = Overview.told(node.told().orElseThrow(), ENDED, general);
        if (!own.equals(general)) {
          apart.put(node.id(), own);
        }
      }
    } catch (StoreException e) {
      throw new ControlException.Unavailable(e);
    }
    return new TailnetView(general, apart);
  }

  private static AumHash hash(int number) {
    byte[] bytes = new byte[AumHash.SIZE];
    bytes[0] = (byte) number;
    return AumHash.of(bytes);
  }

  private static NodeKey key(long number) {
    byte[] bytes = new byte[NodeKey.SIZE];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (number >>> (8 * i));
    }
    bytes[31] = 1;
    return new NodeKey(Bytes.copyOf(bytes));
  }

  private void announce(String tailnet, Announcement general) {
    synchronized (generals) {
      generals.put(tailnet, general);
    }
  }

  private void put(String tailnet, NodeRecord node) throws StoreException {
    records.commit(
        tailnet, RecordsChange.ofNode(records.node(tailnet, node.id()), Optional.of(node)));
  }

  private Subscription watch(Optional<String> tailnet, Optional<Changes.Position> from)
      throws Exception {
    // The first report has all readers ask for everything.
    while (views.age().isEmpty()) {
      Thread.sleep(1);
    }
    Subscription watch = push.subscribe(tailnet, from);
    watch.whenReady(ready::release);
    return watch;
  }

  /** The next line, for which it waits. */
  private WatchLine line(Subscription watch) throws Exception {
    for (int i = 0; i < 100; i++) {
      Optional<WatchLine> line = watch.next();
      if (line.isPresent()) {
        return line.get();
      }
      ready.tryAcquire(100, TimeUnit.MILLISECONDS);
    }
    throw new AssertionError("no line within 10 seconds");
  }

  /** The next line about a tailnet. */
  private WatchLine.Change change(Subscription watch, String tailnet) throws Exception {
    while (true) {
      if (line(watch) instanceof WatchLine.Change change && change.tailnet().equals(tailnet)) {
        return change;
      }
    }
  }

  @Test
  void withoutATokenTheFirstLineIsAResyncAndWhatIsCommittedLaterFollows() throws Exception {
    try (Subscription watch = watch(Optional.empty(), Optional.empty())) {
      assertThat(line(watch)).isInstanceOf(WatchLine.Resync.class);
      announce("a", new Announcement.Enabled(NEW));
      put("a", NodeRecord.of(7, key(7)));
      WatchLine.Change change = change(watch, "a");
      assertThat(change.announcement()).isEqualTo(new Announcement.Enabled(NEW));
      assertThat(change.signatures()).containsExactly(7L);
      assertThat(change.differs()).isEmpty();
    }
  }

  @Test
  void aChangeNamesAllNodesThatAreToldSomethingElse() throws Exception {
    announce("a", new Announcement.Enabled(NEW));
    put("a", NodeRecord.of(1, key(1)));
    put("a", NodeRecord.of(2, key(2)).withTold(Optional.of(new NodeRecord.Told.Retired(OLD))));
    put("a", NodeRecord.of(3, key(3)).withTold(Optional.of(new NodeRecord.Told.CatchingUp(OLD))));
    put("a", NodeRecord.of(4, key(4)).withTold(Optional.of(new NodeRecord.Told.CatchingUp(NEW))));
    assertThat(views.get("a").apart())
        .containsOnly(
            Map.entry(2L, new Announcement.Disabled()),
            Map.entry(3L, new Announcement.Enabled(OLD)));
    announce("a", new Announcement.Disabled());
    views.changed("a");
    assertThat(views.get("a").apart()).isEmpty();
  }

  @Test
  void aWatchOfOneTailnetSaysNothingOfOthers() throws Exception {
    try (Subscription watch = watch(Optional.of("a"), Optional.empty())) {
      line(watch);
      put("b", NodeRecord.of(1, key(1)));
      put("a", NodeRecord.of(2, key(2)));
      assertThat(line(watch))
          .isInstanceOfSatisfying(
              WatchLine.Change.class, change -> assertThat(change.tailnet()).isEqualTo("a"));
    }
  }

  @Test
  void onlyTheLastLineOfWhatIsUnreadTakesTheTokenForward() throws Exception {
    Subscription watch = new Subscription(push, Optional.empty(), at("0"));
    watch.join(new Changes(at("1"), true, List.of(of("a"), of("b"))));
    watch.add(new Changes(at("2"), true, List.of(of("c"))));
    assertThat(line(watch).token()).isEqualTo(at("0"));
    assertThat(line(watch).token()).isEqualTo(at("0"));
    assertThat(line(watch).token()).isEqualTo(at("2"));
    assertThat(watch.next()).isEmpty();
  }

  @Test
  void whatComesWhileAWatchResumesDoesNotTakeItsTokenForward() throws Exception {
    Subscription watch = new Subscription(push, Optional.empty(), at("0"));
    watch.add(new Changes(at("5"), true, List.of()));
    assertThat(watch.next()).isEmpty();
    watch.join(new Changes(at("6"), true, List.of(of("a"), of("b"))));
    assertThat(line(watch).token()).isEqualTo(at("0"));
    assertThat(line(watch).token()).isEqualTo(at("6"));
  }

  @Test
  void aReaderThatNeverReadsCostsBoundedMemoryAndIsToldToAskForEverything() throws Exception {
    Subscription watch = new Subscription(push, Optional.empty(), at("0"));
    watch.join(new Changes(at("1"), true, List.of()));
    for (long i = 0; i < 30; i++) {
      List<Long> nodes = new ArrayList<>();
      for (long node = 1; node <= 10_000; node++) {
        nodes.add(i * 10_000 + node);
      }
      watch.add(
          new Changes(at("many"), true, List.of(new Changes.Change("t" + i % 3, false, nodes))));
      assertThat(watch.kept()).isLessThanOrEqualTo(Subscription.MOST_KEPT);
    }
    assertThat(line(watch)).isEqualTo(new WatchLine.Resync(at("many")));
    assertThat(watch.next()).isEmpty();
  }

  @Test
  void aLineThatCannotBeMadeComesAgain() throws Exception {
    boolean[] broken = {true};
    TailnetViews failing =
        new TailnetViews(
            tailnet -> {
              if (broken[0]) {
                throw new ControlException.Unavailable(
                    new StoreException.Unavailable("x", new Exception("planned")));
              }
              return view(tailnet);
            },
            System::nanoTime);
    try (Push other =
        new Push(
            records,
            new Attempts(records, System::nanoTime, Thread::sleep),
            failing,
            System::nanoTime)) {
      Subscription watch = new Subscription(other, Optional.empty(), at("0"));
      watch.join(new Changes(at("1"), true, List.of(of("a"))));
      assertThatThrownBy(watch::next).isInstanceOf(ControlException.Unavailable.class);
      broken[0] = false;
      assertThat(line(watch))
          .isEqualTo(
              new WatchLine.Change("a", at("1"), new Announcement.Never(), List.of(), List.of()));
    }
  }

  @Test
  void aTokenNeverPassesALineThatCouldNotBeMade() throws Exception {
    boolean[] broken = {true};
    Subscription[] watch = new Subscription[1];
    TailnetViews failing =
        new TailnetViews(
            tailnet -> {
              if (broken[0]) {
                // What is committed while the line is made.
                watch[0].add(new Changes(at("6"), true, List.of()));
                watch[0].add(new Changes(at("7"), true, List.of(of("b"))));
                throw new ControlException.Unavailable(
                    new StoreException.Unavailable("x", new Exception("planned")));
              }
              return view(tailnet);
            },
            System::nanoTime);
    try (Push other =
        new Push(
            records,
            new Attempts(records, System::nanoTime, Thread::sleep),
            failing,
            System::nanoTime)) {
      watch[0] = new Subscription(other, Optional.empty(), at("0"));
      watch[0].join(new Changes(at("1"), true, List.of(of("a"))));
      assertThatThrownBy(watch[0]::next).isInstanceOf(ControlException.Unavailable.class);
      broken[0] = false;
      assertThat(line(watch[0]).token()).isEqualTo(at("0"));
      assertThat(line(watch[0]).token()).isEqualTo(at("7"));
    }
  }

  /** The records, whose watcher a test calls itself. */
  private ControlRecords toldByHand(ControlRecords.Watcher[] watcher) {
    return (ControlRecords)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {ControlRecords.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("watch")) {
                watcher[0] = (ControlRecords.Watcher) arguments[0];
                return (Tailnets.Watch) () -> {};
              }
              return method.invoke(records, arguments);
            });
  }

  @Test
  void whoeverCameBeforeTheFirstReportIsToldWhatWasCommittedBeforeIt() throws Exception {
    ControlRecords.Watcher[] watcher = new ControlRecords.Watcher[1];
    ControlRecords silent = toldByHand(watcher);
    TailnetViews own = new TailnetViews(this::view, System::nanoTime);
    announce("a", new Announcement.Enabled(OLD));
    try (Push other =
        new Push(
            silent, new Attempts(silent, System::nanoTime, Thread::sleep), own, System::nanoTime)) {
      CompletableFuture<Optional<Announcement>> early = new CompletableFuture<>();
      other.await("a", Optional.empty(), new Announcement.Enabled(OLD), told(early));
      announce("a", new Announcement.Enabled(NEW));
      watcher[0].changed(new Changes(records.position(), true, List.of()), System.nanoTime());
      assertThat(early).isCompletedWithValue(Optional.of(new Announcement.Enabled(NEW)));
      assertThat(own.get("a").general()).isEqualTo(new Announcement.Enabled(NEW));
    }
  }

  @Test
  void aLineIsAsNewAsItsTokenAlsoWhenTheServiceWasNotYetToldOfTheCommit() throws Exception {
    announce("a", new Announcement.Enabled(OLD));
    put("a", NodeRecord.of(1, key(1)));
    ControlRecords.Watcher[] watcher = new ControlRecords.Watcher[1];
    ControlRecords silent = toldByHand(watcher);
    TailnetViews own = new TailnetViews(this::view, System::nanoTime);
    try (Push other =
        new Push(
            silent, new Attempts(silent, System::nanoTime, Thread::sleep), own, System::nanoTime)) {
      Changes.Position before = records.position();
      watcher[0].changed(new Changes(before, true, List.of()), System.nanoTime());
      assertThat(own.get("a").general()).isEqualTo(new Announcement.Enabled(OLD));

      announce("a", new Announcement.Enabled(NEW));
      put("a", NodeRecord.of(2, key(2)));
      try (Subscription watch = other.subscribe(Optional.empty(), Optional.of(before))) {
        WatchLine.Change change = change(watch, "a");
        assertThat(records.changesAfter(change.token(), 10).tailnets()).isEmpty();
        assertThat(change.announcement()).isEqualTo(new Announcement.Enabled(NEW));
      }
    }
  }

  @Test
  void aReaderOfAServerThatStopsReadsTheRestAndIsSentElsewhere() throws Exception {
    try (Subscription watch = watch(Optional.empty(), Optional.empty())) {
      line(watch);
      put("a", NodeRecord.of(1, key(1)));
      change(watch, "a");
      push.drain();
      assertThat(line(watch)).isInstanceOf(WatchLine.Reconnect.class);
      assertThat(watch.isEnded()).isTrue();
      assertThat(watch.next()).isEmpty();
    }
  }

  @Test
  void aNodeThatKnowsLessIsAnsweredAtOnceAndOneThatKnowsAllWaitsForAChange() throws Exception {
    announce("a", new Announcement.Enabled(OLD));
    CompletableFuture<Optional<Announcement>> first = new CompletableFuture<>();
    push.await("a", Optional.of(1L), new Announcement.Never(), told(first));
    assertThat(first.getNow(Optional.empty())).contains(new Announcement.Enabled(OLD));

    CompletableFuture<Optional<Announcement>> second = new CompletableFuture<>();
    push.await("a", Optional.of(1L), new Announcement.Enabled(OLD), told(second));
    CompletableFuture<Optional<Announcement>> apart = new CompletableFuture<>();
    push.await("a", Optional.of(2L), new Announcement.Enabled(OLD), told(apart));
    assertThat(push.waiting()).isEqualTo(2);
    put("b", NodeRecord.of(9, key(9)));
    put("a", NodeRecord.of(2, key(2)).withTold(Optional.of(new NodeRecord.Told.Retired(OLD))));
    assertThat(apart.get(10, TimeUnit.SECONDS)).contains(new Announcement.Disabled());
    assertThat(second).isNotDone();
    announce("a", new Announcement.Enabled(NEW));
    put("a", NodeRecord.of(3, key(3)));
    assertThat(second.get(10, TimeUnit.SECONDS)).contains(new Announcement.Enabled(NEW));
    assertThat(push.waiting()).isZero();
  }

  /** Completes with what is announced, or with nothing if the service stops. */
  private static AnnouncementWaiter told(CompletableFuture<Optional<Announcement>> done) {
    return new AnnouncementWaiter() {
      @Override
      public void announced(Announcement now) {
        done.complete(Optional.of(now));
      }

      @Override
      public void stopping() {
        done.complete(Optional.empty());
      }

      @Override
      public void failed(ControlException why) {
        done.completeExceptionally(why);
      }
    };
  }

  @Test
  void aServerThatStopsAnswersThoseWhoWait() throws Exception {
    CompletableFuture<Optional<Announcement>> waiting = new CompletableFuture<>();
    push.await("a", Optional.empty(), new Announcement.Never(), told(waiting));
    push.drain();
    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEmpty();
    CompletableFuture<Optional<Announcement>> late = new CompletableFuture<>();
    push.await("a", Optional.empty(), new Announcement.Never(), told(late));
    assertThat(late.get(10, TimeUnit.SECONDS)).isEmpty();
  }

  /**
   * A client that applies lines, and connects again with its last token at random moments, ends
   * with what a client sees that asks for everything.
   */
  @Property(tries = 30)
  void aWatchThatResumesMissesNothing(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    try (PushTestRun run = new PushTestRun()) {
      run.play(random);
    }
  }

  /** One run, with its own place. */
  private static final class PushTestRun implements AutoCloseable {
    private static final List<String> TAILNETS = List.of("a", "b", "c");
    private final PushTest test = new PushTest();
    private final Map<String, Announcement> announced = new HashMap<>();
    private final Map<String, Map<Long, NodeKey>> seen = new HashMap<>();
    private Optional<Changes.Position> token = Optional.empty();

    void play(Random random) throws Exception {
      Subscription watch = test.watch(Optional.empty(), token);
      int heads = 0;
      for (int i = 0; i < 60; i++) {
        String tailnet = TAILNETS.get(random.nextInt(TAILNETS.size()));
        switch (random.nextInt(4)) {
          case 0 -> test.put(tailnet, NodeRecord.of(1 + random.nextInt(3), key(random.nextLong())));
          case 1 -> {
            heads++;
            test.announce(tailnet, new Announcement.Enabled(hash(heads)));
            // The head that is announced stands for a commit; any one tells it.
            test.put(tailnet, NodeRecord.of(4, key(random.nextLong())));
          }
          case 2 -> {
            watch.close();
            watch = test.watch(Optional.empty(), token);
          }
          default -> take(watch, random.nextInt(3));
        }
      }
      // Something that is surely told last.
      test.put("end", NodeRecord.of(1, key(1)));
      while (!seen.containsKey("end")) {
        apply(test.line(watch));
      }
      watch.close();
      for (String tailnet : TAILNETS) {
        assertThat(seen.getOrDefault(tailnet, Map.of())).isEqualTo(nodes(tailnet));
        assertThat(announced.getOrDefault(tailnet, new Announcement.Never()))
            .isEqualTo(test.view(tailnet).general());
      }
    }

    private void take(Subscription watch, int most) throws Exception {
      for (int i = 0; i < most; i++) {
        Optional<WatchLine> line = watch.next();
        if (line.isEmpty()) {
          return;
        }
        apply(line.get());
      }
    }

    private void apply(WatchLine line) throws Exception {
      if (line instanceof WatchLine.Resync) {
        Set<String> all = new HashSet<>(TAILNETS);
        all.addAll(test.records.tailnets());
        for (String tailnet : all) {
          announced.put(tailnet, test.view(tailnet).general());
          if (!tailnet.equals("end") || !nodes(tailnet).isEmpty()) {
            seen.put(tailnet, nodes(tailnet));
          }
        }
      } else if (line instanceof WatchLine.Change change) {
        announced.put(change.tailnet(), change.announcement());
        Map<Long, NodeKey> nodes = seen.computeIfAbsent(change.tailnet(), any -> new HashMap<>());
        test.records
            .nodes(change.tailnet(), change.signatures())
            .forEach(node -> nodes.put(node.id(), node.nodeKey()));
      }
      token = Optional.of(line.token());
    }

    private Map<Long, NodeKey> nodes(String tailnet) throws Exception {
      Map<Long, NodeKey> nodes = new HashMap<>();
      test.records.allNodes(tailnet, node -> nodes.put(node.id(), node.nodeKey()));
      return nodes;
    }

    @Override
    public void close() {
      test.close();
    }
  }

  private static Changes.Position at(String text) {
    return new Changes.Position(text);
  }

  private static Changes.Change of(String tailnet) {
    return new Changes.Change(tailnet, false, List.of());
  }
}
