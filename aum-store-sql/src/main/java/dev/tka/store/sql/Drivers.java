package dev.tka.store.sql;

import dev.tka.store.StorePlace;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the JDBC drivers on the class path are free of faults that matter here. A program that
 * embeds the library may bring older ones than it was built with.
 */
public final class Drivers {
  private static final Logger LOG = LoggerFactory.getLogger(Drivers.class);

  /** The first SQLite without the WAL-reset fault. */
  private static final String SQLITE = "3.51.3";

  /** The first pgjdbc without two known vulnerabilities. */
  private static final String POSTGRESQL = "42.7.12";

  private static final Pattern VERSION = Pattern.compile("[0-9]+(\\.[0-9]+)+");

  private static final AtomicBoolean SQLITE_CHECKED = new AtomicBoolean();
  private static final AtomicBoolean POSTGRESQL_CHECKED = new AtomicBoolean();

  private Drivers() {}

  /** What is wrong with the SQLite in use; empty if nothing is, or it does not load. */
  public static Optional<StorePlace.Outdated> sqlite() {
    try (Connection memory = DriverManager.getConnection("jdbc:sqlite::memory:")) {
      return sqlite(memory.getMetaData().getDatabaseProductVersion());
    } catch (SQLException e) {
      // Opening a file reports it.
      return Optional.empty();
    }
  }

  /** What is wrong with a version of SQLite. */
  static Optional<StorePlace.Outdated> sqlite(String found) {
    return isOlder(found, SQLITE)
        ? Optional.of(
            new StorePlace.Outdated(
                "SQLite "
                    + found
                    + " may lose commits when two connections write and checkpoint at once",
                "put sqlite-jdbc " + SQLITE + ".0 or later on the class path"))
        : Optional.empty();
  }

  /** What is wrong with the PostgreSQL driver in use; empty if nothing is. */
  // The constants that it is deprecated for would be compiled in: the version of the build.
  @SuppressWarnings("deprecation")
  public static Optional<StorePlace.Outdated> postgresql() {
    return postgresql(Driver.getVersion());
  }

  /** What is wrong with a version of the PostgreSQL driver. */
  static Optional<StorePlace.Outdated> postgresql(String named) {
    Matcher found = VERSION.matcher(named);
    return found.find() && isOlder(found.group(), POSTGRESQL)
        ? Optional.of(
            new StorePlace.Outdated(
                "the PostgreSQL driver " + found.group() + " has known vulnerabilities",
                "put org.postgresql:postgresql " + POSTGRESQL + " or later on the class path"))
        : Optional.empty();
  }

  /** Logs once in a process what is wrong with the SQLite of a connection. */
  static void warnOfSqlite(Connection connection) throws SQLException {
    if (SQLITE_CHECKED.compareAndSet(false, true)) {
      sqlite(connection.getMetaData().getDatabaseProductVersion()).ifPresent(Drivers::warn);
    }
  }

  /** Logs once in a process what is wrong with the PostgreSQL driver. */
  static void warnOfPostgresql() {
    if (POSTGRESQL_CHECKED.compareAndSet(false, true)) {
      postgresql().ifPresent(Drivers::warn);
    }
  }

  private static void warn(StorePlace.Outdated driver) {
    LOG.warn("{}: {}", driver.fault(), driver.remedy());
  }

  private static boolean isOlder(String found, String expected) {
    Matcher version = VERSION.matcher(found);
    return version.find() && Arrays.compare(numbers(version.group()), numbers(expected)) < 0;
  }

  private static int[] numbers(String version) {
    return Arrays.stream(version.split("\\.", -1)).mapToInt(Integer::parseInt).toArray();
  }
}
