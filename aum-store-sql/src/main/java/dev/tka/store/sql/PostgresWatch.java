package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.Poll;
import dev.tka.store.RevisionPoll;
import dev.tka.store.Tailnets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * Watches a PostgreSQL database. One thread polls what is authoritative; another listens for the
 * database's notifications of commits, and makes the first one poll at once. Notifications are lost
 * with the connection, so nothing relies on them. A pooler that gives each transaction another
 * session takes the order to listen and loses what would be heard: so whoever begins to listen
 * sends itself a notification first, and has the first thread poll often if it does not come.
 *
 * <p>Each thread has its own connection: one that waits for notifications can do nothing else.
 */
final class PostgresWatch implements Tailnets.Watch {
  /** A channel to try whether notifications come. */
  private static final String PROBE = "tka_probe";

  /** The last one is the channel that the schema's trigger uses. */
  private static final List<String> LISTEN = List.of("listen " + PROBE, "listen tka");

  /** How long to wait for the notification to oneself. */
  private static final Duration HEARING = Duration.ofSeconds(1);

  /** How often to poll, and for how long, before trying again whether notifications come. */
  private static final Duration DEAF_INTERVAL = RevisionPoll.INTERVAL;

  private static final int DEAF_POLLS = 300;

  /** How long to listen before checking that the server is still there. */
  private static final Duration QUIET = Duration.ofSeconds(10);

  private static final Duration TRY_AGAIN = Duration.ofMillis(250);

  /**
   * While this result stays the same, the rows are the same. A server that took another's place may
   * count the same transactions, and lack the last ones.
   */
  private static final String MOMENT =
      "select pg_current_snapshot()::text || ' ' || pg_postmaster_start_time()::text";

  private final DataSource source;
  private final OwnConnection own;
  private final Poll<?> poll;
  private final Thread listener;
  private volatile @Nullable Connection listening;
  private volatile boolean closed;

  /**
   * Begins to watch.
   *
   * @param source gives connections that fail soon if the server does not answer
   * @param beginning begins to poll, over a connection of its own
   */
  PostgresWatch(
      DataSource source,
      Function<SQLException, StoreException> translate,
      Function<OwnConnection, Poll<?>> beginning) {
    this.source = source;
    this.own = new OwnConnection(source::getConnection, MOMENT, translate);
    this.poll = beginning.apply(own);
    this.listener = new Thread(this::run, "tka-listen");
    listener.setDaemon(true);
    listener.start();
  }

  private void run() {
    while (!closed) {
      boolean heard = true;
      try (Connection connection = source.getConnection();
          Statement statement = connection.createStatement()) {
        listening = connection;
        for (String each : LISTEN) {
          statement.execute(each);
        }
        heard = listen(connection);
      } catch (SQLException e) {
        // The next poll shows whether the database is gone, or only this connection.
        poll.hint();
        pause(TRY_AGAIN);
      }
      for (int i = 0; !heard && !closed && i < DEAF_POLLS; i++) {
        poll.hint();
        pause(DEAF_INTERVAL);
      }
    }
  }

  /** Listens until the watch is closed. False if notifications do not come. */
  private boolean listen(Connection connection) throws SQLException {
    PGConnection told = connection.unwrap(PGConnection.class);
    // Earlier notifications are lost.
    poll.hint();
    if (!hears(told)) {
      return false;
    }
    while (!closed) {
      if (told.getNotifications((int) QUIET.toMillis()).length > 0) {
        poll.hint();
      } else if (!connection.isValid((int) QUIET.toSeconds())) {
        throw new SQLException("no answer");
      }
    }
    return true;
  }

  /** Tries whether a notification from another session comes. */
  private boolean hears(PGConnection told) throws SQLException {
    try (Connection other = source.getConnection();
        Statement statement = other.createStatement()) {
      statement.execute("notify " + PROBE);
    }
    long end = System.nanoTime() + HEARING.toNanos();
    for (long left = HEARING.toMillis(); left > 0; left = (end - System.nanoTime()) / 1_000_000) {
      for (PGNotification each : told.getNotifications((int) left)) {
        if (each.getName().equals(PROBE)) {
          return true;
        }
        poll.hint();
      }
    }
    return closed;
  }

  private void pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  @Override
  public void close() {
    closed = true;
    poll.close();
    own.close();
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
