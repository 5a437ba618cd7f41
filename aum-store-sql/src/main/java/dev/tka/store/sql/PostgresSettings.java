package dev.tka.store.sql;

import dev.tka.core.TextException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The location of a PostgreSQL database, and the user's name and password. No text form contains
 * the password. If there is none, the driver looks in the user's {@code .pgpass}, as PostgreSQL's
 * own programs do.
 */
public final class PostgresSettings {
  private static final String FORM = "postgresql://user@host:port/database";
  private static final String SSL_MODE = "sslmode=";

  private static final String ENCODED_COLON = "%3A";

  /** A host, whose name may have underscores, and a port. */
  private static final Pattern PLACE =
      Pattern.compile("([a-zA-Z0-9._-]+|\\[[0-9a-fA-F:.]+\\])(?::(.*))?");

  /** The names that PostgreSQL's own programs use. */
  private static final List<String> SSL_MODES =
      List.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

  private static final int DEFAULT_PORT = 5432;
  private static final int MAX_PORT = 65535;

  private final String host;
  private final int port;
  private final String database;
  private final String user;
  private final Optional<String> password;
  private final Optional<String> sslMode;

  private PostgresSettings(
      String host,
      int port,
      String database,
      String user,
      Optional<String> password,
      Optional<String> sslMode) {
    this.host = host;
    this.port = port;
    this.database = database;
    this.user = user;
    this.password = password;
    this.sslMode = sslMode;
  }

  /**
   * Settings without a password.
   *
   * @param host a name or an address; an IPv6 address has no brackets
   * @param port 1 to 65535
   * @param user a name without a colon, because a colon begins a password in a URL
   * @throws IllegalArgumentException if a text is empty, the user has a colon, or the port is out
   *     of range
   */
  public static PostgresSettings of(String host, int port, String database, String user) {
    if (host.isEmpty() || database.isEmpty() || user.isEmpty() || port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException("expected a host, a port, a database and a user");
    }
    if (user.indexOf(':') >= 0) {
      throw new IllegalArgumentException("expected a user without a colon");
    }
    return new PostgresSettings(host, port, database, user, Optional.empty(), Optional.empty());
  }

  /**
   * Settings without a password, from {@code postgresql://user@host:port/database}. The port is
   * optional (5432); special characters are percent-encoded. {@code ?sslmode=} may follow, see
   * {@link #withSslMode}.
   *
   * @throws TextException.BadUrl if the text has another form, or contains a password, which other
   *     users of the machine could read
   */
  public static PostgresSettings parse(String url) throws TextException.BadUrl {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(url)) {
      throw new TextException.BadUrl(FORM, "half of a surrogate pair");
    }
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      throw new TextException.BadUrl(FORM, "an invalid URL");
    }
    if (!"postgresql".equals(uri.getScheme())) {
      throw new TextException.BadUrl(FORM, "another scheme");
    }
    String authority = Objects.requireNonNullElse(uri.getRawAuthority(), "");
    int at = authority.lastIndexOf('@');
    String user = authority.substring(0, Math.max(at, 0));
    if (user.indexOf(':') >= 0 || user.toUpperCase(Locale.ROOT).contains(ENCODED_COLON)) {
      throw new TextException.BadUrl(FORM, "a password, which belongs in PGPASSWORD or ~/.pgpass");
    }
    String path = uri.getPath();
    Matcher place = PLACE.matcher(authority.substring(at + 1));
    if (!place.matches()) {
      throw new TextException.BadUrl(FORM, "no host");
    }
    if (user.isEmpty()) {
      throw new TextException.BadUrl(FORM, "no user");
    }
    if (path == null || path.length() < 2) {
      throw new TextException.BadUrl(FORM, "no database");
    }
    String host = place.group(1).replaceAll("^\\[|\\]$", "");
    PostgresSettings settings = of(host, port(place.group(2)), path.substring(1), decode(user));
    return uri.getRawQuery() == null && uri.getRawFragment() == null
        ? settings
        : settings.withQuery(uri);
  }

  /** The port in a text, or the default if there is none. */
  private static int port(@Nullable String text) throws TextException.BadUrl {
    if (text == null || text.isEmpty()) {
      return DEFAULT_PORT;
    }
    try {
      // In ASCII digits: Java also reads those of other scripts.
      int port = text.matches("[0-9]+") ? Integer.parseInt(text) : 0;
      if (port >= 1 && port <= MAX_PORT) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Treated like a number out of range.
    }
    throw new TextException.BadUrl(FORM, "a port outside 1 to " + MAX_PORT);
  }

  private static String decode(String escaped) {
    return URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private PostgresSettings withQuery(URI uri) throws TextException.BadUrl {
    String query = Objects.requireNonNullElse(uri.getRawQuery(), "");
    if (uri.getRawFragment() == null && query.startsWith(SSL_MODE)) {
      try {
        return withSslMode(query.substring(SSL_MODE.length()));
      } catch (IllegalArgumentException e) {
        // Reported below, without quoting it.
      }
    }
    throw new TextException.BadUrl(
        FORM, "something after the database other than ?sslmode= and one of " + SSL_MODES);
  }

  /** These settings with a password. */
  public PostgresSettings withPassword(String secret) {
    return new PostgresSettings(host, port, database, user, Optional.of(secret), sslMode);
  }

  /**
   * These settings with an SSL mode. By default, the connection is encrypted if the server supports
   * it, and the server's identity is not checked. {@code verify-full} checks it against the
   * certificates in the user's {@code .postgresql/root.crt}.
   *
   * @param mode disable, allow, prefer, require, verify-ca or verify-full, as in PostgreSQL's own
   *     programs
   * @throws IllegalArgumentException if it is none of these
   */
  public PostgresSettings withSslMode(String mode) {
    if (!SSL_MODES.contains(mode)) {
      throw new IllegalArgumentException("expected one of " + SSL_MODES + ", found " + mode);
    }
    return new PostgresSettings(host, port, database, user, password, Optional.of(mode));
  }

  /** A name or an address. */
  public String host() {
    return host;
  }

  /** 1 to 65535. */
  public int port() {
    return port;
  }

  /** The name of the database. */
  public String database() {
    return database;
  }

  /** The name of the user. */
  public String user() {
    return user;
  }

  Optional<String> password() {
    return password;
  }

  /** The SSL mode, if it is set. */
  public Optional<String> sslMode() {
    return sslMode;
  }

  /** The URL, as {@link #parse} accepts it, without the password. */
  @Override
  public String toString() {
    try {
      String literal = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
      // With a placeholder for the host, which may have an underscore, which URI does not accept.
      URI parts = new URI("postgresql", user, "host", port, "/" + database, null, null);
      String query = sslMode.map(mode -> "?" + SSL_MODE + mode).orElse("");
      String place = literal + ":" + port + parts.getRawPath() + query;
      return inAscii(new URI("postgresql://" + parts.getRawUserInfo() + "@" + place).toString());
    } catch (URISyntaxException e) {
      return "postgresql://" + host + ":" + port;
    }
  }

  /**
   * Escapes what is not ASCII. {@link URI#toASCIIString} would change it into a normal form first.
   */
  private static String inAscii(String url) {
    StringBuilder ascii = new StringBuilder();
    for (byte each : url.getBytes(StandardCharsets.UTF_8)) {
      ascii.append(each >= 0 ? Character.toString(each) : String.format("%%%02X", each));
    }
    return ascii.toString();
  }
}
