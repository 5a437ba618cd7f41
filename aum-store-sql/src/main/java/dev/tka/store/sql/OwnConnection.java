package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A watch's own connection: a pool may be busy, and is slow to report that a database is gone. If
 * nothing was committed since the last read, a read costs one small query, however much there is.
 */
final class OwnConnection implements AutoCloseable {
  private final Connecting connecting;
  private final String moment;
  private final Function<SQLException, StoreException> translate;
  private @Nullable Connection connection;
  private @Nullable String seen;
  private Optional<Object> to = Optional.empty();
  private boolean closed;

  /** Opens connections. */
  @FunctionalInterface
  interface Connecting {
    Connection connect() throws SQLException;
  }

  /**
   * One that is opened when it is first used.
   *
   * @param moment a query for one value, which changes if something was committed since the same
   *     connection last asked
   */
  OwnConnection(
      Connecting connecting, String moment, Function<SQLException, StoreException> translate) {
    this.connecting = connecting;
    this.moment = moment;
    this.translate = translate;
  }

  /** Hangs up if what it is to connect to is no longer what it was. */
  synchronized void requireTo(Optional<Object> now) {
    if (!now.equals(to)) {
      hangUp();
      to = now;
    }
  }

  /**
   * Reads, unless nothing was committed since this last returned a value.
   *
   * @param always reads also if nothing was committed
   * @return empty if nothing was committed, or this is closed
   */
  synchronized <T> Optional<T> read(SqlTailnets.Work<T> work, boolean always)
      throws StoreException {
    if (closed) {
      return Optional.empty();
    }
    try {
      Connection looking = connection == null ? connecting.connect() : connection;
      connection = looking;
      // This comes first: a commit in between is seen now, and read again next time.
      String now = now(looking);
      if (!always && now.equals(seen)) {
        return Optional.empty();
      }
      T found = work.run(looking);
      seen = now;
      return Optional.of(found);
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
