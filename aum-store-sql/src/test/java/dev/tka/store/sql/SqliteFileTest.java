package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.sql.testkit.SqliteBackups;
import dev.tka.store.testkit.Backup;
import dev.tka.testkit.Chains;
import java.io.InputStream;
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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/** The behaviour of a SQLite file beyond the contract of every store. */
class SqliteFileTest extends SqlContract {
  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  private Path path() {
    return directory.resolve("store.db");
  }

  @Override
  protected Backup backUp() throws Exception {
    return SqliteBackups.replacing(path(), directory.resolve("copy.db"));
  }

  @Override
  protected SqliteFile create() throws StoreException {
    return opened(SqliteFile.create(path(), clock));
  }

  @Override
  protected SqliteFile at() throws StoreException {
    return opened(SqliteFile.at(path(), clock));
  }

  @Override
  Connection connect() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + path());
  }

  @Override
  String hex(String digits) {
    return "x'" + digits + "'";
  }

  @Override
  List<String> damagesOfTypes() {
    return List.of(
        "update aum set parent = 'text' where number = 3",
        "update aum set committed_at = 'noon' where number = 3",
        "update tailnet set checksum = 'none'");
  }

  @Override
  void failAt(String point) throws SQLException {
    sql("create trigger told before " + point + " begin select raise(abort, 'told to fail'); end");
  }

  @Override
  void failNoMore() throws SQLException {
    sql("drop trigger told");
  }

  @Override
  void bumpTheRevisionOnInsert() throws SQLException {
    sql(
        "create trigger told after insert on aum begin"
            + " update tailnet set revision = revision + 1; end");
  }

  @Override
  void makeTablesOfVersion1() throws Exception {
    try (InputStream in =
        Objects.requireNonNull(SqliteFile.class.getResourceAsStream("sqlite-1.sql"))) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (String each : text.replaceAll("--[^\n]*", "").split(";", -1)) {
        if (!each.isBlank()) {
          sql(each);
        }
      }
    }
    sql("pragma application_id = " + 0x544b4100);
    sql("pragma user_version = 1");
    sql("pragma journal_mode = wal");
  }

  @Test
  void readingAFileOfTheVersionBeforeLeavesItAlone() throws Exception {
    makeTablesOfVersion1();
    byte[] before = Files.readAllBytes(path());
    assertThat(at().tailnet("t").read().entries()).isEmpty();
    SqliteFile again = create();
    assertThat(again.tailnet("t").read().entries()).isEmpty();
    assertThatThrownBy(() -> again.tailnet("t").commit(Commit.on(new Revision(7)).build()))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(number("select count(*) from sqlite_master where name = 'inherited'")).isZero();
    assertThat(Files.readAllBytes(path())).isEqualTo(before);

    add(again.tailnet("t"), "A");
    assertThat(number("select count(*) from sqlite_master where name = 'inherited'")).isOne();
    assertThat(number("pragma user_version")).isOne();
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
        .hasMessageContaining("disk is full")
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
  void aReadOnlyFileIsReadAndNotWritten() throws Exception {
    add(create().tailnet("t"), "A B");
    AumStore store =
        opened(SqliteFile.at(path(), clock, settings -> settings.setReadOnly(true))).tailnet("t");

    assertThat(store.read().get(hash("B"))).isEqualTo(chains.get("B"));
    assertThatThrownBy(() -> add(store, "C"))
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining("write a readonly database");
    assertThatThrownBy(store::wipe).isInstanceOf(StoreException.Unavailable.class);
    assertThat(namesIn(store.read())).isEqualTo("AB");
  }

  @Test
  void allWhoCreateOneFileAtOnceCanUseIt() throws Exception {
    int makers = 4;
    ExecutorService pool = Executors.newFixedThreadPool(makers);
    try {
      for (int i = 0; i < 50; i++) {
        Path path = directory.resolve("store-" + i + ".db");
        CyclicBarrier all = new CyclicBarrier(makers);
        Callable<SqliteFile> make =
            () -> {
              all.await(60, TimeUnit.SECONDS);
              return SqliteFile.create(path, clock);
            };
        List<SqliteFile> made = new ArrayList<>();
        for (Future<SqliteFile> each : pool.invokeAll(Collections.nCopies(makers, make))) {
          made.add(opened(each.get(60, TimeUnit.SECONDS)));
        }
        add(made.get(0).tailnet("t"), "A");
        add(made.get(makers - 1).tailnet("t"), "B");
        assertThat(namesIn(made.get(0).tailnet("t").read())).isEqualTo("AB");
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void aRevisionThatIsTextIsReported() throws Exception {
    requireNoRevision("'one'");
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
  void anythingButAStoreIsRefusedAndLeftAlone() throws Exception {
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
  void foreignFilesAreRefusedAndLeftAlone() throws Exception {
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
  void onlyItsOwnerCanReadTheFile() throws Exception {
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
    SqliteFile file = create();
    add(file.tailnet("t"), "A");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + path());
        Statement execution = connection.createStatement();
        ResultSet result = execution.executeQuery("pragma journal_mode")) {
      assertThat(result.getString(1)).isEqualTo("wal");
    }
    long full = 2;
    assertThat(
            file.<Long>write(
                connection -> {
                  try (Statement execution = connection.createStatement();
                      ResultSet result = execution.executeQuery("pragma synchronous")) {
                    return result.getLong(1);
                  }
                }))
        .isEqualTo(full);
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
  void anAumTakesFewBytes() throws Exception {
    int count = 10_000;
    int batch = 100;
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
