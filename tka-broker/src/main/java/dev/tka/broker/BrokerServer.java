package dev.tka.broker;

import dev.tka.store.TailnetName;
import dev.tka.store.internal.SocketFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Lets a broker be asked over HTTP: {@code POST /v1/sign} with a {@link SigningRequest} in JSON,
 * and {@code GET /livez}. An answer is JSON; an error is one sentence, with a stable code in the
 * header {@code Tka-Error}. Closing it leaves the log open.
 */
public final class BrokerServer implements AutoCloseable {
  /** Of Jetty itself, and of what needs no rule's turn. */
  private static final int SPARE = 64;

  private static final int LARGEST_BODY = 64 << 10;
  private static final int LONGEST_HEAD = 8 << 10;

  /**
   * How long it lets a client be.
   *
   * @param idle for taking the answer; while a request is decided, a connection may be idle
   * @param whole for sending the whole request, from the opening of the connection on
   */
  record Times(Duration idle, Duration whole) {
    static final Times USUAL = new Times(Duration.ofSeconds(30), Duration.ofSeconds(20));
  }

  /** For requests in flight, when it is closed. */
  private static final Duration LEAVE = Duration.ofSeconds(60);

  private static final String SIGN = "/v1/sign";
  private static final String LIVE = "/livez";

  private final Server server;
  private final AbstractConnector connector;
  private final Where where;
  private final InFlight inFlight;

  /** Where it listens. */
  public sealed interface Where {
    /**
     * A Unix socket: whoever may open its folder may ask.
     *
     * @param socket its path; the folder is made for its owner alone, and is refused if others can
     *     enter it
     */
    record Unix(Path socket) implements Where {
      @Override
      public String toString() {
        return "unix:" + socket;
      }
    }

    /**
     * A port of loopback; to be asked from elsewhere it needs a proxy with TLS in front.
     *
     * @param port 0 for any free one
     * @param tokenFile whose one or two lines are bearer tokens, for its owner alone; it is read
     *     anew for each request
     */
    record Loopback(int port, Path tokenFile) implements Where {
      @Override
      public String toString() {
        return "127.0.0.1:" + port;
      }
    }
  }

  private BrokerServer(Server server, AbstractConnector connector, Where where, InFlight inFlight) {
    this.server = server;
    this.connector = connector;
    this.where = where;
    this.inFlight = inFlight;
  }

  /**
   * Starts to listen.
   *
   * @param delivery takes each signature before it is given, and says what became of it
   * @param lines receives a line for each request
   * @throws IOException if it cannot listen there
   */
  public static BrokerServer start(
      Broker broker, Where where, Delivery delivery, Consumer<String> lines) throws IOException {
    return start(broker, where, delivery, lines, Times.USUAL);
  }

  /** The same, with other times. */
  static BrokerServer start(
      Broker broker, Where where, Delivery delivery, Consumer<String> lines, Times times)
      throws IOException {
    // One request a connection, and a thread for each: those that wait hold nobody else up.
    int connections = broker.places() + SPARE;
    QueuedThreadPool threads = new QueuedThreadPool(connections + SPARE, 2);
    threads.setReservedThreads(0);
    threads.setName("tka-broker");
    Server server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setRequestHeaderSize(LONGEST_HEAD);
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    // Whoever reuses one that is just being closed would not know whether it was asked.
    http.setPersistentConnectionsEnabled(false);
    AbstractConnector connector;
    if (where instanceof Where.Unix unix) {
      SocketFile.makeRoom(unix.socket(), "broker");
      UnixDomainServerConnector socket =
          new UnixDomainServerConnector(server, -1, 1, new HttpConnectionFactory(http));
      socket.setUnixDomainPath(unix.socket());
      connector = socket;
    } else {
      List<String> unused = TokenFile.read(((Where.Loopback) where).tokenFile());
      ServerConnector port = new ServerConnector(server, -1, 1, new HttpConnectionFactory(http));
      port.setHost(InetAddress.getLoopbackAddress().getHostAddress());
      port.setPort(((Where.Loopback) where).port());
      connector = port;
    }
    connector.setIdleTimeout(times.idle().toMillis());
    WholeInTime inTime = new WholeInTime(connector, times.whole());
    connector.addBean(inTime);
    server.addConnector(connector);
    server.addBean(new NetworkConnectionLimit(connections, server));
    InFlight inFlight = new InFlight();
    server.setHandler(new Asking(broker, where, delivery, lines, inFlight, inTime));
    server.setErrorHandler(new Plain());
    server.setDefaultHandler(null);
    server.setStopTimeout(0);
    try {
      server.start();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("the broker could not start", e);
    }
    return new BrokerServer(server, connector, where, inFlight);
  }

