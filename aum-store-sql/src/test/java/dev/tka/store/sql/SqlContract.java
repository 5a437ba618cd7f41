package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Notes;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import dev.tka.store.testkit.DatabaseContract;
import dev.tka.store.testkit.Told;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What tailnets in a SQL database owe besides the contract of every store. */
abstract class SqlContract extends DatabaseContract {
  private static final List<String> TABLES =
      List.of(
          "tailnet",
          "aum",
          "aum_body",
          "trail",
          "trail_facts",
          "own_aum",
          "own_aum_facts",
          "set_aside",
          "elsewhere_aum",
          "inherited",
          "removal");

  final FakeClock clock = new FakeClock();

  @Override
  protected abstract SqlTailnets create() throws Exception;

  @Override
  protected abstract SqlTailnets at() throws Exception;

  /** A connection to the database, with the tables in scope. */
  abstract Connection connect() throws SQLException;

  /** A literal for bytes in a statement. */
  abstract String hex(String digits);

  /** Statements that put values of the wrong type into a table. */
  abstract List<String> damagesOfTypes();

  @Override
  protected void requireCommits(Revision revision, long commits) {
    assertThat(SqlRevisions.number(revision)).isEqualTo(commits);
  }

  /** Has statements fail, with "told to fail", until {@link #failNoMore}. */
  abstract void failAt(String point) throws SQLException;

  abstract void failNoMore() throws SQLException;

  final void sql(String statement) throws SQLException {
    sql(List.of(statement));
  }

  /** Executes statements, all or none. */
  private void sql(List<String> statements) throws SQLException {
    try (Connection connection = connect();
        Statement execution = connection.createStatement()) {
      boolean together = statements.size() > 1;
      connection.setAutoCommit(!together);
      for (String each : statements) {
        execution.execute(each);
      }
      if (together) {
        connection.commit();
      }
    }
  }

  final long number(String query) throws SQLException {
    try (Connection connection = connect();
        Statement execution = connection.createStatement();
        ResultSet result = execution.executeQuery(query)) {
      result.next();
      return result.getLong(1);
    }
  }

  @Test
  void whatDidNotChangeIsNotReadAgain() throws Exception {
    SqlTailnets place = create();
    AumStore one = place.tailnet("one");
    AumStore two = place.tailnet("two");
    add(one, "A B");
    AumSnapshot before = add(two, "A B C");

    one.commit(everything(one));
    one.wipe();

    assertThat(two.read()).isSameAs(before);
  }

