package dev.tka.store.sql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tka.core.store.StoreException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.Set;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A PostgreSQL database that keeps the AUMs of many tailnets, in tables in their own schema,
 * {@value #SCHEMA}; it may be a control server's own database. Several instances, on several
 * machines, may use it at once. PostgreSQL 15 and later.
 *
 * <p>A commit is one transaction, flushed before it returns. If the connection breaks while the
 * database is committing, the outcome is unknown: {@link StoreException.InDoubt}.
 *
 * <p>A snapshot keeps everything in memory except bodies, which are read on demand. The bodies of
 * AUMs removed in the meantime stay for {@link #REMOVED_STAY}; after that, an older snapshot no
 * longer has them.
 *
 * <p>The database notifies a watch of commits at once; if a notification is lost, the watch sees
 * the commit within half a second. A watch keeps two connections.
 */
public final class PostgresDatabase extends SqlTailnets {
  /** The schema that holds the tables. */
  public static final String SCHEMA = "tka";

  private static final String HISTORY = "schema_history";

  /** Where Flyway finds the migrations. It could not read them from a package of a module. */
  private static final String MIGRATIONS = "classpath:META-INF/tka/postgresql";

  private static final int VERSION = 2;

  /** How often a watch polls without a notification. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

  /** How often a transaction is tried if it collides with others. */
  private static final int MOST_ATTEMPTS = 10;

  private static final int MOST_CONNECTIONS = 10;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Longer than any statement takes. */
  private static final Duration SILENCE = Duration.ofSeconds(60);

  /**
   * Waits for other writers longer than any commit takes, but not for a process that has vanished.
   * Commits are flushed whatever the server's default is.
   */
  private static final String SESSION =
      "set lock_timeout = '20s'; set idle_in_transaction_session_timeout = '30s';"
          + " select set_config('synchronous_commit', 'on', false)"
          + " where current_setting('synchronous_commit') = 'off'";

  private static final String SERIALIZATION_FAILURE = "40001";
  private static final String DEADLOCK = "40P01";
  private static final String UNIQUE_VIOLATION = "23505";
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String NO_PRIVILEGE = "42501";

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

  private PostgresDatabase(PostgresSettings settings, Clock clock, HikariDataSource pool) {
    super(clock);
    this.settings = settings;
    this.pool = pool;
  }

  /**
   * A database that has the tables. Tables of an older version are migrated.
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
    try (Connection connection = source.getConnection()) {
      OptionalLong version = version(connection);
      if (version.isEmpty() && !create) {
        throw new StoreException.Absent(
            settings + ": expected a store, found no tables in schema " + SCHEMA);
      }
      if (version.orElse(0) > VERSION) {
        throw new StoreException.Newer(settings.toString(), VERSION, version.getAsLong());
      }
      if (version.orElse(0) < VERSION) {
        migrate(settings, source);
      }
    } catch (SQLException e) {
      throw translate(settings, e);
    }
    return new PostgresDatabase(settings, clock, pool(source));
  }

  /** The version of the tables; empty if there are none. */
  private static OptionalLong version(Connection connection) throws SQLException {
    String history = SCHEMA + "." + HISTORY;
    try (Statement statement = connection.createStatement()) {
      try (ResultSet result =
          statement.executeQuery("select to_regclass('" + history + "') is null")) {
        result.next();
        if (result.getBoolean(1)) {
          return OptionalLong.empty();
        }
      }
      try (ResultSet result =
          statement.executeQuery(
              "select version::bigint from "
                  + history
                  + " where success and version is not null order by 1 desc limit 1")) {
        return result.next() ? OptionalLong.of(result.getLong(1)) : OptionalLong.empty();
      }
    }
  }

  private static PGSimpleDataSource source(PostgresSettings settings) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {settings.host()});
    source.setPortNumbers(new int[] {settings.port()});
    source.setDatabaseName(settings.database());
    source.setUser(settings.user());
    settings.password().ifPresent(source::setPassword);
    settings.sslMode().ifPresent(source::setSslMode);
    source.setApplicationName("tka");
    source.setConnectTimeout((int) PATIENCE.toSeconds());
    source.setSocketTimeout((int) SILENCE.toSeconds());
    source.setTcpKeepAlive(true);
    source.setCurrentSchema(SCHEMA);
    return source;
  }

  private static HikariDataSource pool(PGSimpleDataSource source) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("tka");
    config.setDataSource(source);
    config.setMaximumPoolSize(MOST_CONNECTIONS);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(PATIENCE.toMillis());
    config.setConnectionInitSql(SESSION);
    config.setInitializationFailTimeout(-1);
    // Whatever the server's default is: a writer must see commits made before it got its locks.
    config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
    return new HikariDataSource(config);
  }

  private static void migrate(PostgresSettings settings, PGSimpleDataSource source)
      throws StoreException {
    try {
      Flyway.configure(PostgresDatabase.class.getClassLoader())
          .loggers("slf4j")
          .dataSource(source)
          .schemas(SCHEMA)
          .table(HISTORY)
          .locations(MIGRATIONS)
          .placeholderReplacement(false)
          .load()
          .migrate();
    } catch (FlywayException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof SQLException sql) {
          throw translate(settings, sql);
        }
      }
      throw new StoreException.Damaged(
          settings + ": schema " + SCHEMA + ": " + firstLine(String.valueOf(e.getMessage())));
    }
  }

  @Override
  Watch begin(Watcher watcher) {
    return begin(watcher, LOOK_AGAIN);
  }

  /** Begins to watch, with an interval for tests. */
  Watch begin(Watcher watcher, Duration interval) {
    PGSimpleDataSource source = source(settings);
    source.setSocketTimeout((int) PATIENCE.toSeconds());
    return new PostgresWatch(source, failure -> translate(settings, failure), interval, watcher);
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

  private <T> T transaction(Work<T> work) throws SQLException, StoreException {
    Connection connection = connect();
    try {
      connection.setAutoCommit(false);
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

  /** {@inheritDoc} Opening has migrated it. */
  @Override
  boolean keepsFacts(Connection connection) {
    return true;
  }

  @Override
  String lock() {
    return " for update";
  }

  @Override
  String lockOrSkip() {
    return " for update skip locked";
  }

  /** Whether the transaction did not happen, and may succeed if it is tried again. */
  private static boolean othersWereInTheWay(SQLException failure) {
    return TRY_AGAIN.contains(String.valueOf(failure.getSQLState()));
  }

  private static StoreException translate(PostgresSettings settings, SQLException failure) {
    SQLException first = failure;
    // The pool reports that it waited; the cause shows the reason.
    if (failure instanceof SQLTransientConnectionException
        && failure.getCause() instanceof SQLException cause) {
      first = cause;
    }
    String state = String.valueOf(first.getSQLState());
    if (BUSY.contains(state)) {
      return new StoreException.Busy(settings + ": other writers are active");
    }
    if (!state.equals(NO_PRIVILEGE) && DAMAGED.stream().anyMatch(each -> state.startsWith(each))) {
      return new StoreException.Damaged(settings + ": " + firstLine(first.getMessage()));
    }
    return new StoreException.Unavailable(settings.toString(), first);
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