  /** Where a signature goes before it is given to whoever asked. */
  @FunctionalInterface
  public interface Delivery {
    /**
     * Brings a signature to control.
     *
     * @return why it is not there, as a sentence; empty if it is, or nobody is to bring it
     */
    Optional<String> bring(SigningRequest request, Broker.Answer.Signed signed);
  }

  /** Where it listens, with the port that it got. */
  public String address() {
    return connector instanceof ServerConnector port
        ? "127.0.0.1:" + port.getLocalPort()
        : where.toString();
  }

  /** Lets the requests in flight be answered first, for a minute at most, and no others. */
  @Override
  public void close() {
    inFlight.end();
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("a server does not stop", e);
    }
  }

  /** Requests that are being answered. */
  private static final class InFlight {
    private final Phaser requests = new Phaser(1);
    private volatile boolean ends;

    /** Whether one may still begin. */
    boolean begin() {
      return !ends && requests.register() >= 0;
    }

    void done() {
      requests.arriveAndDeregister();
    }

    /** Lets no other begin, and waits for those that have. */
    void end() {
      ends = true;
      try {
        requests.awaitAdvanceInterruptibly(
            requests.arriveAndDeregister(), LEAVE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (TimeoutException e) {
        // What is signed after all is in the log, and is given to whoever asks again.
        requests.forceTermination();
      }
    }
  }

  /** What is answered. */
  @SuppressWarnings("ArrayRecordComponent") // Made once and written once.
  private record Reply(int status, String code, byte[] body, Optional<Duration> retryAfter) {
    static Reply error(int status, String code, String sentence) {
      String line = sentence.replaceAll("\\p{Cntrl}+", " ") + "\n";
      return new Reply(status, code, line.getBytes(StandardCharsets.UTF_8), Optional.empty());
    }

    void send(Response response, Callback callback) {
      response.setStatus(status);
      response.getHeaders().put("Cache-Control", "no-store");
      response.getHeaders().put("X-Content-Type-Options", "nosniff");
      if (code.isEmpty()) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
      } else {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
        response.getHeaders().put("Tka-Error", code);
      }
      retryAfter.ifPresent(
          wait ->
              response
                  .getHeaders()
                  .put(HttpHeader.RETRY_AFTER, String.valueOf(Math.max(1, wait.toSeconds()))));
      response.write(true, ByteBuffer.wrap(body), callback);
    }
  }

  /** Answers requests. */
  private static final class Asking extends Handler.Abstract {
    private final Broker broker;
    private final Where where;
    private final Delivery delivery;
    private final Consumer<String> lines;
    private final InFlight inFlight;
    private final WholeInTime inTime;

    Asking(
        Broker broker,
        Where where,
        Delivery delivery,
        Consumer<String> lines,
        InFlight inFlight,
        WholeInTime inTime) {
      this.inFlight = inFlight;
      this.inTime = inTime;
      this.broker = broker;
      this.where = where;
      this.delivery = delivery;
      // Whatever a request said, it is one line.
      this.lines = line -> lines.accept(TailnetName.printable(line));
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      if (!inFlight.begin()) {
        Reply.error(503, Reason.BUSY.code(), "the broker ends: ask again").send(response, callback);
        return true;
      }
      Callback whole = Callback.from(callback, inFlight::done);
      Reply reply;
      try {
        reply = reply(request);
      } catch (LogException e) {
        lines.accept("log: " + e.getMessage());
        reply =
            Reply.error(
                503,
                Reason.LOG.code(),
                "the broker's log was changed: nothing is signed any longer");
      } catch (IOException e) {
        lines.accept("failed: " + e.getMessage());
        reply =
            Reply.error(503, "unavailable", "the broker cannot write its log: nothing is signed");
      } catch (RuntimeException e) {
        // Without what it says: that may quote a request.
        lines.accept("failed: " + e.getClass().getName());
        reply = Reply.error(500, "unavailable", "the broker failed; its own lines say where");
      }
      reply.send(response, whole);
      return true;
    }

    private Reply reply(Request request) throws LogException, IOException {
      String path = Request.getPathInContext(request);
      if (path.equals(LIVE)) {
        return new Reply(
            200, "", "{\"live\":true}".getBytes(StandardCharsets.UTF_8), Optional.empty());
      }
      if (!path.equals(SIGN)) {
        return Reply.error(404, "not-found", "there is no such path");
      }
      if (!HttpMethod.POST.is(request.getMethod())) {
        return Reply.error(405, "bad-method", "this path takes POST");
      }
      boolean isKnown;
      try {
        isKnown = !(where instanceof Where.Loopback port) || isKnown(request, port.tokenFile());
      } catch (IOException e) {
        lines.accept("failed: " + e.getMessage());
        return Reply.error(503, "unavailable", "the broker cannot read its token file");
      }
      if (!isKnown) {
        return Reply.error(401, "unauthorized", "expected the broker's bearer token, found none");
      }
      byte[] body;
      try (InputStream in = Content.Source.asInputStream(request)) {
        body = in.readNBytes(LARGEST_BODY + 1);
      } catch (IOException e) {
        return Reply.error(400, "malformed", "the request broke off");
      }
      inTime.isWhole(request);
      if (body.length > LARGEST_BODY) {
        return Reply.error(413, "too-large", "the request is too large");
      }
      SigningRequest asked;
      try {
        asked = SigningRequest.parse(body);
      } catch (BadInputException e) {
        return Reply.error(400, "malformed", e.getMessage());
      }
      return answer(asked, broker.ask(asked));
    }

    private static boolean isKnown(Request request, Path tokenFile) throws IOException {
      String given = String.valueOf(request.getHeaders().get(HttpHeader.AUTHORIZATION));
      return given.startsWith("Bearer ")
          && TokenFile.holds(tokenFile, given.substring("Bearer ".length()));
    }

    private Reply answer(SigningRequest asked, Broker.Answer answer) {
      Map<String, Object> out = new LinkedHashMap<>();
      if (answer instanceof Broker.Answer.Later later) {
        return new Reply(
            429,
            "refusals",
            Reply.error(0, "", "too many requests were refused: ask again later").body(),
            Optional.of(later.retryAfter()));
      }
      if (answer instanceof Broker.Answer.Refused refused) {
        Decision.Refuse why = refused.why();
        lines.accept(
            "refused "
                + asked
                + ": "
                + why.reason().code()
                + why.detail().map(text -> " (" + text + ")").orElse("")
                + ", line "
                + answer.line());
        return new Reply(
            status(why.reason()),
            why.reason().code(),
            Reply.error(0, "", why.sentence()).body(),
            why.retryAfter());
      }
      String did;
      if (answer instanceof Broker.Answer.Signed signed) {
        did = "signed";
        out.put("rule", signed.rule());
        out.put("nodeKeySignature", base64(signed.signature().toByteArray()));
        Optional<String> problem = delivery.bring(asked, signed);
        if (problem.isPresent()) {
          lines.accept("not brought to control: " + asked + ": " + problem.get());
          out.put("notBrought", problem.get());
        }
      } else if (answer instanceof Broker.Answer.Agreed agreed) {
        did = "agreed to";
        out.put("rule", agreed.rule());
        out.put("agreement", base64(agreed.signature().toByteArray()));
      } else {
        did = "would sign";
        out.put("rule", ((Broker.Answer.WouldSign) answer).rule());
        out.put("rehearsal", "nothing was signed");
      }
      out.put("line", answer.line());
      lines.accept(did + " " + asked + ", line " + answer.line());
      return new Reply(200, "", JsonLine.of(out), Optional.empty());
    }

    private static int status(Reason reason) {
      return switch (reason) {
        case RATE -> 429;
        case LOG, SECOND, SIGNER, BUSY -> 503;
        default -> 403;
      };
    }

    private static String base64(byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
  }

  /** What Jetty answers by itself. */
  private static final class Plain extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      int status = response.getStatus();
      Reply.error(status, "malformed", "this is not a valid request").send(response, callback);
      return true;
    }
  }
}
