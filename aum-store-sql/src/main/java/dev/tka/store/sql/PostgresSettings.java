package dev.tka.store.sql;

import dev.tka.core.TextException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * The location of a PostgreSQL database, on one host, on several, or behind a Unix socket, and the
 * user's name and password. No text form contains the password. If there is none, the driver looks
 * in the user's {@code .pgpass}, as PostgreSQL's own programs do.
 */
public final class PostgresSettings {
  private static final String FORM = "postgresql://user@host:port/database";
  private static final Set<String> SCHEMES = Set.of("postgresql", "postgres");
  private static final String SSL_MODE = "sslmode";

  private static final String ENCODED_COLON = "%3A";

  /** Scheme, user and hosts, and the rest. */
  private static final Pattern WHOLE =
      Pattern.compile("([^:/?#]*)://([^/?#]*)(.*)", Pattern.DOTALL);

  /** A host, whose name may have underscores, or the folder of a socket; and a port. */
  private static final Pattern PLACE =
      Pattern.compile(
          "([a-zA-Z0-9._-]+|\\[[0-9a-fA-F:.]+\\]"
              + "|%2[fF](?:[a-zA-Z0-9._~-]|%[0-9a-fA-F]{2})*)(?::(.*))?");

  /** A host that is the folder of a socket begins like this, as in PostgreSQL's own programs. */
  private static final String ROOT = "/";

  /** What says where a socket is, if nothing stands before the database. */
  private static final Set<String> OF_SOCKETS = Set.of("host", "port");

  /** The name of a setting of the driver. */
  private static final Pattern SETTING = Pattern.compile("[a-zA-Z][a-zA-Z0-9_.-]{0,49}");

  /** The names that PostgreSQL's own programs use. */
  private static final List<String> SSL_MODES =
      List.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

  /** What stands elsewhere in the URL, or nowhere in it. */
  private static final Set<PGProperty> NOT_AFTER_THE_DATABASE =
      Set.of(
          PGProperty.PASSWORD,
          PGProperty.SSL_PASSWORD,
          PGProperty.USER,
          PGProperty.PG_HOST,
          PGProperty.PG_PORT,
          PGProperty.PG_DBNAME);

  private static final int DEFAULT_PORT = 5432;
  private static final int MAX_PORT = 65535;

  private final List<String> hosts;
  private final List<Integer> ports;
  private final String database;
  private final String user;
  private final Optional<String> password;
  private final SortedMap<String, String> parameters;

  private PostgresSettings(
      List<String> hosts,
      List<Integer> ports,
      String database,
      String user,
      Optional<String> password,
      Map<String, String> parameters) {
    this.hosts = List.copyOf(hosts);
    this.ports = List.copyOf(ports);
    this.database = database;
    this.user = user;
    this.password = password;
    this.parameters = new TreeMap<>(parameters);
  }

  /**
   * Settings without a password.
   *
   * @param host a name or an address; an IPv6 address has no brackets. Or the folder of a Unix
   *     socket, which begins with a slash
   * @param port 1 to 65535; it is part of the name of a Unix socket
   * @param user a name without a colon, because a colon begins a password in a URL
   * @throws IllegalArgumentException if a text is empty, the user has a colon, the folder a zero
   *     character, or the port is out of range
   */
  public static PostgresSettings of(String host, int port, String database, String user) {
    if (host.isEmpty() || database.isEmpty() || user.isEmpty() || port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException("expected a host, a port, a database and a user");
    }
    if (user.indexOf(':') >= 0) {
      throw new IllegalArgumentException("expected a user without a colon");
    }
    if (host.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("expected a host without a zero character");
    }
    return new PostgresSettings(
        List.of(host), List.of(port), database, user, Optional.empty(), Map.of());
  }

