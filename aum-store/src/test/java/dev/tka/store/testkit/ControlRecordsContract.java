package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.PendingInit;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadsLog;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The contract of {@link ControlRecords}, for every implementation to extend. */
public abstract class ControlRecordsContract {
  protected static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final int MANY = 1000;

  protected final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> C -> D -> E -> F -> G");

  private final List<Tailnets> open = new ArrayList<>();

  /**
   * A place that no other test sees. A second call opens the same place as another process would.
   */
  protected abstract Tailnets place() throws Exception;

  protected final Tailnets opened() throws Exception {
    Tailnets place = place();
    open.add(place);
    return place;
  }

  @AfterEach
  protected final void closeAll() {
    open.forEach(Tailnets::close);
  }

  /** A node key that is called by a number. */
  public static NodeKey nodeKey(int number) {
    return new NodeKey(Bytes.copyOf(ByteBuffer.allocate(NodeKey.SIZE).putInt(number).array()));
  }

  /** A secret that is called by a number. */
  public static DisablementSecret secret(int number) {
    return DisablementSecret.of(ByteBuffer.allocate(DisablementSecret.SIZE).putInt(number).array());
  }

  protected static ControlRecords records(Tailnets place) {
    return place.records().orElseThrow();
  }

  protected final AumHash hash(String name) {
    return chains.get(name).hash();
  }

  protected final AuthorityName authority() {
    return new AuthorityName(hash("A"), -1, 2);
  }

  protected final AumSnapshot add(Tailnets place, String tailnet, String names)
      throws StoreException {
    AumStore store = place.tailnet(tailnet);
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(aum -> commit.add(aum, NOON));
    return store.commit(commit.build());
  }

  protected static NodeRecord put(ControlRecords records, String tailnet, NodeRecord node)
      throws StoreException {
    records.commit(
        tailnet, RecordsChange.ofNode(records.node(tailnet, node.id()), Optional.of(node)));
    return node;
  }

  protected static void remove(ControlRecords records, String tailnet, NodeRecord node)
      throws StoreException {
    records.commit(tailnet, RecordsChange.ofNode(Optional.of(node), Optional.empty()));
  }

  protected static TailnetRecord change(ControlRecords records, String tailnet, TailnetRecord after)
      throws StoreException {
    records.commit(tailnet, RecordsChange.ofTailnet(records.tailnet(tailnet), after));
    return after;
  }

  protected static NodeRecord node(int id) {
    return NodeRecord.of(id, nodeKey(id));
  }

  private NodeRecord fullNode(int id) {
    return node(id)
        .withRotationKey(Optional.of(TestKeys.publicKey(7)))
        .withSignature(
            Optional.of(new NodeRecord.Signature(Bytes.copyOf(new byte[] {1, 2, 3}), hash("A"))))
        .withName(Optional.of("node \u00fc " + id))
        .withUnsignedPeerApiOnly(true)
        .withMayInit(true)
        .withTold(Optional.of(new NodeRecord.Told.Retired(hash("B"))));
  }

  private TailnetRecord fullRecord() {
    return new TailnetRecord(
        Optional.of(authority()),
        Optional.of(new PendingInit(chains.get("A"), Optional.of(3L), NOON.plusNanos(123_456))),
        List.of(
            new RetiredAuthority(new AuthorityName(hash("B"), 5, -6), secret(1), NOON, "x#1"),
            new RetiredAuthority(
                new AuthorityName(hash("C"), 7, 8), secret(2), NOON.plusSeconds(1), "x#2")),
        Optional.of(secret(3)),
        true,
        Optional.of(NOON.plusSeconds(5)),
        new Thresholds(1, 2, 3, 4),
        proposals(),
        Optional.of(log(HeadsLog.MOST + 3)));
  }

  /** A log of heads that has got so many. */
  protected final HeadsLog log(int size) {
    HeadEntry.Lock lock = new HeadEntry.Lock(-5, 6, hash("B"), 2);
    HeadEntry first =
        new HeadEntry(Optional.of(lock), NOON, Optional.of(hash("C")), Optional.of("before/1"));
    HeadsLog log = HeadsLog.begin("operator/1", first);
    for (int i = 1; i < size; i++) {
      Optional<HeadEntry.Lock> now = i % 3 == 0 ? Optional.empty() : Optional.of(lock);
      log = log.with(new HeadEntry(now, NOON.plusSeconds(i), Optional.empty(), Optional.empty()));
    }
    return log;
  }

