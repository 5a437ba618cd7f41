package dev.tka.control.http;

import dev.tka.control.ControlService;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http2.server.AbstractHTTP2ServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Serves a {@link ControlService} over HTTP/1.1 and HTTP/2, on TCP and Unix sockets (service,
 * section 10). Closing it stops listening and leaves the service open.
 */
public final class ControlServer implements AutoCloseable {
  /** Threads for requests; those that wait for a change hold none. */
  private static final int THREADS = 64;

  /** The longest head of a request, in bytes. */
  private static final int LONGEST_HEAD = 8 << 10;

  /** Streams of one HTTP/2 connection at one time: a forwarder may bundle many nodes' waits. */
  private static final int STREAMS = 1_000;

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private final ArrayByteBufferPool buffers;
  private final Server server;
  private final Map<Role, AbstractConnector> connectors = new EnumMap<>(Role.class);
  private final Map<Role, Listener> listeners = new EnumMap<>(Role.class);
  private final Gate gate;
  private final Health health;
  private final ControlService service;
  private final SlowHeads slowHeads;

  /**
   * What a server serves.
   *
   * @param service decides; its place is {@code place}
   * @param place the store behind the service, for exports, logs and health
   * @param log receives a line for each request, without its end
   * @param mostNodes how many nodes a tailnet may have
   */
  public record Parts(
      ControlService service, Tailnets place, Consumer<String> log, int mostNodes) {}

