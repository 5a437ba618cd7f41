package dev.tka.witness;

import dev.tka.store.internal.SocketFile;
import dev.tka.tlog.AddCheckpoint;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
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
 * Lets a witness be asked over HTTP: {@code POST /add-checkpoint} (C2SP, tlog-witness), and {@code
 * GET /livez}. It needs no token, since a request counts by the log's signature. On a port it
 * listens on loopback only; to be asked from elsewhere it needs a proxy with TLS in front. Closing
 * it leaves the witness open.
 */
public final class WitnessServer implements AutoCloseable {
  private static final int THREADS = 16;
  private static final int CONNECTIONS = 256;
  private static final int LONGEST_HEAD = 8 << 10;
  private static final int IDLE_MILLIS = 20_000;
  private static final int LEAVE_MILLIS = 10_000;

  private final Server server;
  private final AbstractConnector connector;
  private final Optional<Path> socket;

  private WitnessServer(Server server, AbstractConnector connector, Optional<Path> socket) {
    this.server = server;
    this.connector = connector;
    this.socket = socket;
  }

  /**
   * Starts to listen on a Unix socket, whose folder is made for its owner alone.
   *
   * @param lines receives a line for each request
   * @throws IOException if it cannot listen there
   */
  public static WitnessServer start(Witness witness, Path socket, Consumer<String> lines)
      throws IOException {
    SocketFile.makeRoom(socket, "witness");
    Server server = server();
    UnixDomainServerConnector connector =
        new UnixDomainServerConnector(server, -1, 1, new HttpConnectionFactory(http()));
    connector.setUnixDomainPath(socket);
    return started(server, connector, Optional.of(socket), witness, lines);
  }

  /**
   * Starts to listen on a port of loopback.
   *
   * @param port 0 for any free one
   * @param lines receives a line for each request
   * @throws IOException if it cannot listen there
   */
  public static WitnessServer start(Witness witness, int port, Consumer<String> lines)
      throws IOException {
    Server server = server();
    ServerConnector connector =
        new ServerConnector(server, -1, 1, new HttpConnectionFactory(http()));
    connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
    connector.setPort(port);
    return started(server, connector, Optional.empty(), witness, lines);
  }

  private static Server server() {
    QueuedThreadPool threads = new QueuedThreadPool(THREADS, 2);
    threads.setName("tka-witness");
    return new Server(threads);
  }

  private static HttpConfiguration http() {
    HttpConfiguration http = new HttpConfiguration();
    http.setRequestHeaderSize(LONGEST_HEAD);
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    return http;
  }

  private static WitnessServer started(
      Server server,
      AbstractConnector connector,
      Optional<Path> socket,
      Witness witness,
      Consumer<String> lines)
      throws IOException {
    connector.setIdleTimeout(IDLE_MILLIS);
    server.addConnector(connector);
    server.addBean(new NetworkConnectionLimit(CONNECTIONS, server));
    server.setHandler(new Asking(witness, lines));
    server.setErrorHandler(new Plain());
    server.setDefaultHandler(null);
    server.setStopTimeout(LEAVE_MILLIS);
    try {
      server.start();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("the witness could not start", e);
    }
    return new WitnessServer(server, connector, socket);
  }

  /** Where it listens: a URL, or {@code unix:} and a path. */
  public String address() {
    return socket.isPresent()
        ? "unix:" + socket.get()
        : "http://127.0.0.1:" + ((ServerConnector) connector).getLocalPort();
  }

  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("a server does not stop", e);
    }
  }

  private static void send(
      Response response, Callback callback, int status, String type, byte[] body) {
    response.setStatus(status);
    response.getHeaders().put("Cache-Control", "no-store");
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
    response.write(true, ByteBuffer.wrap(body), callback);
  }

  private static final String TEXT = "text/plain; charset=utf-8";

  private static void refuse(Response response, Callback callback, int status, String why) {
    send(response, callback, status, TEXT, (why + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private static final class Asking extends Handler.Abstract {
    private final Witness witness;
    private final Consumer<String> lines;

    Asking(Witness witness, Consumer<String> lines) {
      this.witness = witness;
      this.lines = lines;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      String path = Request.getPathInContext(request);
      if (path.equals("/livez")) {
        refuse(response, callback, 200, "live");
      } else if (!path.equals("/" + AddCheckpoint.PATH)) {
        refuse(response, callback, 404, "there is no such path");
      } else if (!HttpMethod.POST.is(request.getMethod())) {
        refuse(response, callback, 405, "this path takes POST");
      } else {
        answer(request, response, callback);
      }
      return true;
    }

    private void answer(Request request, Response response, Callback callback) {
      byte[] body;
      try (InputStream in = Content.Source.asInputStream(request)) {
        body = in.readNBytes(AddCheckpoint.MOST_BYTES + 1);
      } catch (IOException e) {
        refuse(response, callback, 400, "the request broke off");
        return;
      }
      if (body.length > AddCheckpoint.MOST_BYTES) {
        refuse(response, callback, 413, "the request is too large");
        return;
      }
      Witness.Answer answer;
      try {
        answer = witness.ask(body);
      } catch (IOException e) {
        lines.accept("failed: " + String.valueOf(e.getMessage()).replaceAll("\\p{Cntrl}+", " "));
        refuse(response, callback, 503, "the witness cannot read or write its files");
        return;
      } catch (RuntimeException e) {
        // Without what it says: that may quote a request.
        lines.accept("failed: " + e.getClass().getName());
        refuse(response, callback, 500, "the witness failed");
        return;
      }
      int status = 200;
      String type = TEXT;
      if (answer instanceof Witness.Answer.OtherSize other) {
        status = 409;
        type = AddCheckpoint.SIZE_TYPE;
        lines.accept("409 the last size is " + other.size());
      } else if (answer instanceof Witness.Answer.Refused refused) {
        status = refused.status();
        lines.accept(status + " " + refused.why());
      } else {
        lines.accept("200 cosigned");
      }
      send(response, callback, status, type, Witness.body(answer));
    }
  }

  /** What Jetty answers by itself. */
  private static final class Plain extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      refuse(response, callback, response.getStatus(), "this is not a valid request");
      return true;
    }
  }
}
