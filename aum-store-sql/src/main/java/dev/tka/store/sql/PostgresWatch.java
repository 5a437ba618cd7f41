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
 * Watches a PostgreSQL database. One thread looks at the revisions, which is the truth; another
 * listens for what the database tells of commits, and makes the first one look at once. What is
 * told goes lost with the connection, so that nothing depends on it.
 *
 * <p>Each has a connection of its own: one that waits for what it is told can do nothing else.
 */
final class PostgresWatch implements Tailnets.Watch {
  /** The channel that the trigger in the schema names. */
  private static final String LISTEN = "listen tka";

  /** How long to listen before asking whether the other end is still there. */
  private static final Duration QUIET = Duration.ofSeconds(10);

  private static final Duration TRY_AGAIN = Duration.ofMillis(250);

  /** Two looks that give the same show the same rows. */
  private static final String MOMENT = "select pg_current_snapshot()::text";

  private final DataSource source;
  private final Lookout lookout;
  private final RevisionPoll poll;
  private final Thread listener;
  private volatile @Nullable Connection listening;
  private volatile boolean closed;

  /**
   * Begins to watch.
   *
   * @param source gives connections that fail soon when the other end is silent
   * @param interval how long to wait for what is told before looking anyway
   */
  PostgresWatch(
      DataSource source,
      Function<SQLException, StoreException> translate,
      Duration interval,
      Tailnets.Watcher watcher) {
    this.source = source;
    this.lookout = new Lookout(source::getConnection, MOMENT, translate);
    this.poll = RevisionPoll.begin(lookout, interval, watcher);
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
        // The look that follows tells whether the database is gone, or only this connection.
        poll.hint();
        pause();
      }
    }
  }

  private void listen(Connection connection) throws SQLException {
    PGConnection told = connection.unwrap(PGConnection.class);
    // What was told before is lost.
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
    lookout.close();
    listener.interrupt();
    Connection last = listening;
    if (last != null) {
      try {
        // Closing waits for who listens.
        last.abort(Runnable::run);
      } catch (SQLException e) {
        // Then it ends when it next asks for an answer.
      }
    }
  }
}
