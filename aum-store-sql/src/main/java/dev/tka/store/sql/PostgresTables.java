package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.Waits;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * Makes the tables of a PostgreSQL database, and migrates those of older versions: each time in one
 * transaction, which holds the lock and the search path that it needs, so that it also works
 * through a pooler that gives each transaction another session. The steps are noted in the table of
 * Flyway, which made the tables once, and which administrators know.
 */
final class PostgresTables {
  private static final String SCHEMA = PostgresDatabase.SCHEMA;
  private static final String HISTORY = SCHEMA + ".schema_history";

  /** The steps; the number of each is its version. */
  private static final List<String> STEPS =
      List.of("tailnets", "facts", "records", "restored", "fence", "votes");

  static final int VERSION = STEPS.size();

  /** The first version with the tables and columns for facts. */
  static final int WITH_FACTS = 2;

  /** The first version with those for a control server's records. */
  static final int WITH_RECORDS = 3;

  /** The first version with the columns for tailnets that were restored from a backup. */
  static final int WITH_RESTORED = 4;

  /** The first version with fences. */
  static final int WITH_FENCE = 5;

  /** The first version with thresholds and proposals. */
  static final int WITH_VOTES = 6;

  /**
   * The last step that is noted with its version, so that programs of the versions before it refuse
   * to begin. Those after it are noted without, and known by their scripts' names: programs of the
   * versions before go on with the tables, and begin with them, too.
   */
  private static final int LAST_REFUSED = 3;

  /** The version of a step that was done. */
  private static final String STEP = "coalesce(version, substring(script from '^V([0-9]+)__'))";

  /** A number that other programs hardly lock: "TKA" and a zero. */
  private static final long LOCK = 0x544b4100;

  private PostgresTables() {}

