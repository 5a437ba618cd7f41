package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.sql.testkit.LentStore;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.Backup;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Records in a PostgreSQL database. */
class PostgresRecordsTest extends SqlRecordsContract {
  private static final PostgresServer SERVER = PostgresServer.shared();

  @RegisterExtension final LentStore lent = new LentStore();

  @Override
  protected PostgresDatabase place() throws Exception {
    return PostgresDatabase.create(lent.settings(), Clock.systemUTC());
  }

  @Override
  PostgresDatabase placeAsItIs() throws Exception {
    return PostgresDatabase.at(lent.settings(), Clock.systemUTC());
  }

  @Override
  void makeOlderByOne() throws SQLException {
    sql("drop trigger fence on record");
    dropVotes();
    sql(
        "create trigger fence before delete or update of genesis, state1, state2, begun, begun_by,"
            + " begun_at, support, made, retired, checksum, restored, restored_checksum on record"
            + " for each row when (old.standing > 0 and old.opened is null)"
            + " execute function fence_record()");
    sql("delete from schema_history where script = 'V6__votes.sql'");
  }

  @Override
  void makeOlderByTwo() throws SQLException {
    makeOlderByOne();
    for (String each :
        List.of(
            "fence_aums()", "fence_rows()", "fence_record()", "require_open(text)", "fence_key")) {
      sql("drop function " + each + " cascade");
    }
    dropFence();
    sql("delete from schema_history where script = 'V5__fence.sql'");
  }

  @Override
  void makeOlderByThree() throws SQLException {
    super.makeOlderByThree();
    sql("delete from schema_history where script = 'V4__restored.sql'");
  }

