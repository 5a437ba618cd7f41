package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.TextException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.LentStore;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.Backup;
import dev.tka.store.testkit.CuttingProxy;
import dev.tka.store.testkit.Told;
import dev.tka.testkit.FreePort;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The behaviour of a PostgreSQL database beyond the contract of every store. */
// Watches are open only for their reports.
@SuppressWarnings("try")
class PostgresDatabaseTest extends SqlContract {
  private static final PostgresServer SERVER = PostgresServer.shared();

  @RegisterExtension final LentStore lent = new LentStore();

  /** In place of one that has the tables, for tests of how they are made. */
  private Optional<PostgresSettings> own = Optional.empty();

  private void newDatabase() throws SQLException {
    own = Optional.of(SERVER.newDatabase());
  }

  private PostgresSettings settings() throws SQLException {
    return own.isPresent() ? own.get() : lent.settings();
  }

  @Override
  protected Backup backUp() throws Exception {
    return SERVER.rowsOf(settings().database());
  }

  @Override
  protected PostgresDatabase create() throws Exception {
    return opened(PostgresDatabase.create(settings(), clock));
  }

  @Override
  protected PostgresDatabase at() throws Exception {
    return opened(PostgresDatabase.at(settings(), clock));
  }

  @Override
  Connection connect() throws SQLException {
    Connection connection = SERVER.connect(settings().database());
    connection.setSchema(PostgresDatabase.SCHEMA);
    return connection;
  }

  @Override
  String hex(String digits) {
    return "'\\x" + digits + "'::bytea";
  }

  @Override
  List<String> damagesOfTypes() {
    // The database itself refuses them.
    return List.of();
  }

  @Override
  void failAt(String point) throws SQLException {
    sql(
        "create function told() returns trigger language plpgsql as"
            + " $$ begin raise exception E'told to fail\\nin two lines'; end $$");
    sql("create trigger told before " + point + " for each row execute function told()");
  }

  @Override
  void failNoMore() throws SQLException {
    sql("drop function told() cascade");
  }

  @Override
  void bumpTheRevisionOnInsert() throws SQLException {
    sql(
        "create function told() returns trigger language plpgsql as"
            + " $$ begin update tka.tailnet set revision = revision + 1; return null; end $$");
    sql("create trigger told after insert on aum for each row execute function told()");
  }

