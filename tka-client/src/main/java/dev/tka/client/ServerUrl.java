package dev.tka.client;

import dev.tka.core.TextException;
import dev.tka.store.StoreKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a server listens.
 *
 * @param scheme one of {@link #SCHEMES}
 * @param host a name or a literal address, which has no brackets; {@code localhost} for a socket
 * @param port the TCP port; 80 for a socket
 * @param socket the Unix socket, if it is one
 */
public record ServerUrl(String scheme, String host, int port, Optional<Path> socket) {
  private static final String HTTP = "http";
  private static final String HTTPS = "https";
  private static final String UNIX = "unix";

  /** The schemes that there are. */
  public static final List<String> SCHEMES = List.of(HTTP, HTTPS, UNIX);

  private static final String LOCALHOST = "localhost";
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;
  private static final int LAST_PORT = 65_535;

  private static final Pattern AUTHORITY =
      Pattern.compile("//(?:\\[([0-9a-fA-F:.]+)\\]|([0-9a-zA-Z._-]+))(?::([0-9]{1,5}))?/?");

  private static final Pattern LOOPBACK =
      Pattern.compile(LOCALHOST + "|127(\\.[0-9]{1,3}){3}|(0{0,4}:){2,7}0{0,3}1");

  /**
   * Reads a URL in two parts.
   *
   * @param scheme one of {@link #SCHEMES}
   * @param rest what follows the colon
   * @throws TextException.BadUrl if it names no server; its message does not quote it
   */
  public static ServerUrl parse(String scheme, String rest) throws TextException.BadUrl {
    if (scheme.equals(UNIX)) {
      return new ServerUrl(
          scheme, LOCALHOST, HTTP_PORT, Optional.of(StoreKind.path(UNIX + ":PATH", rest)));
    }
    String form = scheme + "://HOST:PORT";
    Matcher matcher = AUTHORITY.matcher(rest);
    if (!matcher.matches()) {
      throw new TextException.BadUrl(
          form,
          rest.indexOf('@') >= 0
              ? "a user in it: a token comes from a file"
              : "something else, such as a path or a query");
    }
    int port =
        matcher.group(3) == null
            ? scheme.equals(HTTPS) ? HTTPS_PORT : HTTP_PORT
            : Integer.parseInt(matcher.group(3));
    if (port < 1 || port > LAST_PORT) {
      throw new TextException.BadUrl(form, "a port that is not 1 to " + LAST_PORT);
    }
    String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
    return new ServerUrl(scheme, host, port, Optional.empty());
  }

  /** Whether what is sent there can be read by nobody on the way. */
  public boolean keepsSecrets() {
    return !scheme.equals(HTTP) || LOOPBACK.matcher(host).matches();
  }

  /** The beginning of what is asked for over HTTP. */
  String origin() {
    return (socket.isPresent() ? HTTP : scheme) + "://" + authority();
  }

  private String authority() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** The URL, which can be parsed again. */
  @Override
  public String toString() {
    return socket.map(path -> UNIX + ":" + path).orElseGet(() -> scheme + "://" + authority());
  }
}
