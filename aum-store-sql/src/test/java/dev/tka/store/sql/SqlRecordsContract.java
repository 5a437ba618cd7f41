package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
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
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What records in a database owe beyond the contract of all. */
abstract class SqlRecordsContract extends FenceContract {
  private static final Bytes HASH = Bytes.copyOf(new byte[] {1, 2, 3});

  @Override
  protected abstract SqlTailnets place() throws Exception;

  /** The place that {@link #place} opened, without what it may lack being made. */
  abstract SqlTailnets placeAsItIs() throws Exception;

  /** Takes away what the version before did not have. */
  void makeOlderByOne() throws SQLException {
    for (String each : List.of("restored", "restored_checksum")) {
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
    change(records, "t", records.tailnet("t").withRestored(Optional.of(NOON)));

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
    TailnetRecord restored = TailnetRecord.NONE.withRestored(Optional.of(NOON));
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
  void tablesOfTheVersionBeforeAreReadAsTheyAreAndTheFirstWriteAddsWhatIsMissing()
      throws Exception {
    Tailnets place = opened();
    put(records(place), "t", node(1));
    change(records(place), "t", TailnetRecord.NONE.withSupport(Optional.of(secret(1))));
    closeAll();
    makeOlderByOne();
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
