package dev.tka.control.http;

import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import dev.tka.control.http.page.PageSession;
import dev.tka.store.records.NodeToken;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;

/** Finds out who sends the requests of one listener (service, section 5). */
final class Trust {
  private static final String NODE_URI = "tka://";

  /** The kind of a URI among a certificate's alternative names (RFC 5280). */
  private static final int URI_NAME = 6;

  /** Of an IPv6 address. */
  private static final int SUBNET_BYTES = 8;

  private final Listener listener;
  private final ControlService service;
  private final Optional<TokenFile> tokens;
  private final Optional<TokenFile> readTokens;
  private final Clock clock;

  /**
   * @throws IOException if a file of tokens cannot be read
   */
  Trust(Listener listener, ControlService service, Clock clock) throws IOException {
    this.clock = clock;
    this.listener = listener;
    this.service = service;
    this.tokens = read(listener.tokenFile());
    this.readTokens = read(listener.readTokenFile());
  }

  private static Optional<TokenFile> read(Optional<java.nio.file.Path> file) throws IOException {
    return file.isPresent() ? Optional.of(TokenFile.read(file.get())) : Optional.empty();
  }

  /**
   * Who sends a request.
   *
   * @throws HttpFailure if that must be known and is not
   * @throws ControlException if a node's token cannot be looked up
   */
  Identity identify(Request request) throws HttpFailure, ControlException {
    Optional<String> token = token(request);
    Optional<X509Certificate> certificate = certificate(request);
    return switch (listener.role()) {
      case FORWARDER -> {
        if (tokens.isPresent() && token.isPresent() && tokens.get().holds(token.get())) {
          yield new Identity.Forwarder();
        }
        requireCertificateOrSocket(certificate, token);
        yield new Identity.Forwarder();
      }
      case OPERATOR -> {
        if (token.isPresent()) {
          if (tokens.isPresent() && tokens.get().holds(token.get())) {
            yield new Identity.Operator(true);
          }
          if (readTokens.isPresent() && readTokens.get().holds(token.get())) {
            yield new Identity.Operator(false);
          }
        }
        // The page reads only, whatever the token may that began it.
        if (token.isEmpty() && hasSession(request)) {
          yield new Identity.Operator(false);
        }
        requireCertificateOrSocket(certificate, token);
        // With a tunnel to the socket, any web page may send requests there.
        yield new Identity.Operator(!request.getHeaders().contains("Origin"));
      }
      case NODE -> {
        if (token.isPresent()) {
          Optional<NodeToken> node = service.authenticate(token.get(), source(request));
          if (node.isPresent()) {
            yield new Identity.Node(node.get().tailnet(), node.get().node());
          }
        }
        yield ofCertificate(certificate.orElseThrow(() -> unknown(token)));
      }
    };
  }

  /** Whether {@link #identify} would say who sends a request. */
  boolean isKnown(Request request) throws ControlException {
    try {
      Identity unused = identify(request);
      return true;
    } catch (HttpFailure e) {
      return false;
    }
  }

  /** Whether a request has the cookie of a session that has not ended. */
  boolean hasSession(Request request) {
    Instant now = clock.instant();
    for (HttpCookie each : Request.getCookies(request)) {
      Optional<PageSession> session =
          PageSession.read(each.getName(), String.valueOf(each.getValue()), request.isSecure());
      if (session.isPresent()
          && (tokens.filter(file -> file.holds(session.get(), now)).isPresent()
              || readTokens.filter(file -> file.holds(session.get(), now)).isPresent())) {
        return true;
      }
    }
    return false;
  }

  /**
   * Begins a session of the page.
   *
   * @throws HttpFailure if the token is not valid here
   */
  PageSession signIn(String token) throws HttpFailure {
    Instant now = clock.instant();
    return tokens
        .flatMap(file -> file.begin(token, now))
        .or(() -> readTokens.flatMap(file -> file.begin(token, now)))
        .orElseThrow(() -> unknown(Optional.of(token)));
  }

  /** Where a request comes from; a host may have all IPv6 addresses of a subnet. */
  private static String source(Request request) {
    if (request.getConnectionMetaData().getRemoteSocketAddress() instanceof InetSocketAddress from
        && from.getAddress() != null) {
      byte[] bytes = from.getAddress().getAddress();
      return HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, SUBNET_BYTES));
    }
    return "";
  }

  private void requireCertificateOrSocket(
      Optional<X509Certificate> certificate, Optional<String> token) throws HttpFailure {
    boolean unguardedSocket =
        listener.address() instanceof Listener.Address.Unix
            && listener.tokenFile().isEmpty()
            && listener.readTokenFile().isEmpty();
    if (certificate.isEmpty() && !unguardedSocket) {
      throw unknown(token);
    }
  }

  private static HttpFailure unknown(Optional<String> token) {
    return HttpFailure.unauthorized(
        token.isPresent()
            ? "this token is not valid here"
            : "this needs a header 'Authorization: Bearer' with a token");
  }

  private static Optional<String> token(Request request) throws HttpFailure {
    List<String> values = request.getHeaders().getValuesList(HttpHeader.AUTHORIZATION);
    if (values.isEmpty()) {
      return Optional.empty();
    }
    String value = values.get(0);
    if (values.size() > 1 || !value.regionMatches(true, 0, "Bearer ", 0, 7)) {
      throw HttpFailure.unauthorized(
          "expected one header 'Authorization: Bearer' with a token, found something else");
    }
    return Optional.of(value.substring(7).strip());
  }

  /** The client's certificate, which the handshake has checked against the listener's CA. */
  private Optional<X509Certificate> certificate(Request request) {
    if (listener.clientCa().isEmpty()) {
      return Optional.empty();
    }
    Object session = request.getAttribute(EndPoint.SslSessionData.ATTRIBUTE);
    if (session instanceof EndPoint.SslSessionData data
        && data.peerCertificates() != null
        && data.peerCertificates().length > 0) {
      return Optional.of(data.peerCertificates()[0]);
    }
    return Optional.empty();
  }

  /** The node that a certificate names as {@code tka://TAILNET/nodes/NODE}. */
  static Identity.Node ofCertificate(X509Certificate certificate) throws HttpFailure {
    List<String> uris = new ArrayList<>();
    try {
      if (certificate.getSubjectAlternativeNames() != null) {
        for (List<?> name : certificate.getSubjectAlternativeNames()) {
          if (name.get(0).equals(URI_NAME)
              && name.get(1) instanceof String uri
              && uri.startsWith(NODE_URI)) {
            uris.add(uri);
          }
        }
      }
    } catch (CertificateParsingException e) {
      throw HttpFailure.unauthorized("the certificate's names cannot be read");
    }
    if (uris.size() == 1) {
      List<String> parts = RawUrl.segments("/" + uris.get(0).substring(NODE_URI.length()));
      if (parts.size() == 3 && parts.get(1).equals("nodes") && !parts.get(0).isEmpty()) {
        return new Identity.Node(parts.get(0), Numbers.node(parts.get(2)));
      }
    }
    throw HttpFailure.unauthorized(
        "expected a certificate with one URI tka://TAILNET/nodes/NODE, found another");
  }
}
