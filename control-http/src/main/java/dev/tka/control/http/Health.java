package dev.tka.control.http;

import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Whether this server can serve (service, section 6). The database is asked every second by a
 * thread of its own: an age that grows tells of a database that answers no longer, which nothing
 * else may show (service, section 4).
 */
final class Health implements AutoCloseable {
  /** How old the last successful read may be. */
  static final Duration OLDEST_READ = Duration.ofSeconds(10);

  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final Optional<ControlRecords> records;
  private final AtomicLong lastRead = new AtomicLong(System.nanoTime());
  private final Thread asking;
  private volatile boolean everRead;
  private volatile boolean draining;
  private volatile boolean closed;

  Health(Tailnets place) {
    records = place.records();
    asking = new Thread(this::ask, "tka-health");
    asking.setDaemon(true);
    asking.start();
  }

  private void ask() {
    while (!closed) {
      try {
        if (records.isPresent()) {
          records.get().position();
        }
        everRead = true;
        lastRead.set(System.nanoTime());
      } catch (StoreException | RuntimeException e) {
        // The age says it.
      }
      try {
        Thread.sleep(INTERVAL.toMillis());
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** How long ago the database was last read with success. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - lastRead.get());
  }

  void drain() {
    draining = true;
  }

  boolean isDraining() {
    return draining;
  }

  /**
   * The answer to a probe.
   *
   * @param verbose whether each check is named
   */
  Answer answer(boolean verbose) {
    Duration age = age();
    boolean read = everRead && age.compareTo(OLDEST_READ) <= 0;
    boolean ready = read && !draining;
    String text =
        verbose
            ? line("database", read, "last read " + age.toMillis() + " ms ago")
                + line("draining", !draining, draining ? "this server stops" : "no")
                + (ready ? "ready\n" : "not ready\n")
            : ready ? "ready\n" : "not ready\n";
    if (ready) {
      return Answer.text(text);
    }
    return new Answer(
        503,
        Answer.TEXT,
        text.getBytes(StandardCharsets.UTF_8),
        Map.of("Tka-Error", "unavailable", "Retry-After", "1"));
  }

  private static String line(String check, boolean good, String detail) {
    return (good ? "[+] " : "[-] ") + check + ": " + detail + "\n";
  }

  @Override
  public void close() {
    closed = true;
    asking.interrupt();
  }
}
