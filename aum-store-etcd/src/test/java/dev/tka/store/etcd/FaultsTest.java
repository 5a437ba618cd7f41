package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.testkit.ControlRecordsContract;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * A process ends before or after each single request of each change; another one then finds the
 * change made as a whole or not at all, and goes on.
 */
class FaultsTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private static final Chains CHAINS = Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C -> D");

  /** More than one transaction takes: in number, and in bytes. */
  private static final int MANY = 130;

  /** Of so many requests each is the last one, before and after; and then each once. */
  private static final int ALL = 5;

  /** A change of the tailnet "t". */
  private interface Change {
    void at(Tailnets place) throws StoreException;
  }

  private static ControlRecords records(Tailnets place) {
    return place.records().orElseThrow();
  }

  private static NodeRecord node(int id) {
    return NodeRecord.of(id, ControlRecordsContract.nodeKey(id));
  }

  private static Bytes hash(int number) {
    return Bytes.copyOf(ByteBuffer.allocate(32).putInt(number).array());
  }

  private static RetiredAuthority ended() {
    return new RetiredAuthority(
        new AuthorityName(CHAINS.get("A").hash(), 1, 2),
        ControlRecordsContract.secret(9),
        NOON,
        "ignored");
  }

  private static void add(Tailnets place, String names) throws StoreException {
    Commit.Builder commit = Commit.on(place.tailnet("t").read().revision());
    CHAINS.list(names).forEach(each -> commit.add(each, NOON));
    place.tailnet("t").commit(commit.build());
  }

  private static void nodes(Tailnets place, List<NodeRecord> after) throws StoreException {
    Map<Long, NodeRecord> before = new HashMap<>();
    records(place).allNodes("t", each -> before.put(each.id(), each));
    List<RecordsChange.OfNode> changes = new ArrayList<>();
    for (NodeRecord each : after) {
      Optional<NodeRecord> found = Optional.ofNullable(before.get(each.id()));
      changes.add(new RecordsChange.OfNode(found, Optional.of(each)));
    }
    records(place).commit("t", new RecordsChange(Optional.empty(), changes));
  }

  /** Something of each kind. */
  private static void fill(Tailnets place) throws StoreException {
    add(place, "A B");
    records(place).retire("t", place.tailnet("t").read().revision(), TailnetRecord.NONE, ended());
    add(place, "A B C");
    nodes(place, List.of(node(1), node(2)));
    records(place).addToken(new NodeToken(hash(1), "t", 1, NOON));
    records(place)
        .noteSightings(
            "t", List.of(new NodeSighting(1, NOON, Optional.empty(), Optional.empty(), "ok", "")));
  }

  private static Commit rewrite(Tailnets place) throws StoreException {
    AumSnapshot now = place.tailnet("t").read();
    Commit.Builder commit =
        Commit.on(now.revision())
            .add(CHAINS.get("D"), NOON)
            .purge(CHAINS.get("A").hash())
            .lastActiveAncestor(CHAINS.get("B").hash())
            .time(OwnTime.beginning(NOON));
    Aum first = CHAINS.get("A");
    return commit
        .trail(
            List.of(
                new TrailEntry(
                    first.hash(),
                    first.parent(),
                    first.kind(),
                    NOON,
                    Optional.empty(),
                    Optional.empty(),
                    List.of(),
                    List.of(),
                    Optional.empty())))
        .build();
  }

  /** A commit that takes several transactions by its number of AUMs, and by their size. */
  private static Commit large(Tailnets place) throws StoreException {
    Commit.Builder commit = Commit.on(place.tailnet("t").read().revision());
    Aum parent = CHAINS.get("C");
    for (int i = 0; i < MANY; i++) {
      parent = Chains.noOp(parent, "x".repeat(i < 2 ? 450_000 : 10) + i, 1);
      commit.add(parent, NOON);
    }
    return commit.purge(CHAINS.get("A").hash()).time(OwnTime.beginning(NOON)).build();
  }

  private static Map<String, Change> changes() {
    Map<String, Change> changes = new LinkedHashMap<>();
    changes.put("commit of AUMs", place -> add(place, "D"));
    changes.put("rewrite", place -> place.tailnet("t").commit(rewrite(place)));
    changes.put("large commit", place -> place.tailnet("t").commit(large(place)));
    changes.put("wipe", place -> place.tailnet("t").wipe());
    changes.put("delete", place -> place.delete("t", place.revisions().get("t")));
    changes.put(
        "record",
        place ->
            records(place)
                .commit(
                    "t",
                    RecordsChange.ofTailnet(
                        records(place).tailnet("t"), records(place).tailnet("t").withMade())));
    changes.put("nodes", place -> nodes(place, List.of(node(2).withMayInit(true), node(3))));
    changes.put(
        "removal of a node",
        place ->
            records(place)
                .commit("t", RecordsChange.ofNode(Optional.of(node(1)), Optional.empty())));
    changes.put(
        "many nodes",
        place -> {
          List<NodeRecord> many = new ArrayList<>();
          for (int id = 1; id <= MANY; id++) {
            many.add(node(id).withName(Optional.of("n" + id)));
          }
          nodes(place, many);
        });
    changes.put(
        "end of the authority",
        place ->
            records(place)
                .retire(
                    "t",
                    place.tailnet("t").read().revision(),
                    records(place).tailnet("t"),
                    ended()));
    changes.put(
        "fence",
        place ->
            records(place)
                .fence("t", Fence.NONE, Fence.NONE.next("move", new Fence.Standing.Fenced(NOON))));
    changes.put(
        "sighting",
        place ->
            records(place)
                .noteSightings(
                    "t",
                    List.of(
                        new NodeSighting(2, NOON, Optional.empty(), Optional.empty(), "ok", ""))));
    changes.put(
        "new token", place -> records(place).addToken(new NodeToken(hash(2), "t", 2, NOON)));
    changes.put("revoked token", place -> records(place).removeToken("t", hash(1)));
    return changes;
  }

  /** All that is kept of the tailnet, without its random numbers. */
  private static String content(Tailnets place) throws StoreException {
    ControlRecords records = records(place);
    ControlRecords.Seen seen = records.seen("t");
    StringBuilder content = new StringBuilder();
    content.append(seen.known()).append(seen.tailnet()).append(seen.fence());
    List<String> stores = new ArrayList<>(List.of("t"));
    seen.tailnet().retired().forEach(each -> stores.add(each.store()));
    for (String store : stores) {
      AumSnapshot aums = place.tailnet(store).read();
      TreeSet<AumHash> hashes = new TreeSet<>();
      for (AumEntry each : aums.entries()) {
        hashes.add(each.hash());
        assertThat(aums.get(each.hash()).hash()).isEqualTo(each.hash());
      }
      content
          .append(hashes)
          .append(aums.notes().time())
          .append(aums.lastActiveAncestor())
          .append(aums.trail().entries());
    }
    records.allNodes("t", content::append);
    content.append(records.sightings("t")).append(records.tokens("t"));
    for (int i = 1; i <= 2; i++) {
      content.append(records.token(hash(i)));
    }
    return content.toString();
  }

  private static EtcdSettings newPlace() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    try (Tailnets place = EtcdTailnets.create(settings)) {
      fill(place);
    }
    return settings;
  }

  @Test
  void aChangeWhoseProcessEndsAtAnyOfItsRequestsIsMadeAsAWholeOrNotAtAll() throws Exception {
    int runs = 0;
    int doubts = 0;
    for (Map.Entry<String, Change> change : changes().entrySet()) {
      String before;
      String after;
      EtcdSettings whole = newPlace();
      try (Tailnets place = EtcdTailnets.create(whole)) {
        before = content(place);
        change.getValue().at(place);
        after = content(place);
      }
      assertThat(after).as(change.getKey()).isNotEqualTo(before);
      for (FailingTransport.When when : FailingTransport.When.values()) {
        for (int request = 1; true; request++) {
          if (request > ALL && (request % 2 == 0) == (when == FailingTransport.When.BEFORE)) {
            // Those of large changes are much alike.
            continue;
          }
          String as = change.getKey() + ", " + when + " request " + request;
          EtcdSettings settings = newPlace();
          FailingTransport transport = new FailingTransport(settings);
          Optional<StoreException> failure = Optional.empty();
          try (EtcdTailnets ending =
              EtcdTailnets.open(settings, transport.client(settings), false)) {
            content(ending);
            transport.endAt(request, when);
            try {
              change.getValue().at(ending);
            } catch (StoreException e) {
              failure = Optional.of(e);
            }
          }
          runs++;
          doubts += failure.filter(StoreException.InDoubt.class::isInstance).isPresent() ? 1 : 0;
          requireWhole(as, settings, before, after, failure);
          if (!transport.hasEnded()) {
            assertThat(failure).as(as).isEmpty();
            break;
          }
        }
      }
    }
    System.out.printf(
        "etcd: %d changes in %d runs, each ended at another request, %d of them in doubt%n",
        changes().size(), runs, doubts);
    assertThat(doubts).isPositive();
  }

  private static void requireWhole(
      String as,
      EtcdSettings settings,
      String before,
      String after,
      Optional<StoreException> failure)
      throws Exception {
    try (EtcdTailnets other = EtcdTailnets.at(settings)) {
      String found = content(other);
      if (failure.isEmpty()) {
        assertThat(found).as(as).isEqualTo(after);
      } else if (failure.get() instanceof StoreException.InDoubt) {
        assertThat(found).as(as).isIn(before, after);
      } else {
        assertThat(failure.get()).as(as).isInstanceOf(StoreException.Unavailable.class);
        assertThat(found).as(as).isEqualTo(before);
      }
      // The place goes on, and nothing is left.
      Fence fence = records(other).fence("t");
      if (!fence.isOpen()) {
        records(other).fence("t", fence, fence.next(new Fence.Standing.Open()));
      }
      nodes(other, List.of(node(777)));
      Revision revision = other.tailnet("t").read().revision();
      Aum last = Chains.noOp(CHAINS.get("A"), "goes on", 1);
      other.tailnet("t").commit(Commit.on(revision).add(last, NOON).build());
      assertThat(other.tailnet("t").read().find(last.hash())).as(as).isPresent();
      other.writer().sweep(Duration.ZERO);
      other.pass();
      assertThat(other.cache().leftBatches()).as(as).isEmpty();
      assertThat(keys(other, other.layout().batches())).as(as).isEmpty();
      assertThat(EtcdTailnets.warning(settings)).isEmpty();
    }
    try (EtcdTailnets fresh = EtcdTailnets.at(settings);
        EtcdTailnets followed = EtcdTailnets.at(settings)) {
      assertThat(content(fresh)).as(as).isEqualTo(content(followed));
    }
  }

  private static List<String> keys(EtcdTailnets place, String prefix) throws EtcdFailure {
    List<String> keys = new ArrayList<>();
    place.client().readAll(prefix, Gateway.afterPrefix(prefix), 0, each -> keys.add(each.key()));
    return keys;
  }
}
