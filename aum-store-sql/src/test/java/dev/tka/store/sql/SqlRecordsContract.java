package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.testkit.FenceContract;
import dev.tka.store.testkit.Followed;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What records in a database owe beyond the contract of all. */
abstract class SqlRecordsContract extends FenceContract {
  private static final Bytes HASH = Bytes.copyOf(new byte[] {1, 2, 3});

  @Override
  protected abstract SqlTailnets place() throws Exception;

  /** The place that {@link #place} opened, without what it may lack being made. */
  abstract SqlTailnets placeAsItIs() throws Exception;

  /** Takes away what the version before did not have. */
  abstract void makeOlderByOne() throws SQLException;

  /** Takes away what the version before that one did not have, either. */
  abstract void makeOlderByTwo() throws SQLException;

  /** Takes away what the version before that one did not have, either. */
  void makeOlderByThree() throws SQLException {
    makeOlderByTwo();
    dropFromRecord("restored", "restored_checksum");
  }

  final void dropVotes() throws SQLException {
    dropFromRecord("votes", "votes_checksum");
  }

  final void dropFence() throws SQLException {
    sql("drop index retired_store");
    dropFromRecord(
        "epoch",
        "move",
        "standing",
        "fence_place",
        "fence_server",
        "fence_at",
        "fence_checksum",
        "opened");
  }

  private void dropFromRecord(String... columns) throws SQLException {
    for (String each : columns) {
      sql("alter table record drop column " + each);
    }
  }

  /** A connection to the database, with the tables in scope. */
  abstract Connection connect() throws SQLException;

  final void sql(String statement) throws SQLException {
    try (Connection connection = connect();
        Statement execution = connection.createStatement()) {
      execution.execute(statement);
    }
  }

  private static NodeSighting sighting() {
    return new NodeSighting(1, NOON, Optional.empty(), Optional.empty(), "ok", "");
  }

  @Test
  void damageIsNoticedAndNamedByTailnetAndRow() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    put(records, "t", node(1).withName(Optional.of("one")));
    Revision revision = add(place, "t", "A").revision();
    records.retire(
        "t",
        revision,
        TailnetRecord.NONE,
        new RetiredAuthority(authority(), secret(9), NOON, "ignored"));
    records.addToken(new NodeToken(HASH, "t", 1, NOON));
    records.noteSightings("t", List.of(sighting()));
    change(
        records,
        "t",
        records
            .tailnet("t")
            .withRestored(Optional.of(NOON))
            .withThresholds(new Thresholds(0, 2, 0, 0)));
    fence(records, "t", FENCED);
    fence(records, "t", OPEN);

