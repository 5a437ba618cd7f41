package dev.tka.store.etcd;

import dev.tka.core.TextException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The location of tailnets in etcd: the addresses of its members, the prefix of the keys, and the
 * user's name and password. No text form contains the password.
 */
public final class EtcdSettings {
  /** The prefix of all keys, unless another one is named. */
  public static final String DEFAULT_PREFIX = "/tka/";

  private static final String FORM = "etcd://[USER@]HOST:PORT[,HOST:PORT...][/PREFIX]";
  private static final String PLAIN = "etcd";
  private static final String SECURE = "etcds";
  private static final String CA = "ca=";
  private static final int DEFAULT_PORT = 2379;
  private static final int MAX_PORT = 65535;

  /** Scheme, user and members, prefix, and what follows a question mark. */
  private static final Pattern WHOLE =
      Pattern.compile("(etcds?)://([^/?#]*)(/[^?#]*)?(?:\\?([^#]*))?", Pattern.DOTALL);

  /** A name, which may have underscores, or an address; and a port. */
  private static final Pattern MEMBER =
      Pattern.compile("([a-zA-Z0-9._-]+|\\[[0-9a-fA-F:.]+\\])(?::([0-9]{1,5}))?");

  private static final Pattern PREFIX = Pattern.compile("/(?:[a-zA-Z0-9._~-]+/)+");

  private final boolean secure;
  private final List<Member> members;
  private final String prefix;
  private final Optional<String> user;
  private final Optional<String> password;
  private final Optional<Path> authorities;

  private EtcdSettings(
      boolean secure,
      List<Member> members,
      String prefix,
      Optional<String> user,
      Optional<String> password,
      Optional<Path> authorities) {
    this.secure = secure;
    this.members = List.copyOf(members);
    this.prefix = prefix;
    this.user = user;
    this.password = password;
    this.authorities = authorities;
  }

  /**
   * Settings without a password, from {@code etcd://HOST:PORT}, or {@code etcds://} for TLS. The
   * port is optional (2379). Several members may stand between commas: they are tried in this
   * order. A user may stand before them, percent-encoded, with an {@code @}. The prefix of the keys
   * may follow as a path ({@value #DEFAULT_PREFIX}); and for TLS, {@code ?ca=FILE} names the
   * certificates, in PEM, of the authorities to trust in place of the JDK's.
   *
   * @throws TextException.BadUrl if the text has another form, or contains a password, which other
   *     users of the machine could read
   */
  public static EtcdSettings parse(String url) throws TextException.BadUrl {
    Matcher whole = WHOLE.matcher(url);
    if (!whole.matches()) {
      throw new TextException.BadUrl(FORM, "an invalid URL");
    }
    boolean secure = whole.group(1).equals(SECURE);
    String authority = whole.group(2);
    int at = authority.lastIndexOf('@');
    String user = decode(authority.substring(0, Math.max(at, 0)));
    if (user.indexOf(':') >= 0) {
      throw new TextException.BadUrl(FORM, "a password, which belongs in ETCDCTL_PASSWORD");
    }
    if (user.isEmpty() && at >= 0) {
      throw new TextException.BadUrl(FORM, "no user before the @");
    }
    List<Member> members = new ArrayList<>();
    for (String each : authority.substring(at + 1).split(",", -1)) {
      members.add(member(secure, each));
    }
    return new EtcdSettings(
        secure,
        members,
        prefix(Optional.ofNullable(whole.group(3)).orElse("")),
        Optional.of(user).filter(name -> !name.isEmpty()),
        Optional.empty(),
        authorities(secure, Optional.ofNullable(whole.group(4))));
  }

  private static Member member(boolean secure, String text) throws TextException.BadUrl {
    Matcher member = MEMBER.matcher(text);
    if (!member.matches()) {
      throw new TextException.BadUrl(FORM, "no host, or no port from 1 to " + MAX_PORT);
    }
    int port = Optional.ofNullable(member.group(2)).map(Integer::parseInt).orElse(DEFAULT_PORT);
    if (port < 1 || port > MAX_PORT) {
      throw new TextException.BadUrl(FORM, "a port outside 1 to " + MAX_PORT);
    }
    return new Member(secure, member.group(1).replaceAll("^\\[|\\]$", ""), port);
  }

  private static String prefix(String path) throws TextException.BadUrl {
    if (path.isEmpty() || path.equals("/")) {
      return DEFAULT_PREFIX;
    }
    String whole = path.endsWith("/") ? path : path + "/";
    if (!PREFIX.matcher(whole).matches()) {
      throw new TextException.BadUrl(
          FORM, "a prefix with something else than letters, digits and . _ ~ - between slashes");
    }
    return whole;
  }

  private static Optional<Path> authorities(boolean secure, Optional<String> query)
      throws TextException.BadUrl {
    if (query.isEmpty()) {
      return Optional.empty();
    }
    String text = query.get();
    if (!text.startsWith(CA) || text.length() == CA.length() || text.indexOf('&') >= 0) {
      throw new TextException.BadUrl(FORM, "something else than ca=FILE after the question mark");
    }
    if (!secure) {
      throw new TextException.BadUrl(FORM, "certificates, which etcds:// takes");
    }
    try {
      return Optional.of(Path.of(decode(text.substring(CA.length()))));
    } catch (InvalidPathException e) {
      throw new TextException.BadUrl(FORM, "no path after ca=");
    }
  }

  private static String decode(String escaped) throws TextException.BadUrl {
    try {
      return URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new TextException.BadUrl(FORM, "a percent sign that encodes nothing");
    }
  }

  /** These settings with a password. */
  public EtcdSettings withPassword(String secret) {
    return new EtcdSettings(secure, members, prefix, user, Optional.of(secret), authorities);
  }

  /** The prefix of all keys; it begins and ends with a slash. */
  public String prefix() {
    return prefix;
  }

  /** The members, in the order in which they are tried. */
  List<Member> members() {
    return members;
  }

  Optional<String> user() {
    return user;
  }

  Optional<String> password() {
    return password;
  }

  /** The file with the authorities to trust in place of the JDK's. */
  Optional<Path> authorities() {
    return authorities;
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
  }

  /** The URL, as {@link #parse} accepts it, without the password. */
  @Override
  public String toString() {
    return (secure ? SECURE : PLAIN)
        + "://"
        + user.map(name -> encode(name) + "@").orElse("")
        + members.stream().map(Member::authority).collect(Collectors.joining(","))
        + (prefix.equals(DEFAULT_PREFIX) ? "" : prefix.substring(0, prefix.length() - 1))
        + authorities.map(path -> "?" + CA + encode(path.toString())).orElse("");
  }
}