  @Test
  void aServerOfTheVersionBeforeMayBeginBesideTheNewTables() throws Exception {
    opened();
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        // What it asks when it begins; it refuses more than 3.
        ResultSet version =
            statement.executeQuery(
                "select version::bigint from schema_history where success and version is not null"
                    + " order by 1 desc limit 1")) {
      version.next();
      assertThat(version.getLong(1)).isEqualTo(3);
    }
  }

  @Override
  Connection connect() throws SQLException {
    Connection connection = SERVER.connect(lent.settings().database());
    connection.setSchema(PostgresDatabase.SCHEMA);
    return connection;
  }

  private static List<Changes.Change> after(ControlRecords records, Changes.Position position)
      throws StoreException {
    Changes changes = records.changesAfter(position, 10);
    assertThat(changes.complete()).isTrue();
    return changes.tailnets();
  }

  @Test
  void whatCommitsLateIsToldAlthoughOthersThatBeganLaterWereToldBefore() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    for (int id = 1; id <= 2; id++) {
      put(records, "t", node(id));
      add(place, "late " + id, "A");
    }
    Changes.Position before = records.position();
    try (Connection first = connect();
        Statement statement = first.createStatement()) {
      first.setAutoCommit(false);
      statement.execute(
          "update node set changed = pg_current_xact_id(), looked = pg_current_xact_id()"
              + " where id = 2");
      statement.execute("update tailnet set revision = revision + 1 where name = 'late 1'");
      put(records, "t", node(1).withName(Optional.of("later, and first")));
      Changes told = records.changesAfter(before, 10);
      assertThat(told.tailnets()).containsExactly(new Changes.Change("t", false, List.of(1L)));
      Changes.Position between = records.position();
      put(records, "t", node(1).withName(Optional.of("again")));
      Changes.Position last = records.position();
      first.commit();
      assertThat(after(records, last))
          .containsExactly(
              new Changes.Change("late 1", false, List.of()),
              new Changes.Change("t", false, List.of(2L)));
      for (Changes.Position each : List.of(told.position(), between)) {
        assertThat(after(records, each)).contains(new Changes.Change("t", false, List.of(1L, 2L)));
      }
    }
  }

  @Test
  void aPositionStaysShortWhileManyTransactionsAreInProgress() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    put(records, "t", node(1));
    List<Connection> others = new ArrayList<>();
    try {
      Changes.Position position;
      for (int i = 0; i < 30; i++) {
        Connection other = connect();
        others.add(other);
        other.setAutoCommit(false);
        try (Statement statement = other.createStatement()) {
          statement.execute("insert into gone values ('other " + i + "', pg_current_xact_id())");
        }
      }
      position = records.position();
      assertThat(position.text()).hasSizeLessThanOrEqualTo(200);
      for (Connection each : others) {
        each.commit();
      }
      Changes changes = records.changesAfter(position, 10);
      assertThat(changes.complete()).isTrue();
      assertThat(changes.tailnets()).hasSize(30);
    } finally {
      for (Connection each : others) {
        each.close();
      }
    }
  }

  @Test
  void aDatabaseThatWasPutBackIsAnotherPlace() throws Exception {
    Tailnets place = opened();
    put(records(place), "t", node(1));
    Changes.Position position = records(place).position();
    closeAll();
    Backup backup = SERVER.whole(lent.settings().database());
    backup.putBack();
    Tailnets again = opened();
    Changes changes = records(again).changesAfter(position, 10);
    assertThat(changes.complete()).isFalse();
    assertThat(records(again).changesAfter(changes.position(), 10).complete()).isTrue();
  }

  @Test
  void marksOfAServerThatHadCountedFurtherAreRepairedByTheFirstWriter() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    put(records, "t", node(1));
    add(place, "u", "A");
    place.delete("u", place.revisions().get("u"));
    add(place, "v", "A");
    // As a dump of another server brings them.
    for (String each :
        List.of(
            "node set looked = '999999999999', changed = '999999999999'",
            "record set switched = '999999999999', changed = '999999999999'",
            "gone set changed = '999999999999'")) {
      sql("update " + each);
    }
    sql("alter table tailnet disable trigger mark");
    sql("update tailnet set changed = '999999999999', switched = '999999999999'");
    sql("alter table tailnet enable trigger mark");
    Changes.Position position = records.position();
    assertThat(after(records, position)).hasSize(3);

    ControlRecords other = records(opened());
    put(other, "w", node(1));
    assertThat(other.changesAfter(position, 10).complete()).isFalse();
    Changes.Position now = records.position();
    assertThat(after(records, now)).isEmpty();
    put(other, "t", node(2));
    assertThat(after(records, now)).containsExactly(new Changes.Change("t", false, List.of(2L)));
  }

  /** With a lock for each, a transaction would run out of them where there are many tailnets. */
  @Test
  void theRepairOfMarksTakesNoLockOfATailnetAndIsMadeWhereverItLives() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    put(records, "u", node(1));
    Fence moved = fence(records, "u", MOVED);
    sql("alter table node disable trigger user");
    sql("update node set looked = '999999999999', changed = '999999999999'");
    sql("alter table node enable trigger user");
    try (Connection fencing = connect();
        Statement statement = fencing.createStatement()) {
      fencing.setAutoCommit(false);
      statement.execute("select pg_advisory_xact_lock(fence_key(name)) from record");
      // It would fail after the time-out for locks.
      put(records(opened()), "w", node(1));
      fencing.rollback();
    }
    assertThat(after(records, records.position())).isEmpty();
    assertThat(records.fence("u")).isEqualTo(moved);
    // What the repair may is over with it.
    for (String each : List.of("update node set may_init = 1", "delete from node")) {
      assertThatThrownBy(() -> sql(each)).as(each).isInstanceOf(SQLException.class);
    }
  }

  @Test
  void changesOfDifferentNodesDoNotWaitForEachOther() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord record =
        change(records, "t", TailnetRecord.NONE.withSupport(Optional.of(secret(1))));
    for (int id = 1; id <= 3; id++) {
      put(records, "t", node(id));
    }
    try (Connection other = connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      // What a change of node 1 locks, under a condition.
      statement.execute("select number from record where name = 't' for share");
      statement.execute("select id from node where id = 1 for no key update");
      // They would fail after the time-out for locks.
      put(records, "t", node(2).withMayInit(true));
      put(records, "t", node(4));
      records.commit(
          "t",
          new RecordsChange(
              Optional.of(new RecordsChange.OfTailnet(record, record)),
              List.of(
                  new RecordsChange.OfNode(
                      Optional.of(node(3)), Optional.of(node(3).withMayInit(true))))));
      try (ResultSet waiting =
          statement.executeQuery(
              "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                  + " and datname = current_database()")) {
        waiting.next();
        assertThat(waiting.getLong(1)).isZero();
      }
      other.rollback();
    }
  }

  @Test
  void aChangeOfNodesReadsNothingThatOthersWriteMeanwhile() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    records.retire("t", add(place, "t", "A").revision(), records.tailnet("t"), ended());
    try (Connection other = connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      // Another authority is being ended: whoever reads what was ended would wait here.
      statement.execute("select number from record where name = 't' for no key update");
      statement.execute("lock table retired in access exclusive mode");
      put(records, "t", node(1));
      put(records, "t", node(1).withMayInit(true));
      other.rollback();
    }
    assertThat(records.node("t", 1)).contains(node(1).withMayInit(true));
    assertThat(records.tailnet("t").retired()).hasSize(1);
  }

  @Test
  void aConditionHoldsUntilTheChangeIsMade() throws Exception {
    ControlRecords records = records(opened());
    TailnetRecord record =
        change(records, "t", TailnetRecord.NONE.withSupport(Optional.of(secret(1))));
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (Connection other = connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("select number from record where name = 't' for no key update");
      RecordsChange change =
          new RecordsChange(
              Optional.of(new RecordsChange.OfTailnet(record, record)),
              List.of(new RecordsChange.OfNode(Optional.empty(), Optional.of(node(1)))));
      Future<String> result =
          thread.submit(
              () -> {
                try {
                  records.commit("t", change);
                  return "made";
                } catch (StoreException.Conflict e) {
                  return "conflict";
                }
              });
      awaitWaiting(statement);
      statement.execute("delete from record");
      other.commit();
      assertThat(result.get(30, TimeUnit.SECONDS)).isEqualTo("conflict");
    } finally {
      thread.shutdownNow();
    }
    assertThat(records.countNodes("t")).isZero();
  }

  /** What a server does within a transaction before the fence changes, or a part of it. */
  private static final List<String> WRITTEN =
      List.of(
          "update tailnet set revision = revision + 1, last_number = 9 where name = 't'",
          "update node set may_init = 1",
          "update sighting set outcome = 'late'",
          "delete from token",
          "insert into tailnet (name, revision, rewritten, last_number, checksum)"
              + " values ('first', 0, 0, 0, 0)");

  @Test
  void aFenceWaitsForWhoeverHasWrittenAndNotYetCommitted() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      for (String each : WRITTEN) {
        String tailnet = each.contains("'first'") ? "first" : "t";
        try (Connection other = connect();
            Statement statement = other.createStatement()) {
          other.setAutoCommit(false);
          statement.execute(each);
          Future<Fence> fenced = thread.submit(() -> fence(records, tailnet, FENCED));
          awaitWaiting(statement);
          assertThat(records.fence(tailnet).isOpen()).as(each).isTrue();
          other.commit();
          assertThat(fenced.get(30, TimeUnit.SECONDS).isOpen()).isFalse();
        }
        fence(records, tailnet, OPEN);
      }
      // Written by hand, without its checksum, and there.
      assertThatThrownBy(() -> records.sightings("t")).hasMessageContaining("table sighting");
    } finally {
      thread.shutdownNow();
    }
  }

  @Test
  void whoReadBeforeTheFenceAndWritesAfterItIsRefused() throws Exception {
    Tailnets place = opened();
    ControlRecords records = records(place);
    fill(place);
    for (String each : WRITTEN) {
      String tailnet = each.contains("'first'") ? "first" : "t";
      try (Connection other = connect();
          Statement statement = other.createStatement()) {
        other.setAutoCommit(false);
        statement.execute("select number from tailnet for update");
        statement.execute("select number from record where name = 't' for key share");
        statement.execute("select id from node for key share");
        // It does not wait for who only read.
        fence(records, tailnet, MOVED);
        assertThatThrownBy(() -> statement.execute(each))
            .as(each)
            .isInstanceOfSatisfying(
                SQLException.class,
                refused -> assertThat(refused.getSQLState()).isEqualTo("TKA01"));
        other.rollback();
      }
      fence(records, tailnet, OPEN);
    }
  }

  private static void awaitWaiting(Statement statement) throws SQLException {
    long waiting = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (waiting == 0 && System.nanoTime() < end) {
      try (ResultSet result =
          statement.executeQuery(
              "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                  + " and datname = current_database()")) {
        result.next();
        waiting = result.getLong(1);
      }
    }
    assertThat(waiting).isPositive();
  }

  @Test
  void changesOfManyNodesInAnyOrderNeverWaitInACircle() throws Exception {
    int nodes = 20;
    int threads = 4;
    ControlRecords records = records(opened());
    for (int id = 1; id <= nodes; id++) {
      put(records, "t", node(id));
    }
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        ControlRecords own = records(opened());
        Random random = new Random(thread);
        all.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < 30; i++) {
                    turn(own, random, nodes);
                  }
                  return own;
                }));
      }
      Tailnets place = opened();
      for (int i = 0; i < 10; i++) {
        moveAndBack(place);
      }
      for (Future<?> each : all) {
        each.get(60, TimeUnit.SECONDS);
      }
    } finally {
      pool.shutdownNow();
    }
    closeAll();
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select deadlocks from pg_stat_database where datname = current_database()")) {
      result.next();
      assertThat(result.getLong(1)).isZero();
    }
  }

  private void moveAndBack(Tailnets place) throws StoreException {
    ControlRecords records = records(place);
    try {
      Revision aums = add(place, "t", "A").revision();
      records.retire("t", aums, records.tailnet("t"), ended());
    } catch (StoreException.Conflict e) {
      // Another was first.
    }
    fence(records, "t", FENCED);
    Tailnets held = records.under("t", fence(records, "t", MOVED));
    add(held, "t", "A");
    held.tailnet("t").wipe();
    records(held).noteSightings("t", List.of(sighting(1, "ok")));
    fence(records, "t", OPEN);
  }

  private static void turn(ControlRecords records, Random random, int nodes) throws StoreException {
    List<NodeRecord> found = new ArrayList<>();
    try {
      turning(records, random, nodes, found);
    } catch (StoreException.Fenced e) {
      // It is moved, and back soon.
    }
  }

  private static void turning(
      ControlRecords records, Random random, int nodes, List<NodeRecord> found)
      throws StoreException {
    records.allNodes("t", found::add);
    Collections.shuffle(found, random);
    List<RecordsChange.OfNode> changes = new ArrayList<>();
    boolean removes = random.nextInt(4) == 0;
    for (NodeRecord each : found.subList(0, Math.min(5, found.size()))) {
      changes.add(
          new RecordsChange.OfNode(
              Optional.of(each),
              Optional.of(each.withMayInit(!each.mayInit())).filter(any -> !removes)));
    }
    int id = 1 + random.nextInt(nodes);
    if (found.stream().noneMatch(each -> each.id() == id)) {
      changes.add(new RecordsChange.OfNode(Optional.empty(), Optional.of(node(id))));
    }
    TailnetRecord record = records.tailnet("t");
    TailnetRecord next =
        random.nextBoolean() ? record : record.withSupport(Optional.of(secret(random.nextInt())));
    Optional<RecordsChange.OfTailnet> condition =
        Optional.of(new RecordsChange.OfTailnet(record, next)).filter(any -> random.nextBoolean());
    try {
      records.commit("t", new RecordsChange(condition, changes));
      records.noteSightings("t", List.of(sighting(id, "ok")));
    } catch (StoreException.Conflict e) {
      // Another was first.
    }
  }
}
