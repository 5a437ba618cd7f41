package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The contract of {@link ControlRecords}, with that of fences (service, section 7). */
public abstract class FenceContract extends ControlRecordsContract {
  private static final String MOVE = "0123456789abcdef";
  private static final String ELSEWHERE = "postgresql://db/tka";

  protected static final Standing FENCED = new Standing.Fenced(NOON.plusNanos(123_456_789));
  protected static final Standing MOVED =
      new Standing.Moved(ELSEWHERE, Optional.of(URI.create("https://\u00fc.example:8443/")), NOON);
  protected static final Standing SHADOW =
      new Standing.Shadow(
          "/var/lib/tka/control.db", Optional.of(URI.create("https://old.example:8443/")));
  protected static final Standing OPEN = new Standing.Open();

  /** Changes a tailnet's fence. */
  protected static Fence fence(ControlRecords records, String tailnet, Standing standing)
      throws StoreException {
    Fence before = records.fence(tailnet);
    Fence after = before.next(MOVE, standing);
    records.fence(tailnet, before, after);
    return after;
  }

  protected static void assertFenced(String tailnet, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StoreException.Fenced.class,
            failure -> {
              assertThat(failure.tailnet()).isEqualTo(tailnet);
              assertThat(failure).hasMessageContaining("tailnet \"" + tailnet + "\" ");
            });
  }

  /** A call at a place. */
  protected interface Use {
    void at(Tailnets place) throws Exception;
  }

  /** Fills the tailnet "t" with something of each kind, a retired authority included. */
  protected final void fill(Tailnets place) throws StoreException {
    ControlRecords records = records(place);
    Revision first = add(place, "t", "A B").revision();
    records.retire("t", first, TailnetRecord.NONE, ended());
    add(place, "t", "A B C");
    put(records, "t", node(1));
    put(records, "t", node(2));
    records.addToken(token(1, "t", 1, NOON));
    records.noteSightings("t", List.of(sighting(1, "ok")));
  }

  /** All that is kept of the tailnet "t". */
  private record Content(
      ControlRecords.Seen seen,
      List<NodeRecord> nodes,
      Map<Long, NodeSighting> sightings,
      List<NodeToken> tokens,
      List<Revision> aums,
      int count) {

    static Content of(Tailnets place) throws StoreException {
      ControlRecords records = records(place);
      ControlRecords.Seen seen = records.seen("t");
      List<Revision> aums = new ArrayList<>();
      aums.add(place.tailnet("t").read().revision());
      int count = place.tailnet("t").read().entries().size();
      for (String each : retiredStores(seen)) {
        aums.add(place.tailnet(each).read().revision());
        count += place.tailnet(each).read().entries().size();
      }
      return new Content(
          seen, all(records, "t"), records.sightings("t"), records.tokens("t"), aums, count);
    }
  }

  private static List<String> retiredStores(ControlRecords.Seen seen) {
    return seen.tailnet().retired().stream().map(each -> each.store()).toList();
  }

  private static String retiredStore(Tailnets place) throws StoreException {
    return retiredStores(records(place).seen("t")).get(0);
  }

  private Map<String, Use> writes() {
    Map<String, Use> writes = new LinkedHashMap<>();
    writes.put("commit of AUMs", place -> grow(place, "t", "D"));
    writes.put("wipe", place -> place.tailnet("t").wipe());
    writes.put("delete", place -> place.delete("t", records(place).seen("t").aums()));
    writes.put("commit to a retired authority", place -> grow(place, retiredStore(place), "C"));
    writes.put("wipe of a retired authority", place -> place.tailnet(retiredStore(place)).wipe());
    writes.put(
        "delete of a retired authority",
        place -> place.delete(retiredStore(place), place.revisions().get(retiredStore(place))));
    writes.put(
        "change of the record",
        place -> {
          TailnetRecord before = records(place).seen("t").tailnet();
          records(place).commit("t", RecordsChange.ofTailnet(before, before.withMade()));
        });
    writes.put(
        "change of a node",
        place ->
            records(place)
                .commit(
                    "t",
                    RecordsChange.ofNode(
                        Optional.of(node(1)), Optional.of(node(1).withMayInit(true)))));
    writes.put(
        "new node",
        place ->
            records(place)
                .commit("t", RecordsChange.ofNode(Optional.empty(), Optional.of(node(3)))));
    writes.put("removal of a node", place -> remove(records(place), "t", node(2)));
    writes.put(
        "end of the authority",
        place -> {
          ControlRecords.Seen seen = records(place).seen("t");
          records(place).retire("t", seen.aums(), seen.tailnet(), ended());
        });
    writes.put(
        "sightings", place -> records(place).noteSightings("t", List.of(sighting(1, "lost"))));
    writes.put("new token", place -> records(place).addToken(token(2, "t", 1, NOON)));
    writes.put(
        "revoked token", place -> records(place).removeToken("t", token(1, "t", 1, NOON).hash()));
    return writes;
  }

  /** Commits to a store at the revision that it has, without reading it as everybody does. */
  protected final void grow(Tailnets place, String store, String name) throws StoreException {
    place
        .tailnet(store)
        .commit(Commit.on(place.revisions().get(store)).add(chains.get(name), NOON).build());
  }

  private static Map<String, Use> reads() {
    Map<String, Use> reads = new LinkedHashMap<>();
    reads.put("AUMs", place -> place.tailnet("t").read());
    reads.put("retired authority", place -> place.tailnet(retiredStore(place)).read());
    reads.put("record", place -> records(place).tailnet("t"));
    reads.put("node", place -> assertThat(records(place).node("t", 1)).isPresent());
    reads.put("nodes", place -> assertThat(records(place).nodes("t", List.of(1L))).hasSize(1));
    reads.put("all nodes", place -> assertThat(all(records(place), "t")).isNotEmpty());
    reads.put("number of nodes", place -> assertThat(records(place).countNodes("t")).isPositive());
    reads.put(
        "nodes with a key",
        place -> assertThat(records(place).nodesWithKey("t", nodeKey(1))).isNotEmpty());
    reads.put("nodes told apart", place -> records(place).nodesToldApart("t"));
    reads.put("sightings", place -> assertThat(records(place).sightings("t")).isNotEmpty());
    reads.put("tokens", place -> assertThat(records(place).tokens("t")).isNotEmpty());
    reads.put(
        "token",
        place -> assertThat(records(place).token(token(1, "t", 1, NOON).hash())).isPresent());
    return reads;
  }

  @Test
  void everyFenceComesBackForAnotherProcess() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    ControlRecords other = records(opened());
    assertThat(records.fence("t")).isEqualTo(Fence.NONE);
    for (Standing each :
        List.of(
            SHADOW,
            OPEN,
            FENCED,
            MOVED,
            new Standing.Moved("b", Optional.empty(), NOON.plusSeconds(1)),
            SHADOW)) {
      Fence fence = fence(records, "t", each);
      assertThat(other.fence("t")).isEqualTo(fence);
      assertThat(other.seen("t").fence()).isEqualTo(fence);
      assertThat(other.seen("t").known()).as(each.toString()).isEqualTo(!each.equals(OPEN));
      assertThat(other.tailnets()).containsAll(each.equals(OPEN) ? List.of() : List.of("t"));
      assertThat(other.tailnets()).hasSizeLessThan(2);
    }
    assertThat(other.fence("t").epoch()).isEqualTo(6);
    assertThat(records.seen("t").tailnet()).isEqualTo(TailnetRecord.NONE);
    assertThat(records.fence("u")).isEqualTo(Fence.NONE);
  }

  @Test
  void aFenceIsChangedByWhoReadItLastAndOnlyToTheNextEpoch() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    Fence fenced = fence(records, "t", FENCED);
    Changes.Position position = records.position();
    for (Fence wrong :
        List.of(
            Fence.NONE,
            new Fence(1, Optional.of("another"), FENCED),
            new Fence(1, Optional.of(MOVE), new Standing.Fenced(NOON)),
            new Fence(2, Optional.of(MOVE), FENCED))) {
      assertConflict(
          () -> records.fence("t", wrong, wrong.next(MOVE, MOVED)), "tailnet \"t\"", "epoch 1");
    }
    for (Fence wrong :
        List.of(new Fence(3, fenced.move(), MOVED), new Fence(1, fenced.move(), MOVED))) {
      assertThatThrownBy(() -> records.fence("t", fenced, wrong))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(records.fence("t")).isEqualTo(fenced);
    assertThat(changesAfter(records, position)).isEmpty();
    // Also where nothing was.
    assertConflict(() -> records.fence("u", fenced, fenced.next(MOVED)), "tailnet \"u\"");
    assertThatThrownBy(() -> fence(records, "a/b", SHADOW))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(records.tailnets()).containsExactly("t");
  }

  /** Something of a tailnet that nothing else is of. */
  private Map<String, Use> beginnings() {
    Map<String, Use> beginnings = new LinkedHashMap<>();
    beginnings.put("AUMs", place -> add(place, "t", "A"));
    beginnings.put("node", place -> put(records(place), "t", node(1)));
    beginnings.put(
        "record",
        place ->
            change(records(place), "t", TailnetRecord.NONE.withSupport(Optional.of(secret(1)))));
    return beginnings;
  }

  @Test
  void whatWasMadeAtAPlaceSinceItWasLookedAtIsNotTakenForACopy() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Tailnets other = opened();
    for (Map.Entry<String, Use> each : beginnings().entrySet()) {
      for (Standing standing : List.of(OPEN, FENCED)) {
        Fence looked = records.fence("t");
        each.getValue().at(other);
        Fence before = standing.equals(OPEN) ? looked : fence(records, "t", standing);
        ControlRecords.Seen made = records.seen("t");
        Changes.Position position = records.position();
        assertConflict(
            () -> records.fence("t", before, before.next(MOVE, SHADOW)),
            "tailnet \"t\"",
            "found what lives there");
        assertThat(records(other).seen("t")).as(each.getKey()).isEqualTo(made);
        assertThat(changesAfter(records, position)).isEmpty();
        // Where it does not live any more, it may.
        Fence moved = fence(records, "t", MOVED);
        records.fence("t", moved, moved.next(MOVE, SHADOW));
        fence(records, "t", OPEN);
        place.delete("t", records.seen("t").aums());
      }
    }
  }

  @Test
  void everyWriteFailsWhereTheTailnetIsFencedOrDoesNotLiveAndLeavesAllAsItWas() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    Tailnets other = opened();
    for (Standing standing : List.of(FENCED, MOVED, SHADOW)) {
      Fence fence = fence(records, "t", standing);
      Content before = Content.of(records.under("t", fence));
      for (Tailnets each : List.of(place, other)) {
        for (Map.Entry<String, Use> write : writes().entrySet()) {
          assertThatThrownBy(() -> write.getValue().at(each))
              .as(write.getKey() + " at " + standing)
              .isInstanceOf(StoreException.Fenced.class);
        }
      }
      assertThat(Content.of(records.under("t", fence))).isEqualTo(before);
    }
    // Others go on.
    put(records, "u", node(1));
    add(place, "u", "A");
    Fence open = fence(records, "t", OPEN);
    Content before = Content.of(place);
    assertThat(before.seen.fence()).isEqualTo(open);
    assertThat(before).isEqualTo(Content.of(records.under("t", open)));
  }

  @Test
  void everyWriteIsMadeAgainOnceTheTailnetIsOpen() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    for (Map.Entry<String, Use> write : writes().entrySet()) {
      fill(place);
      Fence fenced = fence(records, "t", FENCED);
      // The move itself may, too.
      write.getValue().at(records.under("t", fenced));
      records.under("t", fenced).delete("t", records.seen("t").aums());
      assertThat(records.fence("t")).as(write.getKey()).isEqualTo(fenced);
      fence(records, "t", OPEN);
      fill(place);
      Content before = Content.of(place);
      write.getValue().at(place);
      Tailnets after = records.under("t", records.fence("t"));
      assertThat(Content.of(after)).as(write.getKey()).isNotEqualTo(before);
      place.delete("t", records.seen("t").aums());
    }
  }

  @Test
  void aTailnetIsReadWhileItIsFencedAndNotWhereItDoesNotLive() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    for (Standing standing : List.of(OPEN, FENCED)) {
      fence(records, "t", standing);
      for (Use read : reads().values()) {
        read.at(place);
      }
    }
    Tailnets other = opened();
    for (Standing standing : List.of(MOVED, SHADOW)) {
      Fence fence = fence(records, "t", standing);
      for (Tailnets each : List.of(place, other)) {
        for (Map.Entry<String, Use> read : reads().entrySet()) {
          assertThatThrownBy(() -> read.getValue().at(each))
              .as(read.getKey() + " at " + standing)
              .isInstanceOf(StoreException.Fenced.class);
        }
        assertThat(records(each).tailnets()).containsExactly("t");
        assertThat(records(each).seen("t").known()).isTrue();
        assertThat(records(each).seen("t").tailnet().retired()).hasSize(1);
        assertThat(each.revisions()).containsKey("t");
      }
      for (Use read : reads().values()) {
        read.at(records.under("t", fence));
      }
    }
  }

  @Test
  void allTailnetsThatAreReadAreThoseThatLiveHere() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    String retired = retiredStore(place);
    add(place, "u", "A");
    assertThat(read(place)).containsExactlyInAnyOrder("t", retired, "u");
    fence(records, "t", FENCED);
    assertThat(read(place)).containsExactlyInAnyOrder("t", retired, "u");
    Fence moved = fence(records, "t", MOVED);
    assertThat(read(place)).containsExactly("u");
    assertThat(read(records.under("t", moved))).containsExactlyInAnyOrder("t", retired, "u");
  }

  private static List<String> read(Tailnets place) throws StoreException {
    List<String> names = new ArrayList<>();
    place.readAll(
        new Tailnets.Reading() {
          @Override
          public void found(String name, AumSnapshot snapshot) {
            names.add(name);
          }

          @Override
          public void damaged(String name, StoreException.Damaged why) throws StoreException {
            throw why;
          }
        });
    return names;
  }

  @Test
  void theMessageSaysWhereTheTailnetLives() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    fence(records, "t", FENCED);
    assertThatThrownBy(() -> grow(place, "t", "D"))
        .hasMessage("tailnet \"t\" is being moved to another place: try again");
    fence(records, "t", MOVED);
    assertThatThrownBy(() -> place.tailnet("t").read())
        .hasMessage("tailnet \"t\" was moved to " + ELSEWHERE);
    Fence old = fence(records, "t", SHADOW);
    assertThatThrownBy(() -> records.node("t", 1))
        .hasMessage(
            "tailnet \"t\" is a copy that is not finished, of that in /var/lib/tka/control.db");
    fence(records, "t", SHADOW);
    assertThatThrownBy(() -> records(records.under("t", old)).node("t", 1))
        .hasMessage(
            "tailnet \"t\" is no longer held by this move: expected its fence at epoch 3, found"
                + " epoch 4");
  }

  @Test
  void whoHoldsTheFenceReadsAndWritesExactlyWhileItIsThatOne() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Fence shadow = fence(records, "t", SHADOW);
    Tailnets held = records(opened()).under("t", shadow);
    fill(held);
    assertThat(Content.of(held).count).isEqualTo(5);
    put(records(held), "u", node(1));
    AumStore store = held.tailnet("t");
    store.read();
    ControlRecords ofHeld = records(held);
    Content before = Content.of(held);

    Fence taken = fence(records, "t", SHADOW);
    assertFenced("t", store::read);
    for (Map.Entry<String, Use> write : writes().entrySet()) {
      assertThatThrownBy(() -> write.getValue().at(held))
          .as(write.getKey())
          .isInstanceOf(StoreException.Fenced.class);
    }
    for (Map.Entry<String, Use> read : reads().entrySet()) {
      assertThatThrownBy(() -> read.getValue().at(held))
          .as(read.getKey())
          .isInstanceOf(StoreException.Fenced.class);
    }
    assertThat(ofHeld.fence("t")).isEqualTo(taken);
    assertThat(ofHeld.tailnets()).containsExactly("t", "u");
    Content after = Content.of(records.under("t", taken));
    assertThat(after.nodes).isEqualTo(before.nodes);
    assertThat(after.aums).isEqualTo(before.aums);

    // Others are not held, and closing it closes nothing.
    fence(records, "u", MOVED);
    assertFenced("u", () -> ofHeld.node("u", 1));
    held.close();
    assertThat(records.fence("t")).isEqualTo(taken);
    // Also a fence that is open is held.
    Fence open = fence(records, "t", OPEN);
    fill(records.under("v", Fence.NONE), "v");
    put(records(records.under("t", open)), "t", node(7));
    fence(records, "t", FENCED);
    assertFenced("t", () -> put(records(records.under("t", open)), "t", node(8)));
  }

  private void fill(Tailnets place, String tailnet) throws StoreException {
    add(place, tailnet, "A");
    put(records(place), tailnet, node(1));
  }

  @Test
  void aDeletedTailnetLeavesItsFenceExactlyIfAMoveHoldsIt() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    fence(records, "t", FENCED);
    Fence moved = fence(records, "t", MOVED);
    Tailnets held = records.under("t", moved);
    // While anything else is there it stays.
    assertFenced("t", () -> place.delete("t", records.seen("t").aums()));
    Changes.Position position = records.position();
    held.delete("t", records.seen("t").aums());
    assertThat(changesAfter(records, position)).containsExactly(named("t", true));
    assertThat(records(opened()).seen("t"))
        .isEqualTo(new ControlRecords.Seen(true, TailnetRecord.NONE, Tailnets.NO_COMMIT, moved));
    assertThat(all(records(held), "t")).isEmpty();
    assertThat(records.token(token(1, "t", 1, NOON).hash())).isEmpty();
    assertThat(records.tailnets()).containsExactly("t");
    assertFenced("t", () -> put(records, "t", node(1)));
    held.delete("t", Tailnets.NO_COMMIT);
    assertThat(records.fence("t")).isEqualTo(moved);

    // All that is left is where it went.
    position = records.position();
    place.delete("t", Tailnets.NO_COMMIT);
    assertThat(changesAfter(records, position)).containsExactly(named("t", true));
    assertThat(records.tailnets()).isEmpty();
    assertThat(records.fence("t")).isEqualTo(Fence.NONE);

    fence(records, "t", SHADOW);
    assertFenced("t", () -> place.delete("t", Tailnets.NO_COMMIT));
    fence(records, "t", OPEN);
    fill(place);
    place.delete("t", records.seen("t").aums());
    assertThat(records.fence("t")).isEqualTo(Fence.NONE);
    // Nobody's name, and everybody's again.
    fence(records, "t", SHADOW);
    fence(records, "t", OPEN);
    fill(place);
  }

  @Test
  void aChangeOfTheFenceIsToldAsASwitch() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    put(records, "t", node(1));
    Followed followed = new Followed();
    try (Tailnets.Watch watch = records(opened()).watch(followed)) {
      assertThat(watch).isNotNull();
      followed.catchUp();
      followed.named();
      for (Standing each : List.of(FENCED, OPEN, FENCED, MOVED)) {
        Changes.Position position = records.position();
        fence(records, "t", each);
        assertThat(changesAfter(records, position)).containsExactly(named("t", true));
        followed.catchUp();
        assertThat(followed.named()).containsExactly("t");
      }
      Changes.Position position = records.position();
      fence(records, "u", SHADOW);
      assertThat(changesAfter(records, position)).containsExactly(named("u", true));
    }
  }

  /** A writer that goes on until it is fenced. */
  private interface Writer {
    void write(Tailnets place, int turn) throws StoreException;
  }

  private List<Writer> writers() {
    return List.of(
        (place, turn) -> {
          AumStore store = place.tailnet("t");
          Commit.Builder commit = Commit.on(store.read().revision());
          commit.add(chains.get(turn % 2 == 0 ? "A" : "B"), NOON);
          commit.purge(chains.get(turn % 2 == 0 ? "B" : "A").hash());
          store.commit(commit.build());
        },
        (place, turn) -> put(records(place), "t", node(1).withName(Optional.of("name " + turn))),
        (place, turn) -> put(records(place), "t", node(100 + turn)),
        (place, turn) ->
            change(records(place), "t", TailnetRecord.NONE.withSupport(Optional.of(secret(turn)))),
        (place, turn) -> records(place).noteSightings("t", List.of(sighting(1, "outcome " + turn))),
        (place, turn) -> records(place).addToken(token(turn, "t", 1, NOON)));
  }

  @Test
  void whenTheFenceIsChangedAllThatIsWrittenUnderTheOneBeforeIsThereAndNoMoreComes()
      throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    put(records, "t", node(1));
    add(place, "t", "A");
    List<Tailnets> places = new ArrayList<>();
    for (int i = 0; i < writers().size(); i++) {
      places.add(opened());
    }
    ExecutorService threads = Executors.newFixedThreadPool(writers().size());
    try {
      for (int round = 0; round < 4; round++) {
        CountDownLatch begun = new CountDownLatch(writers().size());
        List<Future<Integer>> all = new ArrayList<>();
        for (int i = 0; i < writers().size(); i++) {
          Writer writer = writers().get(i);
          Tailnets own = places.get(i);
          int from = round * 1_000_000;
          all.add(
              threads.submit(
                  () -> {
                    int turn = from;
                    try {
                      while (true) {
                        try {
                          turn++;
                          writer.write(own, turn);
                        } catch (StoreException.Conflict e) {
                          // Another was first.
                        }
                        begun.countDown();
                      }
                    } catch (StoreException.Fenced e) {
                      return turn - from;
                    }
                  }));
        }
        assertThat(begun.await(60, TimeUnit.SECONDS)).as("all have begun").isTrue();
        Fence fence = fence(records, "t", round % 2 == 0 ? FENCED : MOVED);
        Content then = Content.of(records.under("t", fence));
        for (Future<Integer> each : all) {
          assertThat(each.get(60, TimeUnit.SECONDS)).isPositive();
        }
        assertThat(Content.of(records.under("t", fence))).isEqualTo(then);
        fence(records, "t", OPEN);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void firstWritesOfATailnetThatRaceWithItsFirstFenceAreThereOrFail() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Tailnets other = opened();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      for (int i = 0; i < 10; i++) {
        String tailnet = "t" + i;
        CountDownLatch go = new CountDownLatch(1);
        Future<Boolean> aums =
            threads.submit(
                () -> {
                  go.await();
                  return madeUnlessFenced(() -> add(other, tailnet, "A"));
                });
        Future<Boolean> node =
            threads.submit(
                () -> {
                  go.await();
                  return madeUnlessFenced(() -> put(records(other), tailnet, node(1)));
                });
        go.countDown();
        Fence fence = fence(records, tailnet, FENCED);
        Tailnets held = records.under(tailnet, fence);
        boolean hadAums = !held.tailnet(tailnet).read().entries().isEmpty();
        boolean hadNode = records(held).countNodes(tailnet) == 1;
        assertThat(aums.get(60, TimeUnit.SECONDS)).isEqualTo(hadAums);
        assertThat(node.get(60, TimeUnit.SECONDS)).isEqualTo(hadNode);
        assertThat(held.tailnet(tailnet).read().entries().isEmpty()).isEqualTo(!hadAums);
        assertThat(records(held).countNodes(tailnet) == 1).isEqualTo(hadNode);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void ofFirstWritesThatRaceWithTheBeginningOfACopyEitherAllAreThereOrTheCopyIsEmpty()
      throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Tailnets other = opened();
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      for (int i = 0; i < 20; i++) {
        String tailnet = "t" + i;
        int write = i % 2;
        CountDownLatch go = new CountDownLatch(1);
        Future<Boolean> made =
            thread.submit(
                () -> {
                  go.await();
                  return madeUnlessFenced(
                      () -> {
                        if (write == 0) {
                          add(other, tailnet, "A");
                        } else {
                          put(records(other), tailnet, node(1));
                        }
                      });
                });
        go.countDown();
        boolean begun;
        try {
          records.fence(tailnet, Fence.NONE, Fence.NONE.next(MOVE, SHADOW));
          begun = true;
        } catch (StoreException.Conflict e) {
          begun = false;
        }
        assertThat(made.get(60, TimeUnit.SECONDS)).isEqualTo(!begun);
        Tailnets held = records.under(tailnet, records.fence(tailnet));
        long kept = held.tailnet(tailnet).read().entries().size();
        kept += records(held).countNodes(tailnet);
        assertThat(kept).isEqualTo(begun ? 0 : 1);
      }
    } finally {
      thread.shutdownNow();
    }
  }

  private static boolean madeUnlessFenced(ThrowingCallable write) throws Exception {
    try {
      write.call();
      return true;
    } catch (StoreException.Fenced e) {
      return false;
    } catch (Throwable e) {
      throw new Exception(e);
    }
  }

  @Test
  void ofManyThatChangeTheFenceOneIsFirst() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    int movers = 4;
    ExecutorService threads = Executors.newFixedThreadPool(movers);
    try {
      for (int round = 0; round < 5; round++) {
        Fence before = records.fence("t");
        List<Future<Boolean>> all = new ArrayList<>();
        for (int i = 0; i < movers; i++) {
          ControlRecords own = i % 2 == 0 ? records : records(opened());
          Fence after = before.next("move " + i, FENCED);
          all.add(
              threads.submit(
                  () -> {
                    try {
                      own.fence("t", before, after);
                      return true;
                    } catch (StoreException.Conflict e) {
                      return false;
                    }
                  }));
        }
        int first = 0;
        for (Future<Boolean> each : all) {
          first += each.get(60, TimeUnit.SECONDS) ? 1 : 0;
        }
        assertThat(first).isOne();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
