package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Executes statements, with few round trips. */
final class Statements {
  /**
   * Rows, or keys, in one statement: few round trips, within the databases' limit of parameters.
   */
  static final int MOST_ROWS = 500;

  /** The most bytes of rows in one statement, unless a single row is larger. */
  private static final long MOST_BYTES = 1 << 20;

  private Statements() {}

  /**
   * Performs a select.
   *
   * @param table the table that the rows are from, for error messages
   */
  static List<Row> query(Connection connection, String table, String sql, Object... arguments)
      throws SQLException {
    List<Row> rows = new ArrayList<>();
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      Row.of(table, arguments).bind(select);
      try (ResultSet result = select.executeQuery()) {
        int columns = result.getMetaData().getColumnCount();
        while (result.next()) {
          rows.add(Row.read(table, result, columns));
        }
      }
    }
    return rows;
  }

  /** Receives rows. */
  @FunctionalInterface
  interface Reading {
    void row(Row row) throws StoreException;
  }

  /**
   * Performs a select, and gives on each row as it comes. Within a transaction, memory does not
   * grow with the number of rows.
   *
   * @param table the table that the rows are from, for error messages
   */
  static void stream(
      Connection connection, String table, String sql, Reading reading, Object... arguments)
      throws SQLException, StoreException {
    try (PreparedStatement select = connection.prepareStatement(sql)) {
      select.setFetchSize(MOST_ROWS);
      Row.of(table, arguments).bind(select);
      try (ResultSet result = select.executeQuery()) {
        int columns = result.getMetaData().getColumnCount();
        while (result.next()) {
          reading.row(Row.read(table, result, columns));
        }
      }
    }
  }

  /** Inserts rows, many per statement. */
  static void insert(Connection connection, String table, List<Row> rows) throws SQLException {
    insert(connection, table, rows, "", "");
  }

  /**
   * Inserts rows, many per statement.
   *
   * @param more what else stands in each row, such as {@code ", 1"}
   * @param end what stands after the rows
   */
  static void insert(Connection connection, String table, List<Row> rows, String more, String end)
      throws SQLException {
    int from = 0;
    while (from < rows.size()) {
      long bytes = rows.get(from).size();
      int to = from + 1;
      while (to < rows.size()
          && to - from < MOST_ROWS
          && bytes + rows.get(to).size() <= MOST_BYTES) {
        bytes += rows.get(to).size();
        to++;
      }
      List<Row> some = rows.subList(from, to);
      String places = "(" + places(some.get(0).columns().size()) + more + ")";
      String sql =
          "insert into "
              + table
              + " values "
              + places
              + (", " + places).repeat(some.size() - 1)
              + end;
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        Row.joined(some).bind(statement);
        statement.executeUpdate();
      }
      from = to;
    }
  }

  /**
   * Executes a statement for keys of a tailnet, many at a time.
   *
   * @param sql a statement that ends with the column of the keys
   * @param first the arguments before the keys
   */
  static void executeFor(Connection connection, String sql, Row first, List<?> keys)
      throws SQLException {
    for (int from = 0; from < keys.size(); from += MOST_ROWS) {
      List<?> some = keys.subList(from, Math.min(keys.size(), from + MOST_ROWS));
      try (PreparedStatement statement =
          connection.prepareStatement(sql + " in (" + places(some.size()) + ")")) {
        Row.joined(List.of(first, Row.of("", some.toArray()))).bind(statement);
        statement.executeUpdate();
      }
    }
  }

  static String places(int count) {
    return "?" + ", ?".repeat(count - 1);
  }

  static int execute(Connection connection, String sql, Object... arguments) throws SQLException {
    return execute(connection, sql, Row.of("", arguments));
  }

  static int execute(Connection connection, String sql, Row arguments) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      arguments.bind(statement);
      return statement.executeUpdate();
    }
  }
}