  @Test
  void aLogOfHeadsGrowsByComparingAndIsLeftByWhatChangesTheRest() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord empty = change(records, "t", TailnetRecord.NONE.withMade());
    TailnetRecord one = change(records, "t", empty.withLog(log(1)));
    assertThat(records.tailnet("t").log()).contains(log(1));
    TailnetRecord two = change(records, "t", one.withLog(log(2)));
    assertThatThrownBy(() -> records.commit("t", RecordsChange.ofTailnet(one, one.withLog(log(3)))))
        .isInstanceOf(StoreException.Conflict.class);
    change(records, "t", two.withSupport(Optional.of(secret(3))));
    assertThat(records.tailnet("t").log()).contains(log(2));
    change(records, "other", TailnetRecord.NONE.withLog(log(1)));
    assertThat(records.tailnets()).containsExactly("other", "t");
  }

  /** One of each kind. */
  protected final List<Proposal> proposals() {
    Aum edit = Aum.builder(AumKind.REMOVE_KEY).keyId(TestKeys.id(7)).build();
    Proposal edits =
        new Proposal(
            "abc",
            authority(),
            NOON,
            new Proposal.Subject.Edits(List.of(edit, edit), chains.get("B"), false),
            List.of(),
            List.of(TestKeys.id(3)),
            Optional.empty());
    AumSignature signature = AumSignature.of(TestKeys.id(1), TestKeys.signature(1, edit.sigHash()));
    Proposal disable =
        new Proposal(
            "def",
            authority(),
            NOON.plusSeconds(1),
            new Proposal.Subject.Disable(),
            List.of(signature, AumSignature.of(TestKeys.id(2), signature.signatureBytes())),
            List.of(),
            Optional.empty());
    return List.of(
        edits.ended(new Proposal.Outcome.Ended(NOON, "it was withdrawn")),
        edits.with(signature).completed(),
        edits.ended(new Proposal.Outcome.Done(NOON, Optional.of(hash("B")))),
        disable,
        disable.ended(new Proposal.Outcome.Done(NOON, Optional.empty())));
  }

  protected final RetiredAuthority ended() {
    return new RetiredAuthority(authority(), secret(9), NOON, "ignored");
  }

  protected static NodeToken token(int number, String tailnet, long node, Instant made) {
    return new NodeToken(
        Bytes.copyOf(ByteBuffer.allocate(32).putInt(number).array()), tailnet, node, made);
  }

  protected static NodeSighting sighting(long node, String outcome) {
    return new NodeSighting(node, NOON, Optional.empty(), Optional.empty(), outcome, "");
  }

  protected static List<NodeRecord> all(ControlRecords records, String tailnet)
      throws StoreException {
    List<NodeRecord> nodes = new ArrayList<>();
    records.allNodes(tailnet, nodes::add);
    return nodes;
  }

  protected static void assertConflict(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOf(StoreException.Conflict.class)
        .satisfies(
            failure -> {
              for (String each : parts) {
                assertThat(failure).hasMessageContaining(each);
              }
            });
  }

  @Test
  void ofATailnetThatNobodyTouchedNothingIsKept() throws Exception {
    ControlRecords records = records(opened());

    assertThat(records.tailnets()).isEmpty();
    assertThat(records.tailnet("t")).isEqualTo(TailnetRecord.NONE);
    assertThat(records.seen("t"))
        .isEqualTo(new ControlRecords.Seen(false, TailnetRecord.NONE, Tailnets.NO_COMMIT));
    assertThat(records.node("t", 1)).isEmpty();
    assertThat(records.nodes("t", List.of(1L))).isEmpty();
    assertThat(records.nodes("t", List.of())).isEmpty();
    assertThat(records.nodesWithKey("t", nodeKey(1))).isEmpty();
    assertThat(records.nodesToldApart("t")).isEmpty();
    assertThat(records.countNodes("t")).isZero();
    assertThat(all(records, "t")).isEmpty();
    assertThat(records.sightings("t")).isEmpty();
    assertThat(records.tokens("t")).isEmpty();
    assertThat(records.token(token(1, "t", 1, NOON).hash())).isEmpty();
    records.removeToken("t", token(1, "t", 1, NOON).hash());
    records.noteSightings("t", List.of(sighting(1, "ok")));
    assertThat(records.sightings("t")).isEmpty();
    assertThat(records.tailnets()).isEmpty();
  }

  @Test
  void everyFieldComesBackForAnotherProcess() throws Exception {
    ControlRecords records = records(opened());
    List<NodeRecord> nodes =
        List.of(
            node(1),
            fullNode(2),
            node(3).withTold(Optional.of(new NodeRecord.Told.CatchingUp(hash("C")))),
            NodeRecord.of(Long.MAX_VALUE, nodeKey(4)));
    for (NodeRecord each : nodes) {
      put(records, "t", each);
    }
    change(records, "t", fullRecord());
    records.noteSightings(
        "t",
        List.of(
            new NodeSighting(
                2, NOON, Optional.of(hash("B")), Optional.of(hash("A")), "ok", "All \u00fc."),
            sighting(3, "lost")));

    ControlRecords other = records(opened());
    assertThat(other.tailnet("t")).isEqualTo(fullRecord());
    assertThat(other.seen("t").tailnet()).isEqualTo(fullRecord());
    assertThat(all(other, "t")).isEqualTo(nodes);
    for (NodeRecord each : nodes) {
      assertThat(other.node("t", each.id())).contains(each);
    }
    assertThat(other.sightings("t").get(2L))
        .isEqualTo(
            new NodeSighting(
                2, NOON, Optional.of(hash("B")), Optional.of(hash("A")), "ok", "All \u00fc."));
    assertThat(other.sightings("t")).containsOnlyKeys(2L, 3L);
    change(other, "t", fullRecord().withSupport(Optional.empty()));
    assertThat(records.tailnet("t")).isEqualTo(fullRecord().withSupport(Optional.empty()));
  }

  @Test
  void aChangedListOfRetiredAuthoritiesIsKept() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord full = change(records, "t", fullRecord());
    TailnetRecord other =
        new TailnetRecord(
            full.authority(),
            full.begun(),
            List.of(full.retired().get(1), full.retired().get(0), full.retired().get(1)),
            full.support(),
            false,
            full.restored());
    change(records, "t", other);
    assertThat(records.tailnet("t")).isEqualTo(other);
    change(records, "t", TailnetRecord.NONE);
    assertThat(records.tailnet("t")).isEqualTo(TailnetRecord.NONE);
    assertThat(records.tailnets()).isEmpty();
  }

  @Test
  void aTailnetThatTheOperatorMadeIsThereBeforeAnythingElseIsKnownOfIt() throws Exception {
    ControlRecords records = records(opened());
    change(records, "t", TailnetRecord.NONE.withMade());
    assertThat(records.tailnets()).containsExactly("t");
    assertThat(records.seen("t").known()).isTrue();
    assertThat(records.tailnet("t")).isEqualTo(TailnetRecord.NONE.withMade());
  }

  @Test
  void thatATailnetWasRestoredIsKeptUntilItIsOverOrItsAuthorityEnds() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    TailnetRecord restored = TailnetRecord.NONE.withRestored(Optional.of(NOON));
    assertThat(records.restored()).isEmpty();
    change(records, "other", TailnetRecord.NONE.withMade());
    change(records, "t", restored);
    assertThat(records.tailnets()).containsExactly("other", "t");
    assertThat(records.restored()).containsExactly("t");
    assertThat(records(opened()).seen("t").tailnet()).isEqualTo(restored);
    assertConflict(
        () -> records.commit("t", RecordsChange.ofTailnet(TailnetRecord.NONE, restored)), "\"t\"");

    Revision aums = add(place, "t", "A").revision();
    TailnetRecord after = records.retire("t", aums, restored, ended());
    assertThat(after.restored()).isEmpty();
    assertThat(records.tailnet("t")).isEqualTo(after);
    assertThat(records.restored()).isEmpty();

    change(records, "t", after.withRestored(Optional.of(NOON)));
    change(records, "t", after);
    assertThat(records(opened()).tailnet("t")).isEqualTo(after);
  }

  @Test
  void thresholdsAndProposalsAreKeptAndOutliveAnAuthority() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    TailnetRecord asked =
        change(records, "t", TailnetRecord.NONE.withThresholds(new Thresholds(0, 0, 0, 2)));
    assertThat(records.tailnets()).containsExactly("t");
    assertThat(records(opened()).tailnet("t")).isEqualTo(asked);
    TailnetRecord proposed = change(records, "t", asked.withProposals(proposals()));
    assertThat(records(opened()).seen("t").tailnet()).isEqualTo(proposed);
    assertConflict(
        () -> records.commit("t", RecordsChange.ofTailnet(asked, asked.withMade())), "\"t\"");

    TailnetRecord after = records.retire("t", add(place, "t", "A").revision(), proposed, ended());

    assertThat(after.thresholds()).isEqualTo(asked.thresholds());
    assertThat(after.proposals()).noneMatch(Proposal::isOpen).hasSize(5);
    assertThat(after.proposals().get(1).outcome())
        .contains(new Proposal.Outcome.Ended(NOON, "the lock was disabled"));
    assertThat(after.proposals().get(3).outcome())
        .contains(new Proposal.Outcome.Done(NOON, Optional.empty()));
    assertThat(records(opened()).tailnet("t")).isEqualTo(after);
    // Beside several authorities that were ended.
    TailnetRecord again = records.retire("t", add(place, "t", "A").revision(), after, ended());
    assertThat(records.seen("t").tailnet()).isEqualTo(again);
    assertThat(records.tailnet("t").retired()).hasSize(2);
    change(records, "t", TailnetRecord.NONE);
    assertThat(records.tailnets()).isEmpty();
  }

  @Test
  void theFirstChangeAsksForANameThatANewTailnetMayHave() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    for (String name : List.of("a/b", "a#b", "..", "")) {
      assertThatThrownBy(() -> put(records, name, node(1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
    RecordsChange begins = RecordsChange.ofTailnet(TailnetRecord.NONE, fullRecord());
    assertThatThrownBy(() -> records.commit("a;b", begins))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(records.tailnets()).isEmpty();
    for (String name : List.of("", "a\0b", "\ud800")) {
      assertThatThrownBy(() -> records.tailnet(name)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> records.seen(name)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> records.nodes(name, List.of()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> records.allNodes(name, node -> {}))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> records.removeToken(name, Bytes.empty()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void tailnetsWithAumsARecordOrANodeAreListed() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Revision aums = add(place, "aums", "A").revision();
    NodeRecord node = put(records, "node", node(1));
    change(records, "record", fullRecord());

    assertThat(records.tailnets()).containsExactly("aums", "node", "record");
    assertThat(records.seen("aums"))
        .isEqualTo(new ControlRecords.Seen(true, TailnetRecord.NONE, aums));
    assertThat(records.seen("node"))
        .isEqualTo(new ControlRecords.Seen(true, TailnetRecord.NONE, Tailnets.NO_COMMIT));
    assertThat(records.seen("record"))
        .isEqualTo(new ControlRecords.Seen(true, fullRecord(), Tailnets.NO_COMMIT));
    place.tailnet("aums").wipe();
    remove(records, "node", node);
    assertThat(records.tailnets()).containsExactly("record");
    assertThat(records.seen("node").known()).isFalse();
    assertThat(records.seen("aums").known()).isFalse();
    assertThat(records.seen("aums").aums()).isEqualTo(place.tailnet("aums").read().revision());
  }

  @Test
  void aChangeIsMadeAsAWholeOrNotAtAll() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord before = change(records, "t", fullRecord());
    put(records, "t", node(1));
    put(records, "t", node(2));
    TailnetRecord after = before.withSupport(Optional.of(secret(4)));
    RecordsChange change =
        RecordsChange.ofTailnet(before, after)
            .with(new RecordsChange.OfNode(Optional.of(node(1)), Optional.of(fullNode(1))))
            .with(new RecordsChange.OfNode(Optional.of(node(2)), Optional.empty()))
            .with(new RecordsChange.OfNode(Optional.empty(), Optional.of(fullNode(3))));

    for (RecordsChange.OfNode wrong :
        List.of(
            new RecordsChange.OfNode(Optional.of(node(4)), Optional.of(fullNode(4))),
            new RecordsChange.OfNode(Optional.of(node(4)), Optional.empty()))) {
      assertConflict(() -> records.commit("t", change.with(wrong)), "\"t\"", "node 4", "none");
    }
    put(records, "t", node(5));
    assertConflict(
        () ->
            records.commit(
                "t", change.with(new RecordsChange.OfNode(Optional.empty(), Optional.of(node(5))))),
        "no node 5");
    assertConflict(
        () ->
            records.commit(
                "t",
                change.with(new RecordsChange.OfNode(Optional.of(fullNode(5)), Optional.empty()))),
        "node 5");
    assertThat(records.tailnet("t")).isEqualTo(before);
    assertThat(all(records, "t")).containsExactly(node(1), node(2), node(5));

    records.commit("t", change);
    assertThat(records.tailnet("t")).isEqualTo(after);
    assertThat(all(records, "t")).containsExactly(fullNode(1), fullNode(3), node(5));
    assertConflict(() -> records.commit("t", change), "\"t\"", "its record");
  }

  @Test
  void aConditionOnTheRecordAloneIsChecked() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord now = fullRecord();
    RecordsChange change =
        new RecordsChange(
            Optional.of(new RecordsChange.OfTailnet(now, now)),
            List.of(new RecordsChange.OfNode(Optional.empty(), Optional.of(node(1)))));
    assertConflict(() -> records.commit("t", change), "its record");
    assertThat(records.seen("t").known()).isFalse();
    change(records, "t", now);
    records.commit("t", change);
    assertThat(all(records, "t")).containsExactly(node(1));
    assertThat(records.tailnet("t")).isEqualTo(now);
    // None is a condition, too.
    RecordsChange none =
        new RecordsChange(
            Optional.of(new RecordsChange.OfTailnet(TailnetRecord.NONE, TailnetRecord.NONE)),
            List.of(new RecordsChange.OfNode(Optional.empty(), Optional.of(node(2)))));
    assertConflict(() -> records.commit("t", none));
    records.commit("u", none);
    assertThat(all(records, "u")).containsExactly(node(2));
    records.commit("v", new RecordsChange(Optional.empty(), List.of()));
    assertThat(records.tailnets()).containsExactly("t", "u");
  }

  @Test
  void nodesAreFoundByNumberAndByKeyInTheOrderOfTheirNumbers() throws Exception {
    ControlRecords records = records(opened());
    List<NodeRecord> nodes = new ArrayList<>();
    for (int id : new int[] {30, 2, 10, 1}) {
      nodes.add(put(records, "t", NodeRecord.of(id, nodeKey(id % 2))));
      put(records, "other", NodeRecord.of(id, nodeKey(0)));
    }
    assertThat(records.nodesWithKey("t", nodeKey(0)))
        .extracting(NodeRecord::id)
        .containsExactly(2L, 10L, 30L);
    assertThat(records.nodesWithKey("t", nodeKey(7))).isEmpty();
    assertThat(records.nodes("t", List.of(30L, 5L, 1L, 30L)))
        .containsExactly(nodes.get(3), nodes.get(0));
    assertThat(records.nodes("t", LongStream.range(0, 2000).boxed().toList()))
        .extracting(NodeRecord::id)
        .containsExactly(1L, 2L, 10L, 30L);
    assertThat(all(records, "t")).extracting(NodeRecord::id).containsExactly(1L, 2L, 10L, 30L);
    assertThat(records.countNodes("t")).isEqualTo(4);
    put(records, "t", nodes.get(0).withTold(Optional.of(new NodeRecord.Told.Retired(hash("A")))));
    put(records, "t", nodes.get(1).withTold(Optional.of(new NodeRecord.Told.Retired(hash("A")))));
    assertThat(records.nodesToldApart("t")).extracting(NodeRecord::id).containsExactly(2L, 30L);
    put(records, "t", nodes.get(0));
    assertThat(records.nodesToldApart("t")).extracting(NodeRecord::id).containsExactly(2L);
  }

  @Test
  void allNodesAreThoseOfOneMoment() throws Exception {
    ControlRecords records = records(opened());
    ControlRecords other = records(opened());
    for (int id = 1; id <= 3; id++) {
      put(records, "t", node(id));
    }
    List<NodeRecord> read = new ArrayList<>();
    records.allNodes(
        "t",
        each -> {
          if (read.isEmpty()) {
            try {
              remove(other, "t", node(3));
              put(other, "t", node(4));
            } catch (StoreException e) {
              throw new AssertionError(e);
            }
          }
          read.add(each);
        });
    assertThat(read).containsExactly(node(1), node(2), node(3));
    assertThat(all(records, "t")).containsExactly(node(1), node(2), node(4));
  }

  @Test
  void manyNodesChangeInOneChange() throws Exception {
    ControlRecords records = records(opened());
    List<RecordsChange.OfNode> come = new ArrayList<>();
    List<RecordsChange.OfNode> turn = new ArrayList<>();
    for (int id = 1; id <= MANY + 1; id++) {
      come.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node(id))));
      NodeRecord after =
          id % 3 == 0 ? node(id).withMayInit(true) : node(id).withName(Optional.of("n" + id));
      turn.add(
          new RecordsChange.OfNode(
              Optional.of(node(id)), id % 3 == 1 ? Optional.empty() : Optional.of(after)));
    }
    Collections.reverse(come);
    records.commit("t", new RecordsChange(Optional.empty(), come));
    assertThat(records.countNodes("t")).isEqualTo(MANY + 1);
    records.commit("t", new RecordsChange(Optional.empty(), turn));
    assertThat(all(records, "t"))
        .isEqualTo(turn.stream().flatMap(each -> each.after().stream()).toList());
    assertConflict(() -> records.commit("t", new RecordsChange(Optional.empty(), turn)));
  }

  @Test
  void anAuthorityThatEndsMovesToAStoreOfItsOwn() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    AumSnapshot before = add(place, "t", "A B");
    TailnetRecord record =
        change(
            records,
            "t",
            TailnetRecord.NONE
                .withAuthority(authority())
                .withBegun(new PendingInit(chains.get("A"), Optional.empty(), NOON))
                .withSupport(Optional.of(secret(1))));
    put(records, "t", fullNode(1));

    TailnetRecord after = records.retire("t", before.revision(), record, ended());

    assertThat(after.retired()).hasSize(1);
    RetiredAuthority retired = after.retired().get(0);
    assertThat(retired.name()).isEqualTo(authority());
    assertThat(retired.secret()).isEqualTo(secret(9));
    assertThat(retired.at()).isEqualTo(NOON);
    assertThat(retired.store()).isEqualTo("t#" + hash("A").toString().substring(0, 16));
    assertThat(after.begun()).isEmpty();
    assertThat(after.support()).isEmpty();
    ControlRecords other = records(opened());
    assertThat(other.tailnet("t")).isEqualTo(after);
    assertThat(other.node("t", 1)).contains(fullNode(1));
    assertThat(other.tailnets()).containsExactly("t");
    assertThat(other.seen(retired.store()).known()).isFalse();

    // The AUMs are readable there, and here there are none.
    Tailnets again = opened();
    assertThat(again.revisions()).containsKey(retired.store());
    AumSnapshot moved = again.tailnet(retired.store()).read();
    assertThat(moved.entries()).hasSize(2);
    assertThat(moved.get(hash("B"))).isEqualTo(chains.get("B"));
    assertThat(before.get(hash("A"))).isEqualTo(chains.get("A"));
    for (Tailnets each : List.of(place, again)) {
      assertThat(each.tailnet("t").read().entries()).isEmpty();
      assertThat(each.tailnet("t").read().revision()).isNotEqualTo(before.revision());
    }
    assertThat(records.seen("t").aums()).isEqualTo(place.tailnet("t").read().revision());
  }

  @Test
  void whoHadReadTheAumsBeforeTheEndGetsAConflict() throws Exception {
    Tailnets place = opened();
    Tailnets other = opened();
    AumSnapshot before = add(place, "t", "A B");
    AumStore late = other.tailnet("t");
    late.read();
    records(place).retire("t", before.revision(), TailnetRecord.NONE, ended());
    Commit commit = Commit.on(before.revision()).add(chains.get("C"), NOON).build();
    for (AumStore each : List.of(late, place.tailnet("t"))) {
      assertThatThrownBy(() -> each.commit(commit)).isInstanceOf(StoreException.Conflict.class);
    }
    // Another authority begins, and ends, under the same name.
    Revision second = add(other, "t", "A").revision();
    assertThatThrownBy(() -> late.commit(commit)).isInstanceOf(StoreException.Conflict.class);
    TailnetRecord after = records(other).retire("t", second, records(other).tailnet("t"), ended());
    assertThat(after.retired()).extracting(RetiredAuthority::store).doesNotHaveDuplicates();
    assertThat(place.revisions().keySet())
        .containsAll(after.retired().stream().map(RetiredAuthority::store).toList());
    assertThat(add(place, "t", "A B C").entries()).hasSize(3);
    assertThat(records(place).tailnets()).containsExactly("t");
  }

  @Test
  void anEndThatIsBasedOnAnythingElseChangesNothing() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    assertConflict(() -> records.retire("t", Tailnets.NO_COMMIT, TailnetRecord.NONE, ended()));
    Revision old = add(place, "t", "A").revision();
    Revision now = add(place, "t", "B").revision();
    TailnetRecord record = change(records, "t", fullRecord());
    assertConflict(() -> records.retire("t", old, record, ended()));
    assertConflict(
        () -> records.retire("t", now, TailnetRecord.NONE, ended()), "\"t\"", "its record");
    assertThat(records.tailnet("t")).isEqualTo(record);
    assertThat(place.tailnet("t").read().revision()).isEqualTo(now);
    assertThat(place.revisions()).containsOnlyKeys("t");
    place.tailnet("t").wipe();
    Revision wiped = place.tailnet("t").read().revision();
    assertConflict(() -> records.retire("t", wiped, record, ended()), "no AUMs");
  }

  @Test
  void theStoreOfALongNameHasAName() throws Exception {
    Tailnets place = opened();
    String name = "\ud83d\ude00".repeat(Tailnets.LONGEST_NAME / 2);
    for (int i = 0; i < 2; i++) {
      Revision revision = add(place, name, "A").revision();
      records(place).retire(name, revision, records(place).tailnet(name), ended());
    }
    List<RetiredAuthority> retired = records(place).tailnet(name).retired();
    assertThat(retired).extracting(RetiredAuthority::store).doesNotHaveDuplicates();
    for (RetiredAuthority each : retired) {
      assertThat(Tailnets.isName(each.store())).isTrue();
      assertThat(opened().tailnet(each.store()).read().entries()).hasSize(1);
    }
  }

  @Test
  void sightingsReplaceThoseBeforeAndGoWithTheNode() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    put(records, "t", node(2));
    records.noteSightings("t", List.of(sighting(1, "ok"), sighting(2, "ok"), sighting(3, "ok")));
    assertThat(records.sightings("t").keySet()).containsExactly(1L, 2L);
    records.noteSightings("t", List.of(sighting(2, "lost"), sighting(2, "later")));
    assertThat(records.sightings("t").values())
        .containsExactly(sighting(1, "ok"), sighting(2, "later"));
    NodeSighting odd =
        new NodeSighting(
            1, NOON.plusMillis(1), Optional.empty(), Optional.empty(), "a\0b", "\ud800");
    records.noteSightings("t", List.of(odd));
    assertThat(records(opened()).sightings("t").get(1L)).isEqualTo(odd);
    remove(records, "t", node(2));
    put(records, "t", node(2));
    assertThat(records.sightings("t").keySet()).containsExactly(1L);
  }

  @Test
  void tokensStandForANodeUntilTheyAreRevokedOrItGoes() throws Exception {
    ControlRecords records = records(opened());
    NodeToken first = token(1, "t", 1, NOON);
    assertConflict(() -> records.addToken(first), "\"t\"", "node 1");
    put(records, "t", node(1));
    put(records, "t", node(2));
    put(records, "u", node(1));
    NodeToken second = token(2, "t", 1, NOON.minusSeconds(1).plusMillis(7));
    NodeToken third = token(3, "t", 2, NOON);
    NodeToken other = token(4, "u", 1, NOON);
    for (NodeToken each : List.of(third, first, second, other)) {
      records.addToken(each);
      assertThat(records.token(each.hash())).contains(each);
    }
    assertConflict(() -> records.addToken(first));
    assertConflict(() -> records.addToken(new NodeToken(first.hash(), "u", 1, NOON)));
    assertThat(records(opened()).tokens("t")).containsExactly(second, first, third);

    records.removeToken("u", first.hash());
    assertThat(records.token(first.hash())).contains(first);
    records.removeToken("t", first.hash());
    records.removeToken("t", first.hash());
    assertThat(records.token(first.hash())).isEmpty();
    remove(records, "t", node(2));
    put(records, "t", node(2));
    assertThat(records.token(third.hash())).isEmpty();
    assertThat(records.tokens("t")).containsExactly(second);
    records.addToken(third);
  }

  @Test
  void whatIsDeletedIsGoneWithAllThatIsKept() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Revision revision = add(place, "t", "A").revision();
    change(records, "t", fullRecord());
    put(records, "t", fullNode(1));
    put(records, "kept", fullNode(1));
    records.addToken(token(1, "t", 1, NOON));
    records.addToken(token(2, "kept", 1, NOON));
    records.noteSightings("t", List.of(sighting(1, "ok")));

    assertThatThrownBy(() -> place.delete("t", Tailnets.NO_COMMIT))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(records.tailnet("t")).isEqualTo(fullRecord());
    opened().delete("t", revision);
    assertThat(records.tailnets()).containsExactly("kept");
    assertThat(records.tailnet("t")).isEqualTo(TailnetRecord.NONE);
    assertThat(records.countNodes("t")).isZero();
    assertThat(records.token(token(1, "t", 1, NOON).hash())).isEmpty();
    assertThat(records.token(token(2, "kept", 1, NOON).hash())).isPresent();
    put(records, "t", node(1));
    assertThat(records.sightings("t")).isEmpty();
    assertThat(records.tokens("t")).isEmpty();

    // Also one without AUMs.
    place.delete("t", Tailnets.NO_COMMIT);
    place.delete("nothing", Tailnets.NO_COMMIT);
    assertThat(records.tailnets()).containsExactly("kept");
    assertThat(records.seen("t").known()).isFalse();
  }

  protected static Changes.Change named(String tailnet, boolean switched, Long... nodes) {
    return new Changes.Change(tailnet, switched, List.of(nodes));
  }

  /** What changed since, which names nothing besides. */
  protected static List<Changes.Change> changesAfter(
      ControlRecords records, Changes.Position position) throws StoreException {
    Changes changes = records.changesAfter(position, MANY);
    assertThat(changes.complete()).isTrue();
    assertThat(records.changesAfter(changes.position(), MANY).tailnets()).isEmpty();
    return changes.tailnets();
  }

  @Test
  void whatWasCommittedAfterAPositionIsTold() throws Exception {
    Tailnets place = opened();
    Tailnets other = opened();
    ControlRecords records = records(place);
    ControlRecords asked = records(other);
    put(records, "before", node(1));
    add(place, "before", "A");
    put(records, "t", node(1));
    put(records, "t", node(2));

    Changes.Position position = asked.position();
    assertThat(position.text()).matches("[!-~]{1,200}");
    assertThat(changesAfter(asked, position)).isEmpty();
    add(place, "t", "A");
    assertThat(changesAfter(asked, position)).containsExactly(named("t", true));
    position = asked.position();
    add(place, "t", "B");
    assertThat(changesAfter(asked, position)).contains(named("t", false));
    put(records, "t", node(2).withName(Optional.of("two")));
    put(records, "t", node(3));
    change(records, "u", fullRecord());
    assertThat(changesAfter(asked, position))
        .containsExactly(named("t", false, 2L, 3L), named("u", false));
    // A position of one handle means the same to others.
    assertThat(changesAfter(records, position))
        .containsExactly(named("t", false, 2L, 3L), named("u", false));
    position = records.position();
    remove(records, "t", node(3));
    assertThat(changesAfter(asked, position)).containsExactly(named("t", false));
  }

  @Test
  void whatOthersDoNotSeeOfANodeNamesItsTailnetAlone() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    put(records, "t", node(2));
    Changes.Position position = records.position();
    put(records, "t", node(1).withMayInit(true));
    assertThat(changesAfter(records, position)).containsExactly(named("t", false));
    put(records, "t", node(2).withTold(Optional.of(new NodeRecord.Told.Retired(hash("A")))));
    assertThat(changesAfter(records, position)).containsExactly(named("t", false));
    put(records, "t", node(2).withUnsignedPeerApiOnly(true));
    assertThat(changesAfter(records, position)).containsExactly(named("t", false, 2L));
    put(records, "t", node(2).withMayInit(true).withUnsignedPeerApiOnly(true));
    assertThat(changesAfter(records, position)).containsExactly(named("t", false, 2L));
  }

  @Test
  void anAuthorityThatBeginsOrEndsAndATailnetThatGoesAreSwitches() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Changes.Position position = records.position();
    add(place, "t", "A");
    Changes.Position on = records.position();
    assertThat(changesAfter(records, position)).containsExactly(named("t", true));
    TailnetRecord after =
        records.retire("t", place.tailnet("t").read().revision(), TailnetRecord.NONE, ended());
    assertThat(changesAfter(records, on)).containsExactly(named("t", true));
    Changes.Position off = records.position();
    // A commit to the store that was moved is nobody's.
    add(place, after.retired().get(0).store(), "B");
    assertThat(changesAfter(records, off)).isEmpty();
    add(place, "t", "A");
    assertThat(changesAfter(records, off)).containsExactly(named("t", true));
    Changes.Position again = records.position();
    place.tailnet("t").wipe();
    assertThat(changesAfter(records, again)).containsExactly(named("t", true));
    Changes.Position wiped = records.position();
    add(place, "t", "A");
    assertThat(changesAfter(records, wiped)).containsExactly(named("t", true));
    Changes.Position last = records.position();
    place.delete("t", place.tailnet("t").read().revision());
    assertThat(changesAfter(records, last)).containsExactly(named("t", true));
    Changes.Position gone = records.position();
    put(records, "t", node(1));
    assertThat(changesAfter(records, gone)).containsExactly(named("t", false, 1L));
    place.delete("t", Tailnets.NO_COMMIT);
    assertThat(changesAfter(records, gone)).containsExactly(named("t", true));
    place.delete(
        after.retired().get(0).store(), place.revisions().get(after.retired().get(0).store()));
    assertThat(changesAfter(records, gone)).containsExactly(named("t", true));
  }

  @Test
  void aTailnetWithTooManyChangesCountsAsSwitchedAndNamesNone() throws Exception {
    ControlRecords records = records(opened());
    Changes.Position position = records.position();
    for (int id = 1; id <= 3; id++) {
      put(records, "many", node(id));
    }
    put(records, "few", node(1));
    put(records, "few", node(2));
    assertThat(records.changesAfter(position, 2).tailnets())
        .containsExactly(named("few", false, 1L, 2L), named("many", true));
    assertThat(records.changesAfter(position, 3).tailnets())
        .containsExactly(named("few", false, 1L, 2L), named("many", false, 1L, 2L, 3L));
  }

  @Test
  void aPositionOfAnotherPlaceOrNoneIsNotComplete() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    String mine = records.position().text();
    for (String text :
        List.of(
            "",
            "x",
            "sql:",
            "sql:x:1",
            mine + "x",
            mine + "9999999",
            mine + "99999999999999999999999",
            mine.substring(1),
            mine + "' or 1 = 1",
            mine.replaceFirst(":[^:]*", ":0000"),
            "memory:x:1",
            "revisions:00")) {
      Changes changes = records.changesAfter(new Changes.Position(text), MANY);
      assertThat(changes.complete()).as(text).isFalse();
      assertThat(changes.tailnets()).isEmpty();
      assertThat(records.changesAfter(changes.position(), MANY).complete()).isTrue();
    }
  }

  @Test
  void oneOfManyThatChangeTheSameIsFirstAndNothingIsLost() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      put(records(opened()), "t", node(1).withName(Optional.of("0")));
      List<Future<?>> all = new ArrayList<>();
      CountDownLatch begin = new CountDownLatch(4);
      for (int thread = 0; thread < 4; thread++) {
        ControlRecords records = records(opened());
        int own = thread + 2;
        all.add(
            threads.submit(
                () -> {
                  begin.countDown();
                  begin.await();
                  for (int done = 0; done < 10; ) {
                    NodeRecord now = records.node("t", 1).orElseThrow();
                    int next = Integer.parseInt(now.name().orElseThrow()) + 1;
                    try {
                      records.commit(
                          "t",
                          RecordsChange.ofNode(
                                  Optional.of(now),
                                  Optional.of(now.withName(Optional.of("" + next))))
                              .with(
                                  new RecordsChange.OfNode(
                                      records.node("t", own),
                                      Optional.of(node(own).withName(Optional.of("of " + next))))));
                      done++;
                    } catch (StoreException.Conflict e) {
                      // Another was first.
                    }
                  }
                  return own;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(records(opened()).node("t", 1).orElseThrow().name()).contains("40");
  }

  @Test
  void firstChangesOfOneTailnetAtOnceAreAllMade() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    ControlRecords seen = records(opened());
    try {
      for (int round = 0; round < 5; round++) {
        String tailnet = "t" + round;
        CountDownLatch begin = new CountDownLatch(4);
        List<Future<?>> all = new ArrayList<>();
        for (int thread = 1; thread <= 4; thread++) {
          ControlRecords records = records(opened());
          int id = thread;
          all.add(
              threads.submit(
                  () -> {
                    begin.countDown();
                    begin.await();
                    return put(records, tailnet, node(id));
                  }));
        }
        for (Future<?> each : all) {
          each.get();
        }
        assertThat(seen.countNodes(tailnet)).isEqualTo(4);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aWatchTellsWhatOthersCommitFromAnEmptyReportOn() throws Exception {
    Tailnets place = opened();
    Tailnets other = opened();
    put(records(place), "before", node(1));
    Followed followed = new Followed();
    try (Tailnets.Watch watch = records(other).watch(followed)) {
      assertThat(watch).isNotNull();
      followed.catchUp();
      assertThat(followed.reports().get(0).tailnets()).isEmpty();
      assertThat(followed.reports().get(0).complete()).isTrue();
      assertThat(followed.named()).isEmpty();
      put(records(place), "t", node(1));
      add(place, "u", "A");
      followed.catchUp();
      assertThat(followed.named()).containsExactly("t", "u");
      // A report is from the position of the one before.
      Changes last = followed.reports().get(followed.reports().size() - 1);
      assertThat(records(place).changesAfter(last.position(), MANY).tailnets()).isEmpty();
      followed.fail(true);
      put(records(other), "v", node(1));
      place.delete("t", Tailnets.NO_COMMIT);
      followed.fail(false);
      followed.catchUp();
      assertThat(followed.named()).containsExactly("t", "v");
    }
    assertThat(followed.byOneThreadAtATime()).isTrue();
    assertThat(followed.reports()).allMatch(Changes::complete);
  }

  @Test
  void aReportThatTheWatcherDidNotTakeIsRepeatedWithWhatCameSince() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Followed followed = new Followed();
    try (Tailnets.Watch watch = records.watch(followed)) {
      assertThat(watch).isNotNull();
      followed.catchUp();
      for (int id = 1; id <= 3; id++) {
        followed.fail(id != 3);
        put(records, "t", node(id));
        Thread.onSpinWait();
      }
      followed.catchUp();
      Set<Long> nodes = new TreeSet<>();
      followed
          .reports()
          .forEach(report -> report.tailnets().forEach(each -> nodes.addAll(each.nodes())));
      assertThat(nodes).containsExactly(1L, 2L, 3L);
    }
  }

  @Test
  void aWatchReportsWithoutAnyCommitAndEndsWhenItIsClosed() throws Exception {
    Tailnets place = opened();
    Followed followed = new Followed();
    Followed going = new Followed();
    Tailnets.Watch watch = records(place).watch(followed);
    try (Tailnets.Watch other = records(place).watch(going)) {
      assertThat(other).isNotNull();
      long begun = System.nanoTime();
      followed.awaitReports(3);
      assertThat(System.nanoTime() - begun).isLessThan(5_000_000_000L);
      assertThat(followed.reports()).allMatch(report -> report.tailnets().isEmpty());
      watch.close();
      going.catchUp();
      put(records(place), "t", node(1));
      going.catchUp();
      going.catchUp();
      assertThat(going.named()).containsExactly("t");
      assertThat(followed.named()).isEmpty();
    }
  }

  @Test
  void secretsAreNotInAnyMessage() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord record = change(records, "t", fullRecord());
    RecordsChange wrong =
        RecordsChange.ofTailnet(record.withSupport(Optional.of(secret(77))), record);
    assertThatThrownBy(() -> records.commit("t", wrong))
        .isInstanceOf(StoreException.Conflict.class)
        .satisfies(
            failure -> {
              for (int number : new int[] {1, 2, 3, 77}) {
                assertThat(failure.toString())
                    .doesNotContain(secret(number).value().toHex())
                    .doesNotContain(secret(number).exposeText());
              }
            });
    assertThat(Map.of("record", record).toString()).doesNotContain(secret(3).value().toHex());
  }
}