  @Override
  void makeTablesOfVersion1() throws SQLException {
    newDatabase();
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {settings().host()});
    source.setPortNumbers(new int[] {settings().port()});
    source.setDatabaseName(settings().database());
    source.setUser(settings().user());
    settings().password().ifPresent(source::setPassword);
    Flyway.configure()
        .dataSource(source)
        .schemas(PostgresDatabase.SCHEMA)
        .table("schema_history")
        .locations("classpath:META-INF/tka/postgresql")
        .target("1")
        .load()
        .migrate();
  }

  @Test
  void aNewerVersionIsRefusedAndLeftAlone() throws Exception {
    add(create().tailnet("t"), "A");
    sql(
        "insert into schema_history select 7, '7', description, type, script, checksum,"
            + " installed_by, installed_on, execution_time, success"
            + " from schema_history where version = '1'");
    long before = number("select count(*) from schema_history");

    for (boolean create : List.of(false, true)) {
      assertThatThrownBy(() -> opened(create ? create() : at()))
          .isInstanceOf(StoreException.Newer.class)
          .hasMessage(settings() + ": expected version 6 or older, found version 7");
    }
    assertThat(number("select count(*) from schema_history")).isEqualTo(before);
  }

  @Test
  void anythingButAStoreIsRefusedAndLeftAlone() throws Exception {
    newDatabase();
    assertThatThrownBy(this::at)
        .isInstanceOf(StoreException.Absent.class)
        .hasMessage(settings() + ": expected a store, found no tables in schema tka");
    assertThat(number("select count(*) from pg_namespace where nspname = 'tka'")).isZero();

    sql("create schema tka");
    sql("create table tka.aum (number integer)");
    assertThatThrownBy(this::at).isInstanceOf(StoreException.Absent.class);
    assertThatThrownBy(this::create)
        .isInstanceOf(StoreException.Damaged.class)
        .message()
        .hasLineCount(1)
        .startsWith(settings() + ": schema tka: ");
    assertThat(number("select count(*) from pg_tables where schemaname = 'tka'")).isEqualTo(1);
  }

  @Test
  void theTablesCoexistWithForeignTables() throws Exception {
    newDatabase();
    sql("create table public.aum (number integer)");
    sql("create table public.flyway_schema_history (number integer)");
    add(create().tailnet("t"), "A B");
    assertThat(namesIn(at().tailnet("t").read())).isEqualTo("AB");
    assertThat(number("select count(*) from pg_tables where schemaname = 'public'")).isEqualTo(2);
  }

  @Test
  void concurrentCreatorsMakeTheTablesOnce() throws Exception {
    newDatabase();
    int count = 6;
    ExecutorService pool = Executors.newFixedThreadPool(count);
    try {
      List<Future<PostgresDatabase>> results = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        results.add(pool.submit(() -> PostgresDatabase.create(settings(), clock)));
      }
      for (Future<PostgresDatabase> result : results) {
        opened(result.get(60, TimeUnit.SECONDS));
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(number("select count(*) from schema_history where version = '1'")).isEqualTo(1);
  }

  @Test
  void anUnreachableDatabaseIsReportedInOneLine() throws Exception {
    create();
    String wrong = "not the password";
    PostgresSettings stranger =
        PostgresSettings.of("127.0.0.1", SERVER.port(), settings().database(), "stranger");
    int closedPort = FreePort.find();
    PostgresSettings unknown = PostgresSettings.of("nosuch.invalid", 5432, "x", "y");
    requireUnavailable(
        unknown.withPassword(wrong), "host nosuch.invalid does not resolve to an address");
    requireUnavailable(
        PostgresSettings.parse("postgresql://y@127.0.0.1:" + closedPort + ",nosuch.invalid/x"),
        "none of the hosts can be used; the last one tried: ");
    requireUnavailable(
        PostgresSettings.of("127.0.0.1", SERVER.port(), settings().database(), settings().user()),
        "asks for a password, and none is in PGPASSWORD or ~/.pgpass");
    requireUnavailable(settings().withPassword(wrong), "password authentication failed");
    requireUnavailable(stranger.withPassword(wrong), "password authentication failed");
    requireUnavailable(SERVER.settings("nowhere"), "\"nowhere\" does not exist");
    requireUnavailable(
        PostgresSettings.of("127.0.0.1", closedPort, "x", "y").withPassword(wrong),
        "127.0.0.1:" + closedPort + " refused the connection");
    requireUnavailable(
        PostgresSettings.of("no.such.host.invalid", 5432, "x", "y").withPassword(wrong),
        "no.such.host.invalid");
  }

  @Test
  void aServerWithoutEncryptionIsRefusedIfItIsRequired() throws Exception {
    create();
    opened(PostgresDatabase.at(settings().withSslMode("disable"), clock));
    opened(PostgresDatabase.at(settings().withSslMode("prefer"), clock));
    for (String mode : List.of("require", "verify-ca", "verify-full")) {
      requireUnavailable(settings().withSslMode(mode), "(SSL), which sslmode=" + mode + " demands");
    }
  }

  /** One hangs up, and one answers in another way. */
  @ParameterizedTest
  @ValueSource(strings = {"", "HTTP/1.1 400 Bad Request\r\n\r\n"})
  void anotherProgramAtThePortIsToldFromADatabase(String answer) throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (ServerSocket port = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      other.execute(
          () -> {
            while (!port.isClosed()) {
              try (Socket client = port.accept()) {
                client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
              } catch (IOException e) {
                // The client or the test has gone.
              }
            }
          });
      requireUnavailable(
          PostgresSettings.of("127.0.0.1", port.getLocalPort(), "x", "y").withPassword("z"),
          "does not answer as a PostgreSQL server: check host and port");
    } finally {
      other.shutdown();
    }
  }

  private void requireUnavailable(PostgresSettings place, String why) {
    for (boolean create : List.of(false, true)) {
      assertThatThrownBy(
              () ->
                  opened(
                      create
                          ? PostgresDatabase.create(place, clock)
                          : PostgresDatabase.at(place, clock)))
          .isInstanceOf(StoreException.Unavailable.class)
          .hasMessageStartingWith(place.toString())
          .hasMessageContaining(why)
          .satisfies(
              failure -> {
                assertThat(failure.getMessage()).hasLineCount(1);
                StringWriter all = new StringWriter();
                failure.printStackTrace(new PrintWriter(all));
                assertThat(all.toString())
                    .doesNotContain("not the password")
                    .doesNotContain(PostgresServer.PASSWORD);
              });
    }
  }

  @Test
  void aReadOnlyUserCanRead() throws Exception {
    add(create().tailnet("t"), "A B");
    sql("create role reader login password 'r'");
    sql("grant usage on schema tka to reader");
    sql("grant select on all tables in schema tka to reader");
    try {
      PostgresDatabase place =
          opened(
              PostgresDatabase.at(
                  PostgresSettings.of("127.0.0.1", SERVER.port(), settings().database(), "reader")
                      .withPassword("r"),
                  clock));
      AumStore store = place.tailnet("t");
      assertThat(store.read().get(hash("B"))).isEqualTo(chains.get("B"));
      assertThatThrownBy(() -> add(store, "C"))
          .isInstanceOf(StoreException.Unavailable.class)
          .hasMessageContaining("permission denied");
      assertThatThrownBy(store::wipe).isInstanceOf(StoreException.Unavailable.class);
      assertThat(namesIn(store.read())).isEqualTo("AB");
      place.close();
    } finally {
      sql("drop owned by reader");
      sql("drop role reader");
    }
  }

  @Test
  void commitsAreFlushedWhateverTheServersDefaultIs() throws Exception {
    create();
    for (String name : List.of("off", "local")) {
      sql("alter database " + settings().database() + " set synchronous_commit = " + name);
      sql(
          "alter database "
              + settings().database()
              + " set default_transaction_isolation = 'serializable'");
      PostgresDatabase place = at();
      assertThat(place.<String>write(connection -> shown(connection, "synchronous_commit")))
          .isEqualTo(name.equals("off") ? "on" : name);
      assertThat(place.<String>write(connection -> shown(connection, "transaction_isolation")))
          .isEqualTo("read committed");
      assertThat(place.<String>readTogether(each -> shown(each, "transaction_isolation")))
          .isEqualTo("repeatable read");
    }
  }

  static String shown(Connection connection, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        var result = statement.executeQuery("show " + name)) {
      result.next();
      return result.getString(1);
    }
  }

  @Test
  void aWriterWaitsForAnotherAtItsFirstStatement() throws Exception {
    AumStore store = create().tailnet("t");
    add(store, "A");
    ExecutorService pool = Executors.newSingleThreadExecutor();
    try (Connection other = connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("select * from tailnet for update");
      Future<AumSnapshot> added = pool.submit(() -> add(store, "B"));
      String waiting =
          "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
              + " and datname = current_database()";
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (number(waiting) == 0 && System.nanoTime() < end) {
        Thread.sleep(5);
      }
      // A waiting writer has written nothing: it will read again before it writes.
      assertThat(number(waiting + " and backend_xid is null")).isEqualTo(1);
      other.rollback();
      assertThat(namesIn(added.get(30, TimeUnit.SECONDS))).isEqualTo("AB");
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void aWriterDoesNotWaitForTheDeletionOfRemovedAums() throws Exception {
    PostgresDatabase place = create();
    AumStore store = place.tailnet("t");
    add(store, "A B C");
    store.commit(Commit.on(store.read().revision()).purge(hash("A")).build());
    clock.advance(Tailnets.REMOVED_STAY.plusSeconds(1));
    try (Connection other = connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("select * from removal for update");
      assertThat(namesIn(add(place.tailnet("other"), "A"))).isEqualTo("A");
      assertThat(number("select count(*) from aum_body where tailnet = 1")).isEqualTo(3);
      other.rollback();
    }
    add(place.tailnet("other"), "B");
    assertThat(number("select count(*) from aum_body where tailnet = 1")).isEqualTo(2);
  }

  @Test
  void settingsAreAUrlWithoutAPassword() throws Exception {
    for (String url :
        List.of(
            "postgresql://control@db.example.com:5433/tka",
            "postgresql://control@db.example.com:5432/tka",
            "postgresql://a%20b%40c@[::1]:5432/d%20e",
            "postgresql://u@h:5432/d?sslmode=verify-full",
            "postgresql://u@h1:5432,[::1]:5433/d?sslmode=verify-full&targetServerType=primary",
            "postgresql://u@h:5432/d?options=-c%20x%3D1")) {
      assertThat(PostgresSettings.parse(url).withPassword("secret")).hasToString(url);
    }
    PostgresSettings plain = PostgresSettings.parse("postgresql://u%40@h/d%2Fe");
    assertThat(plain.port()).isEqualTo(5432);
    assertThat(plain.user()).isEqualTo("u@");
    assertThat(plain.database()).isEqualTo("d/e");
    assertThat(PostgresSettings.parse("postgresql://u@[::1]/d").host()).isEqualTo("::1");
    assertThat(PostgresSettings.parse("postgres://u@h1,h2:6432/d?targetServerType=primary"))
        .hasToString("postgresql://u@h1:5432,h2:6432/d?targetServerType=primary");

    for (String url :
        List.of(
            "postgresql://u:secret@h/d",
            "postgresql://u:secret@h:port/d",
            "postgresql://u:se%cret@h/d",
            "jdbc:postgresql://u:secret@h/d",
            "postgresql://h/d",
            "postgresql://@h/d",
            "postgresql://u@/d",
            "postgresql://u@h",
            "postgresql://u@h/",
            "postgresql://u@h:0/d",
            "postgresql://u@h:65536/d",
            "postgresql://u@h/d?password=secret",
            "postgresql://u@h/d?sslmode=secret",
            "postgresql://u@h/d?sslmode=require&password=secret",
            "postgresql://u@h/d?sslmode=require&sslpassword=secret",
            "postgresql://u@h/d?user=secret",
            "postgresql://u@h/d?foo=secret",
            "postgresql://u@h/d?secret%20=1",
            "postgresql://u@h/d?secret",
            "postgresql://u@h/d?targetServerType=",
            "postgresql://u@h,/d",
            "postgresql://u@h,u:secret@h/d",
            "postgresql://u@h/d?",
            "postgresql://u@h/d#secret",
            "postgres://u:secret@h/d",
            "")) {
      assertThatThrownBy(() -> PostgresSettings.parse(url))
          .as(url)
          .isInstanceOf(TextException.BadUrl.class)
          .hasMessageStartingWith("expected postgresql://user@host:port/database, found ")
          .message()
          .doesNotContain("secret");
    }
    for (String setting : List.of("foo=1", "password=secret", "targetServerType=", "user=x")) {
      assertThatThrownBy(() -> PostgresSettings.parse("postgresql://u@h/d?" + setting))
          .hasMessageEndingWith(": " + setting.replaceFirst("=.*", ""));
    }
    assertThatThrownBy(() -> PostgresSettings.of("", 5432, "d", "u"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> plain.withSslMode("always"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void alteredTablesAreReported() throws Exception {
    AumStore store = create().tailnet("t");
    AumSnapshot snapshot = add(store, "A");
    sql("alter table tailnet alter column checksum type text using 'none'");
    requireDamaged(() -> at().tailnet("t").read());
    sql("drop table aum_body");
    requireDamaged(() -> snapshot.get(hash("A")));
    sql("drop table tailnet");
    requireDamaged(store::read);
    requireDamaged(() -> at().revisions());
  }

  private static void requireDamaged(ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(StoreException.Damaged.class).message().hasLineCount(1);
  }

  private static final Duration NEVER = Duration.ofHours(1);

  @Test
  void theDatabaseNotifiesAWatch() throws Exception {
    PostgresDatabase place = create();
    AumStore store = at().tailnet("t");
    Told told = new Told();
    try (Tailnets.Watch watch = place.begin(told, NEVER)) {
      awaitListener();
      add(store, "A");
      awaitCommits(told, "t", 1);
      sql("update tailnet set name = 'u'");
      awaitCommits(told, "u", 1);
    }
  }

  /** Waits for the listener, and for the poll that it asks for once it listens. */
  private void awaitListener() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (number(
            "select count(*) from pg_stat_activity where query = 'listen tka'"
                + " and state = 'idle' and datname = current_database()")
        == 0) {
      assertThat(System.nanoTime() - end).as("nobody listens").isNegative();
      Thread.sleep(5);
    }
    Thread.sleep(200);
  }

  @Test
  void aWatchPollsWithoutNotifications() throws Exception {
    PostgresDatabase place = create();
    sql("drop trigger tell on tailnet");
    AumStore store = at().tailnet("t");
    Told told = new Told();
    try (Tailnets.Watch watch = place.watch(told)) {
      add(store, "A");
      awaitCommits(told, "t", 1);
    }
  }

  @Test
  void aDisconnectedListenerListensAgain() throws Exception {
    PostgresDatabase place = create();
    AumStore store = at().tailnet("t");
    add(store, "A");
    Told told = new Told();
    try (Tailnets.Watch watch = place.begin(told, NEVER)) {
      awaitListener();
      for (String name : List.of("B", "C", "X")) {
        sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen tka'"
                + " and datname = current_database()");
        // Nobody is notified; the listener asks for a poll when it is back.
        AumSnapshot after = add(store, name);
        told.await("t", after.revision());
      }
      awaitListener();
      AumSnapshot after = add(store, "Y");
      told.await("t", after.revision());
    }
  }

  @Test
  void connectionsOfAClosedDatabaseEnd() throws Exception {
    PostgresDatabase place = create();
    place.watch(new Told());
    awaitListener();
    place.close();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    String ours =
        "select count(*) from pg_stat_activity where application_name = 'tka'"
            + " and datname = current_database()";
    while (number(ours) > 0 && System.nanoTime() < end) {
      Thread.sleep(10);
    }
    assertThat(number(ours)).isZero();
  }

  @Test
  void aConnectionLostInACommitLeavesItInDoubt() throws Exception {
    create();
    try (CuttingProxy proxy = new CuttingProxy(SERVER.port())) {
      PostgresSettings through =
          PostgresSettings.of("127.0.0.1", proxy.port(), settings().database(), PostgresServer.USER)
              .withPassword(PostgresServer.PASSWORD);
      AumStore store = opened(PostgresDatabase.at(through, clock)).tailnet("t");
      String expected = "A";
      add(store, "A");
      for (String name : List.of("B", "C")) {
        Commit commit = adding(store, name).build();

        proxy.cutAt("insert into tka.aum_body", CuttingProxy.When.BEFORE);
        assertThatThrownBy(() -> store.commit(commit))
            .isInstanceOf(StoreException.Unavailable.class)
            .message()
            .hasLineCount(1)
            .startsWith(through.toString());
        assertThat(namesIn(store.read())).isEqualTo(expected);

        proxy.cutAt("COMMIT", CuttingProxy.When.BEFORE);
        requireInDoubt(() -> store.commit(commit));
        assertThat(namesIn(store.read())).isEqualTo(expected);

        proxy.cutAt("COMMIT", CuttingProxy.When.AFTER);
        requireInDoubt(() -> store.commit(commit));
        expected += name;
        assertThatThrownBy(() -> store.commit(commit)).isInstanceOf(StoreException.Conflict.class);
        assertThat(namesIn(store.read())).isEqualTo(expected);
      }
      proxy.cutAt("COMMIT", CuttingProxy.When.AFTER);
      requireInDoubt(store::wipe);
      assertThat(store.read().entries()).isEmpty();
    }
  }

  private static void requireInDoubt(ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(StoreException.InDoubt.class)
        .message()
        .hasLineCount(1)
        .contains("whether it happened is not known");
  }
}