  @Test
  void aDeletedTailnetIsGoneForAllAndItsNameIsFree() throws Exception {
    SqlTailnets place = create();
    Tailnets other = at();
    Told told = new Told();
    other.watch(told);
    Revision kept = add(place.tailnet("kept"), "A B").revision();
    AumStore gone = other.tailnet("gone");
    gone.commit(everything(gone));
    AumSnapshot held = add(gone, "A");
    told.awaitExactly(Map.of("kept", kept, "gone", held.revision()));

    assertThatThrownBy(() -> place.delete("gone", kept))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(place.revisions()).containsOnlyKeys("gone", "kept");
    place.delete("gone", held.revision());
    place.delete("never", Tailnets.NO_COMMIT);

    told.awaitExactly(Map.of("kept", kept));
    AumSnapshot empty = gone.read();
    assertThat(empty.revision()).isEqualTo(Tailnets.NO_COMMIT);
    assertThat(empty.entries()).isEmpty();
    assertThat(empty.trail().size()).isZero();
    assertThat(empty.notes()).isEqualTo(Notes.NONE);
    assertThatThrownBy(
            () -> gone.commit(Commit.on(held.revision()).add(chains.get("D"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);
    // Another tailnet takes neither its rows nor its number while snapshots may need them.
    add(place.tailnet("next"), "A B C D E");
    add(gone, "B");
    assertThat(namesIn(held)).isEqualTo("AXY");
    assertThat(held.get(hash("Y"))).isEqualTo(chains.get("Y"));
    assertThat(namesIn(at().tailnet("gone").read())).isEqualTo("B");
    clock.advance(Tailnets.REMOVED_STAY.plusDays(1));
    for (int i = 0; i < 3; i++) {
      add(place.tailnet("kept"), List.of("C", "D", "E").get(i));
    }
    assertThat(number("select count(*) from removal")).isZero();
    assertThat(number("select count(*) from aum_body")).isEqualTo(5 + 5 + 1);
  }

  @Test
  void damageToOneTailnetDoesNotAffectAnother() throws Exception {
    SqlTailnets file = create();
    add(file.tailnet("one"), "A B");
    add(file.tailnet("two"), "A B");
    sql("update aum set hash = " + hex("00") + " where tailnet = 1");
    sql("delete from aum_body where tailnet = 1");

    SqlTailnets again = at();
    assertThatThrownBy(() -> again.tailnet("one").read())
        .isInstanceOf(StoreException.Damaged.class);
    assertThat(again.tailnet("two").read().get(hash("B"))).isEqualTo(chains.get("B"));
  }

  @Test
  void openingReadsNoBody() throws Exception {
    add(create().tailnet("t"), "A B C");
    sql("update aum_body set encoded = " + hex("00"));

    AumSnapshot snapshot = at().tailnet("t").read();

    assertThat(namesIn(snapshot)).isEqualTo("ABC");
    assertThatThrownBy(() -> snapshot.encoded(hash("A")))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("aum_body")
        .hasMessageContaining(hash("A").toString());
  }

  @Test
  void aChangeOfAnyRowIsNoticed() throws Exception {
    SqlTailnets file = create();
    AumStore store = file.tailnet("t");
    add(store, "A B C");
    store.commit(everything(store));
    copyRows();

    SqlTailnets place = at();
    List<String> damages = new ArrayList<>(damagesOfTypes());
    damages.addAll(
        List.of(
            "update aum set hash = " + hex("00".repeat(32)) + " where number = 3",
            "update aum set hash = " + hex("00".repeat(31)) + " where number = 3",
            "update aum set parent = null where number = 3",
            "update aum set kind = 4 where number = 3",
            "update aum set kind = 400 where number = 3",
            "update aum set committed_at = committed_at + 1 where number = 3",
            "update aum set committed_at = 9223372036854775807 where number = 3",
            "update aum set removed_by = 2 where number = 3",
            "update aum set removed_by = null",
            "update aum set number = 9 where number = 3",
            "delete from aum where number = 3",
            "update tailnet set revision = revision - 1",
            "update tailnet set last_active_ancestor = " + hex("00".repeat(32)),
            "update tailnet set last_active_ancestor = null",
            "update tailnet set agreed_at = null",
            "update tailnet set agreed_at = 'yesterday'",
            "update tailnet set checksum = checksum + 1",
            "delete from trail",
            "update trail set signers = " + hex("80"),
            "update trail set signers = " + hex("ff"),
            "update trail set kind = 1",
            "update trail set checkpoint = null",
            "insert into trail select tailnet, 1, hash, parent, kind, committed_at, signers, added,"
                + " taken_away, checkpoint from trail",
            "delete from own_aum",
            "update own_aum set acknowledged_at = '2026-01-02T12:00:00Z'",
            "update own_aum set hash = " + hex("1234") + " where acknowledged_at is null",
            "update set_aside set revocation = 0",
            "update set_aside set revocation = 2",
            "update set_aside set encoded = " + hex("00"),
            "delete from set_aside"));
    damages.addAll(
        List.of(
            "update tailnet set own_at = own_at + 1",
            "update tailnet set clock_at = own_at",
            "update tailnet set latest_clock_at = own_at",
            "update tailnet set begun_at = null",
            "update tailnet set time_checksum = 0",
            "update aum set size = size + 1 where own_at is not null",
            "update aum set size = null where own_at is not null",
            "update aum set own_at = own_at - 1 where own_at is not null",
            "update aum set own_at = null where own_at is not null",
            "update aum set own_at = own_at + 1 where facts_checksum is not null",
            "update aum set reference_at = null where own_at is not null",
            "update aum set changes = " + hex("80") + " where own_at is not null",
            "update aum set signers = " + hex("80") + " where own_at is not null",
            "update aum set facts_checksum = 1 where own_at is null",
            "update trail_facts set own_at = own_at - 1",
            "update trail_facts set reference_at = null",
            "update trail_facts set changes = " + hex("80"),
            "update trail_facts set checksum = checksum + 1",
            "update own_aum_facts set revocation = 0",
            "update own_aum_facts set revocation = 2",
            "update own_aum_facts set acknowledged_own_at = '2026-01-02T12:00:00Z'",
            "update own_aum_facts set checksum = 1",
            "update elsewhere_aum set hash = " + hex("00".repeat(32)),
            "update elsewhere_aum set hash = " + hex("00"),
            "update elsewhere_aum set checksum = 1",
            "update inherited set hash = " + hex("00".repeat(32)),
            "update inherited set content = " + hex("8280 80".replace(" ", "")),
            "update inherited set content = " + hex("ff"),
            "update inherited set checksum = 1"));
    for (String damage : damages) {
      putRowsBack();
      assertThat(namesIn(place.tailnet("t").read())).isEqualTo("BCXY");
      sql(damage);
      AumStore again = place.tailnet("t");
      assertThatThrownBy(again::read)
          .as(damage)
          .isInstanceOf(StoreException.Damaged.class)
          .message()
          .hasLineCount(1);
      assertThatThrownBy(() -> again.commit(Commit.on(new Revision(2)).build()))
          .as(damage)
          .isInstanceOf(StoreException.class);
    }
  }

  /** Saves all rows for {@link #putRowsBack}. */
  private void copyRows() throws SQLException {
    for (String table : TABLES) {
      sql("create table saved_" + table + " as select * from " + table);
    }
  }

  private void putRowsBack() throws SQLException {
    List<String> statements = new ArrayList<>();
    for (String table : TABLES) {
      statements.add("delete from " + table);
      statements.add("insert into " + table + " select * from saved_" + table);
    }
    sql(statements);
  }

  @Test
  void anImpossibleRevisionIsReported() throws Exception {
    requireNoRevision("0");
    requireNoRevision("-1");
  }

  /** Asserts that a store which has never read treats it as damage, not as an empty tailnet. */
  final void requireNoRevision(String revision) throws Exception {
    SqlTailnets place = create();
    add(place.tailnet("at " + revision), "A B");
    sql("update tailnet set revision = " + revision);
    assertThatThrownBy(() -> place.tailnet("at " + revision).read())
        .as("revision " + revision)
        .isInstanceOf(StoreException.Damaged.class)
        .message()
        .hasLineCount(1);
  }

  /**
   * Commits A and B to a tailnet, then C; then restores a backup, and commits X instead of C.
   *
   * @param stale the store that saw C
   */
  private AumSnapshot haveTwoHistories(AumStore stale) throws Exception {
    add(stale, "A B");
    copyRows();
    AumSnapshot undone = add(stale, "C");
    putRowsBack();
    AumSnapshot other = add(at().tailnet("t"), "X");
    assertThat(other.revision()).isNotEqualTo(undone.revision());
    assertThat(other.revision().value() >> SqlTailnets.CHECKSUM_BITS)
        .isEqualTo(undone.revision().value() >> SqlTailnets.CHECKSUM_BITS)
        .isEqualTo(2);
    assertThat(namesIn(other)).isEqualTo("ABX");
    return undone;
  }

  @Test
  void anotherHistoryOfTheSameNumberIsRead() throws Exception {
    AumStore stale = create().tailnet("t");
    AumSnapshot undone = haveTwoHistories(stale);

    AumSnapshot read = stale.read();

    assertThat(namesIn(read)).isEqualTo("ABX");
    assertThat(read.get(hash("X"))).isEqualTo(chains.get("X"));
    assertThat(namesIn(undone)).isEqualTo("ABC");
    assertThat(namesIn(add(stale, "Y"))).isEqualTo("ABXY");
    assertThat(namesIn(at().tailnet("t").read())).isEqualTo("ABXY");
  }

  @Test
  void aCommitOnAnotherHistoryOfTheSameNumberIsAConflict() throws Exception {
    AumStore stale = create().tailnet("t");
    AumSnapshot undone = haveTwoHistories(stale);

    assertThatThrownBy(
            () -> stale.commit(Commit.on(undone.revision()).add(chains.get("D"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);

    assertThat(namesIn(at().tailnet("t").read())).isEqualTo("ABX");
    assertThat(namesIn(stale.read())).isEqualTo("ABX");
    assertThatThrownBy(
            () -> stale.commit(Commit.on(undone.revision()).add(chains.get("D"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(namesIn(add(stale, "Y"))).isEqualTo("ABXY");
    assertThat(namesIn(at().tailnet("t").read())).isEqualTo("ABXY");
  }

  @Test
  void aMissingBodyIsNamed() throws Exception {
    add(create().tailnet("t"), "A B");
    sql("delete from aum_body where number = 2");
    AumSnapshot snapshot = at().tailnet("t").read();

    assertThatThrownBy(() -> snapshot.get(hash("B")))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("aum_body has no row [1, 2]");
    assertThat(snapshot.get(hash("A"))).isEqualTo(chains.get("A"));
  }

  @Test
  void theFirstBodyThatCannotBeReadIsNamedAsIfReadAlone() throws Exception {
    add(create().tailnet("t"), "A B C D X Y");
    sql("delete from aum_body where number = 3");
    sql("update aum_body set encoded = " + hex("00") + " where number = 4");
    AumSnapshot snapshot = at().tailnet("t").read();

    for (String names : List.of("A C D", "A D C", "D D", "B C", "Y X C")) {
      List<AumHash> hashes = chains.list(names).stream().map(Aum::hash).toList();
      AumHash first =
          hashes.stream().filter(List.of(hash("C"), hash("D"))::contains).findFirst().orElseThrow();
      String alone = catchThrowable(() -> snapshot.encoded(first)).getMessage();
      assertThatThrownBy(() -> snapshot.encodedAll(hashes))
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessage(alone)
          .hasMessageContaining(first.toString());
    }
    assertThat(snapshot.getAll(List.of(hash("Y"), hash("A"))))
        .isEqualTo(List.of(chains.get("Y"), chains.get("A")));
  }

  @Test
  void manyBodiesTakeOneStatementForEveryFiveHundred() throws Exception {
    List<Aum> line = new ArrayList<>(List.of(chains.get("A")));
    for (int i = 1; i < 1_010; i++) {
      line.add(Chains.noOp(line.get(i - 1), "n"));
    }
    CountingDatabase database = opened(new CountingDatabase(create()));
    AumStore store = database.tailnet("t");
    Commit.Builder commit = Commit.on(store.read().revision());
    line.forEach(aum -> commit.add(aum, NOON));
    AumSnapshot snapshot = store.commit(commit.build());
    List<AumHash> newestFirst = new ArrayList<>(line.stream().map(Aum::hash).toList());
    Collections.reverse(newestFirst);
    Collections.reverse(line);

    for (Map.Entry<Integer, Long> each :
        Map.of(0, 0L, 1, 1L, 2, 1L, 50, 1L, 500, 1L, 501, 2L, 1_010, 3L).entrySet()) {
      int count = each.getKey();
      database.statements();
      assertThat(snapshot.getAll(newestFirst.subList(0, count))).isEqualTo(line.subList(0, count));
      assertThat(database.statements()).as(count + " bodies").isEqualTo(each.getValue());
    }

    Authority authority = Authority.open(snapshot);
    database.statements();
    authority.stateAt(newestFirst.get(960));
    assertThat(database.statements()).as("the state after 50 AUMs").isEqualTo(1);
  }

  @Test
  void allTailnetsAreListedWithTheSameFewStatementsHoweverManyThereAre() throws Exception {
    CountingDatabase database = opened(new CountingDatabase(create()));
    List<Long> statements = new ArrayList<>();
    for (int count : List.of(3, 40)) {
      for (int i = 0; i < count; i++) {
        if (database.tailnet("t" + i).read().entries().isEmpty()) {
          add(database.tailnet("t" + i), "A B C");
        }
      }
      database.statements();
      Map<String, AumHash> heads = new HashMap<>();
      database.readAll(
          new Tailnets.Reading() {
            @Override
            public void found(String name, AumSnapshot snapshot) throws StoreException {
              try {
                heads.put(name, Authority.open(snapshot).head());
              } catch (OpenException e) {
                throw new IllegalStateException(e);
              }
            }

            @Override
            public void damaged(String name, StoreException.Damaged why) throws StoreException {
              throw why;
            }
          });
      statements.add(database.statements());
      assertThat(heads).hasSize(count).containsEntry("t2", hash("C"));
    }
    assertThat(statements).containsExactly(9L, 9L);
  }

  @Test
  void eachTailnetIsReadOnceIfThereIsTooMuchForOneStatement() throws Exception {
    CountingDatabase database = opened(new CountingDatabase(create()));
    for (String name : List.of("one", "two", "three")) {
      add(database.tailnet(name), "A");
    }
    // Counted as if they had had so many AUMs, which the checksum does not believe.
    sql("update tailnet set last_number = 6000");
    database.statements();
    List<String> read = new ArrayList<>();
    database.readAll(
        new Tailnets.Reading() {
          @Override
          public void found(String name, AumSnapshot snapshot) {
            throw new IllegalStateException(name);
          }

          @Override
          public void damaged(String name, StoreException.Damaged why) {
            read.add(name);
          }
        });
    assertThat(read).containsExactlyInAnyOrder("one", "two", "three");
    assertThat(database.statements()).isEqualTo(1 + 3 * 8);
  }

  @Test
  void oneDamagedTailnetIsNamedAmongAll() throws Exception {
    SqlTailnets place = create();
    for (String name : List.of("one", "two", "three")) {
      add(place.tailnet(name), "A B");
    }
    sql("update aum set hash = " + hex("00") + " where tailnet = 2");
    List<String> found = new ArrayList<>();
    List<String> damaged = new ArrayList<>();
    at().readAll(
            new Tailnets.Reading() {
              @Override
              public void found(String name, AumSnapshot snapshot) {
                found.add(name);
              }

              @Override
              public void damaged(String name, StoreException.Damaged why) {
                damaged.add(name + " " + why.getMessage());
              }
            });
    assertThat(found).containsExactlyInAnyOrder("one", "three");
    assertThat(damaged).singleElement().asString().startsWith("two ").contains("tailnet \"two\"");
  }

  @Test
  void aCommitThatFailsAtAnyStatementChangesNothing() throws Exception {
    AumStore store = create().tailnet("t");
    add(store, "A B C");
    store.commit(
        Commit.on(store.read().revision())
            .trail(List.of(entry("A")))
            .ownAums(
                new OwnAums(
                    Map.of(hash("C"), new OwnAums.Own(true, Optional.empty())),
                    Set.of(hash("D")),
                    Optional.empty(),
                    List.of(new OwnAums.SetAside(chains.get("E"), NOON, false))))
            .inherits(hash("X"), List.of(inherited(2)))
            .build());
    AumSnapshot before = store.read();
    String dump = dump();

    for (String point :
        List.of(
            "update on tailnet",
            "insert on aum",
            "update on aum",
            "insert on aum_body",
            "insert on trail",
            "delete on trail",
            "insert on trail_facts",
            "delete on trail_facts",
            "insert on own_aum",
            "delete on own_aum",
            "insert on own_aum_facts",
            "delete on own_aum_facts",
            "insert on elsewhere_aum",
            "delete on elsewhere_aum",
            "insert on inherited",
            "delete on inherited",
            "insert on set_aside",
            "delete on set_aside",
            "insert on removal")) {
      failAt(point);
      assertThatThrownBy(() -> store.commit(everything(store)))
          .as(point)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("told to fail");
      failNoMore();
      assertThat(store.read()).as(point).isSameAs(before);
      assertThat(dump()).as(point).isEqualTo(dump);
    }

    AumSnapshot after = store.commit(everything(store));
    assertThat(namesIn(after)).isEqualTo("BCXY");
    assertThat(namesIn(at().tailnet("t").read())).isEqualTo("BCXY");
  }

  private String dump() throws SQLException {
    StringBuilder dump = new StringBuilder();
    try (Connection connection = connect();
        Statement execution = connection.createStatement()) {
      for (String table : TABLES) {
        try (ResultSet result =
            execution.executeQuery("select * from " + table + " order by 1, 2")) {
          while (result.next()) {
            dump.append(Row.read(table, result)).append('\n');
          }
        }
      }
    }
    return dump.toString();
  }

  @Test
  void bodiesOutlastTheirRemovalForADay() throws Exception {
    SqlTailnets file = create();
    AumStore store = file.tailnet("t");
    AumSnapshot old = add(store, "A B C");
    AumSnapshot purged = store.commit(Commit.on(old.revision()).purge(hash("A")).build());

    clock.advance(Tailnets.REMOVED_STAY);
    add(file.tailnet("other"), "A");
    assertThat(purged.find(hash("A"))).isEmpty();
    assertThat(old.get(hash("A"))).isEqualTo(chains.get("A"));
    clock.advance(Duration.ofSeconds(1));
    // The next writer deletes, in whichever tailnet.
    add(file.tailnet("other"), "B");

    assertThatThrownBy(() -> old.get(hash("A"))).isInstanceOf(StoreException.NoSuchAum.class);
    assertThat(old.get(hash("B"))).isEqualTo(chains.get("B"));
    assertThat(number("select count(*) from aum_body where tailnet = 1")).isEqualTo(2);
    assertThatThrownBy(() -> old.getAll(List.of(hash("C"), hash("A"))))
        .isInstanceOf(StoreException.NoSuchAum.class);
    AumSnapshot back = add(store, "A");
    assertThat(old.get(hash("A"))).isEqualTo(chains.get("A"));
    assertThat(old.getAll(List.of(hash("C"), hash("A"))))
        .isEqualTo(List.of(chains.get("C"), chains.get("A")));
    assertThat(back.get(hash("A"))).isEqualTo(chains.get("A"));
    assertThat(namesIn(purged)).isEqualTo("BC");
    assertThat(number("select count(*) from aum_body where tailnet = 1")).isEqualTo(3);
    assertThat(number("select count(*) from aum where tailnet = 1")).isEqualTo(3);
    assertThat(number("select count(*) from removal")).isZero();
    assertThat(namesIn(at().tailnet("t").read())).isEqualTo("ABC");
  }

  /** Makes the tables of version 1. */
  abstract void makeTablesOfVersion1() throws Exception;

  /** The AUMs of the tailnet that {@code version-1.sql} holds. */
  private static Chains chainsOfVersion1() {
    return Chains.draw(
        List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
        """
        A -> B[add:3*5] -> C[update:2*4] -> D[checkpoint] -> E[remove:3] -> F[checkpoint] -> G -> H
        G -> X
        """);
  }

  private void makeVersion1() throws Exception {
    makeTablesOfVersion1();
    try (InputStream in =
        Objects.requireNonNull(SqlContract.class.getResourceAsStream("version-1.sql"))) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().filter(each -> each.startsWith("insert")).toList()) {
        sql(Pattern.compile("x'([0-9a-f]*)'").matcher(line).replaceAll(m -> quoted(m.group(1))));
      }
    }
  }

  private String quoted(String digits) {
    return Matcher.quoteReplacement(hex(digits));
  }

  @Test
  void whatTheVersionBeforeWroteIsReadAndKept() throws Exception {
    makeVersion1();
    Chains old = chainsOfVersion1();
    AumStore store = at().tailnet("t");
    AumStore other = at().tailnet("t");

    for (AumSnapshot read : List.of(store.read(), other.read())) {
      assertThat(read.entries()).hasSize(3);
      for (String name : List.of("F", "G", "X")) {
        AumEntry entry = read.find(old.get(name).hash()).orElseThrow();
        assertThat(entry.facts()).isEmpty();
        assertThat(entry.size()).isEqualTo(old.get(name).encoded().size());
        assertThat(entry.committedAt()).isEqualTo(NOON.plusSeconds(name.charAt(0)));
        assertThat(read.get(entry.hash())).isEqualTo(old.get(name));
      }
      assertThat(read.trail().entries().stream().map(TrailEntry::changes))
          .containsExactly(
              List.of(),
              List.of(new KeyChange(TestKeys.id(3), 0, 5)),
              List.of(),
              List.of(new KeyChange(TestKeys.id(2), 1, 4)),
              List.of(new KeyChange(TestKeys.id(3), 5, 0)));
      assertThat(read.trail().entries()).allMatch(entry -> entry.own().isEmpty());
      assertThat(read.notes())
          .isEqualTo(
              new Notes(
                  new OwnAums(
                      Map.of(
                          old.get("F").hash(),
                          new OwnAums.Own(false, Optional.of(new OwnAums.Acknowledged(NOON, NOON))),
                          old.get("G").hash(),
                          new OwnAums.Own(false, Optional.empty())),
                      Set.of(),
                      Optional.of(NOON),
                      List.of(new OwnAums.SetAside(old.get("H"), NOON, true))),
                  Optional.empty(),
                  Map.of()));
    }

    AumFacts facts =
        new AumFacts(
            NOON, Optional.empty(), List.of(new KeyChange(TestKeys.id(1), 2, 1)), List.of());
    AumSnapshot before = store.read();
    AumSnapshot after =
        store.commit(
            Commit.on(before.revision())
                .add(new Commit.Addition(old.get("H"), NOON, Optional.of(facts)))
                .purge(old.get("X").hash())
                .time(OwnTime.beginning(NOON))
                .inherits(old.get("H").hash(), List.of(inherited(1)))
                .build());
    for (AumSnapshot read : List.of(after, other.read(), at().tailnet("t").read())) {
      assertThat(read.entries()).hasSize(3);
      assertThat(read.find(old.get("H").hash()).orElseThrow().facts()).contains(facts);
      assertThat(read.find(old.get("G").hash()).orElseThrow().facts()).isEmpty();
      assertThat(read.find(old.get("G").hash()).orElseThrow().size())
          .isEqualTo(old.get("G").encoded().size());
      assertThat(read.notes()).isEqualTo(after.notes());
      assertThat(read.notes().ownAums()).isEqualTo(before.notes().ownAums());
      assertThat(read.notes().time()).contains(OwnTime.beginning(NOON));
      assertThat(read.notes().inherited()).hasSize(1);
      assertThat(read.trail().entries()).isEqualTo(before.trail().entries());
    }
    requireAsVersion1Writes();
  }

  /** The checksum that version 1 computes for the one tailnet. */
  private long checksumOfVersion1() throws SQLException {
    long sum = 0;
    try (Connection connection = connect();
        Statement execution = connection.createStatement()) {
      for (String select :
          List.of(
              "tailnet: number, name, revision, rewritten, last_number, last_active_ancestor,"
                  + " agreed_at from tailnet",
              "aum: tailnet, number, hash, parent, kind, committed_at from aum"
                  + " where removed_by is null",
              "trail: * from trail",
              "own_aum: * from own_aum",
              "set_aside: * from set_aside")) {
        String[] parts = select.split(": ", 2);
        try (ResultSet result = execution.executeQuery("select " + parts[1])) {
          while (result.next()) {
            sum += Row.read(parts[0], result).checksum();
          }
        }
      }
    }
    return sum;
  }

  private void requireAsVersion1Writes() throws SQLException {
    assertThat(number("select checksum from tailnet")).isEqualTo(checksumOfVersion1());
  }

  /** Commits like version 1, which knows nothing of facts. */
  private void commitAsVersion1(boolean rewrites, List<String> statements) throws SQLException {
    requireAsVersion1Writes();
    sql(statements);
    sql(
        "update tailnet set revision = revision + 1"
            + (rewrites ? ", rewritten = revision + 1" : ", last_number = last_number + 1"));
    sql("update tailnet set checksum = " + checksumOfVersion1());
  }

  @Test
  void theVersionBeforeCanGoOnBesideThisOne() throws Exception {
    AumStore store = create().tailnet("t");
    add(store, "A B C");
    AumSnapshot before = store.commit(everything(store));
    Aum next = chains.get("D");

    commitAsVersion1(
        false,
        List.of(
            "insert into aum (tailnet, number, hash, parent, kind, committed_at) select 1,"
                + " last_number + 1, "
                + hex(next.hash().bytes().toString())
                + ", "
                + hex(hash("C").bytes().toString())
                + ", "
                + next.kind().code()
                + ", "
                + NOON.getEpochSecond()
                + " from tailnet",
            "insert into aum_body select 1, last_number + 1, "
                + hex(next.encoded().toString())
                + " from tailnet"));
    AumSnapshot grown = store.read();
    assertThat(grown.addedSince(before).orElseThrow()).hasSize(1);
    assertThat(grown.find(hash("D")).orElseThrow().facts()).isEmpty();
    assertThat(grown.find(hash("D")).orElseThrow().size()).isEqualTo(next.encoded().size());
    assertThat(grown.notes()).isEqualTo(before.notes());
    assertThat(at().tailnet("t").read().notes()).isEqualTo(before.notes());

    // Another entry in the same place, and other own AUMs.
    commitAsVersion1(
        true,
        List.of(
            "update trail set hash = " + hex(hash("E").bytes().toString()),
            "delete from own_aum where acknowledged_at is not null",
            "update own_aum set acknowledged_at = '2026-01-02T13:00:00Z'"));
    AumSnapshot cut = store.read();
    assertThat(cut.trail().entries()).hasSize(1);
    assertThat(cut.trail().entries().get(0).hash()).isEqualTo(hash("E"));
    assertThat(cut.trail().entries().get(0).own()).isEmpty();
    Instant later = NOON.plusSeconds(3600);
    assertThat(cut.ownAums().own())
        .isEqualTo(
            Map.of(
                hash("X"),
                new OwnAums.Own(true, Optional.of(new OwnAums.Acknowledged(later, later)))));

    // What version 1 left behind is not in the way.
    AumSnapshot after =
        store.commit(
            Commit.on(cut.revision())
                .cutTrail(hash("E"))
                .trail(List.of(entry("A")))
                .ownAums(before.ownAums())
                .build());
    for (AumSnapshot read : List.of(after, at().tailnet("t").read())) {
      assertThat(read.trail().entries()).isEqualTo(before.trail().entries());
      assertThat(read.notes()).isEqualTo(before.notes());
      assertThat(namesIn(read)).isEqualTo("BCDXY");
    }
    store.wipe();
    assertThat(at().tailnet("t").read().notes()).isEqualTo(Notes.NONE);
    requireAsVersion1Writes();
  }

  @Test
  void aNoteOnOwnTimeCostsNoStatementAndNoOtherRows() throws Exception {
    CountingDatabase database = opened(new CountingDatabase(create()));
    AumStore store = database.tailnet("t");
    AumStore other = at().tailnet("t");
    add(store, "A B");
    AumSnapshot seen = other.read();
    database.statements();
    add(store, "C");
    long statements = database.statements();

    AumSnapshot noted = store.commit(adding(store, "D").time(OwnTime.beginning(NOON)).build());
    assertThat(database.statements()).isEqualTo(statements);
    assertThat(other.read().addedSince(seen).orElseThrow()).hasSize(2);
    assertThat(other.read().notes()).isEqualTo(noted.notes());
    store.commit(adding(store, "").time(OwnTime.beginning(NOON.plusSeconds(1))).build());
    assertThat(other.read().addedSince(seen).orElseThrow()).hasSize(2);
    assertThat(other.read().notes().time()).contains(OwnTime.beginning(NOON.plusSeconds(1)));
  }

  @Test
  void aWriterThatTookNoLockIsNotOverwritten() throws Exception {
    AumStore store = create().tailnet("t");
    AumSnapshot before = add(store, "A B");
    bumpTheRevisionOnInsert();

    assertThatThrownBy(() -> add(store, "C")).isInstanceOf(StoreException.Conflict.class);

    failNoMore();
    assertThat(store.read()).isSameAs(before);
    assertThat(namesIn(add(store, "C"))).isEqualTo("ABC");
  }

  /** Makes an insert of an AUM increase the revision, like a writer that ignores the lock. */
  abstract void bumpTheRevisionOnInsert() throws SQLException;

  @Test
  void aWatchTellsWhatIsCommittedAnywhere() throws Exception {
    SqlTailnets place = create();
    add(place.tailnet("before"), "A");
    SqlTailnets other = at();
    Told told = new Told();
    Tailnets.Watch watch = place.watch(told);
    AumStore one = other.tailnet("one");
    AumStore two = place.tailnet("two");
    add(one, "A");
    awaitCommits(told, "one", 1);
    add(two, "A");
    awaitCommits(told, "two", 1);
    add(one, "B");
    add(one, "C");
    awaitCommits(told, "one", 3);
    one.wipe();
    awaitCommits(told, "one", 4);
    add(other.tailnet("before"), "B");
    awaitCommits(told, "before", 2);
    assertThat(told.losses()).isEmpty();
    assertThat(told.inOrder()).isTrue();

    long moment = System.nanoTime();
    told.awaitCaughtUp(moment);
    watch.close();
    long calls = told.calls();
    add(one, "A");
    Thread.sleep(700);
    // One call may have been in progress at the close.
    assertThat(told.calls() - calls).isLessThanOrEqualTo(1);
  }

  /** Waits until so many commits to a tailnet were told. */
  static void awaitCommits(Told told, String tailnet, int commits) throws InterruptedException {
    told.await(tailnet, revision -> SqlRevisions.number(revision) == commits, "commit " + commits);
  }
}
