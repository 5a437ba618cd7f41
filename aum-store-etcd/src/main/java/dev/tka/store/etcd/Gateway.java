package dev.tka.store.etcd;

import dev.tka.store.internal.Certificates;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** The JSON gateways of the members of etcd, and the connections to them. */
final class Gateway implements Transport {
  private static final Duration CONNECT = Duration.ofSeconds(2);
  private static final int OK = 200;

  /** Connections to one member that are kept while nobody uses them. */
  private static final int MOST_IDLE = 16;

  private final SSLSocketFactory secure;

  /** Connections that nobody uses, by member; the last one used comes first. */
  private final Map<Member, Deque<HttpConnection>> idle = new ConcurrentHashMap<>();

  private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private Gateway(SSLSocketFactory secure) {
    this.secure = secure;
  }

  /**
   * Gateways, to none of which is a connection yet.
   *
   * @param authorities certificates in PEM, to trust in place of the JDK's
   * @throws IOException if there are none in that file; the message names the file and quotes
   *     nothing
   */
  static Gateway open(Optional<Path> authorities) throws IOException {
    return new Gateway(
        authorities.isPresent()
            ? Certificates.trusting(authorities.get()).getSocketFactory()
            : (SSLSocketFactory) SSLSocketFactory.getDefault());
  }

  /** The first key after all that begin alike. */
  static String afterPrefix(String prefix) {
    int last = prefix.length() - 1;
    return prefix.substring(0, last) + (char) (prefix.charAt(last) + 1);
  }

  @Override
  public byte[] ask(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure {
    HttpConnection connection = take(member);
    try {
      connection.patience(patience);
      HttpConnection.Answer answer = connection.post(path, json, token);
      byte[] body = answer.body().readAllBytes();
      give(member, connection);
      if (answer.status() != OK) {
        throw refused(body);
      }
      return body;
    } catch (IOException e) {
      drop(connection);
      dropIdle(member);
      throw lost(e, patience);
    }
  }

  @Override
  public Stream open(Member member, String path, byte[] json, String token, Duration patience)
      throws EtcdFailure {
    HttpConnection connection = take(member);
    try {
      connection.patience(patience);
      HttpConnection.Answer answer = connection.post(path, json, token);
      if (answer.status() == OK) {
        return new Stream(
            answer.body(), () -> connection.patience(Duration.ZERO), () -> drop(connection));
      }
      byte[] body = answer.body().readAllBytes();
      give(member, connection);
      throw refused(body);
    } catch (IOException e) {
      drop(connection);
      dropIdle(member);
      throw lost(e, patience);
    }
  }

  private static EtcdFailure refused(byte[] body) {
    Messages.Problem problem = Messages.readProblem(body);
    return new EtcdFailure.Refused(problem.code(), problem.message());
  }

  private static EtcdFailure.Lost lost(IOException failure, Duration patience) {
    return new EtcdFailure.Lost(
        failure instanceof SocketTimeoutException
            ? "no answer in " + patience.toSeconds() + " s"
            : "the connection broke",
        failure);
  }

  private HttpConnection take(Member member) throws EtcdFailure.Unreachable {
    HttpConnection kept = idleAt(member).pollFirst();
    return kept == null ? connect(member) : kept;
  }

  private HttpConnection connect(Member member) throws EtcdFailure.Unreachable {
    Socket plain = new Socket();
    try {
      InetSocketAddress address = new InetSocketAddress(member.host(), member.port());
      if (address.isUnresolved()) {
        throw new EtcdFailure.Unreachable("unknown host", null);
      }
      plain.setTcpNoDelay(true);
      plain.setKeepAlive(true);
      plain.connect(address, (int) CONNECT.toMillis());
      plain.setSoTimeout((int) CONNECT.toMillis());
      Socket socket = member.secure() ? secured(plain, member) : plain;
      HttpConnection connection = new HttpConnection(member, plain, socket);
      open.add(connection);
      if (closed) {
        connection.close();
      }
      return connection;
    } catch (IOException e) {
      closeQuietly(plain);
      throw new EtcdFailure.Unreachable(why(e), e);
    }
  }

  private static String why(IOException failure) {
    if (failure instanceof SSLException) {
      return "TLS failed: " + failure.getMessage();
    }
    if (failure instanceof SocketTimeoutException) {
      return "no connection in " + CONNECT.toSeconds() + " s";
    }
    return failure instanceof ConnectException ? "connection refused" : "no connection";
  }

  private Socket secured(Socket plain, Member member) throws IOException {
    SSLSocket socket = (SSLSocket) secure.createSocket(plain, member.host(), member.port(), true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // Nothing was sent on it.
    }
  }

  private void give(Member member, HttpConnection connection) {
    Deque<HttpConnection> all = idleAt(member);
    if (closed || all.size() >= MOST_IDLE) {
      drop(connection);
    } else {
      all.addFirst(connection);
    }
  }

  /** Where one connection broke, others are most likely broken, too. */
  private void dropIdle(Member member) {
    Deque<HttpConnection> all = idleAt(member);
    for (HttpConnection each = all.pollFirst(); each != null; each = all.pollFirst()) {
      drop(each);
    }
  }

  private Deque<HttpConnection> idleAt(Member member) {
    return idle.computeIfAbsent(member, any -> new ConcurrentLinkedDeque<>());
  }

  private void drop(HttpConnection connection) {
    open.remove(connection);
    connection.close();
  }

  @Override
  public void close() {
    closed = true;
    open.forEach(HttpConnection::close);
  }
}
