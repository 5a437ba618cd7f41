package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.testkit.Followed;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records in a SQLite file. */
class SqliteRecordsTest extends SqlRecordsContract {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("store.db");
  }

  @Override
  protected SqlTailnets place() throws Exception {
    return SqliteFile.create(file(), Clock.systemUTC());
  }

  @Override
  SqlTailnets placeAsItIs() throws Exception {
    return SqliteFile.at(file(), Clock.systemUTC());
  }

  @Override
  Connection connect() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file());
  }

  @Override
  void makeOlderByOne() throws SQLException {
    sql("drop trigger fence_record");
    dropVotes();
    sql(
        "create trigger fence_record before update of genesis, state1, state2, begun, begun_by,"
            + " begun_at, support, made, retired, checksum, restored, restored_checksum on record"
            + " when old.standing > 0 and old.opened is null begin select raise(abort,"
            + " 'the tailnet is being moved, or lives elsewhere'); end");
  }

  @Override
  void makeOlderByTwo() throws SQLException {
    makeOlderByOne();
    for (String each : List.of("begin", "commit", "end", "record", "record_end")) {
      sql("drop trigger fence_" + each);
    }
    for (String table : List.of("node", "sighting", "token")) {
      for (String each : List.of("insert", "update", "delete")) {
        sql("drop trigger fence_" + table + "_" + each);
      }
    }
    dropFence();
  }

  /** Takes the tables and columns away, as in a file that a version before records made. */
  private void makeOlder() throws SQLException {
    makeOlderByTwo();
    for (String each :
        List.of(
            "trigger mark_begin",
            "trigger mark_commit",
            "trigger mark_delete",
            "table place",
            "table record",
            "table retired",
            "table node",
            "table sighting",
            "table token",
            "table gone")) {
      sql("drop " + each);
    }
    for (String each : List.of("retired", "changed", "switched")) {
      sql("alter table tailnet drop column " + each);
    }
  }

  @Test
  void aFileOfTheVersionBeforeIsReadAsItIsAndTheFirstWriteMakesTheTables() throws Exception {
    add(opened(), "t", "A");
    closeAll();
    makeOlder();
    Tailnets place = opened();
    ControlRecords records = records(place);
    ControlRecords other = records(opened());
    assertThat(records.tailnets()).containsExactly("t");
    assertThat(records.seen("t"))
        .isEqualTo(
            new ControlRecords.Seen(
                true, TailnetRecord.NONE, place.tailnet("t").read().revision()));
    assertThat(records.countNodes("t")).isZero();
    assertThat(records.nodes("t", List.of(1L))).isEmpty();
    records.allNodes("t", node -> {});
    Changes.Position position = records.position();
    assertThat(records.changesAfter(position, 10))
        .isEqualTo(new Changes(position, true, List.of()));
    Followed followed = new Followed();
    try (Tailnets.Watch watch = other.watch(followed)) {
      assertThat(watch).isNotNull();
      followed.catchUp();
      // An older program commits.
      sql("update tailnet set revision = revision + 1");
      assertThat(records.changesAfter(position, 10).complete()).isFalse();
      followed.catchUp();
      assertThat(followed.reports()).anyMatch(report -> !report.complete());
      sql("update tailnet set revision = revision - 1");

      put(records, "t", node(1));
      followed.catchUp();
      put(records, "u", node(1));
      followed.catchUp();
      assertThat(followed.named()).containsExactly("u");
    }
    assertThat(other.node("t", 1)).contains(node(1));
    assertThat(records.changesAfter(position, 10).complete()).isFalse();
  }

  @Test
  void aFileThatWasPutBackIsAnotherPlace() throws Exception {
    SqliteFile place = SqliteFile.create(file(), Clock.systemUTC());
    put(records(place), "t", node(1));
    Path copy = directory.resolve("copy.db");
    place.backup(copy, (done, total) -> {});
    Changes.Position position = records(place).position();
    place.close();
    SqliteFile.restore(copy, file(), Clock.systemUTC(), (done, total) -> {});
    ControlRecords again = records(opened());
    assertThat(again.node("t", 1)).contains(node(1));
    Changes changes = again.changesAfter(position, 10);
    assertThat(changes.complete()).isFalse();
    assertThat(again.changesAfter(changes.position(), 10).complete()).isTrue();
  }

  @Test
  void aCopyWithDamagedRecordsIsNotPutBack() throws Exception {
    SqliteFile place = SqliteFile.create(file(), Clock.systemUTC());
    put(records(place), "t", node(1));
    sql("update node set may_init = 1");
    Path copy = directory.resolve("copy.db");
    place.backup(copy, (done, total) -> {});
    place.close();
    assertThatThrownBy(
            () ->
                SqliteFile.restore(
                    copy, directory.resolve("new.db"), Clock.systemUTC(), (done, total) -> {}))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("table node, row [");
  }
}