  /** The version of the tables; empty if there are none. */
  static OptionalLong version(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // A look-up by name may come from what the session remembers.
      if (isTrue(
          statement,
          "select count(*) = 0 from pg_class where relname = 'schema_history' and relnamespace"
              + " = (select oid from pg_namespace where nspname = '"
              + SCHEMA
              + "')")) {
        return OptionalLong.empty();
      }
      try (ResultSet result =
          statement.executeQuery(
              "select max(" + STEP + "::bigint) from " + HISTORY + " where success")) {
        result.next();
        long version = result.getLong(1);
        return result.wasNull() ? OptionalLong.empty() : OptionalLong.of(version);
      }
    }
  }

  /**
   * Requires that no newer version changed the tables in a way that this one must keep away from.
   *
   * @throws StoreException.Newer if one did
   */
  static void requireNoNewer(Connection connection, String place)
      throws SQLException, StoreException.Newer {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select max(version::bigint) from " + HISTORY + " where success")) {
      result.next();
      if (result.getLong(1) > VERSION) {
        throw new StoreException.Newer(place, VERSION, result.getLong(1));
      }
    }
  }

  private static boolean isTrue(Statement statement, String query) throws SQLException {
    try (ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getBoolean(1);
    }
  }

  /**
   * Brings the tables to this version, or makes them. Others who do the same wait.
   *
   * @param place names the database, for error messages
   * @throws StoreException.Newer if a newer version made them in the meantime
   * @throws StoreException.Damaged if the schema holds something else
   */
  static void migrate(Connection connection, String place) throws SQLException, StoreException {
    connection.setAutoCommit(false);
    boolean done = false;
    try (Statement statement = connection.createStatement()) {
      statement.execute(PostgresDatabase.BEGIN_WRITING);
      Waits.Listening telling = Waits.during("another program that is writing to " + place);
      try {
        statement.execute("select pg_advisory_xact_lock(" + LOCK + ")");
      } finally {
        telling.close();
      }
      OptionalLong version = version(connection);
      if (version.isEmpty()) {
        begin(statement, place);
      } else {
        requireNoNewer(connection, place);
      }
      for (int next = (int) version.orElse(0) + 1; next <= VERSION; next++) {
        step(connection, next);
      }
      connection.commit();
      done = true;
    } finally {
      if (!done) {
        connection.rollback();
      }
      connection.setAutoCommit(true);
    }
  }

  /**
   * Repairs tables that were restored from a dump of another server, which had counted more
   * transactions: what changed there would seem to change for a long time to come.
   */
  static void repairMarks(Connection connection) throws SQLException {
    String future = " >= pg_snapshot_xmax(pg_current_snapshot())";
    List<String> columns =
        List.of("node changed", "record changed", "tailnet changed", "gone changed");
    StringBuilder query = new StringBuilder("select false");
    columns.forEach(
        each ->
            query
                .append(" or exists(select 1 from " + SCHEMA + "." + each.replace(" ", " where "))
                .append(future + ")"));
    try (Statement statement = connection.createStatement()) {
      if (!isTrue(statement, query.toString())) {
        return;
      }
    }
    connection.setAutoCommit(false);
    boolean done = false;
    try (Statement statement = connection.createStatement()) {
      statement.execute(PostgresDatabase.BEGIN_WRITING);
      // Whoever repairs at the same time waits here.
      statement.execute("update " + SCHEMA + ".place set id = gen_random_uuid()");
      // Marks change wherever a tailnet lives, and no fence waits for them.
      statement.execute("select set_config('tka.repairs_marks', 'on', true)");
      for (String each : List.of("node looked", "record switched")) {
        String[] parts = each.split(" ", -1);
        statement.execute(
            "update %s.%s set changed = pg_current_xact_id(), %s = pg_current_xact_id()"
                    .formatted(SCHEMA, parts[0], parts[1])
                + " where changed"
                + future);
      }
      statement.execute(
          "update " + SCHEMA + ".gone set changed = pg_current_xact_id() where changed" + future);
      // Its trigger marks it.
      statement.execute("update " + SCHEMA + ".tailnet set changed = null where changed" + future);
      connection.commit();
      done = true;
    } finally {
      if (!done) {
        connection.rollback();
      }
      connection.setAutoCommit(true);
    }
  }

  private static void begin(Statement statement, String place)
      throws SQLException, StoreException.Damaged {
    String named = " from pg_namespace where nspname = '" + SCHEMA + "'";
    if (isTrue(statement, "select count(*) = 0" + named)) {
      statement.execute("create schema " + SCHEMA);
    }
    if (isTrue(
        statement,
        "select count(*) > 0 from pg_class where relnamespace = (select oid" + named + ")")) {
      throw new StoreException.Damaged(
          place + ": schema " + SCHEMA + ": expected nothing or a store, found other tables");
    }
    statement.execute(
        "create table "
            + HISTORY
            + " (installed_rank int not null primary key, version varchar(50),"
            + " description varchar(200) not null, type varchar(20) not null,"
            + " script varchar(1000) not null, checksum int, installed_by varchar(100) not null,"
            + " installed_on timestamp not null default now(), execution_time int not null,"
            + " success boolean not null)");
  }

  private static void step(Connection connection, int version) throws SQLException {
    String description = STEPS.get(version - 1);
    String script = "V" + version + "__" + description + ".sql";
    try (Statement statement = connection.createStatement()) {
      statement.execute("set local search_path = " + SCHEMA);
      statement.execute(text(script));
    }
    try (PreparedStatement note =
        connection.prepareStatement(
            "insert into "
                + HISTORY
                + " (installed_rank, version, description, type, script, installed_by,"
                + " execution_time, success) select coalesce(max(installed_rank), 0) + 1, ?, ?,"
                + " 'SQL', ?, current_user, 0, true from "
                + HISTORY)) {
      note.setString(1, version <= LAST_REFUSED ? Integer.toString(version) : null);
      note.setString(2, description);
      note.setString(3, script);
      note.executeUpdate();
    }
  }

  private static String text(String script) {
    String resource = "/META-INF/tka/postgresql/" + script;
    try (InputStream in =
        Objects.requireNonNull(PostgresTables.class.getResourceAsStream(resource))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
