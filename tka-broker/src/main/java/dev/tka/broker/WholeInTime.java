package dev.tka.broker;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Closes a connection on which no whole request has come in time, head and body: each byte restarts
 * the time that Jetty lets it be silent. A connection takes one request, so there is one time for
 * each.
 */
final class WholeInTime implements Connection.Listener {
  private final AbstractConnector connector;
  private final Duration limit;
  private final Map<Connection, Scheduler.Task> closing = new ConcurrentHashMap<>();

  WholeInTime(AbstractConnector connector, Duration limit) {
    this.connector = connector;
    this.limit = limit;
  }

  @Override
  public void onOpened(Connection connection) {
    closing.put(
        connection,
        connector
            .getScheduler()
            .schedule(
                () -> connection.getEndPoint().close(), limit.toMillis(), TimeUnit.MILLISECONDS));
  }

  @Override
  public void onClosed(Connection connection) {
    Optional.ofNullable(closing.remove(connection)).ifPresent(Scheduler.Task::cancel);
  }

  /** The whole request is there. */
  void isWhole(Request request) {
    onClosed(request.getConnectionMetaData().getConnection());
  }
}
