package dev.tka.control.http;

import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One line for each request (service, section 6): words of the form {@code name=value}. It takes
 * only what is listed here, so that no secret, token or body can come into it.
 */
final class RequestLog {
  private final Consumer<String> out;
  private final Clock clock;

  RequestLog(Consumer<String> out, Clock clock) {
    this.out = out;
    this.clock = clock;
  }

  /**
   * A request that was answered.
   *
   * @param role the role of the listener, or {@code -}
   * @param tailnet its tailnet; empty if it names none
   * @param node the node's number
   * @param key the node's key, shortened
   * @param rpc the RPC, or the route
   * @param status of HTTP; 0 if the client was gone before
   * @param outcome {@code ok}, or the code of the error
   */
  record Line(
      String role,
      Optional<String> tailnet,
      Optional<Long> node,
      String key,
      String rpc,
      int status,
      String outcome,
      Duration took) {
    /** A request that the server refused before it knew what it is. */
    static Line unrouted(HttpFailure failure) {
      return new Line(
          "-",
          Optional.empty(),
          Optional.empty(),
          "",
          "-",
          failure.status(),
          failure.code(),
          Duration.ZERO);
    }
  }

  void write(Line line) {
    out.accept(
        clock.instant().truncatedTo(ChronoUnit.MILLIS)
            + " role="
            + line.role()
            + " tailnet="
            + line.tailnet().map(RequestLog::quoted).orElse("-")
            + " node="
            + line.node().map(String::valueOf).orElse("-")
            + " key="
            + (line.key().isEmpty() ? "-" : line.key())
            + " rpc="
            + line.rpc()
            + " status="
            + line.status()
            + " outcome="
            + line.outcome()
            + " ms="
            + line.took().toMillis());
  }

  /** Something other than a request that an operator should know. */
  void note(String what) {
    out.accept(clock.instant().truncatedTo(ChronoUnit.MILLIS) + " " + what);
  }

  /** A name that cannot be mistaken for another word, or move a terminal's cursor. */
  static String quoted(String name) {
    String shown =
        dev.tka.store.TailnetName.printable(name.length() > 100 ? name.substring(0, 100) : name);
    return shown.matches("[^\\s\"\\\\=]+")
        ? shown
        : '"' + shown.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
