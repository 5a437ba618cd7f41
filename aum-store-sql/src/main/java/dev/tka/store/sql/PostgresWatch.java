package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.RevisionPoll;
import dev.tka.store.Tailnets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Watches a PostgreSQL database. One thread polls the revisions, which are authoritative; another
 * listens for the database's notifications of commits, and makes the first one poll at once.
 * Notifications are lost with the connection, so nothing relies on them.
 *
 * <p>Each thread has its own connection: one that waits for notifications can do nothing else.
 */
final class PostgresWatch implements Tailnets.Watch {
  /** Listens on the channel that the schema's trigger uses. */
  private static final String LISTEN = "listen tka";

  /** How long to listen before checking that the server is still there. */
  private static final Duration QUIET = Duration.ofSeconds(10);

  private static final Duration TRY_AGAIN = Duration.ofMillis(250);

  /** While this result stays the same, the rows are the same. */
  private static final String MOMENT = "select pg_current_snapshot()::text";

  private final DataSource source;
  private final RevisionReader reader;
  private final RevisionPoll poll;
  private final Thread listener;
  private volatile @Nullable Connection listening;
  private volatile boolean closed;

  /**
   * Begins to watch.
   *
   * @param source gives connections that fail soon if the server does not answer
   * @param interval how long to wait for a notification before polling anyway
   */
  PostgresWatch(
      DataSource source,
      Function<SQLException, StoreException> translate,
      Duration interval,
      Tailnets.Watcher watcher) {
    this.source = source;
    this.reader = new RevisionReader(source::getConnection, MOMENT, translate);
    this.poll = RevisionPoll.begin(reader, interval, watcher);
    this.listener = new Thread(this::run, "tka-listen");
    listener.setDaemon(true);
    listener.start();
  }

  private void run() {
    while (!closed) {
      try (Connection connection = source.getConnection();
          Statement statement = connection.createStatement()) {
        listening = connection;
        statement.execute(LISTEN);
        listen(connection);
      } catch (SQLException e) {
        // The next poll shows whether the database is gone, or only this connection.
        poll.hint();
        pause();
      }
    }
  }

  private void listen(Connection connection) throws SQLException {
    PGConnection told = connection.unwrap(PGConnection.class);
    // Earlier notifications are lost.
    poll.hint();
    while (!closed) {
      if (told.getNotifications((int) QUIET.toMillis()).length > 0) {
        poll.hint();
      } else if (!connection.isValid((int) QUIET.toSeconds())) {
        throw new SQLException("no answer");
      }
    }
  }

  private void pause() {
    try {
      Thread.sleep(TRY_AGAIN.toMillis());
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  @Override
  public void close() {
    closed = true;
    poll.close();
    reader.close();
    listener.interrupt();
    Connection last = listening;
    if (last != null) {
      try {
        // Closing would wait for the listener.
        last.abort(Runnable::run);
      } catch (SQLException e) {
        // Then it ends at its next check of the connection.
      }
    }
  }
}