    for (String damage :
        List.of(
            "node: set name = 'two'",
            "node: set may_init = 1",
            "node: set told_kind = 2, told = node_key",
            "retired: set ended_at = '2027-01-02T12:00:00Z'",
            "retired: set secret = 'disablement-secret:00'",
            "record: set retired = 0",
            "record: set state1 = 5",
            "record: set restored = '2027-01-02T12:00:00Z'",
            "record: set restored_checksum = null",
            "record: set votes = '{}'",
            "record: set votes_checksum = null",
            "record: set epoch = 1",
            "record: set move = 'another'",
            "record: set epoch = null",
            "record: set fence_checksum = null",
            "sighting: set outcome = 'no'",
            "token: set made_at = 5")) {
      String[] parts = damage.split(": ", 2);
      sql("create table kept as select * from " + parts[0]);
      sql("update " + parts[0] + " " + parts[1]);
      assertThatThrownBy(
              () -> {
                records.tailnet("t");
                records.node("t", 1);
                records.sightings("t");
                records.token(HASH);
              })
          .as(damage)
          .isInstanceOf(StoreException.Damaged.class)
          .message()
          .startsWith(place + ", tailnet \"t\": table " + parts[0] + ", row [")
          .doesNotContain(secret(9).exposeText());
      sql("delete from " + parts[0]);
      sql("insert into " + parts[0] + " select * from kept");
      sql("drop table kept");
    }
    assertThat(records.token(HASH)).isPresent();
    sql("delete from retired");
    assertThatThrownBy(() -> records.tailnet("t"))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("table record, row [");
  }

  @Test
  void onlyAHashOfATokenIsKeptAndItsNodeIsChecked() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    records.addToken(new NodeToken(HASH, "t", 1, NOON));
    // As if only the node's row had gone.
    sql("delete from node");
    assertThat(records.token(HASH)).isEmpty();
    assertThat(records.tokens("t")).isEmpty();
  }

  @Test
  void whatOlderVersionsCommitIsTold() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    Changes.Position position = records.position();
    // The statements of the version before: a tailnet begins, grows, is wiped, and goes.
    sql(
        "insert into tailnet (name, revision, rewritten, last_number, checksum)"
            + " values ('old', 1, 1, 1, 0)");
    position = requireTold(records, position, "old", true);
    sql("update tailnet set revision = 2, last_number = 2");
    position = requireTold(records, position, "old", true);
    sql("update tailnet set revision = 3, last_number = 3");
    position = requireTold(records, position, "old", false);
    sql("update tailnet set revision = 4, rewritten = 4");
    position = requireTold(records, position, "old", true);
    sql("delete from tailnet");
    position = requireTold(records, position, "old", true);
    assertThat(records.changesAfter(position, 10).tailnets()).isEmpty();
  }

  @Test
  void theStatementsOfTheVersionBeforeWorkAndLeaveWhatItDoesNotKnow() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord restored =
        TailnetRecord.NONE
            .withRestored(Optional.of(NOON))
            .withThresholds(new Thresholds(1, 2, 3, 4))
            .withProposals(proposals());
    change(records, "t", restored);
    try (Connection connection = connect()) {
      Row before =
          Statements.query(
                  connection,
                  "record",
                  "select number, name, genesis, state1, state2, begun, begun_by, begun_at, support,"
                      + " made, retired, checksum from record where name = ?",
                  "t")
              .get(0);
      long number = before.number(0);
      assertThat(before).isEqualTo(RecordRows.record(number, "t", TailnetRecord.NONE));

      TailnetRecord after = restored.withMade().withSupport(Optional.of(secret(1)));
      Statements.execute(
          connection,
          "update record set genesis = ?, state1 = ?, state2 = ?, begun = ?, begun_by = ?,"
              + " begun_at = ?, support = ?, made = ?, retired = ?, checksum = ? where number = ?",
          RecordRows.record(number, "t", after).part(2, 12).with(number));
      assertThat(records.tailnet("t")).isEqualTo(after);

      long made =
          Statements.query(
                  connection,
                  "record",
                  "insert into record (name, made, retired, checksum) values (?, 0, 0, 0)"
                      + " returning number",
                  "u")
              .get(0)
              .number(0);
      Statements.execute(
          connection,
          "update record set made = ?, checksum = ? where number = ?",
          Row.of(
              "record",
              1L,
              RecordRows.record(made, "u", TailnetRecord.NONE.withMade()).number(11),
              made));
    }
    assertThat(records.tailnet("u")).isEqualTo(TailnetRecord.NONE.withMade());
  }

  @Test
  void whatTheVersionBeforeWritesFailsWhereTheTailnetIsFencedOrDoesNotLive() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    put(records, "other", node(1));
    long number;
    try (Connection connection = connect()) {
      number =
          Statements.query(connection, "record", "select number from record where name = ?", "t")
              .get(0)
              .number(0);
    }
    String of = " where tailnet = " + number;
    List<String> statements =
        List.of(
            "update tailnet set revision = revision + 1 where name = 't'",
            "update tailnet set revision = revision + 1 where retired is not null",
            "update tailnet set name = 't#2', retired = 1 where name = 't'",
            "delete from tailnet where name = 't'",
            "delete from tailnet where retired is not null",
            "update record set support = 'x' where name = 't'",
            "update record set restored = 'x' where name = 't'",
            "update record set votes = 'x' where name = 't'",
            "delete from record where name = 't'",
            "insert into node (tailnet, id, node_key, unsigned_only, may_init, checksum) select "
                + number
                + ", id + 10, node_key, 0, 0, 0 from node where tailnet <> "
                + number,
            "insert into node select * from node"
                + of
                + " on conflict (tailnet, id) do update set may_init = 1",
            "update node set may_init = 1" + of,
            "delete from node" + of + " and id = 2",
            "insert into sighting select * from sighting"
                + of
                + " on conflict (tailnet, node) do update set outcome = 'x'",
            "delete from sighting" + of,
            "insert into token select node_key, " + number + ", 1, 0, 0 from node where id = 2",
            "update token set made_at = 0" + of,
            "delete from token" + of);
    String first =
        "insert into tailnet (name, revision, rewritten, last_number, checksum)"
            + " values ('first', 1, 1, 1, 0)";
    for (Fence.Standing standing : List.of(FENCED, MOVED, SHADOW)) {
      Fence fence = fence(records, "t", standing);
      ControlRecords.Seen before = records.seen("t");
      fence(records, "first", standing);
      for (String each : statements) {
        assertThatThrownBy(() -> sql(each)).as(each).isInstanceOf(SQLException.class);
      }
      assertThatThrownBy(() -> sql(first)).isInstanceOf(SQLException.class);
      assertThat(records.seen("t")).isEqualTo(before);
      Tailnets held = records.under("t", fence);
      assertThat(records(held).nodes("t", List.of(1L, 2L))).hasSize(2);
      assertThat(records(held).tokens("t")).hasSize(1);
      // Of another tailnet it is made.
      sql("update node set may_init = 1 where tailnet <> " + number);
      sql("update node set may_init = 0 where tailnet <> " + number);
    }
    fence(records, "t", OPEN);
    fence(records, "first", OPEN);
    sql(first);
    for (String each : statements) {
      try (Connection connection = connect();
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        assertThat(statement.executeUpdate(each)).as(each).isPositive();
        connection.rollback();
      }
    }
  }

  /** A read of the tailnet "t". */
  private interface Read {
    Object of(Tailnets place) throws Exception;
  }

  private static Map<String, Read> reads() {
    Map<String, Read> reads = new LinkedHashMap<>();
    reads.put("AUMs", place -> place.tailnet("t").read().entries().size());
    reads.put("record", place -> records(place).tailnet("t"));
    reads.put("node", place -> records(place).node("t", 2));
    reads.put("nodes", place -> records(place).nodes("t", List.of(1L, 2L)));
    reads.put("nodes with a key", place -> records(place).nodesWithKey("t", node(2).nodeKey()));
    reads.put("nodes told apart", place -> records(place).nodesToldApart("t"));
    reads.put("all nodes", place -> all(records(place), "t"));
    reads.put("number of nodes", place -> records(place).countNodes("t"));
    reads.put("sightings", place -> records(place).sightings("t"));
    reads.put("token", place -> records(place).token(HASH));
    reads.put("tokens", place -> records(place).tokens("t"));
    return reads;
  }

  /** What the last steps of a copy bring. */
  private void finish(Tailnets place) throws Exception {
    ControlRecords records = records(place);
    Tailnets held = records.under("t", records.fence("t"));
    grow(held, "t", "D");
    NodeRecord first = node(1);
    NodeRecord told =
        first.withTold(Optional.of(new NodeRecord.Told.Retired(authority().genesis())));
    records(held).commit("t", RecordsChange.ofNode(Optional.of(first), Optional.of(told)));
    put(records(held), "t", node(2));
    records(held).addToken(new NodeToken(HASH, "t", 2, NOON));
    records(held)
        .noteSightings(
            "t", List.of(new NodeSighting(2, NOON, Optional.empty(), Optional.empty(), "ok", "")));
    change(records(held), "t", records(held).tailnet("t").withMade());
    fence(records, "t", OPEN);
  }

  @Test
  void whateverReadsWhileACopyOpensShowsAllOfItOrIsRefused() throws Exception {
    for (Map.Entry<String, Read> each : reads().entrySet()) {
      boolean more = true;
      for (int at = 1; more; at++) {
        Tailnets place = opened();
        ControlRecords records = records(place);
        if (records.seen("t").known()) {
          place.delete("t", records.seen("t").aums());
        }
        fence(records, "t", SHADOW);
        Tailnets held = records.under("t", records.fence("t"));
        add(held, "t", "A B C");
        put(records(held), "t", node(1));
        int stop = at;
        AtomicBoolean stopped = new AtomicBoolean();
        try (CountingDatabase stopping =
            new CountingDatabase(
                place(),
                statement -> {
                  if (statement == stop) {
                    stopped.set(true);
                    try {
                      finish(place);
                    } catch (Exception e) {
                      throw new IllegalStateException(e);
                    }
                  }
                })) {
          Object read = each.getValue().of(stopping);
          assertThat(read).as("%s, %d", each.getKey(), at).isEqualTo(each.getValue().of(place));
        } catch (StoreException.Fenced e) {
          assertThat(e.tailnet()).isEqualTo("t");
        }
        more = stopped.get();
        if (!more) {
          finish(place);
        }
      }
    }
  }

  @Test
  void tablesWithoutThresholdsAreReadAsTheyAreAndTheFirstWriteAddsWhatIsMissing() throws Exception {
    Tailnets place = opened();
    change(records(place), "t", TailnetRecord.NONE.withRestored(Optional.of(NOON)));
    fence(records(place), "t", FENCED);
    fence(records(place), "t", OPEN);
    closeAll();
    makeOlderByOne();
    try (Tailnets older = placeAsItIs()) {
      ControlRecords records = records(older);
      assertThat(records.tailnets()).containsExactly("t");
      ControlRecords.Seen seen = records.seen("t");
      assertThat(seen.tailnet().restored()).contains(NOON);
      assertThat(seen.tailnet().thresholds()).isEqualTo(Thresholds.NONE);
      assertThat(seen.fence().epoch()).isEqualTo(2);
      TailnetRecord asked =
          seen.tailnet().withThresholds(new Thresholds(1, 2, 3, 4)).withProposals(proposals());
      change(records, "t", asked);
      assertThat(records.tailnet("t")).isEqualTo(asked);
      assertThat(records(opened()).tailnet("t")).isEqualTo(asked);
    }
  }

  @Test
  void tablesOfTheVersionBeforeThatOneAreReadAsTheyAreAndTheFirstWriteAddsWhatIsMissing()
      throws Exception {
    Tailnets place = opened();
    fill(place);
    closeAll();
    makeOlderByTwo();
    try (Tailnets older = placeAsItIs()) {
      ControlRecords records = records(older);
      assertThat(records.tailnets()).containsExactly("t");
      assertThat(records.fence("t")).isEqualTo(Fence.NONE);
      assertThat(older.tailnet("t").read().entries()).hasSize(3);
      assertThat(records.nodes("t", List.of(1L))).hasSize(1);
      assertThat(records.node("t", 1)).isPresent();
      assertThat(records.sightings("t")).hasSize(1);
      assertThat(records.tokens("t")).hasSize(1);
      assertThat(records.token(token(1, "t", 1, NOON).hash())).isPresent();
      Fence fence = fence(records, "t", MOVED);
      assertThat(records(opened()).fence("t")).isEqualTo(fence);
      assertThatThrownBy(() -> older.tailnet("t").read()).isInstanceOf(StoreException.Fenced.class);
    }
  }

  @Test
  void soAreThoseOfTheVersionBeforeThatOne() throws Exception {
    Tailnets place = opened();
    put(records(place), "t", node(1));
    change(records(place), "t", TailnetRecord.NONE.withSupport(Optional.of(secret(1))));
    closeAll();
    makeOlderByThree();
    try (Tailnets older = placeAsItIs()) {
      ControlRecords records = records(older);
      assertThat(records.tailnets()).containsExactly("t");
      TailnetRecord found = records.seen("t").tailnet();
      assertThat(found).isEqualTo(TailnetRecord.NONE.withSupport(Optional.of(secret(1))));
      TailnetRecord restored = found.withRestored(Optional.of(NOON));
      change(records, "t", restored);
      assertThat(records.tailnet("t")).isEqualTo(restored);
      assertThat(records(opened()).tailnet("t")).isEqualTo(restored);
    }
  }

  private static Changes.Position requireTold(
      ControlRecords records, Changes.Position position, String tailnet, boolean switched)
      throws StoreException {
    Changes changes = records.changesAfter(position, 10);
    assertThat(changes.complete()).isTrue();
    assertThat(changes.tailnets())
        .containsExactly(new Changes.Change(tailnet, switched, List.of()));
    return changes.position();
  }

  @Test
  void aTailnetWithANameOfBeforeTheRuleCanHaveRecords() throws Exception {
    ControlRecords records = records(opened());
    sql(
        "insert into tailnet (name, revision, rewritten, last_number, checksum)"
            + " values ('a/b', 1, 1, 1, 0)");
    put(records, "a/b", node(1));
    assertThat(records.countNodes("a/b")).isOne();
  }

  @Test
  void aLookCostsOneStatementAndSoDoesHearingThatNothingChanged() throws Exception {
    try (CountingDatabase database = new CountingDatabase(place())) {
      ControlRecords records = records(database);
      put(records, "t", node(1));
      add(database, "t", "A");
      records.retire(
          "t",
          database.tailnet("t").read().revision(),
          TailnetRecord.NONE,
          new RetiredAuthority(authority(), secret(9), NOON, "ignored"));
      Changes.Position position = records.position();
      database.statements();
      records.seen("t");
      assertThat(database.statements()).isOne();
      assertThat(records.changesAfter(position, 10).tailnets()).isEmpty();
      assertThat(database.statements()).isOne();
      records.node("t", 1);
      assertThat(database.statements()).isOne();
      put(records, "t", node(1).withMayInit(true));
      // The record, the node twice, and the row.
      assertThat(database.statements()).isLessThanOrEqualTo(7);
    }
  }

  @Test
  void manyNodesCostFewStatements() throws Exception {
    try (CountingDatabase database = new CountingDatabase(place())) {
      int count = 2000;
      ControlRecords records = records(database);
      List<RecordsChange.OfNode> come = new ArrayList<>();
      List<RecordsChange.OfNode> turn = new ArrayList<>();
      for (int id = 1; id <= count; id++) {
        NodeRecord node = node(id);
        come.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node)));
        turn.add(
            new RecordsChange.OfNode(
                Optional.of(node), Optional.of(node.withName(Optional.of("n")))));
      }
      records.commit("t", new RecordsChange(Optional.empty(), come));
      assertThat(database.statements()).isLessThan(20);
      records.commit("t", new RecordsChange(Optional.empty(), turn));
      assertThat(database.statements()).isLessThan(20);
    }
  }

  @Test
  void thisInstanceIsToldOfItsOwnCommitsAtOnce() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    put(records, "t", node(1));
    Followed followed = new Followed();
    try (Tailnets.Watch watch = records.watch(followed)) {
      assertThat(watch).isNotNull();
      followed.catchUp();
      followed.named();
      for (int i = 0; i < 3; i++) {
        put(records, "t", node(1).withName(Optional.of("" + i)));
        followed.await("t");
        followed.named();
      }
    }
  }
}
