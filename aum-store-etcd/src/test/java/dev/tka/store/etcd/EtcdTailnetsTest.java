package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.StoreKinds;
import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.testkit.ControlRecordsContract;
import dev.tka.store.testkit.CuttingProxy;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a place in etcd has: a watch, pages, large changes, and errors of its own. */
class EtcdTailnetsTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Chains chains =
      Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C -> D -> E -> F");

  private final List<AutoCloseable> open = new ArrayList<>();
  private Optional<EtcdServer> own = Optional.empty();

  @TempDir Path directory;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    own.ifPresent(EtcdServer::delete);
  }

  private EtcdTailnets opened(EtcdTailnets place) {
    open.add(place);
    return place;
  }

  private EtcdServer ownServer(String... options) {
    own = Optional.of(EtcdServer.own(options));
    return own.get();
  }

  private void add(Tailnets place, String tailnet, String names) throws StoreException {
    AumStore store = place.tailnet(tailnet);
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(each -> commit.add(each, NOON));
    store.commit(commit.build());
  }

  private static int count(Tailnets place, String tailnet) throws StoreException {
    return place.tailnet(tailnet).read().entries().size();
  }

  private static NodeRecord node(int id) {
    return NodeRecord.of(id, ControlRecordsContract.nodeKey(id));
  }

  private static void put(Tailnets place, String tailnet, NodeRecord node) throws StoreException {
    ControlRecords records = place.records().orElseThrow();
    records.commit(
        tailnet, RecordsChange.ofNode(records.node(tailnet, node.id()), Optional.of(node)));
  }

  /** As a writer does: what comes without a mark may be passed over. */
  private static void putKey(EtcdTailnets place, String key, String value) throws EtcdFailure {
    Bytes bytes = Bytes.copyOf(value.getBytes(StandardCharsets.UTF_8));
    place
        .client()
        .transact(
            List.of(),
            List.of(
                new Operation.Put(key, bytes),
                new Operation.Put(place.layout().last(), Values.mark(Writer.newNumber()))),
            List.of());
  }

  @Test
  void aPlaceIsMadeOnceAndNeverOverKeysOfSomebodyElse() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    assertThatThrownBy(() -> EtcdTailnets.at(settings))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessage(settings + ": expected a store, found none below " + settings.prefix());
    EtcdServer.shared().put(settings.prefix() + "theirs", "x");
    assertThatThrownBy(() -> EtcdTailnets.create(settings))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessage(
            settings
                + ": expected no keys below "
                + settings.prefix()
                + ", found those of somebody else, such as "
                + settings.prefix()
                + "theirs");
    EtcdSettings other = EtcdServer.shared().settings();
    EtcdTailnets place = opened(EtcdTailnets.create(other));
    assertThat(EtcdTailnets.warning(other)).isEmpty();
    add(place, "t", "A");
    for (String each : List.of("", "b", "last2", "r", "versions", "z/z")) {
      EtcdServer.shared().put(other.prefix() + each, "x");
    }
    assertThat(count(place, "t")).isOne();
    assertThat(EtcdTailnets.warning(other))
        .contains(
            other
                + " also has keys of somebody else, such as "
                + other.prefix()
                + ": they are left as they are; a prefix of its own for each program keeps them"
                + " apart");
    assertThat(count(opened(EtcdTailnets.at(other)), "t")).isOne();
  }

  @Test
  void aNewerPlaceIsRefused() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    opened(EtcdTailnets.create(settings));
    EtcdServer.shared().put(settings.prefix() + "version", "2");
    assertThatThrownBy(() -> EtcdTailnets.at(settings))
        .isInstanceOf(StoreException.Newer.class)
        .hasMessage(settings + ": expected version 1 or older, found version 2");
    EtcdServer.shared().put(settings.prefix() + "version", "x");
    assertThatThrownBy(() -> EtcdTailnets.create(settings))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("expected a version");
  }

  @Test
  void whereNoEtcdIsThatIsSaidInOneLine() throws Exception {
    EtcdSettings settings = EtcdSettings.parse("etcd://127.0.0.1:1");
    assertThatThrownBy(() -> EtcdTailnets.at(settings))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessage("etcd://127.0.0.1:1: connection refused");
    EtcdSettings unknown = EtcdSettings.parse("etcd://no-such-host.invalid:1");
    assertThatThrownBy(() -> EtcdTailnets.at(unknown))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessage("etcd://no-such-host.invalid:1: unknown host");
  }

  @Test
  void theKindIsFoundByItsUrls() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    assertThat(StoreKinds.installed().parse(settings.toString()).url())
        .isEqualTo(settings.toString());
    assertThat(StoreKinds.installed().parse("etcds://one/x").noun()).isEqualTo("etcd");
    assertThatThrownBy(() -> StoreKinds.installed().parse("etcd://a:b@one"))
        .isInstanceOf(TextException.BadUrl.class);
  }

  @Test
  void anEtcdWithoutSpaceIsReadAndSaysWhatToDo() throws Exception {
    EtcdServer server = ownServer();
    EtcdTailnets place = opened(EtcdTailnets.create(server.settings()));
    add(place, "t", "A");
    putKey(place, place.layout().batch("left"), "1");
    add(place, "t2", "A");
    place.pass();
    String status = server.ask(0, "maintenance/status", "{}");
    String member = status.replaceFirst(".*\"member_id\":\"([0-9]+)\".*", "$1").strip();
    server.ask(
        0,
        "maintenance/alarm",
        "{\"action\":\"ACTIVATE\",\"memberID\":\"" + member + "\",\"alarm\":\"NOSPACE\"}");
    assertThatThrownBy(() -> add(place, "t", "B"))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessage(
            place
                + ": etcd has no space left; compact and defragment it, or raise its quota, and"
                + " disarm its alarm");
    assertThat(count(place, "t")).isOne();
    // What is left of others is deleted all the same.
    assertThat(place.cache().leftBatches()).containsOnlyKeys("left");
    place.writer().sweep(Duration.ZERO);
    assertThat(place.client().get(place.layout().batch("left"))).isEmpty();
    server.ask(
        0,
        "maintenance/alarm",
        "{\"action\":\"DEACTIVATE\",\"memberID\":\"" + member + "\",\"alarm\":\"NOSPACE\"}");
    add(place, "t", "B");
    assertThat(count(place, "t")).isEqualTo(2);
  }

  @Test
  void aRowThatIsNotAsAStoreWritesItIsNamedAndOthersAreRead() throws Exception {
    EtcdTailnets place = opened(EtcdTailnets.create(EtcdServer.shared().settings()));
    for (String each : List.of("root", "aum", "moved", "node", "lost", "sound")) {
      add(place, each, "A B");
      put(place, each, node(1));
    }
    Layout layout = place.layout();
    String store = place.cache().root("aum").root().aums().orElseThrow().store();
    putKey(place, layout.root("root"), "{\"nodes\":");
    putKey(place, layout.aum(store, chains.get("A").hash()), "{}");
    String moved = place.cache().root("moved").root().aums().orElseThrow().store();
    place
        .client()
        .transact(
            List.of(),
            List.of(
                new Operation.Put(
                    layout.aum(moved, chains.get("A").hash()),
                    place
                        .client()
                        .get(layout.aum(moved, chains.get("B").hash()))
                        .orElseThrow()
                        .value())),
            List.of());
    putKey(place, layout.node("node", 1), "x");
    String lost = place.cache().root("lost").root().aums().orElseThrow().store();
    place
        .client()
        .transact(
            List.of(),
            List.of(Operation.Delete.of(layout.aum(lost, chains.get("B").hash()))),
            List.of());

    EtcdTailnets fresh = opened(EtcdTailnets.at(EtcdSettings.parse(place.toString())));
    for (String each : List.of("root", "aum", "moved", "node", "lost")) {
      assertThatThrownBy(
              () -> {
                fresh.records().orElseThrow().node(each, 1);
                fresh.tailnet(each).read();
              })
          .as(each)
          .isInstanceOf(StoreException.Damaged.class)
          .message()
          .startsWith(place + ", key " + layout.prefix())
          .doesNotContain("\n");
    }
    List<String> damaged = new ArrayList<>();
    List<String> found = new ArrayList<>();
    fresh.readAll(
        new Tailnets.Reading() {
          @Override
          public void found(String name, AumSnapshot snapshot) {
            found.add(name);
          }

          @Override
          public void damaged(String name, StoreException.Damaged why) {
            damaged.add(name);
          }
        });
    assertThat(found).containsExactly("sound");
    assertThat(damaged).containsExactlyInAnyOrder("root", "aum", "moved", "node", "lost");
  }

  /** Counts requests and the rows that they read, and has streams say nothing on demand. */
  private static final class CountingTransport implements Transport {
    private static final Pattern ROW = Pattern.compile("\"mod_revision\"");

    final Transport real;
    final AtomicInteger requests = new AtomicInteger();
    final AtomicLong rows = new AtomicLong();
    volatile boolean silent;

    CountingTransport() throws Exception {
      real = Gateway.open(Optional.empty());
    }

    @Override
    public byte[] ask(Member member, String path, byte[] json, String token, Duration patience)
        throws EtcdFailure {
      requests.incrementAndGet();
      byte[] answer = real.ask(member, path, json, token, patience);
      rows.addAndGet(ROW.matcher(new String(answer, StandardCharsets.US_ASCII)).results().count());
      return answer;
    }

    @Override
    public Stream open(Member member, String path, byte[] json, String token, Duration patience)
        throws EtcdFailure {
      Stream stream = real.open(member, path, json, token, patience);
      if (!silent) {
        return stream;
      }
      silent = false;
      CountDownLatch end = new CountDownLatch(1);
      return new Stream(
          new InputStream() {
            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
              return read();
            }

            @Override
            public int read() throws IOException {
              try {
                end.await();
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
              throw new IOException("closed");
            }
          },
          stream.silence(),
          () -> {
            end.countDown();
            stream.close();
          });
    }

    @Override
    public void close() {
      real.close();
    }
  }

  @Test
  void aReadCostsOneRequestThatOthersShareAndBodiesCostNone() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    CountingTransport counting = new CountingTransport();
    EtcdTailnets place =
        opened(
            EtcdTailnets.open(
                settings, new EtcdClient(settings, counting, 1000, Duration.ofSeconds(10)), true));
    add(place, "t", "A B C");
    put(place, "t", node(1));
    place.tailnet("t").read();
    counting.requests.set(0);
    AumSnapshot read = place.tailnet("t").read();
    assertThat(counting.requests.get()).isBetween(1, 2);
    for (var each : read.entries()) {
      read.get(each.hash());
    }
    assertThat(counting.requests.get()).isBetween(1, 2);
    counting.requests.set(0);
    add(place, "t", "D");
    // The read of the test, and the transaction.
    assertThat(counting.requests.get()).isBetween(2, 3);

    int readers = 32;
    int reads = 20;
    counting.requests.set(0);
    ExecutorService threads = Executors.newFixedThreadPool(readers);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < readers; i++) {
        all.add(
            threads.submit(
                () -> {
                  for (int j = 0; j < reads; j++) {
                    place.records().orElseThrow().node("t", 1);
                  }
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get(60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(counting.requests.get()).isLessThan(readers * reads / 4);
  }

  @Test
  void aCommitOfManyBatchesCostsWhatItAddsAndNotTheChain() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets.create(settings).close();
    List<CountingTransport> counting = List.of(new CountingTransport(), new CountingTransport());
    List<EtcdTailnets> places = new ArrayList<>();
    for (CountingTransport each : counting) {
      EtcdClient client = new EtcdClient(settings, each, 1000, Duration.ofSeconds(10));
      places.add(opened(EtcdTailnets.open(settings, client, false)));
    }
    Tailnets writer = places.get(0);
    Tailnets follower = places.get(1);
    add(writer, "t", "A");
    assertThat(count(follower, "t")).isOne();
    Aum parent = chains.get("A");
    int each = 300;
    for (int i = 1; i <= 4; i++) {
      Commit.Builder commit = Commit.on(writer.tailnet("t").read().revision());
      for (int j = 0; j < each; j++) {
        parent = Chains.noOp(parent, "n" + j, 1);
        commit.add(parent, NOON);
      }
      counting.forEach(one -> one.requests.set(0));
      counting.forEach(one -> one.rows.set(0));
      assertThat(writer.tailnet("t").commit(commit.build()).entries()).hasSize(1 + i * each);
      assertThat(count(follower, "t")).isEqualTo(1 + i * each);
      assertThat(count(writer, "t")).isEqualTo(1 + i * each);
      // A mark for each read, and one every few seconds: what is committed comes by the watch.
      counting.forEach(one -> assertThat(one.rows.get()).isBetween(1L, 20L));
      // And the writer's header, piece, commit, rows and end.
      counting.forEach(one -> assertThat(one.requests.get()).isBetween(1, 30));
    }
  }

  @Test
  void whatALargeChangeDeletesIsGoneForThoseWhoFollow() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets place = opened(EtcdTailnets.create(settings));
    CountingTransport counting = new CountingTransport();
    EtcdClient client = new EtcdClient(settings, counting, 1000, Duration.ofSeconds(10));
    EtcdTailnets follower = opened(EtcdTailnets.open(settings, client, false));
    int many = 130;
    Commit.Builder additions = Commit.on(place.tailnet("t").read().revision());
    additions.add(chains.get("A"), NOON).time(OwnTime.beginning(NOON));
    List<Aum> gone = new ArrayList<>();
    Aum parent = chains.get("A");
    for (int i = 0; i < many; i++) {
      parent = Chains.noOp(parent, "n" + i, 1);
      gone.add(parent);
      additions.add(parent, NOON);
    }
    place.tailnet("t").commit(additions.build());
    List<RecordsChange.OfNode> nodes = new ArrayList<>();
    ControlRecords records = place.records().orElseThrow();
    for (int id = 1; id <= many; id++) {
      nodes.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node(id))));
    }
    records.commit("t", new RecordsChange(Optional.empty(), nodes));
    assertThat(count(follower, "t")).isEqualTo(many + 1);
    counting.rows.set(0);

    Commit.Builder purges = Commit.on(place.tailnet("t").read().revision());
    List<TrailEntry> trail = new ArrayList<>();
    for (Aum each : gone) {
      purges.purge(each.hash());
      trail.add(
          new TrailEntry(
              each.hash(),
              each.parent(),
              each.kind(),
              NOON,
              Optional.empty(),
              Optional.empty(),
              List.of(),
              List.of(),
              Optional.empty()));
    }
    place.tailnet("t").commit(purges.trail(trail).build());
    for (Tailnets each : List.of(place, follower, opened(EtcdTailnets.at(settings)))) {
      AumSnapshot read = each.tailnet("t").read();
      assertThat(read.entries()).extracting(AumEntry::hash).containsExactly(chains.get("A").hash());
      assertThat(read.trail().entries()).isEqualTo(trail);
    }
    nodes.clear();
    for (int id = 2; id <= many; id++) {
      nodes.add(new RecordsChange.OfNode(Optional.of(node(id)), Optional.empty()));
    }
    records.commit("t", new RecordsChange(Optional.empty(), nodes));
    for (Tailnets each : List.of(place, follower, opened(EtcdTailnets.at(settings)))) {
      assertThat(each.records().orElseThrow().countNodes("t")).isOne();
    }
    assertThat(counting.rows.get()).isLessThan(many);
    for (int i = 0; i < many; i++) {
      Bytes hash = Bytes.copyOf(ByteBuffer.allocate(32).putInt(i).array());
      records.addToken(new NodeToken(hash, "t", 1, NOON));
    }
    assertThat(follower.records().orElseThrow().tokens("t")).hasSize(many);
    place.delete("t", place.tailnet("t").read().revision());
    for (Tailnets each : List.of(place, follower, opened(EtcdTailnets.at(settings)))) {
      assertThat(each.records().orElseThrow().countNodes("t")).isZero();
      assertThat(each.records().orElseThrow().tokens("t")).isEmpty();
      assertThat(each.tailnet("t").read().entries()).isEmpty();
    }
  }

  @Test
  void aWatchThatHasDiedIsBegunAgain() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets other = opened(EtcdTailnets.create(settings));
    add(other, "t", "A");
    CountingTransport counting = new CountingTransport();
    counting.silent = true;
    EtcdTailnets place =
        opened(
            EtcdTailnets.open(
                settings, new EtcdClient(settings, counting, 1000, Duration.ofSeconds(10)), false));
    assertThat(count(place, "t")).isOne();
    add(other, "t", "B");
    long begun = System.nanoTime();
    assertThat(count(place, "t")).isEqualTo(2);
    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(10));
    add(place, "t", "C");
    assertThat(count(other, "t")).isEqualTo(3);
  }

  @Test
  void whatEtcdForgotMeanwhileIsReadAgain() throws Exception {
    EtcdServer server = ownServer();
    String prefix = EtcdServer.newPrefix();
    EtcdTailnets other = opened(EtcdTailnets.create(server.settings(prefix)));
    EtcdTailnets place = opened(EtcdTailnets.at(server.proxied(prefix)));
    add(other, "t", "A");
    add(other, "gone", "A");
    put(other, "t", node(1));
    assertThat(count(place, "t")).isOne();
    ControlRecords records = place.records().orElseThrow();
    var position = records.position();
    long readings = place.cache().readings();

    server.clients(0).freeze();
    server.clients(0).cutAll();
    add(other, "t", "B C");
    other.delete("gone", other.tailnet("gone").read().revision());
    put(other, "t", node(2));
    add(other, "new", "A");
    server.compact();
    server.defragment(0);
    server.clients(0).thaw();

    assertThat(count(place, "t")).isEqualTo(3);
    assertThat(records.countNodes("t")).isEqualTo(2);
    assertThat(place.revisions()).containsOnlyKeys("new", "t");
    assertThat(place.cache().readings()).isGreaterThan(readings);
    // What changed since cannot be told any more.
    assertThat(records.changesAfter(position, 10).complete()).isFalse();
    // An etcd that forgets while nothing of ours is missed costs nothing.
    readings = place.cache().readings();
    server.put("elsewhere", "x");
    position = records.position();
    server.compact();
    server.clients(0).cutAll();
    add(other, "t", "D");
    assertThat(count(place, "t")).isEqualTo(4);
    assertThat(records.changesAfter(position, 10).tailnets()).hasSize(1);
    assertThat(place.cache().readings()).isEqualTo(readings);
  }

  @Test
  void rowsAreReadInPages() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets place = opened(EtcdTailnets.create(settings));
    add(place, "t", "A B C D E F");
    for (int id = 1; id <= 7; id++) {
      put(place, "t", node(id));
      add(place, "t" + id, "A");
    }
    EtcdTailnets paged =
        opened(
            EtcdTailnets.open(
                settings,
                new EtcdClient(settings, Gateway.open(Optional.empty()), 2, Duration.ofSeconds(9)),
                false));
    assertThat(paged.revisions()).isEqualTo(place.revisions()).hasSize(8);
    assertThat(count(paged, "t")).isEqualTo(6);
    assertThat(paged.records().orElseThrow().countNodes("t")).isEqualTo(7);
    assertThat(paged.records().orElseThrow().node("t", 7)).contains(node(7));
  }

  @Test
  void aCommitOfAnySizeIsOneForThoseWhoFollow() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets place = opened(EtcdTailnets.create(settings));
    EtcdTailnets other = opened(EtcdTailnets.at(settings));
    add(place, "t", "A");
    assertThat(count(other, "t")).isOne();
    int many = 1000;
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      Future<?> following =
          thread.submit(
              () -> {
                while (true) {
                  int found = count(other, "t");
                  assertThat(found).isIn(1, many + 1);
                  if (found > 1) {
                    return null;
                  }
                }
              });
      Commit.Builder commit = Commit.on(place.tailnet("t").read().revision());
      Aum parent = chains.get("A");
      for (int i = 0; i < many; i++) {
        parent = Chains.noOp(parent, "n" + i + "x".repeat(2000), 1);
        commit.add(parent, NOON);
      }
      AumSnapshot after = place.tailnet("t").commit(commit.build());
      assertThat(after.entries()).hasSize(many + 1);
      following.get(60, TimeUnit.SECONDS);
    } finally {
      thread.shutdownNow();
    }
    assertThat(count(opened(EtcdTailnets.at(settings)), "t")).isEqualTo(many + 1);
    assertThat(place.cache().root("t").root().pending()).isEmpty();
    assertThat(place.cache().leftBatches()).isEmpty();
  }

  @Test
  void aChangeWhoseAnswerIsLostIsMadeOnce() throws Exception {
    EtcdServer server = ownServer();
    String prefix = EtcdServer.newPrefix();
    EtcdTailnets place = opened(EtcdTailnets.create(server.proxied(prefix)));
    add(place, "t", "A");
    for (CuttingProxy.When when : CuttingProxy.When.values()) {
      for (int i = 0; i < 5; i++) {
        AumSnapshot before = place.tailnet("t").read();
        server.clients(0).cutAt("kv/txn", when);
        Aum next = Chains.noOp(chains.get("A"), when + " " + i, 1);
        AumSnapshot after =
            place.tailnet("t").commit(Commit.on(before.revision()).add(next, NOON).build());
        assertThat(after.entries()).hasSize(before.entries().size() + 1);
        assertThat(place.tailnet("t").read().revision()).isEqualTo(after.revision());
      }
    }
  }

  /** Holds transactions back, as a network may, and says that their answers are lost. */
  private static final class HoldingTransport implements Transport {
    final Transport real;
    volatile boolean holding;
    volatile Optional<Runnable> meanwhile = Optional.empty();
    volatile Optional<byte[]> held = Optional.empty();

    HoldingTransport() throws Exception {
      real = Gateway.open(Optional.empty());
    }

    @Override
    public byte[] ask(Member member, String path, byte[] json, String token, Duration patience)
        throws EtcdFailure {
      if (holding && path.equals("kv/txn")) {
        held = Optional.of(json);
        Optional<Runnable> once = meanwhile;
        meanwhile = Optional.empty();
        once.ifPresent(Runnable::run);
        throw new EtcdFailure.Lost("held back", null);
      }
      return real.ask(member, path, json, token, patience);
    }

    @Override
    public Stream open(Member member, String path, byte[] json, String token, Duration patience)
        throws EtcdFailure {
      return real.open(member, path, json, token, patience);
    }

    @Override
    public void close() {
      real.close();
    }
  }

  @Test
  void aChangeThatMayStillBeMadeIsInDoubtAndOneThatCannotIsDecidedAgain() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    HoldingTransport transport = new HoldingTransport();
    EtcdTailnets place =
        opened(
            EtcdTailnets.open(
                settings, new EtcdClient(settings, transport, 1000, Duration.ofMillis(200)), true));
    EtcdTailnets other = opened(EtcdTailnets.at(settings));
    add(place, "t", "A");
    transport.holding = true;
    assertThatThrownBy(() -> add(place, "t", "B")).isInstanceOf(StoreException.InDoubt.class);
    assertThat(count(other, "t")).isOne();
    transport.real.ask(
        settings.members().get(0), "kv/txn", transport.held.orElseThrow(), "", PATIENCE);
    assertThat(count(other, "t")).isEqualTo(2);
    assertThat(count(place, "t")).isEqualTo(2);

    transport.meanwhile =
        Optional.of(
            () -> {
              try {
                add(other, "t", "C");
              } catch (StoreException e) {
                throw new AssertionError(e);
              }
            });
    assertThatThrownBy(() -> add(place, "t", "D")).isInstanceOf(StoreException.Conflict.class);
    byte[] late = transport.held.orElseThrow();
    assertThat(
            Messages.readTransaction(
                    transport.real.ask(settings.members().get(0), "kv/txn", late, "", PATIENCE))
                .held())
        .isFalse();
    transport.holding = false;
    add(place, "t", "D");
    assertThat(count(other, "t")).isEqualTo(4);
  }

  @Test
  void membersAreAskedByTlsAndOnlyThoseOfTheAuthorityThatIsNamed() throws Exception {
    Path keys = directory.resolve("keys");
    List<String> keytool =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-alias",
            "etcd",
            "-keyalg",
            "EC",
            "-dname",
            "CN=etcd",
            "-ext",
            "san=ip:127.0.0.1",
            "-keystore",
            keys.toString(),
            "-storepass",
            "secret",
            "-storetype",
            "PKCS12");
    assertThat(
            new ProcessBuilder(keytool)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("said").toFile())
                .start()
                .waitFor())
        .isZero();
    KeyStore store = KeyStore.getInstance(keys.toFile(), "secret".toCharArray());
    Path certificate = directory.resolve("certificate.pem");
    Path key = directory.resolve("key.pem");
    Files.writeString(certificate, pem("CERTIFICATE", store.getCertificate("etcd").getEncoded()));
    Files.writeString(
        key, pem("PRIVATE KEY", store.getKey("etcd", "secret".toCharArray()).getEncoded()));
    own = Optional.of(EtcdServer.secure(certificate, key));
    String url = "etcds://127.0.0.1:" + own.get().securePort() + "/x";
    EtcdSettings trusting = EtcdSettings.parse(url + "?ca=" + certificate);
    EtcdTailnets place = opened(EtcdTailnets.create(trusting));
    add(place, "t", "A");
    assertThat(count(opened(EtcdTailnets.at(trusting)), "t")).isOne();
    try (CuttingProxy proxy = new CuttingProxy(own.get().securePort());
        Transport gateway = Gateway.open(Optional.of(certificate))) {
      Member frozen = new Member(true, "127.0.0.1", proxy.port());
      Duration patience = Duration.ofMillis(300);
      assertThatThrownBy(() -> gateway.ask(frozen, "none", new byte[9], "", Duration.ofSeconds(9)))
          .isInstanceOf(EtcdFailure.Refused.class);
      proxy.freeze();
      assertThatThrownBy(() -> gateway.ask(frozen, "none", new byte[16 << 20], "", patience))
          .isInstanceOf(EtcdFailure.Lost.class)
          .hasRootCauseMessage("the member takes no more");
    }
    assertThatThrownBy(() -> EtcdTailnets.at(EtcdSettings.parse(url)))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("TLS failed");
    EtcdSettings none = EtcdSettings.parse(url + "?ca=" + directory.resolve("none"));
    assertThatThrownBy(() -> EtcdTailnets.at(none))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageEndingWith("none: no such file");
  }

  private static String pem(String kind, byte[] encoded) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
        + "\n-----END "
        + kind
        + "-----\n";
  }
}
