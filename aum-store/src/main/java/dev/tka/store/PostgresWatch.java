package dev.tka.store;

import dev.tka.core.Revision;
import dev.tka.core.StoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Watches a PostgreSQL database. One thread looks at the revisions, which is the truth; another
 * listens for what the database tells of commits, and makes the first one look at once. What is
 * told goes lost with the connection, so that nothing depends on it.
 *
 * <p>Each has a connection of its own: one that waits for what it is told can do nothing else, and
 * the pool waits before it says that the database is gone.
 */
final class PostgresWatch implements Tailnets.Watch {
  /** The channel that the trigger in the schema names. */
  private static final String LISTEN = "listen tka";

  /** How long to listen before asking whether the other end is still there. */
  private static final Duration QUIET = Duration.ofSeconds(10);

  private static final Duration TRY_AGAIN = Duration.ofMillis(250);

  private final DataSource source;
  private final Function<SQLException, StoreException> translate;
  private final RevisionPoll poll;
  private final Thread listener;
  private @Nullable Connection looking;
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
    this.translate = translate;
    this.poll = RevisionPoll.begin(this::revisions, interval, watcher);
    this.listener = new Thread(this::run, "tka-listen");
    listener.setDaemon(true);
    listener.start();
  }

  private synchronized Map<String, Revision> revisions() throws StoreException {
    if (closed) {
      return Map.of();
    }
    try {
      if (looking == null) {
        looking = source.getConnection();
      }
      return SqlTailnets.revisions(looking);
    } catch (SQLException e) {
      hangUp();
      throw translate.apply(e);
    }
  }

  private synchronized void hangUp() {
    Connection last = looking;
    looking = null;
    if (last != null) {
      try {
        last.close();
      } catch (SQLException e) {
        // It is not used any more.
      }
    }
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
    hangUp();
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