  /**
   * Settings without a password, from {@code postgresql://user@host:port/database}; {@code
   * postgres://} is the same. The port is optional (5432); special characters are percent-encoded.
   * Several hosts, each with its port, may stand between commas: they are tried in this order. What
   * follows a question mark is for the driver, in its own words, such as {@code
   * ?targetServerType=primary&sslmode=verify-full}.
   *
   * <p>The folder of a Unix socket is named as in PostgreSQL's own programs: {@code
   * postgresql:///database?host=/var/run/postgresql}, with {@code &port=} if it is not 5432, or in
   * place of a host, percent-encoded. There the user may be left out: it is the one that runs this
   * program, by whose name peer authentication lets in; and an {@code sslmode} has no effect.
   *
   * @throws TextException.BadUrl if the text has another form, sets what the driver does not know,
   *     or contains a password, which other users of the machine could read
   */
  public static PostgresSettings parse(String url) throws TextException.BadUrl {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(url)) {
      throw new TextException.BadUrl(FORM, "half of a surrogate pair");
    }
    Matcher whole = WHOLE.matcher(url);
    if (!whole.matches() || !SCHEMES.contains(whole.group(1))) {
      throw new TextException.BadUrl(FORM, "another scheme");
    }
    String authority = whole.group(2);
    int at = authority.lastIndexOf('@');
    String user = authority.substring(0, Math.max(at, 0));
    if (user.indexOf(':') >= 0 || user.toUpperCase(Locale.ROOT).contains(ENCODED_COLON)) {
      throw new TextException.BadUrl(FORM, "a password, which belongs in PGPASSWORD or ~/.pgpass");
    }
    URI uri;
    try {
      // Several hosts have no place in a URI.
      uri = new URI("postgresql://" + user + (at < 0 ? "" : "@") + "host" + whole.group(3));
    } catch (URISyntaxException e) {
      throw new TextException.BadUrl(FORM, "an invalid URL");
    }
    Map<String, String> ofSocket = new TreeMap<>();
    Optional<String> query = takeSocket(uri.getRawQuery(), ofSocket);
    List<String> hosts = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    if (at + 1 == authority.length() && ofSocket.containsKey("host")) {
      hosts.add(ofSocket.get("host"));
      ports.add(port(ofSocket.get("port")));
    } else if (!ofSocket.isEmpty()) {
      throw new TextException.BadUrl(FORM, "a host or port after the database and one before it");
    } else {
      for (String each : authority.substring(at + 1).split(",", -1)) {
        Matcher place = PLACE.matcher(each);
        if (!place.matches()) {
          throw new TextException.BadUrl(FORM, "no host");
        }
        hosts.add(decode(place.group(1).replaceAll("^\\[|\\]$", "")));
        ports.add(port(place.group(2)));
      }
    }
    boolean socket = hosts.stream().anyMatch(each -> each.startsWith(ROOT));
    if (socket && hosts.size() > 1) {
      throw new TextException.BadUrl(FORM, "a Unix socket among several hosts");
    }
    if (hosts.get(0).indexOf('\0') >= 0) {
      throw new TextException.BadUrl(FORM, "a zero character");
    }
    if (user.isEmpty() && !socket) {
      throw new TextException.BadUrl(FORM, "no user");
    }
    String path = uri.getPath();
    if (path == null || path.length() < 2) {
      throw new TextException.BadUrl(FORM, "no database");
    }
    if (uri.getRawFragment() != null) {
      throw new TextException.BadUrl(FORM, "a number sign after the database");
    }
    return new PostgresSettings(
        hosts,
        ports,
        path.substring(1),
        user.isEmpty() ? System.getProperty("user.name") : decode(user),
        Optional.empty(),
        parameters(query.orElse(null)));
  }

  /** Takes what says where a socket is out of a query. Gives the rest, if anything is left. */
  private static Optional<String> takeSocket(@Nullable String query, Map<String, String> found)
      throws TextException.BadUrl {
    List<String> rest = new ArrayList<>();
    for (String each : query == null ? new String[0] : query.split("&", -1)) {
      int equals = each.indexOf('=');
      String key = decode(each.substring(0, Math.max(0, equals)));
      if (OF_SOCKETS.contains(key)) {
        found.put(key, decode(each.substring(equals + 1)));
      } else {
        rest.add(each);
      }
    }
    if (!found.getOrDefault("host", ROOT).startsWith(ROOT)) {
      throw new TextException.BadUrl(
          FORM, "a host after the database that is not the folder of a Unix socket");
    }
    return rest.isEmpty() ? Optional.empty() : Optional.of(String.join("&", rest));
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

  /** What the driver reads in a query, except what it would set by itself. */
  private static Map<String, String> parameters(@Nullable String query)
      throws TextException.BadUrl {
    if (query == null) {
      return Map.of();
    }
    Map<String, String> found = new TreeMap<>();
    Properties read =
        Driver.parseURL("jdbc:postgresql://host/database?" + query.replace("+", "%2B"), null);
    for (String each : query.split("&", -1)) {
      String name = decode(each.substring(0, Math.max(0, each.indexOf('='))));
      PGProperty known = PGProperty.forName(name);
      String value = read == null || known == null ? null : read.getProperty(known.getName());
      // The value is never quoted: it may be a secret. Nor is a text that cannot be a name.
      if (!SETTING.matcher(name).matches()) {
        throw new TextException.BadUrl(FORM, "text after the database that is not NAME=VALUE");
      }
      if (known == null) {
        throw new TextException.BadUrl(
            FORM, "a setting after the database that the driver does not know: " + name);
      }
      if (value == null || value.isEmpty()) {
        throw new TextException.BadUrl(FORM, "a setting without a value: " + name);
      }
      if (NOT_AFTER_THE_DATABASE.contains(known)) {
        throw new TextException.BadUrl(
            FORM, "a setting that does not belong after the database: " + name);
      }
      if (known == PGProperty.SSL_MODE && !SSL_MODES.contains(value)) {
        throw new TextException.BadUrl(FORM, "an sslmode that is not one of " + SSL_MODES);
      }
      found.put(known.getName(), value);
    }
    return found;
  }

  /** These settings with a password. */
  public PostgresSettings withPassword(String secret) {
    return new PostgresSettings(hosts, ports, database, user, Optional.of(secret), parameters);
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
    Map<String, String> changed = new TreeMap<>(parameters);
    changed.put(SSL_MODE, mode);
    return new PostgresSettings(hosts, ports, database, user, password, changed);
  }

  /** A name, an address or a socket's folder; the first one, if there are several. */
  public String host() {
    return hosts.get(0);
  }

  /** 1 to 65535; that of the first host, if there are several. */
  public int port() {
    return ports.get(0);
  }

  List<String> hosts() {
    return hosts;
  }

  /** The Unix socket, if the database is behind one. */
  Optional<String> socket() {
    return host().startsWith(ROOT) ? Optional.of(host() + "/.s.PGSQL." + port()) : Optional.empty();
  }

  /** The port of each host. */
  List<Integer> ports() {
    return ports;
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
    return Optional.ofNullable(parameters.get(SSL_MODE));
  }

  /** Settings of the driver, by its own names. */
  SortedMap<String, String> parameters() {
    return new TreeMap<>(parameters);
  }

  /** The URL, as {@link #parse} accepts it, without the password. */
  @Override
  public String toString() {
    Map<String, String> after = new LinkedHashMap<>();
    List<String> places = new ArrayList<>();
    for (int i = 0; i < hosts.size(); i++) {
      String host = hosts.get(i);
      places.add((host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + ports.get(i));
    }
    if (socket().isPresent()) {
      places.clear();
      after.put("host", host());
      after.put("port", Integer.toString(port()));
    }
    after.putAll(parameters);
    String where = String.join(",", places);
    String query =
        after.entrySet().stream()
            .map(each -> encode(each.getKey()) + "=" + encode(each.getValue()))
            .collect(Collectors.joining("&", after.isEmpty() ? "" : "?", ""));
    try {
      // With a placeholder for the host, which may have an underscore, which URI does not accept.
      URI parts = new URI("postgresql", user, "host", DEFAULT_PORT, "/" + database, null, null);
      return inAscii(
          "postgresql://" + parts.getRawUserInfo() + "@" + where + parts.getRawPath() + query);
    } catch (URISyntaxException e) {
      return "postgresql://" + where;
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", ROOT);
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
