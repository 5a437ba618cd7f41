package dev.tka.store;

import dev.tka.core.TextException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Where a PostgreSQL database is, and as whom to use it. The password is in no text of it. Without
 * one, the driver looks into the user's {@code .pgpass}, as PostgreSQL's own programs do.
 */
public final class PostgresSettings {
  private static final String FORM = "postgresql://user@host:port/database";
  private static final String SSL_MODE = "sslmode=";

  /** As PostgreSQL's own programs name them. */
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
   * @param host a name or an address; an IPv6 address without brackets
   * @param port 1 to 65535
   * @throws IllegalArgumentException if a text is empty, or the port out of range
   */
  public static PostgresSettings of(String host, int port, String database, String user) {
    if (host.isEmpty() || database.isEmpty() || user.isEmpty() || port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException("expected a host, a port, a database and a user");
    }
    return new PostgresSettings(host, port, database, user, Optional.empty(), Optional.empty());
  }

  /**
   * Settings without a password, from {@code postgresql://user@host:port/database}. The port may be
   * left out (5432); what a URL cannot hold is percent-encoded. {@code ?sslmode=} may follow, see
   * {@link #withSslMode}.
   *
   * @throws TextException.BadUrl if the text is something else, or has a password in it: other
   *     users of the machine can read it there
   */
  public static PostgresSettings parse(String url) throws TextException.BadUrl {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(url)) {
      throw new TextException.BadUrl(FORM, "half of a surrogate pair");
    }
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      throw new TextException.BadUrl(FORM, "no URL");
    }
    if (!"postgresql".equals(uri.getScheme())) {
      throw new TextException.BadUrl(FORM, "another beginning");
    }
    String user = uri.getUserInfo();
    if (user != null && user.indexOf(':') >= 0) {
      throw new TextException.BadUrl(FORM, "a password, which does not belong there");
    }
    String path = uri.getPath();
    if (uri.getHost() == null) {
      throw new TextException.BadUrl(FORM, "no host");
    }
    if (user == null || user.isEmpty()) {
      throw new TextException.BadUrl(FORM, "no user");
    }
    if (path == null || path.length() < 2) {
      throw new TextException.BadUrl(FORM, "no database");
    }
    String query = uri.getRawQuery() == null ? SSL_MODE : uri.getRawQuery();
    String mode = query.startsWith(SSL_MODE) ? query.substring(SSL_MODE.length()) : query;
    if (uri.getRawFragment() != null
        || !query.startsWith(SSL_MODE)
        || (uri.getRawQuery() != null && !SSL_MODES.contains(mode))) {
      throw new TextException.BadUrl(
          FORM, "more after the database than ?sslmode= and one of " + SSL_MODES);
    }
    int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
    if (port < 1 || port > MAX_PORT) {
      throw new TextException.BadUrl(FORM, "a port that is not 1 to " + MAX_PORT);
    }
    String host = uri.getHost().replaceAll("^\\[|\\]$", "");
    PostgresSettings settings = of(host, port, path.substring(1), user);
    return uri.getRawQuery() == null ? settings : settings.withSslMode(mode);
  }

  /** The same with a password. */
  public PostgresSettings withPassword(String secret) {
    return new PostgresSettings(host, port, database, user, Optional.of(secret), sslMode);
  }

  /**
   * The same with another way to encrypt. Without one, what is sent is encrypted where the server
   * can, and nobody checks whose server it is. {@code verify-full} does, by the certificates in the
   * user's {@code .postgresql/root.crt}.
   *
   * @param mode disable, allow, prefer, require, verify-ca or verify-full, which mean what they do
   *     to PostgreSQL's own programs
   * @throws IllegalArgumentException if it is another
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

  /** How to encrypt, if that is said. */
  public Optional<String> sslMode() {
    return sslMode;
  }

  /** The URL, which {@link #parse} takes, without the password. */
  @Override
  public String toString() {
    try {
      String literal = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
      String query = sslMode.map(mode -> SSL_MODE + mode).orElse(null);
      return new URI("postgresql", user, literal, port, "/" + database, query, null)
          .toASCIIString();
    } catch (URISyntaxException e) {
      return "postgresql://" + host + ":" + port;
    }
  }
}
