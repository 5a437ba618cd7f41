package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.store.Commit;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.PendingInit;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.testkit.ControlRecordsContract;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of changes and reads to which something happens at a bad moment. */
@Timeout(60)
class WriterTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private static final Chains CHAINS = Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C");

  private final EtcdSettings settings = EtcdServer.shared().settings();
  private final List<AutoCloseable> open = new ArrayList<>();

  /** A place that does as it should. */
  private EtcdTailnets place;

  @BeforeEach
  void create() throws Exception {
    place = opened(EtcdTailnets.create(settings));
    add(place, "A");
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  private EtcdTailnets opened(EtcdTailnets other) {
    open.add(other);
    return other;
  }

  private EtcdTailnets opened(Transport transport) throws StoreException {
    return opened(
        EtcdTailnets.open(
            settings, new EtcdClient(settings, transport, 1000, Duration.ofMillis(300)), false));
  }

  private static void add(Tailnets to, String names) throws StoreException {
    Commit.Builder commit = Commit.on(to.tailnet("t").read().revision());
    CHAINS.list(names).forEach(each -> commit.add(each, NOON));
    to.tailnet("t").commit(commit.build());
  }

  /** Adds four AUMs of a size, which are too large for one transaction. */
  private static void addLarge(Tailnets to, int size) throws StoreException {
    Commit.Builder commit = Commit.on(to.tailnet("t").read().revision());
    Aum parent = CHAINS.get("A");
    for (int i = 0; i < 4; i++) {
      parent = Chains.noOp(parent, "x".repeat(size) + i, 1);
      commit.add(parent, NOON);
    }
    to.tailnet("t").commit(commit.build());
  }

  private static int count(Tailnets of) throws StoreException {
    return of.tailnet("t").read().entries().size();
  }

  private static boolean isChange(String path) {
    return path.equals("kv/txn");
  }

  private static EtcdFailure gone() {
    return new EtcdFailure.Unreachable("told to be gone", null);
  }

  private boolean isPending() throws EtcdFailure {
    try {
      KeyValue root = place.client().get(place.layout().root("t")).orElseThrow();
      return place.values().kept(root).root().pending().isPresent();
    } catch (StoreException.Damaged e) {
      throw new AssertionError(e);
    }
  }

  /** Makes a large change whose writer ends as soon as it is committed. */
  private void leaveLargeChange(Runnable begun) throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets writer = opened(transport);
    boolean[] state = {false, false};
    count(writer);
    transport.doing =
        (asking, path, json) -> {
          if (state[1]) {
            throw gone();
          }
          byte[] answer = asking.ask();
          if (isChange(path) && !state[0]) {
            state[0] = true;
            begun.run();
          }
          state[1] = isPending();
          return answer;
        };
    addLarge(writer, 600_000);
    assertThat(isPending()).isTrue();
  }

  @Test
  void aLargeChangeThatWasCommittedIsNotSweptByOneWhoHasNotSeenTheCommit() throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets behind = opened(transport);
    leaveLargeChange(
        () -> {
          try {
            behind.pass();
          } catch (StoreException e) {
            throw new AssertionError(e);
          }
          transport.frozen = true;
        });
    assertThat(behind.cache().leftBatches()).hasSize(1);
    behind.writer().sweep(Duration.ZERO);
    assertThat(count(opened(EtcdTailnets.at(settings)))).isEqualTo(5);
    add(place, "B");
    assertThat(count(place)).isEqualTo(6);
    assertThat(isPending()).isFalse();
  }

  @Test
  void whoBeginsToFollowInTheMiddleOfALargeChangeSeesAllOfItOnceItIsCommitted() throws Exception {
    List<RecordsChange.OfNode> made = new ArrayList<>();
    List<RecordsChange.OfNode> named = new ArrayList<>();
    for (int id = 1; id <= 130; id++) {
      NodeRecord node = NodeRecord.of(id, ControlRecordsContract.nodeKey(id));
      made.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node)));
      NodeRecord after = node.withName(Optional.of("n"));
      named.add(new RecordsChange.OfNode(Optional.of(node), Optional.of(after)));
    }
    place.records().orElseThrow().commit("t", new RecordsChange(Optional.empty(), made));
    BentTransport transport = new BentTransport();
    EtcdTailnets writer = opened(transport);
    List<EtcdTailnets> late = new ArrayList<>();
    int[] changes = {0};
    transport.doing =
        (asking, path, json) -> {
          byte[] answer = asking.ask();
          // The header, a piece, and then the commit.
          if (isChange(path) && ++changes[0] <= 2) {
            try {
              late.add(opened(EtcdTailnets.at(settings)));
              late.get(late.size() - 1).records().orElseThrow().node("t", 1);
            } catch (StoreException e) {
              throw new AssertionError(e);
            }
          }
          return answer;
        };
    writer.records().orElseThrow().commit("t", new RecordsChange(Optional.empty(), named));
    assertThat(late).hasSize(2);
    for (EtcdTailnets each : late) {
      assertThat(each.records().orElseThrow().node("t", 1)).isEqualTo(named.get(0).after());
    }
  }

  @Test
  void aLargeChangeWithoutItsPiecesIsDamageForReadersAndForWriters() throws Exception {
    leaveLargeChange(() -> {});
    assertThat(count(place)).isEqualTo(5);
    String batch = place.cache().root("t").root().pending().orElseThrow();
    place
        .client()
        .transact(List.of(), List.of(Parts.delete(place.layout().batch(batch))), List.of());
    for (EtcdTailnets each : List.of(place, opened(EtcdTailnets.at(settings)))) {
      long begun = System.nanoTime();
      assertThatThrownBy(() -> add(each, "B"))
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessageEndingWith("expected a large change, found none");
      assertThatThrownBy(() -> each.records().orElseThrow().noteSightings("t", List.of()))
          .isInstanceOf(StoreException.Damaged.class);
      assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
    }
  }

  @Test
  void aChangeThatWasRepeatedIsInDoubtWhileNobodyCanTellWhetherItWasMade() throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets writer = opened(transport);
    count(writer);
    int[] changes = {0};
    transport.doing =
        (asking, path, json) -> {
          if (changes[0] == 2) {
            throw gone();
          }
          transport.frozen |= isChange(path);
          byte[] answer = asking.ask();
          if (isChange(path)) {
            changes[0]++;
            if (changes[0] == 1) {
              throw new EtcdFailure.Lost("told to be lost", null);
            }
          }
          return answer;
        };
    Commit commit =
        Commit.on(place.tailnet("t").read().revision()).add(CHAINS.get("B"), NOON).build();
    assertThatThrownBy(() -> writer.tailnet("t").commit(commit))
        .isInstanceOf(StoreException.InDoubt.class);
    assertThat(changes[0]).isEqualTo(2);
    assertThat(count(place)).isEqualTo(2);
  }

  @Test
  void aChangeThatTookTheLastSpaceIsMadeThoughEtcdRefusesIt() throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets writer = opened(transport);
    transport.doing =
        (asking, path, json) -> {
          byte[] answer = asking.ask();
          if (isChange(path)) {
            throw new EtcdFailure.Refused(
                EtcdFailure.Refused.EXHAUSTED, "etcdserver: mvcc: database space exceeded");
          }
          return answer;
        };
    add(writer, "B");
    assertThat(count(writer)).isEqualTo(2);
  }

  /** Keeps a record whose root is about a third longer than the text. */
  private void keepRecord(int text) throws StoreException {
    ControlRecords records = place.records().orElseThrow();
    TailnetRecord before = records.tailnet("t");
    Aum genesis = Chains.noOp(CHAINS.get("A"), "x".repeat(text), 1);
    records.commit(
        "t",
        RecordsChange.ofTailnet(
            before, before.withBegun(new PendingInit(genesis, Optional.empty(), NOON))));
  }

  @Test
  void aTailnetWithALargeRecordIsChangedOnAndOn() throws Exception {
    keepRecord(500_000);
    addLarge(place, 245_000);
    assertThat(isPending()).isFalse();
    add(place, "B");
    keepRecord(500_001);
    assertThat(count(place)).isEqualTo(6);
  }

  @Test
  void aRecordThatCouldNotBeReplacedIsRefused() throws Exception {
    assertThatThrownBy(() -> keepRecord(640_000))
        .isInstanceOf(StoreException.OverLimit.class)
        .hasMessageContaining("expected a record of at most");
    add(place, "B");
    keepRecord(10);
    assertThat(count(place)).isEqualTo(2);
  }

  /** Reads something of the tailnet. */
  private interface Reading {
    Object of(Tailnets place) throws StoreException;
  }

  @Test
  void whatMovesAwayWhileItIsReadIsNotShown() throws Exception {
    ControlRecords records = place.records().orElseThrow();
    String retired =
        records
            .retire(
                "t",
                place.tailnet("t").read().revision(),
                TailnetRecord.NONE,
                new RetiredAuthority(
                    new AuthorityName(CHAINS.get("A").hash(), 1, 2),
                    ControlRecordsContract.secret(9),
                    NOON,
                    "ignored"))
            .retired()
            .get(0)
            .store();
    add(place, "A B");
    NodeRecord node = NodeRecord.of(1, ControlRecordsContract.nodeKey(1));
    records.commit("t", RecordsChange.ofNode(Optional.empty(), Optional.of(node)));
    Bytes hash = Bytes.copyOf(new byte[32]);
    records.addToken(new NodeToken(hash, "t", 1, NOON));
    Map<String, Reading> readings =
        Map.of(
            "AUMs", from -> from.tailnet("t").read(),
            "nodes", from -> from.records().orElseThrow().node("t", 1),
            "token", from -> from.records().orElseThrow().token(hash),
            "ended authority", from -> from.tailnet(retired).read());
    for (Map.Entry<String, Reading> each : readings.entrySet()) {
      BentTransport transport = new BentTransport();
      EtcdTailnets reader = opened(transport);
      String store = each.getKey().equals("ended authority") ? retired : "t";
      String root =
          Base64.getEncoder()
              .encodeToString(place.layout().root(store).getBytes(StandardCharsets.ISO_8859_1));
      Fence before = records.fence("t");
      Fence moved =
          before.next("move", new Fence.Standing.Moved("elsewhere", Optional.empty(), NOON));
      transport.doing =
          (asking, path, json) -> {
            if (json.contains('"' + root + '"')) {
              transport.doing = (next, any, other) -> next.ask();
              try {
                records.fence("t", before, moved);
              } catch (StoreException e) {
                throw new AssertionError(e);
              }
            }
            return asking.ask();
          };
      assertThatThrownBy(() -> each.getValue().of(reader))
          .as(each.getKey())
          .isInstanceOf(StoreException.Fenced.class);
      records.fence("t", moved, moved.next(new Fence.Standing.Open()));
      each.getValue().of(reader);
    }
  }

  @Test
  void aDamagedTailnetIsToldOfAndDoesNotHideTheChangesOfOthers() throws Exception {
    ControlRecords records = place.records().orElseThrow();
    Changes.Position position = records.position();
    NodeRecord node = NodeRecord.of(1, ControlRecordsContract.nodeKey(1));
    for (String each : List.of("damaged", "sound")) {
      records.commit(each, RecordsChange.ofNode(Optional.empty(), Optional.of(node)));
    }
    Operation damage =
        new Operation.Put(place.layout().node("damaged", 1), Bytes.copyOf(new byte[] {'x'}));
    place.client().transact(List.of(), List.of(damage), List.of());
    Changes changes =
        opened(EtcdTailnets.at(settings)).records().orElseThrow().changesAfter(position, 10);
    assertThat(changes.complete()).isTrue();
    assertThat(changes.tailnets())
        .containsExactly(
            new Changes.Change("damaged", true, List.of()),
            new Changes.Change("sound", false, List.of(1L)));
  }

  @Test
  void aDamagedRootIsNamedAmongTheChangesUntilItIsWhole() throws Exception {
    ControlRecords records = place.records().orElseThrow();
    Changes.Position position = records.position();
    KeyValue whole = place.client().get(place.layout().root("t")).orElseThrow();
    for (int i = 0; i < 2; i++) {
      putKey(place.layout().root("t"), bytes("x"));
    }
    for (EtcdTailnets each : List.of(place, opened(EtcdTailnets.at(settings)))) {
      assertThat(each.records().orElseThrow().changesAfter(position, 10).tailnets())
          .containsExactly(new Changes.Change("t", true, List.of()));
    }
    position = records.position();
    assertThat(records.changesAfter(position, 10).tailnets()).isEmpty();
    putKey(whole.key(), whole.value());
    assertThat(records.changesAfter(position, 10).tailnets())
        .extracting(Changes.Change::tailnet)
        .containsExactly("t");
    assertThat(count(place)).isOne();
  }

  private void putKey(String key, Bytes value) throws EtcdFailure {
    place
        .client()
        .transact(
            List.of(),
            List.of(
                new Operation.Put(key, value),
                new Operation.Put(place.layout().last(), Values.mark(Writer.newNumber()))),
            List.of());
  }

  @Test
  void aTrailWhoseEntriesDoNotFollowOneAnotherIsDamageForWhoReadsAndForWhoFollows()
      throws Exception {
    add(place, "B C");
    Commit.Builder rewrite =
        Commit.on(place.tailnet("t").read().revision())
            .purge(CHAINS.get("A").hash())
            .purge(CHAINS.get("B").hash())
            .lastActiveAncestor(CHAINS.get("C").hash())
            .time(OwnTime.beginning(NOON));
    place.tailnet("t").commit(rewrite.trail(List.of(gone("A"), gone("B"))).build());
    assertThat(place.tailnet("t").read().trail().size()).isEqualTo(2);
    String store = place.cache().root("t").root().aums().orElseThrow().store();
    String second = place.layout().trail(store, 1);
    KeyValue root = place.client().get(place.layout().root("t")).orElseThrow();
    String changed =
        new String(root.value().toByteArray(), StandardCharsets.UTF_8)
            .replaceFirst("\"next\": *[0-9]+", "\"next\":99");
    Bytes first = place.client().get(place.layout().trail(store, 0)).orElseThrow().value();
    place
        .client()
        .transact(
            List.of(),
            List.of(
                // As of another commit.
                new Operation.Put(root.key(), bytes(changed)),
                new Operation.Put(second, first),
                new Operation.Put(place.layout().last(), Values.mark(Writer.newNumber()))),
            List.of());
    for (EtcdTailnets each : List.of(place, opened(EtcdTailnets.at(settings)))) {
      assertThatThrownBy(() -> count(each))
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessageEndingWith("expected entries that follow one another, found others");
      assertThat(each.cache().reading()).isZero();
    }
  }

  private static Bytes bytes(String text) {
    return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
  }

  private static TrailEntry gone(String name) {
    Aum aum = CHAINS.get(name);
    return new TrailEntry(
        aum.hash(),
        aum.parent(),
        aum.kind(),
        NOON,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        Optional.empty());
  }

  @Test
  void aReadingThatMeetsAnErrorLeavesNothingThatEventsAreKeptFor() throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets reader = opened(transport);
    Error error = new LinkageError("told to be an error");
    transport.doing =
        (asking, path, json) -> {
          if (!Thread.currentThread().getName().startsWith("tka-etcd")) {
            throw error;
          }
          return asking.ask();
        };
    assertThatThrownBy(() -> count(reader)).isSameAs(error);
    assertThat(reader.cache().reading()).isZero();
  }

  @Test
  void nobodyWaitsForTheSweepOfWhatOthersLeft() throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets reader = opened(transport);
    String left = place.layout().batch("left");
    putKey(left, bytes("1"));
    reader.pass();
    CountDownLatch goOn = new CountDownLatch(1);
    transport.doing =
        (asking, path, json) -> {
          if (isChange(path)) {
            try {
              goOn.await();
            } catch (InterruptedException e) {
              throw gone();
            }
          }
          return asking.ask();
        };
    reader.beginSweep(Duration.ZERO);
    reader.beginSweep(Duration.ZERO);
    add(place, "B");
    assertThat(count(reader)).isEqualTo(2);
    assertThat(reader.cache().leftBatches()).containsOnlyKeys("left");
    goOn.countDown();
    while (!reader.cache().leftBatches().isEmpty()) {
      Thread.sleep(1);
    }
    assertThat(place.client().get(left)).isEmpty();
  }

  @Test
  void whatALargeChangeLeftWithoutSpaceIsSweptOnceThereIsSpace() throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets writer = opened(transport);
    count(writer);
    boolean[] begun = {false};
    transport.doing =
        (asking, path, json) -> {
          if (isChange(path)) {
            if (!begun[0]) {
              // The one that takes the last space is made, and refused.
              begun[0] = true;
              asking.ask();
            }
            throw new EtcdFailure.Refused(
                EtcdFailure.Refused.EXHAUSTED, "etcdserver: mvcc: database space exceeded");
          }
          return asking.ask();
        };
    assertThatThrownBy(() -> addLarge(writer, 600_000))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("etcd has no space left");
    for (EtcdTailnets each : List.of(writer, place)) {
      each.pass();
      assertThat(each.cache().leftBatches()).hasSize(1);
    }
    writer.writer().sweep(Duration.ZERO);
    transport.doing = (asking, path, json) -> asking.ask();
    writer.writer().sweep(Duration.ZERO);
    for (EtcdTailnets each : List.of(writer, place)) {
      each.pass();
      assertThat(each.cache().leftBatches()).isEmpty();
    }
    addLarge(writer, 600_000);
    assertThat(count(place)).isEqualTo(5);
  }

  @Test
  void whatWasSweptUnseenIsNotSweptOnAndOn() throws Exception {
    BentTransport transport = new BentTransport();
    EtcdTailnets behind = opened(transport);
    String left = place.layout().batch("left");
    putKey(left, bytes("1"));
    behind.pass();
    transport.frozen = true;
    // Without space there is no mark.
    long deleted =
        place
            .client()
            .transact(List.of(), List.of(Parts.delete(left)), List.of())
            .done()
            .header()
            .revision();
    behind.cache().advance(behind.cache().mark(), deleted);
    assertThat(behind.cache().leftBatches()).containsOnlyKeys("left");
    behind.writer().sweep(Duration.ZERO);
    assertThat(behind.cache().leftBatches()).isEmpty();
  }
}