  /**
   * Starts a server.
   *
   * @throws IllegalArgumentException if the settings have {@link ServerSettings#problems}
   * @throws IOException if a listener cannot be opened or a file cannot be read; the message says
   *     which, and what to do
   */
  public static ControlServer start(Parts parts, ServerSettings settings) throws IOException {
    List<String> problems = settings.problems();
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
    ControlServer server = new ControlServer(parts, settings);
    try {
      server.listen();
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private ControlServer(Parts parts, ServerSettings settings) throws IOException {
    ServerSettings.Limits limits = settings.limits();
    RequestLog log = new RequestLog(parts.log(), Clock.systemUTC());
    Metrics metrics = new Metrics(settings.metricsTailnets());
    QueuedThreadPool threads = new QueuedThreadPool(THREADS, 4, 60_000);
    threads.setName("tka-http");
    threads.setReservedThreads(0);
    // Sizes in steps of 512 bytes: in Jetty's own, of 4 KiB, each connection would hold one.
    buffers = new ArrayByteBufferPool(0, 512, 64 << 10);
    server = new Server(threads, null, buffers);
    service = parts.service();
    health = new Health(service);
    TailnetLimits turns = new TailnetLimits(limits, threads, System::nanoTime);
    Bodies bodies = new Bodies(limits, Runtime.getRuntime().maxMemory() / 4);
    Surface surface =
        new Surface(
            parts.service(),
            parts.place(),
            threads,
            health,
            metrics,
            log,
            bodies,
            limits,
            parts.mostNodes());
    Map<Connector, Gate.Door> doors = new HashMap<>();
    slowHeads = new SlowHeads(limits.head());
    gate = new Gate(doors, surface, turns, bodies, limits, health, log, metrics, slowHeads);
    for (Listener each : settings.listeners()) {
      AbstractConnector connector = connector(each, settings);
      connector.setIdleTimeout(limits.idle().toMillis());
      connector.setShutdownIdleTimeout(1_000);
      connector.addBean(slowHeads);
      server.addConnector(connector);
      connectors.put(each.role(), connector);
      listeners.put(each.role(), each);
      // A browser may come to an operator's socket, through a tunnel.
      Optional<HostNames> names =
          each.address() instanceof Listener.Address.Tcp tcp
              ? Optional.of(new HostNames(settings.names(), tcp.host()))
              : each.role() == Role.OPERATOR
                  ? Optional.of(new HostNames(settings.names(), "localhost"))
                  : Optional.empty();
      doors.put(
          connector,
          new Gate.Door(each, names, new Trust(each, parts.service(), Clock.systemUTC())));
    }
    NetworkConnectionLimit connections = new NetworkConnectionLimit(limits.connections(), server);
    server.addBean(connections);
    server.setHandler(gate);
    server.setErrorHandler(new PlainErrors(log, metrics));
    server.setDefaultHandler(null);
    server.setStopTimeout(0);
    metrics.gauge("tka_connections", "Open connections.", connections::getNetworkConnectionCount);
    metrics.gauge("tka_requests_in_flight", "Requests that are not answered yet.", gate::inFlight);
    metrics.gauge("tka_requests_running", "Requests that are worked on.", turns::running);
    metrics.gauge(
        "tka_requests_waiting", "Requests that wait for their tailnet's turn.", turns::waiting);
    metrics.gauge("tka_announcement_waits", "Clients that wait for a change.", service::waiting);
    metrics.gauge("tka_watches", "Watch streams that are open.", service::watching);
    metrics.gauge(
        "tka_request_body_held_bytes", "Memory taken up by bodies of requests.", bodies::held);
    metrics.gauge(
        "tka_database_last_read_age_seconds",
        "How long ago the database was last read with success.",
        () -> health.age().toMillis() / 1000.0);
    metrics.gauges(
        "tka_witness_last_cosigned_age_seconds",
        "How long ago a witness cosigned last; since it was first asked if it never did.",
        "witness",
        () -> {
          Map<String, Double> ages = new HashMap<>();
          service
              .witnessSilences()
              .forEach((name, silence) -> ages.put(name, silence.toMillis() / 1000.0));
          return ages;
        });
    metrics.gauge("tka_threads_busy", "Threads that serve requests now.", threads::getBusyThreads);
    metrics.gauge("tka_threads_limit", "The most threads that serve requests.", () -> THREADS);
  }

  private AbstractConnector connector(Listener listener, ServerSettings settings)
      throws IOException {
    HttpConfiguration http = configuration();
    if (listener.address() instanceof Listener.Address.Unix unix) {
      UnixDomainServerConnector connector =
          new UnixDomainServerConnector(
              server,
              -1,
              1,
              new HttpConnectionFactory(http),
              http2(
                  new HTTP2CServerConnectionFactory(new HttpConfiguration(http)),
                  settings.limits()));
      connector.setUnixDomainPath(unix.path());
      return connector;
    }
    Listener.Address.Tcp tcp = (Listener.Address.Tcp) listener.address();
    List<ConnectionFactory> protocols = new ArrayList<>();
    if (settings.certificate().isPresent() && settings.key().isPresent()) {
      http.addCustomizer(new SecureRequestCustomizer(false));
      ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
      alpn.setDefaultProtocol("http/1.1");
      protocols.add(
          new SslConnectionFactory(
              tls(listener, settings.certificate().get(), settings.key().get()),
              alpn.getProtocol()));
      protocols.add(alpn);
      protocols.add(
          http2(new HTTP2ServerConnectionFactory(new HttpConfiguration(http)), settings.limits()));
      protocols.add(new HttpConnectionFactory(http));
    } else {
      protocols.add(new HttpConnectionFactory(http));
      protocols.add(
          http2(new HTTP2CServerConnectionFactory(new HttpConfiguration(http)), settings.limits()));
    }
    ServerConnector connector =
        new ServerConnector(server, -1, 1, protocols.toArray(ConnectionFactory[]::new));
    connector.setHost(tcp.host());
    connector.setPort(tcp.port());
    connector.setAcceptQueueSize(1_024);
    return connector;
  }

  /**
   * Small buffers and no cache of headers: with Jetty's own settings an idle connection that was
   * used once keeps some 100 KiB, with these some 2. A node that waits keeps its buffer, too; most
   * requests fit into it.
   */
  private static HttpConfiguration configuration() {
    HttpConfiguration http = new HttpConfiguration();
    http.setHeaderCacheSize(0);
    http.setInputBufferSize(1_536);
    http.setMinInputBufferSpace(512);
    http.setOutputBufferSize(8 << 10);
    http.setOutputAggregationSize(2 << 10);
    http.setRequestHeaderSize(LONGEST_HEAD);
    http.setUseInputDirectByteBuffers(false);
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    // Paths are taken apart and judged by RawUrl, as they came.
    http.setUriCompliance(UriCompliance.UNSAFE);
    return http;
  }

  /** Its configuration must be its own: the size of buffers that is set here is set there. */
  private static ConnectionFactory http2(
      AbstractHTTP2ServerConnectionFactory http2, ServerSettings.Limits limits) {
    http2.setMaxConcurrentStreams(STREAMS);
    http2.setStreamIdleTimeout(limits.idle().toMillis());
    http2.setInputBufferSize(4 << 10);
    http2.setUseInputDirectByteBuffers(false);
    http2.setMaxDecoderTableCapacity(4 << 10);
    http2.setInitialSessionRecvWindow(1 << 20);
    http2.setInitialStreamRecvWindow(256 << 10);
    return http2;
  }

  private static SslContextFactory.Server tls(Listener listener, Path certificate, Path key)
      throws IOException {
    SslContextFactory.Server tls = new SslContextFactory.Server();
    tls.setKeyStore(Pem.identity(certificate, key));
    tls.setKeyStorePassword("");
    tls.setSniRequired(false);
    tls.setRenegotiationAllowed(false);
    tls.setIncludeProtocols("TLSv1.3", "TLSv1.2");
    if (listener.clientCa().isPresent()) {
      KeyStore trusted = Pem.trusted(listener.clientCa().get());
      tls.setTrustStore(trusted);
      tls.setEndpointIdentificationAlgorithm(null);
      tls.setWantClientAuth(true);
    }
    return tls;
  }

  private void listen() throws IOException {
    for (Listener each : listeners.values()) {
      if (each.address() instanceof Listener.Address.Unix unix) {
        makeRoomFor(unix.path());
      }
    }
    try {
      server.start();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("the server could not start", e);
    }
    slowHeads.start();
  }

  /**
   * Makes the socket's folder, for its owner alone, before anything is in it, and removes a socket
   * that a killed server left.
   */
  private static void makeRoomFor(Path socket) throws IOException {
    Path folder = socket.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }
    if (socket.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length
        > UnixDomainServerConnector.MAX_UNIX_DOMAIN_PATH_LENGTH) {
      throw new IOException(socket + ": too long for the path of a Unix socket");
    }
    if (!Files.exists(socket, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (isLive(socket)) {
      throw new IOException(
          socket + ": another server listens here; stop it, or set another state folder");
    }
    if (!Files.readAttributes(
            socket,
            java.nio.file.attribute.BasicFileAttributes.class,
            java.nio.file.LinkOption.NOFOLLOW_LINKS)
        .isOther()) {
      throw new IOException(socket + ": expected a socket or nothing, found something else");
    }
    Files.delete(socket);
  }

  private static boolean isLive(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }

  /** Where a role's listener listens, with the port that it got; empty if it has none. */
  public Optional<Listener.Address> address(Role role) {
    Listener listener = listeners.get(role);
    if (listener == null) {
      return Optional.empty();
    }
    return Optional.of(
        listener.address() instanceof Listener.Address.Tcp tcp
                && connectors.get(role) instanceof ServerConnector connector
            ? new Listener.Address.Tcp(tcp.host(), connector.getLocalPort())
            : listener.address());
  }

  /** The memory of the buffers of connections, in bytes. */
  long bufferBytes() {
    return buffers.getReserved() + buffers.getHeapMemory();
  }

  /**
   * Stops to serve: not ready at once, those that wait are answered, watchers are told to connect
   * elsewhere, and requests in flight are finished (service, section 6).
   *
   * @param most how long to wait for requests in flight
   * @return whether all of them were finished
   */
  public boolean drain(Duration most) {
    health.drain();
    service.drain();
    long end = System.nanoTime() + most.toNanos();
    while (gate.inFlight() > 0 && System.nanoTime() - end < 0) {
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return gate.inFlight() == 0;
  }

  /** Stops at once. */
  @Override
  public void close() {
    health.drain();
    service.drain();
    slowHeads.close();
    try {
      server.stop();
    } catch (Exception e) {
      org.slf4j.LoggerFactory.getLogger(ControlServer.class).warn("stopping failed", e);
    }
  }
}
