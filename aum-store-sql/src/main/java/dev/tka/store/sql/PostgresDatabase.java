package dev.tka.store.sql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tka.core.store.StoreException;
import dev.tka.store.Poll;
import dev.tka.store.RecordsPoll;
import dev.tka.store.RevisionPoll;
import dev.tka.store.Waits;
import dev.tka.store.records.ControlRecords;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A PostgreSQL database that keeps the AUMs of many tailnets, in tables in their own schema,
 * {@value #SCHEMA}; it may be a control server's own database. Several instances, on several
 * machines, may use it at once. PostgreSQL 15 and later; directly, or through a pooler that keeps a
 * session for a client or for each transaction.
 *
 * <p>A commit is one transaction, flushed before it returns. If the connection breaks while the
 * database is committing, the outcome is unknown: {@link StoreException.InDoubt}.
 *
 * <p>A snapshot keeps everything in memory except bodies, which are read on demand. The bodies of
 * AUMs removed in the meantime stay for {@link #REMOVED_STAY}; after that, an older snapshot no
 * longer has them.
 *
 * <p>The database notifies a watch of commits at once; if a notification is lost, the watch sees
 * the commit within half a second. A watch keeps two connections; where notifications do not come,
 * it keeps one, and polls ten times a second.
 */
public final class PostgresDatabase extends SqlTailnets {
  /** The schema that holds the tables. */
  public static final String SCHEMA = "tka";

  /** How often a watch polls without a notification. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

  /** How often a transaction is tried if it collides with others. */
  private static final int MOST_ATTEMPTS = 10;

  private static final int MOST_CONNECTIONS = 10;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Longer than any statement takes. */
  private static final Duration SILENCE = Duration.ofSeconds(60);

  /**
   * How a transaction that writes begins, each one anew: a pooler may give each transaction another
   * session. It sees commits made before it got its locks, and is flushed, whatever the server's
   * defaults are. It waits for other writers longer than any commit takes, but not for a process
   * that has vanished.
   */
  static final String BEGIN_WRITING =
      "set transaction isolation level read committed; set local lock_timeout = '20s';"
          + " set local idle_in_transaction_session_timeout = '30s';"
          + " select set_config('synchronous_commit', 'on', true)"
          + " where current_setting('synchronous_commit') = 'off'";

  private static final String SERIALIZATION_FAILURE = "40001";
  private static final String DEADLOCK = "40P01";
  private static final String UNIQUE_VIOLATION = "23505";
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String NO_PRIVILEGE = "42501";

  /** Of the triggers of {@code V5__fence.sql}. */
  private static final String REFUSED = "TKA01";

  /** The unique name makes one of two writers that create the same tailnet retry. */
  private static final Set<String> TRY_AGAIN =
      Set.of(SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION);

  private static final Set<String> BUSY =
      Set.of(SERIALIZATION_FAILURE, DEADLOCK, LOCK_NOT_AVAILABLE);

  /**
   * Prefixes of the SQL states for tables that are not as created: a broken constraint, a missing
   * name, a broken page.
   */
  private static final Set<String> DAMAGED = Set.of("23", "42", "XX");

  private final PostgresSettings settings;
  private final HikariDataSource pool;

  private final Marks marks = new PostgresMarks();

  /** The version of the tables; those of an older one are read as they are. */
  private volatile int version;

  /** Whether this instance has made sure that it can write. */
  private volatile boolean prepared;

  private PostgresDatabase(
      PostgresSettings settings, Clock clock, HikariDataSource pool, int version) {
    super(clock);
    this.settings = settings;
    this.pool = pool;
    this.version = version;
  }

  /**
   * A database that has the tables. Tables of an older version are read as they are, and migrated
   * by the first commit.
   *
   * @param clock tells when AUMs are removed
   * @throws StoreException.Absent if the tables do not exist
   * @throws StoreException.Newer if a newer version made them
   * @throws StoreException.Damaged if the schema holds something else
   * @throws StoreException.Unavailable if the database cannot be reached, or the user or password
   *     is refused
   */
  public static PostgresDatabase at(PostgresSettings settings, Clock clock) throws StoreException {
    return open(settings, clock, false);
  }

  /**
   * A database whose tables are created if they do not exist.
   *
   * @param clock tells when AUMs are removed
   * @throws StoreException.Newer if a newer version made them
   * @throws StoreException.Damaged if the schema holds something else
   * @throws StoreException.Unavailable if the database cannot be reached, the user or password is
   *     refused, or the user may not create tables
   */
  public static PostgresDatabase create(PostgresSettings settings, Clock clock)
      throws StoreException {
    return open(settings, clock, true);
  }

  private static PostgresDatabase open(PostgresSettings settings, Clock clock, boolean create)
      throws StoreException {
    Drivers.warnOfPostgresql();
    PGSimpleDataSource source = source(settings);
    int found;
    try (Connection connection = source.getConnection()) {
      OptionalLong version = PostgresTables.version(connection);
      if (version.isEmpty() && !create) {
        throw new StoreException.Absent(
            settings + ": expected a store, found no tables in schema " + SCHEMA);
      }
      if (version.isPresent()) {
        PostgresTables.requireNoNewer(connection, settings.toString());
      }
      found = (int) version.orElse(0);
      if (found < PostgresTables.VERSION && create) {
        PostgresTables.migrate(connection, settings.toString());
        found = PostgresTables.VERSION;
      }
    } catch (SQLException e) {
      throw translate(settings, e);
    }
    return new PostgresDatabase(settings, clock, pool(source), found);
  }

  private static PGSimpleDataSource source(PostgresSettings settings) throws StoreException {
    PGSimpleDataSource source = new PGSimpleDataSource();
    boolean socket = settings.socket().isPresent();
    source.setServerNames(
        socket ? new String[] {"localhost"} : settings.hosts().toArray(String[]::new));
    source.setPortNumbers(settings.ports().stream().mapToInt(Integer::intValue).toArray());
    source.setDatabaseName(settings.database());
    source.setUser(settings.user());
    settings.password().ifPresent(source::setPassword);
    source.setApplicationName("tka");
    source.setConnectTimeout((int) PATIENCE.toSeconds());
    source.setSocketTimeout((int) SILENCE.toSeconds());
    source.setTcpKeepAlive(true);
    // A pooler may give each transaction another session, which does not know the statement.
    source.setPrepareThreshold(0);
    // A standby may have become the primary since it was last asked.
    source.setHostRecheckSeconds(1);
    try {
      for (Map.Entry<String, String> each : settings.parameters().entrySet()) {
        source.setProperty(each.getKey(), each.getValue());
      }
      if (socket) {
        PostgresSocket.use(settings, source);
      }
    } catch (SQLException | IllegalArgumentException e) {
      throw new StoreException.Unavailable(settings.toString(), e);
    }
    return source;
  }

  private static HikariDataSource pool(PGSimpleDataSource source) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("tka");
    config.setDataSource(source);
    config.setMaximumPoolSize(MOST_CONNECTIONS);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(PATIENCE.toMillis());
    config.setInitializationFailTimeout(-1);
    return new HikariDataSource(config);
  }

  @Override
  Watch begin(Watcher watcher) {
    return begin(watcher, LOOK_AGAIN);
  }

  /** Begins to watch, with an interval for tests. */
  Watch begin(Watcher watcher, Duration interval) {
    return begin(own -> RevisionPoll.begin(new RevisionReader(own, schema()), interval, watcher));
  }

  @Override
  Watch begin(ControlRecords.Watcher watcher) {
    return begin(
        own -> RecordsPoll.begin(new RecordsReader(own, sqlRecords()), LOOK_AGAIN, watcher));
  }

  private Watch begin(Function<OwnConnection, Poll<?>> beginning) {
    PGSimpleDataSource source;
    try {
      source = source(settings);
    } catch (StoreException e) {
      throw new IllegalStateException(e);
    }
    source.setSocketTimeout((int) PATIENCE.toSeconds());
    return new PostgresWatch(source, failure -> translate(settings, failure), beginning);
  }

  @Override
  <T> T read(Work<T> work) throws StoreException {
    try (Connection connection = connect()) {
      return work.run(connection);
    } catch (SQLException e) {
      throw translate(settings, e);
    }
  }

  @Override
  <T> T readTogether(Work<T> work) throws StoreException {
    return read(
        connection -> {
          connection.setAutoCommit(false);
          try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level repeatable read, read only");
          }
          T result = work.run(connection);
          connection.rollback();
          return result;
        });
  }

  @Override
  <T> T write(Work<T> work) throws StoreException {
    if (!prepared) {
      prepare();
    }
    for (int attempt = 1; true; attempt++) {
      try {
        return transaction(work);
      } catch (SQLException e) {
        if (attempt == MOST_ATTEMPTS || !othersWereInTheWay(e)) {
          throw translate(settings, e);
        }
      }
    }
  }

  private void prepare() throws StoreException {
    try (Connection connection = connect()) {
      if (version < PostgresTables.VERSION) {
        PostgresTables.migrate(connection, settings.toString());
        version = PostgresTables.VERSION;
      }
      PostgresTables.repairMarks(connection);
      prepared = true;
    } catch (SQLException e) {
      throw translate(settings, e);
    }
  }

  private <T> T transaction(Work<T> work) throws SQLException, StoreException {
    Connection connection = connect();
    try {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute(BEGIN_WRITING);
      }
      T result = work.run(connection);
      try {
        connection.commit();
      } catch (SQLException e) {
        if (othersWereInTheWay(e)) {
          throw e;
        }
        throw new StoreException.InDoubt(settings.toString(), e);
      }
      return result;
    } finally {
      closeQuietly(connection);
    }
  }

  private Connection connect() throws SQLException, StoreException.Busy {
    requireOpen();
    try {
      return pool.getConnection();
    } catch (SQLTransientConnectionException e) {
      if (pool.getHikariPoolMXBean().getActiveConnections() >= MOST_CONNECTIONS) {
        throw new StoreException.Busy(
            settings + ": all " + MOST_CONNECTIONS + " connections are in use");
      }
      throw e;
    }
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // The transaction has ended by now, either way.
    }
  }

  /** {@inheritDoc} Another process may have migrated it since. */
  @Override
  boolean keepsFacts(Connection connection) throws SQLException {
    return isVersion(PostgresTables.WITH_FACTS, connection);
  }

  /** {@inheritDoc} Another process may have migrated it since. */
  @Override
  boolean keepsRecords(Connection connection) throws SQLException {
    return isVersion(PostgresTables.WITH_RECORDS, connection);
  }

  /** {@inheritDoc} Another process may have migrated it since. */
  @Override
  boolean keepsRestored(Connection connection) throws SQLException {
    return isVersion(PostgresTables.WITH_RESTORED, connection);
  }

  /** {@inheritDoc} Another process may have migrated it since. */
  @Override
  boolean keepsFence(Connection connection) throws SQLException {
    return isVersion(PostgresTables.WITH_FENCE, connection);
  }

  /** {@inheritDoc} Another process may have migrated it since. */
  @Override
  boolean keepsVotes(Connection connection) throws SQLException {
    return isVersion(PostgresTables.WITH_VOTES, connection);
  }

  /** {@inheritDoc} It gives up soon: all that write to the tailnet wait behind it. */
  @Override
  void drain(Connection connection, String tailnet) throws SQLException, StoreException {
    Statements.execute(connection, "set local lock_timeout = '2s'");
    waiting(
        each ->
            Statements.query(
                each,
                "record",
                "select pg_advisory_xact_lock(" + schema() + "fence_key(?)) is null",
                tailnet),
        connection);
  }

  private boolean isVersion(int least, Connection connection) throws SQLException {
    if (version < least) {
      version = (int) PostgresTables.version(connection).orElse(0);
    }
    return version >= least;
  }

  @Override
  String schema() {
    return SCHEMA + ".";
  }

  @Override
  String lock() {
    return " for update";
  }

  @Override
  String lock(RowLock strength) {
    return strength.clause;
  }

  @Override
  Marks marks() {
    return marks;
  }

  @Override
  <T> T waiting(Work<T> select, Connection connection) throws SQLException, StoreException {
    Waits.Listening telling = Waits.during("another program that is writing to " + settings);
    try {
      return select.run(connection);
    } finally {
      telling.close();
    }
  }

  /** {@inheritDoc} An identity column never gives a number twice. */
  @Override
  String newNumber() {
    return "default";
  }

  @Override
  String lockOrSkip() {
    return " for update skip locked";
  }

  /** Whether the transaction did not happen, and may succeed if it is tried again. */
  private static boolean othersWereInTheWay(SQLException failure) {
    return TRY_AGAIN.contains(String.valueOf(failure.getSQLState()));
  }

  /**
   * Marks are numbers of transactions, and a moment is a snapshot of which of them were committed:
   * a transaction with a low number may commit late.
   */
  private static final class PostgresMarks extends Marks {
    private static final Pattern SNAPSHOT =
        Pattern.compile("(\\d{1,18}):(\\d{1,18}):(?:\\d{1,18}(?:,\\d{1,18})*)?");

    /** The transactions in progress in the longest snapshot that is given out as it is. */
    private static final int MOST_IN_PROGRESS = 6;

    @Override
    void advance(Connection connection) {
      // Every transaction that writes has a number.
    }

    @Override
    String now() {
      return "pg_current_xact_id()";
    }

    /**
     * {@inheritDoc} A server that took another's place began at another time. Tables that were put
     * back are others.
     */
    @Override
    String identity() {
      return "substr(md5(id::text || ' ' || tableoid::text || ' ' || (select oid::text from"
          + " pg_database where datname = current_database()) || ' ' || extract(epoch from"
          + " pg_postmaster_start_time())::text), 1, 16)";
    }

    /** {@inheritDoc} If many are in progress, all that began since the first of them come after. */
    @Override
    String moment() {
      return "(select case when (select count(*) from pg_snapshot_xip(s)) > "
          + MOST_IN_PROGRESS
          + " then pg_snapshot_xmin(s)::text || ':' || pg_snapshot_xmin(s)::text || ':'"
          + " else s::text end from pg_current_snapshot() as s)";
    }

    @Override
    Optional<String> after(String moment) {
      Matcher snapshot = SNAPSHOT.matcher(moment);
      if (!snapshot.matches()) {
        return Optional.empty();
      }
      long xmin = Long.parseLong(snapshot.group(1));
      long xmax = Long.parseLong(snapshot.group(2));
      long before = xmin;
      if (xmin < 1 || xmax < xmin) {
        return Optional.empty();
      }
      for (String each : moment.substring(snapshot.end(2) + 1).split(",", 0)) {
        long inProgress = each.isEmpty() ? xmin : Long.parseLong(each);
        if (inProgress < before || (inProgress >= xmax && !each.isEmpty())) {
          return Optional.empty();
        }
        before = inProgress;
      }
      return Optional.of(
          "(%1$s >= '"
              + xmin
              + "'::xid8 and not pg_visible_in_snapshot(%1$s, '"
              + moment
              + "'::pg_snapshot))");
    }

    /**
     * {@inheritDoc} The highest mark is looked at first, which always takes the index: before it
     * has statistics, PostgreSQL expects to find many rows, and reads the table.
     */
    @Override
    String any(String table, String condition) {
      String newest =
          "(select changed from "
              + table
              + " where changed is not null order by changed desc limit 1)";
      return "case when "
          + String.format(condition.replaceFirst(" and not .*", ")"), newest)
          + " then "
          + super.any(table, condition)
          + " else false end";
    }

    @Override
    String cannotTell(String moment) {
      return "pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmin('"
          + moment
          + "'::pg_snapshot)";
    }
  }

  private static StoreException translate(PostgresSettings settings, SQLException failure) {
    SQLException first = failure;
    // The pool reports that it waited; the cause shows the reason.
    if (failure instanceof SQLTransientConnectionException
        && failure.getCause() instanceof SQLException cause) {
      first = cause;
    }
    String state = String.valueOf(first.getSQLState());
    if (state.equals(REFUSED)) {
      return new StoreException.Fenced("", settings + ": " + firstLine(first.getMessage()));
    }
    if (BUSY.contains(state)) {
      return new StoreException.Busy(settings + ": other writers are active");
    }
    if (!state.equals(NO_PRIVILEGE) && DAMAGED.stream().anyMatch(each -> state.startsWith(each))) {
      return new StoreException.Damaged(settings + ": " + firstLine(first.getMessage()));
    }
    return new StoreException.Unavailable(
        settings.toString(), PostgresFailure.explain(settings, first).orElse(first));
  }

  private static String firstLine(@Nullable String text) {
    return String.valueOf(text).lines().findFirst().orElse("");
  }

  @Override
  void disconnect() {
    pool.close();
  }

  /** The URL, without the password. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
