package dev.tka.control.http;

import dev.tka.control.ControlException;
import dev.tka.core.NodeKey;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** A request and what is known of it, until it is answered: once, whoever tries. */
final class Exchange {
  private static final Pattern PRINTABLE = Pattern.compile("[!-~]*");

  private final Request request;
  private final Response response;
  private final Callback callback;
  private final Gate.Door door;
  private final TailnetLimits turns;
  private final RequestLog log;
  private final Metrics metrics;
  private final long began = System.nanoTime();
  private final AtomicBoolean answered = new AtomicBoolean();

  private Identity identity = new Identity.Anybody();
  private Optional<Route> route = Optional.empty();
  private Optional<String> tailnet = Optional.empty();
  private Optional<Long> node = Optional.empty();
  private Optional<String> rest = Optional.empty();
  private Map<String, List<String>> query = Map.of();
  private String rpc = "none";
  private String key = "";
  private volatile long waited;
  private volatile Runnable afterwards = () -> {};

  Exchange(
      Request request,
      Response response,
      Callback callback,
      Gate.Door door,
      TailnetLimits turns,
      RequestLog log,
      Metrics metrics) {
    this.request = request;
    this.response = response;
    this.callback = callback;
    this.door = door;
    this.turns = turns;
    this.log = log;
    this.metrics = metrics;
  }

  /** What was found out about it. */
  void identify(Identity who, Route.Found found, Optional<Long> number) {
    identity = who;
    route = Optional.of(found.route());
    rpc = found.route().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    if (who instanceof Identity.Node self) {
      tailnet = Optional.of(self.tailnet());
      node = Optional.of(self.node());
    } else {
      tailnet = found.tailnet();
      node = number;
    }
    rest = found.rest();
  }

  void setQuery(Map<String, List<String>> parameters) {
    query = parameters;
  }

  /** For the log: the RPC that it carries. */
  void setRpc(String path) {
    rpc = path;
  }

  /** For the log: the key that it names. */
  void setKey(NodeKey nodeKey) {
    key = nodeKey.toShortText();
  }

  /** Bytes of the body that were read. */
  void received(long bytes) {
    metrics.received(bytes);
    count(bytes);
  }

  /** Bytes of the answer that were made. */
  void sent(long bytes) {
    count(bytes);
  }

  private void count(long bytes) {
    tailnet.ifPresent(name -> turns.countBytes(name, bytes));
  }

  /** For the log: time in which it only waited for a change. */
  void waited(long nanos) {
    waited = nanos;
  }

  /** What to do once it is answered. */
  void whenAnswered(Runnable work) {
    afterwards = work;
    if (answered.get()) {
      work.run();
    }
  }

  Request request() {
    return request;
  }

  Role role() {
    return door.listener().role();
  }

  /** Where it came in. */
  Gate.Door door() {
    return door;
  }

  Identity identity() {
    return identity;
  }

  Route route() {
    return route.orElseThrow();
  }

  String tailnet() {
    return tailnet.orElseThrow();
  }

  boolean hasTailnet() {
    return tailnet.isPresent();
  }

  Optional<Long> node() {
    return node;
  }

  boolean hasRest() {
    return rest.isPresent();
  }

  String rest() {
    return rest.orElseThrow();
  }

  /** The values of a parameter, in order. */
  List<String> parameters(String name) {
    return query.getOrDefault(name, List.of());
  }

  /** The value of a parameter that may be given once. */
  Optional<String> parameter(String name) throws HttpFailure {
    List<String> values = parameters(name);
    if (values.size() > 1) {
      throw HttpFailure.malformed("expected " + name + " once, found it more than once");
    }
    return values.stream().findFirst();
  }

  /** Refuses parameters that the path does not have: they may be misspelt. */
  void requireKnownParameters(Set<String> known) throws HttpFailure {
    if (!known.containsAll(query.keySet())) {
      throw HttpFailure.malformed(
          known.isEmpty()
              ? "this path takes no parameters"
              : "this path takes no parameter but " + String.join(" and ", known));
    }
  }

  boolean isAnswered() {
    return answered.get();
  }

  /** Answers, unless it was answered. */
  void answer(Answer answer) {
    if (answered.compareAndSet(false, true)) {
      write(answer, answer.headers().getOrDefault("Tka-Error", "ok"));
    }
  }

  /** Answers with an error, unless it was answered. */
  void fail(HttpFailure failure) {
    if (answered.compareAndSet(false, true)) {
      write(Answer.of(failure), failure.code());
    }
  }

  /** Answers with an error of the core. */
  void fail(ControlException failure) {
    fail(failure(failure));
  }

  private HttpFailure failure(ControlException failure) {
    String line = String.valueOf(failure.getMessage());
    if (failure instanceof ControlException.Moved moved && moved.server().isPresent()) {
      return moved(moved.server().get(), moved, line);
    }
    Optional<Duration> after =
        failure instanceof ControlException.TooMany many
            ? Optional.of(many.retryAfter())
            : failure.status() == 503 ? Optional.of(Duration.ofSeconds(1)) : Optional.empty();
    return HttpFailure.of(failure.status(), failure.code(), line, after);
  }

  /** The same path and query, as they came, at another server. */
  private HttpFailure moved(URI server, ControlException.Moved moved, String line) {
    String base = server.toString();
    String asked = request.getHttpURI().getPathQuery();
    // A query may not have been looked at yet: whoever sends a node's token is told first.
    if (!PRINTABLE.matcher(asked).matches()) {
      return HttpFailure.malformed("the path and its query must be plain ASCII");
    }
    return HttpFailure.elsewhere(
        moved.status(),
        moved.code(),
        line,
        (base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + asked);
  }

  private void write(Answer answer, String outcome) {
    note(answer.status(), outcome);
    sent(answer.body().length);
    response.setStatus(answer.status());
    PlainErrors.putHeaders(answer, response.getHeaders());
    if (answer.body().length > 0 || answer.status() == 200) {
      response.getHeaders().put("Content-Length", answer.body().length);
    }
    response.write(true, ByteBuffer.wrap(answer.body()), callback);
  }

  /**
   * Begins an answer that is written piece by piece; nobody else answers from then on.
   *
   * @param head the answer without its body
   * @return where to write it, or empty if it was answered
   */
  Optional<Content.Sink> begin(Answer head) {
    if (!answered.compareAndSet(false, true)) {
      return Optional.empty();
    }
    response.setStatus(200);
    PlainErrors.putHeaders(
        head.headers().containsKey("Cache-Control") ? head : head.with("Cache-Control", "no-store"),
        response.getHeaders());
    return Optional.of(response);
  }

  /** Ends an answer that was begun. */
  void end(String outcome) {
    note(200, outcome);
    callback.succeeded();
  }

  /** Gives up an answer that was begun: the client sees that it is not whole. */
  void abort(Throwable why) {
    note(200, "aborted");
    callback.failed(why);
  }

  private void note(int status, String outcome) {
    afterwards.run();
    long took = System.nanoTime() - began - waited;
    metrics.served(role().toString(), rpc, outcome, took / 1e9);
    tailnet.ifPresent(name -> metrics.ofTailnet(name, outcome));
    log.write(
        new RequestLog.Line(
            role().toString(), tailnet, node, key, rpc, status, outcome, Duration.ofNanos(took)));
  }
}
