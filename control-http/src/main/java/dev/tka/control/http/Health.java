package dev.tka.control.http;

import dev.tka.control.ControlService;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/**
 * Whether this server can serve (service, section 6). What tells is the watch of the database,
 * which reads it every second at least: an age that grows tells of one that has silently died,
 * which nothing else may show (service, section 4).
 */
final class Health {
  /** How old the last successful read may be. */
  static final Duration OLDEST_READ = Duration.ofSeconds(10);

  private final ControlService service;
  private final long began = System.nanoTime();
  private volatile boolean draining;

  Health(ControlService service) {
    this.service = service;
  }

  /** How long ago the database was last read with success; since the start if it never was. */
  Duration age() {
    return service.age().orElseGet(() -> Duration.ofNanos(System.nanoTime() - began));
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
    boolean read = service.age().isPresent() && age.compareTo(OLDEST_READ) <= 0;
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
}
