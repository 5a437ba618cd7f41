package dev.tka.control.http;

import dev.tka.control.ControlException;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Takes a request through what it must pass before it is served: its host, its path, who sends it,
 * its parameters, its rate, its body, its turn (service, sections 5, 6 and 10).
 */
final class Gate extends Handler.Abstract {
  /** What the gate knows of a listener. */
  record Door(dev.tka.control.http.Listener listener, Optional<HostNames> names, Trust trust) {}

  /** The form to sign in, in bytes. */
  private static final int LARGEST_FORM = 4 << 10;

  private final Map<Connector, Door> doors;
  private final Surface surface;
  private final TailnetLimits turns;
  private final Bodies bodies;
  private final ServerSettings.Limits limits;
  private final Health health;
  private final RequestLog log;
  private final Metrics metrics;
  private final SlowHeads slowHeads;
  private final AtomicLong inFlight = new AtomicLong();

  Gate(
      Map<Connector, Door> doors,
      Surface surface,
      TailnetLimits turns,
      Bodies bodies,
      ServerSettings.Limits limits,
      Health health,
      RequestLog log,
      Metrics metrics,
      SlowHeads slowHeads) {
    this.doors = doors;
    this.surface = surface;
    this.turns = turns;
    this.bodies = bodies;
    this.limits = limits;
    this.health = health;
    this.log = log;
    this.metrics = metrics;
    this.slowHeads = slowHeads;
  }

  /** Requests that are not answered yet. */
  long inFlight() {
    return inFlight.get();
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Door door = doors.get(request.getConnectionMetaData().getConnector());
    if (door == null) {
      throw new IllegalStateException("a connector without a listener");
    }
    inFlight.incrementAndGet();
    Connection connection = request.getConnectionMetaData().getConnection();
    slowHeads.began(connection);
    Callback counted =
        Callback.from(
            () -> {
              inFlight.decrementAndGet();
              slowHeads.ended(connection);
            },
            callback);
    Exchange exchange = new Exchange(request, response, counted, door, turns, log, metrics);
    guarded(exchange, () -> enter(exchange, door));
    return true;
  }

  /** Work of a request that may fail. */
  private interface Step {
    void run() throws HttpFailure, ControlException, IOException;
  }

  /** Whatever goes wrong, the request is answered, with nothing of the cause in it. */
  private void guarded(Exchange exchange, Step step) {
    try {
      step.run();
    } catch (HttpFailure e) {
      exchange.fail(e);
    } catch (ControlException e) {
      exchange.fail(e);
    } catch (IOException e) {
      exchange.fail(HttpFailure.malformed("the request broke off"));
    } catch (RuntimeException | Error e) {
      // Where it happened, without what it says: that may quote a request.
      log.note("failed: " + e.getClass().getName() + " at " + where(e));
      exchange.fail(PlainErrors.failure(500));
      if (e instanceof VirtualMachineError) {
        throw e;
      }
    }
  }

  private static String where(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Math.min(8, trace.length); i++) {
      text.append(i == 0 ? "" : " < ").append(trace[i].getClassName()).append('.');
      text.append(trace[i].getMethodName()).append(':').append(trace[i].getLineNumber());
    }
    return text.toString();
  }

  private void enter(Exchange exchange, Door door) throws HttpFailure, ControlException {
    Request request = exchange.request();
    HttpURI uri = request.getHttpURI();
    requireHost(uri, door);
    if (uri.getPath() == null) {
      throw HttpFailure.malformed("the path must begin with a slash");
    }
    Route.Found found =
        Route.find(door.listener().role(), request.getMethod(), RawUrl.segments(uri.getPath()));
    Identity identity =
        found.route().needsIdentity() ? door.trust().identify(request) : new Identity.Anybody();
    Optional<Long> node = Optional.empty();
    if (found.node().isPresent()) {
      node = Optional.of(Numbers.node(found.node().get()));
    }
    if (found.tailnet().isPresent() && !Tailnets.isName(found.tailnet().get())) {
      throw HttpFailure.malformed("the path's tailnet is not a name that a tailnet can have");
    }
    exchange.identify(identity, found, node);
    exchange.setQuery(RawUrl.query(uri.getQuery() == null ? "" : uri.getQuery()));
    exchange.requireKnownParameters(found.route().parameters());
    if (identity instanceof Identity.Operator operator
        && !operator.full()
        && found.route().changes()) {
      throw HttpFailure.forbidden("this token may read only");
    }
    if (health.isDraining() && found.route().needsIdentity()) {
      throw HttpFailure.unavailable(
          "this server stops: try again, another may answer", java.time.Duration.ofSeconds(1));
    }
    if (found.route() == Route.SIGN_IN || found.route() == Route.SIGN_OUT) {
      requireOwnPage(request, uri);
    }
    if (exchange.hasTailnet()) {
      turns.count(exchange.tailnet());
    }
    if (found.route() == Route.PUT_NODES || !found.route().hasBody()) {
      waitForTurn(exchange, new byte[0]);
      return;
    }
    bodies.read(
        request,
        largest(exchange),
        new Bodies.Sink() {
          @Override
          public void body(byte[] body) {
            exchange.received(body.length);
            waitForTurn(exchange, body);
          }

          @Override
          public void refused(HttpFailure why) {
            exchange.fail(why);
          }
        });
  }

  /**
   * Only this server's own page signs in and out: a browser says of each such request where it
   * comes from.
   */
  private static void requireOwnPage(Request request, HttpURI uri) throws HttpFailure {
    String origin = request.getHeaders().get("Origin");
    if (origin == null || !origin.replaceFirst("^https?://", "").equals(uri.getAuthority())) {
      throw HttpFailure.forbidden("signing in and out is for this server's own page");
    }
  }

  private void requireHost(HttpURI uri, Door door) throws HttpFailure {
    if (door.names().isEmpty()) {
      return;
    }
    String authority = uri.getAuthority();
    if (authority == null || !door.names().get().allow(authority)) {
      throw new HttpFailure(
          421, "forbidden", "this server does not serve this host: the setting names lists them");
    }
  }

  /** An init brings one signature for each node. */
  private int largest(Exchange exchange) {
    if (exchange.route() == Route.SIGN_IN) {
      return LARGEST_FORM;
    }
    return exchange.route() != Route.LOGIN
            && exchange.hasRest()
            && exchange.rest().equals("init/finish")
        ? limits.largestList()
        : limits.largestBody();
  }

  private void waitForTurn(Exchange exchange, byte[] body) {
    if (!exchange.hasTailnet()) {
      try {
        guarded(exchange, () -> surfaceServe(exchange, body));
      } finally {
        bodies.release(body);
      }
      return;
    }
    turns.run(
        exchange.tailnet(),
        exchange.node().orElse(0L),
        new TailnetLimits.Work() {
          @Override
          public void run() {
            try {
              guarded(exchange, () -> surfaceServe(exchange, body));
            } finally {
              bodies.release(body);
            }
          }

          @Override
          public void refused(HttpFailure why) {
            bodies.release(body);
            exchange.fail(why);
          }
        });
  }

  private void surfaceServe(Exchange exchange, byte[] body) throws HttpFailure, ControlException {
    try {
      surface.serve(exchange, body);
    } catch (Bodies.Refused e) {
      throw e.failure();
    } catch (IOException e) {
      throw HttpFailure.malformed("the request or its connection broke off");
    }
  }
}
