package dev.tka.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSnapshot;
import dev.tka.core.AumStore;
import dev.tka.core.Bytes;
import dev.tka.core.Commit;
import dev.tka.core.Marks;
import dev.tka.core.Revision;
import dev.tka.core.StoreException;
import dev.tka.core.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a SQLite file owes besides the contract of every store. */
class SqliteFileTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  @TempDir Path directory;

  private final FakeClock clock = new FakeClock();
  private final List<SqliteFile> open = new ArrayList<>();
  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C -> D[checkpoint] -> E
          B -> X(2) -> Y
          """);

  private Path path() {
    return directory.resolve("store.db");
  }

  private SqliteFile create() throws StoreException {
    return opened(SqliteFile.create(path(), clock));
  }

  private SqliteFile opened(SqliteFile file) {
    open.add(file);
    return file;
  }

  @AfterEach
  void close() {
    open.forEach(SqliteFile::close);
  }

  private Commit.Builder adding(AumStore store, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    if (!names.isEmpty()) {
      chains.list(names).forEach(aum -> commit.add(aum, NOON));
    }
    return commit;
  }

  private AumSnapshot add(AumStore store, String names) throws StoreException {
    return store.commit(adding(store, names).build());
  }

  private String namesIn(AumSnapshot snapshot) {
    Set<String> names = new TreeSet<>();
    snapshot.entries().forEach(entry -> names.add(chains.nameOf(entry.hash())));
    return String.join("", names);
  }

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  /** A commit that changes every table. */
  private Commit everything(AumStore store) throws StoreException {
    return adding(store, "X Y")
        .purge(hash("A"))
        .lastActiveAncestor(hash("B"))
        .cutTrail(hash("A"))
        .trail(List.of(entry("A")))
        .marks(
            new Marks(
                Map.of(hash("X"), Optional.empty()),
                Optional.of(NOON),
                List.of(new Marks.SetAside(chains.get("E"), NOON, true))))
        .build();
  }

  private TrailEntry entry(String name) {
    Aum aum = chains.get(name);
    return new TrailEntry(
        aum.hash(),
        aum.parent(),
        aum.kind(),
        NOON,
        List.of(TestKeys.id(1)),
        List.of(TestKeys.id(2), Bytes.empty()),
        List.of(),
        Optional.of(aum.encoded()));
  }

  private void sql(String statement) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + path());
        Statement execution = connection.createStatement()) {
      execution.execute(statement);
    }
  }

  private long number(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + path());
        Statement execution = connection.createStatement();
        ResultSet result = execution.executeQuery(query)) {
      result.next();
      return result.getLong(1);
    }
  }

  @Test
  void tailnetsDoNotSeeOneAnother() throws Exception {
    SqliteFile file = create();
    AumStore one = file.tailnet("one");
    AumStore two = file.tailnet("two");
    add(one, "A B");
    AumSnapshot before = add(two, "A B C");

    one.commit(everything(one));
    one.wipe();

    assertThat(two.read()).isSameAs(before);
    assertThat(namesIn(opened(SqliteFile.at(path(), clock)).tailnet("two").read()))
        .isEqualTo("ABC");
    assertThat(file.tailnet("three").read().entries()).isEmpty();
  }

  @Test
  void whatIsWrongWithOneTailnetDoesNotConcernAnother() throws Exception {
    SqliteFile file = create();
    add(file.tailnet("one"), "A B");
    add(file.tailnet("two"), "A B");
    sql("update aum set hash = x'00', parent = 'text' where tailnet = 1");
    sql("delete from aum_body where tailnet = 1");

    SqliteFile again = opened(SqliteFile.at(path(), clock));
    assertThatThrownBy(() -> again.tailnet("one").read())
        .isInstanceOf(StoreException.Damaged.class);
    assertThat(again.tailnet("two").read().get(hash("B"))).isEqualTo(chains.get("B"));
  }

  @Test
  void severalStoresOnOneFileFollowOneAnother() throws Exception {
    AumStore one = create().tailnet("t");
    AumStore other = opened(SqliteFile.at(path(), clock)).tailnet("t");
    AumSnapshot seen = add(one, "A B");
    assertThat(namesIn(other.read())).isEqualTo("AB");

    add(other, "C X");
    AumSnapshot grown = one.read();
    assertThat(namesIn(grown)).isEqualTo("ABCX");
    assertThat(grown.find(hash("C")).orElseThrow().height()).isEqualTo(2);
    assertThat(grown.get(hash("C"))).isEqualTo(chains.get("C"));
    assertThat(namesIn(seen)).isEqualTo("AB");

    assertThatThrownBy(
            () -> other.commit(Commit.on(seen.revision()).add(chains.get("D"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);

    AumSnapshot rewritten = one.commit(everything(one));
    AumSnapshot read = other.read();
    assertThat(namesIn(read)).isEqualTo("BCXY").isEqualTo(namesIn(rewritten));
    assertThat(read.marks()).isEqualTo(rewritten.marks());
    assertThat(read.trail().entries()).isEqualTo(List.of(entry("A")));
    assertThat(read.lastActiveAncestor()).contains(hash("B"));
    assertThat(read.revision()).isEqualTo(rewritten.revision());

    add(other, "D");
    one.wipe();
    assertThat(other.read().entries()).isEmpty();
    assertThat(other.read().marks()).isEqualTo(Marks.NONE);
    assertThat(grown.get(hash("A"))).isEqualTo(chains.get("A"));
  }

  @Test
  void openingReadsNoBody() throws Exception {
    add(create().tailnet("t"), "A B C");
    sql("update aum_body set encoded = x'00'");

    AumSnapshot snapshot = opened(SqliteFile.at(path(), clock)).tailnet("t").read();

    assertThat(namesIn(snapshot)).isEqualTo("ABC");
    assertThatThrownBy(() -> snapshot.encoded(hash("A")))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("aum_body")
        .hasMessageContaining(hash("A").toString());
  }

  @Test
  void aChangeOfAnyRowIsNoticed() throws Exception {
    SqliteFile file = create();
    AumStore store = file.tailnet("t");
    add(store, "A B C");
    store.commit(everything(store));
    file.close();
    byte[] sound = Files.readAllBytes(path());

    for (String damage :
        List.of(
            "update aum set hash = zeroblob(32) where number = 3",
            "update aum set hash = zeroblob(31) where number = 3",
            "update aum set parent = null where number = 3",
            "update aum set kind = 4 where number = 3",
            "update aum set kind = 400 where number = 3",
            "update aum set committed_at = committed_at + 1 where number = 3",
            "update aum set committed_at = 9223372036854775807 where number = 3",
            "update aum set committed_at = 'noon' where number = 3",
            "update aum set removed_by = 2 where number = 3",
            "update aum set removed_by = null",
            "update aum set number = 9 where number = 3",
            "delete from aum where number = 3",
            "update tailnet set revision = revision - 1",
            "update tailnet set last_active_ancestor = zeroblob(32)",
            "update tailnet set last_active_ancestor = null",
            "update tailnet set agreed_at = null",
            "update tailnet set agreed_at = 'yesterday'",
            "update tailnet set checksum = checksum + 1",
            "update tailnet set checksum = 'none'",
            "delete from trail",
            "update trail set signers = x'80'",
            "update trail set signers = x'ff'",
            "update trail set kind = 1",
            "update trail set checkpoint = null",
            "insert into trail select tailnet, 1, hash, parent, kind, committed_at, signers, added,"
                + " taken_away, checkpoint from trail",
            "delete from own_aum",
            "update own_aum set acknowledged_at = '2026-01-02T12:00:00Z'",
            "update own_aum set hash = x'1234'",
            "update set_aside set revocation = 0",
            "update set_aside set revocation = 2",
            "update set_aside set encoded = x'00'",
            "delete from set_aside")) {
      Files.write(path(), sound);
      sql(damage);
      SqliteFile damaged = opened(SqliteFile.at(path(), clock));
      AumStore again = damaged.tailnet("t");
      assertThatThrownBy(again::read)
          .as(damage)
          .isInstanceOf(StoreException.Damaged.class)
          .message()
          .hasLineCount(1);
      assertThatThrownBy(() -> again.commit(Commit.on(new Revision(2)).build()))
          .as(damage)
          .isInstanceOf(StoreException.class);
      damaged.close();
    }
  }

  @Test
  void aMissingBodyIsNamed() throws Exception {
    add(create().tailnet("t"), "A B");
    sql("delete from aum_body where number = 2");
    AumSnapshot snapshot = opened(SqliteFile.at(path(), clock)).tailnet("t").read();

    assertThatThrownBy(() -> snapshot.get(hash("B")))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("aum_body has no row [1, 2]");
    assertThat(snapshot.get(hash("A"))).isEqualTo(chains.get("A"));
  }

  @Test
  void aCommitThatFailsAtAnyStatementChangesNothing() throws Exception {
    AumStore store = create().tailnet("t");
    add(store, "A B C");
    store.commit(
        Commit.on(store.read().revision())
            .trail(List.of(entry("A")))
            .marks(
                new Marks(
                    Map.of(hash("C"), Optional.empty()),
                    Optional.empty(),
                    List.of(new Marks.SetAside(chains.get("E"), NOON, false))))
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
            "insert on own_aum",
            "delete on own_aum",
            "insert on set_aside",
            "delete on set_aside",
            "insert on removal")) {
      sql(
          "create trigger told before "
              + point
              + " begin select raise(abort, 'told to fail'); end");
      assertThatThrownBy(() -> store.commit(everything(store)))
          .as(point)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("told to fail");
      sql("drop trigger told");
      assertThat(store.read()).as(point).isSameAs(before);
      assertThat(dump()).as(point).isEqualTo(dump);
    }

    AumSnapshot after = store.commit(everything(store));
    assertThat(namesIn(after)).isEqualTo("BCXY");
    assertThat(namesIn(opened(SqliteFile.at(path(), clock)).tailnet("t").read())).isEqualTo("BCXY");
  }

  private String dump() throws SQLException {
    StringBuilder dump = new StringBuilder();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + path());
        Statement execution = connection.createStatement()) {
      for (String table :
          List.of("tailnet", "aum", "aum_body", "trail", "own_aum", "set_aside", "removal")) {
        try (ResultSet result = execution.executeQuery("select * from " + table)) {
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
    SqliteFile file = create();
    AumStore store = file.tailnet("t");
    AumSnapshot old = add(store, "A B C");
    AumSnapshot purged = store.commit(Commit.on(old.revision()).purge(hash("A")).build());

    clock.advance(SqliteFile.REMOVED_STAY);
    add(file.tailnet("other"), "A");
    assertThat(purged.find(hash("A"))).isEmpty();
    assertThat(old.get(hash("A"))).isEqualTo(chains.get("A"));
    clock.advance(Duration.ofSeconds(1));
    // Whoever writes next deletes, whichever tailnet it is.
    add(file.tailnet("other"), "B");

    assertThatThrownBy(() -> old.get(hash("A"))).isInstanceOf(StoreException.NoSuchAum.class);
    assertThat(old.get(hash("B"))).isEqualTo(chains.get("B"));
    assertThat(number("select count(*) from aum_body where tailnet = 1")).isEqualTo(2);
    AumSnapshot back = add(store, "A");
    assertThat(old.get(hash("A"))).isEqualTo(chains.get("A"));
    assertThat(back.get(hash("A"))).isEqualTo(chains.get("A"));
    assertThat(namesIn(purged)).isEqualTo("BC");
    assertThat(number("select count(*) from aum_body where tailnet = 1")).isEqualTo(3);
    assertThat(number("select count(*) from aum where tailnet = 1")).isEqualTo(3);
    assertThat(number("select count(*) from removal")).isZero();
    assertThat(namesIn(opened(SqliteFile.at(path(), clock)).tailnet("t").read())).isEqualTo("ABC");
  }

  @Test
  void aFullDiskIsReportedAndChangesNothing() throws Exception {
    add(create().tailnet("t"), "A B");
    SqliteFile full =
        opened(SqliteFile.at(path(), clock, settings -> settings.setMaxPageCount((int) pages())));
    AumStore store = full.tailnet("t");
    AumSnapshot before = store.read();
    Aum large =
        Aum.builder(AumKind.NO_OP)
            .parent(hash("A"))
            .meta(Map.of("text", "x".repeat(400_000)))
            .build();

    assertThatThrownBy(
            () -> store.commit(adding(store, "C D").add(large, NOON).purge(hash("B")).build()))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("SQLITE_FULL")
        .message()
        .hasLineCount(1);

    assertThat(store.read()).isSameAs(before);
    assertThat(namesIn(opened(SqliteFile.at(path(), clock)).tailnet("t").read())).isEqualTo("AB");
  }

  private long pages() {
    try {
      return number("pragma page_count");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aFileThatMayOnlyBeReadIsReadAndNotWritten() throws Exception {
    add(create().tailnet("t"), "A B");
    AumStore store =
        opened(SqliteFile.at(path(), clock, settings -> settings.setReadOnly(true))).tailnet("t");

    assertThat(store.read().get(hash("B"))).isEqualTo(chains.get("B"));
    assertThatThrownBy(() -> add(store, "C"))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("SQLITE_READONLY");
    assertThatThrownBy(store::wipe).isInstanceOf(StoreException.Unavailable.class);
    assertThat(namesIn(store.read())).isEqualTo("AB");
  }

  @Test
  void aNewerVersionIsRefusedAndLeftAlone() throws Exception {
    SqliteFile file = create();
    add(file.tailnet("t"), "A");
    file.close();
    sql("pragma user_version = 2");
    byte[] before = Files.readAllBytes(path());

    assertThatThrownBy(() -> SqliteFile.at(path(), clock))
        .isInstanceOf(StoreException.Newer.class)
        .hasMessageEndingWith("expected version 1 or older, found version 2");
    assertThatThrownBy(this::create).isInstanceOf(StoreException.Newer.class);
    assertThat(Files.readAllBytes(path())).isEqualTo(before);
  }

  @Test
  void whatIsNoStoreIsRefusedAndLeftAlone() throws Exception {
    assertThatThrownBy(() -> SqliteFile.at(path(), clock))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessageEndingWith("no such file");
    assertThat(path()).doesNotExist();
    assertThatThrownBy(() -> SqliteFile.at(directory, clock))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessageEndingWith("expected a file, found a directory");
    assertThatThrownBy(() -> SqliteFile.create(directory, clock))
        .isInstanceOf(StoreException.Absent.class);
    assertThatThrownBy(() -> SqliteFile.create(directory.resolve("no/where"), clock))
        .isInstanceOf(StoreException.Unavailable.class);

    Files.createFile(path());
    assertThatThrownBy(() -> SqliteFile.at(path(), clock))
        .isInstanceOf(StoreException.Absent.class)
        .hasMessageEndingWith("expected a store, found an empty file");
    assertThat(create().tailnet("t").read().entries()).isEmpty();
  }

  @Test
  void filesOfOthersAreRefusedAndLeftAlone() throws Exception {
    for (int size : List.of(1, 20, 99, 100, 511, 512, 5000)) {
      Files.write(
          path(),
          "no database. ".repeat(500).substring(0, size).getBytes(StandardCharsets.US_ASCII));
      requireLeftAlone("of " + size + " bytes");
    }
    Files.delete(path());
    sql("create table aum (number integer)");
    requireLeftAlone("of another program");
  }

  private void requireLeftAlone(String as) throws Exception {
    byte[] before = Files.readAllBytes(path());
    for (boolean create : List.of(false, true)) {
      assertThatThrownBy(() -> opened(create ? create() : SqliteFile.at(path(), clock)))
          .as(as)
          .isInstanceOf(StoreException.Damaged.class)
          .message()
          .hasLineCount(1)
          .contains(path().toString());
    }
    assertThat(Files.readAllBytes(path())).as(as).isEqualTo(before);
  }

  @Test
  void aBrokenPageIsReported() throws Exception {
    SqliteFile file = create();
    AumStore store = file.tailnet("t");
    Commit.Builder many = adding(store, "A");
    Aum last = chains.get("A");
    for (int i = 0; i < 200; i++) {
      last = Chains.noOp(last, "no-op " + i, 1);
      many.add(last, NOON);
    }
    store.commit(many.build());
    file.close();
    try (FileChannel channel = FileChannel.open(path(), StandardOpenOption.WRITE)) {
      for (long page = 1; page < channel.size() / 4096; page++) {
        channel.write(ByteBuffer.wrap(new byte[64]), page * 4096);
      }
    }

    SqliteFile broken = opened(SqliteFile.at(path(), clock));
    assertThatThrownBy(() -> broken.tailnet("t").read())
        .isInstanceOf(StoreException.Damaged.class)
        .message()
        .hasLineCount(1);
  }

  @Test
  void onlyItsOwnerCanReadIt() throws Exception {
    SqliteFile file =
        opened(SqliteFile.create(directory.resolve("odd name?journal_mode=off#%41é.db"), clock));
    add(file.tailnet("t"), "A B");

    try (Stream<Path> files = Files.list(directory)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(3);
      for (Path each : all) {
        assertThat(each.getFileName().toString()).startsWith("odd name?journal_mode=off#%41é.db");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  void commitsAreFlushedIntoAWriteAheadLog() throws Exception {
    add(create().tailnet("t"), "A");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + path());
        Statement execution = connection.createStatement();
        ResultSet result = execution.executeQuery("pragma journal_mode")) {
      assertThat(result.getString(1)).isEqualTo("wal");
    }
    long full = 2;
    assertThat(
            open.get(0)
                .<Long>write(
                    connection -> {
                      try (Statement execution = connection.createStatement();
                          ResultSet result = execution.executeQuery("pragma synchronous")) {
                        return result.getLong(1);
                      }
                    }))
        .isEqualTo(full);
  }

  @Test
  void tailnetsHaveNames() throws Exception {
    SqliteFile file = create();
    assertThatThrownBy(() -> file.tailnet("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> file.tailnet("x".repeat(SqliteFile.LONGEST_NAME + 1)))
        .isInstanceOf(IllegalArgumentException.class);
    String odd = "x".repeat(SqliteFile.LONGEST_NAME - 5) + "' é\n\"";
    add(file.tailnet(odd), "A B");
    assertThat(namesIn(opened(SqliteFile.at(path(), clock)).tailnet(odd).read())).isEqualTo("AB");
  }

  @Test
  void aClosedFileIsNotUsed() throws Exception {
    SqliteFile file = create();
    AumStore store = file.tailnet("t");
    AumSnapshot snapshot = add(store, "A");
    file.close();

    assertThatThrownBy(store::read).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> snapshot.get(hash("A"))).isInstanceOf(IllegalStateException.class);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.toList()).containsExactly(path());
    }
  }

  @Test
  void writersOfManyTailnetsInTwoStoresLoseNothing() throws Exception {
    int writers = 8;
    int commits = 20;
    List<SqliteFile> files = List.of(create(), opened(SqliteFile.at(path(), clock)));
    ExecutorService pool = Executors.newFixedThreadPool(writers);
    try {
      List<Future<?>> results = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        int number = i;
        results.add(
            pool.submit(
                () -> {
                  AumStore store = files.get(number % 2).tailnet("tailnet " + number / 4);
                  for (int done = 0; done < commits; ) {
                    Aum aum = Chains.noOp(chains.get("A"), number + " " + done, 1);
                    try {
                      store.commit(Commit.on(store.read().revision()).add(aum, NOON).build());
                      done++;
                    } catch (StoreException.Conflict e) {
                      // Another was first; again.
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> result : results) {
        result.get(120, TimeUnit.SECONDS);
      }
    } finally {
      pool.shutdownNow();
    }
    for (int tailnet = 0; tailnet < 2; tailnet++) {
      for (SqliteFile file : files) {
        assertThat(file.tailnet("tailnet " + tailnet).read().entries()).hasSize(4 * commits);
      }
    }
  }

  @Test
  void anAumTakesFewBytes() throws Exception {
    int count = 10_000;
    int batch = 10;
    for (int tailnets : List.of(1, 50)) {
      Path path = directory.resolve(tailnets + ".db");
      SqliteFile file = opened(SqliteFile.create(path, clock));
      List<AumStore> stores = new ArrayList<>();
      List<Aum> heads = new ArrayList<>();
      for (int i = 0; i < tailnets; i++) {
        stores.add(file.tailnet("tailnet " + i));
        heads.add(chains.get("A"));
      }
      long bodies = 0;
      for (int i = 0; i < count / batch; i++) {
        int tailnet = i % tailnets;
        AumStore store = stores.get(tailnet);
        Commit.Builder commit = Commit.on(store.read().revision());
        for (int j = 0; j < batch; j++) {
          String label = String.format(Locale.ROOT, "%041d", batch * i + j);
          Aum next = Chains.noOp(heads.get(tailnet), label, 1);
          heads.set(tailnet, next);
          bodies += next.encoded().size();
          commit.add(next, NOON.plusSeconds(i));
        }
        store.commit(commit.build());
      }
      file.close();

      assertThat(bodies / count).isEqualTo(193);
      System.out.printf(
          "SQLite, %d tailnets: %d bytes on disk for an AUM of %d%n",
          tailnets, Files.size(path) / count, bodies / count);
      assertThat(Files.size(path) / count).isLessThanOrEqualTo(450);
    }
  }
}
