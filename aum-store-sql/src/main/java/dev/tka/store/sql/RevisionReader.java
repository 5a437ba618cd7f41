package dev.tka.store.sql;

import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.RevisionPoll;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the revisions for a watch, on its own connection: a pool may be busy, and is slow to report
 * that a database is gone. If nothing was committed since the last read, a read costs one small
 * query, however many tailnets there are.
 */
final class RevisionReader implements RevisionPoll.Revisions, AutoCloseable {
  private final Connecting connecting;
  private final String moment;
  private final String schema;
  private final Function<SQLException, StoreException> translate;
  private @Nullable Connection connection;
  private @Nullable String seen;
  private boolean closed;

  /** Opens connections. */
  @FunctionalInterface
  interface Connecting {
    Connection connect() throws SQLException;
  }

  /**
   * A reader that connects when it first reads.
   *
   * @param moment a query for one value, which changes if something was committed since the same
   *     connection last asked
   * @param schema what stands before the name of a table
   */
  RevisionReader(
      Connecting connecting,
      String moment,
      String schema,
      Function<SQLException, StoreException> translate) {
    this.connecting = connecting;
    this.moment = moment;
    this.schema = schema;
    this.translate = translate;
  }

  @Override
  public synchronized Optional<Map<String, Revision>> read() throws StoreException {
    if (closed) {
      return Optional.empty();
    }
    try {
      Connection looking = connection == null ? connecting.connect() : connection;
      connection = looking;
      // This comes first: a commit in between is seen now, and read again next time.
      String now = now(looking);
      if (now.equals(seen)) {
        return Optional.empty();
      }
      Map<String, Revision> revisions = SqlTailnets.revisions(looking, schema);
      seen = now;
      return Optional.of(revisions);
    } catch (SQLException e) {
      hangUp();
      throw translate.apply(e);
    }
  }

  private String now(Connection looking) throws SQLException {
    try (Statement statement = looking.createStatement();
        ResultSet result = statement.executeQuery(moment)) {
      result.next();
      return String.valueOf(result.getString(1));
    }
  }

  /** Ends the connection; the next read makes a new one, and reads everything. */
  synchronized void hangUp() {
    Connection last = connection;
    connection = null;
    // A new connection gives other values.
    seen = null;
    if (last != null) {
      try {
        last.close();
      } catch (SQLException e) {
        // It is no longer used.
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    hangUp();
  }
}
