package dev.tka.control.http;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.ConnectionMetaData;

/**
 * Closes connections on which the head of a request comes byte by byte (service, section 6). Each
 * byte restarts the time that a connection may be silent, so that time alone would let a stranger
 * hold it for days.
 */
final class SlowHeads implements Connection.Listener, AutoCloseable {
  private final Duration most;
  private final ScheduledExecutorService timer;
  private final Map<Connection, Seen> connections = new ConcurrentHashMap<>();

  /** A connection of HTTP/1. */
  private static final class Seen {
    /** Requests that are being answered. */
    int active;

    /** What had come when none was; -1 until that is looked at. */
    long bytes;

    /** Since when more comes; 0 if nothing does. */
    long since;
  }

  SlowHeads(Duration most) {
    this.most = most;
    timer =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              Thread thread = new Thread(work, "tka-slow-heads");
              thread.setDaemon(true);
              return thread;
            });
  }

  void start() {
    long interval = Math.max(100, most.toMillis() / 4);
    var unused =
        timer.scheduleWithFixedDelay(this::look, interval, interval, TimeUnit.MILLISECONDS);
  }

  @Override
  public void onOpened(Connection connection) {
    // HTTP/2 sends much that is no request, and has limits of its own.
    if (connection instanceof ConnectionMetaData) {
      connections.put(connection, new Seen());
    }
  }

  @Override
  public void onClosed(Connection connection) {
    connections.remove(connection);
  }

  /** The head of a request is there. */
  void began(Connection connection) {
    connections.computeIfPresent(
        connection,
        (same, seen) -> {
          seen.active++;
          return seen;
        });
  }

  /** It was answered. */
  void ended(Connection connection) {
    connections.computeIfPresent(
        connection,
        (same, seen) -> {
          seen.active--;
          seen.bytes = -1;
          seen.since = 0;
          return seen;
        });
  }

  private void look() {
    long now = System.nanoTime();
    for (Connection each : connections.keySet()) {
      connections.computeIfPresent(
          each,
          (connection, seen) -> {
            look(connection, seen, now);
            return seen;
          });
    }
  }

  private void look(Connection connection, Seen seen, long now) {
    if (seen.active > 0) {
      return;
    }
    long bytes = connection.getBytesIn();
    if (seen.bytes < 0) {
      seen.bytes = bytes;
    } else if (bytes > seen.bytes) {
      if (seen.since == 0) {
        seen.since = now;
      } else if (now - seen.since > most.toNanos()) {
        connection.getEndPoint().close();
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
