package dev.tka.control.http;

import dev.tka.control.ControlSettings;
import dev.tka.control.http.Listener.Address;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The configuration of a server: {@code key = value} lines of a file, each key also as an option
 * {@code --key} and as an environment variable {@code TKA_KEY} (service, section 6). An option
 * counts before the environment, and that before the file.
 */
public final class SettingsFile {
  /**
   * A key.
   *
   * @param name as in the file
   * @param value what its value is, for help
   * @param meaning what it means, as one sentence
   * @param usual what counts without it, for help; empty if nothing does
   */
  public record Key(String name, String value, String meaning, String usual) {
    /** Its environment variable. */
    public String variable() {
      return "TKA_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }
  }

  private static final String STATE = "state";
  private static final String DATABASE = "database";
  private static final String FORWARDER_LISTEN = "forwarder-listen";
  private static final String FORWARDER_TOKEN_FILE = "forwarder-token-file";
  private static final String FORWARDER_CLIENT_CA = "forwarder-client-ca";
  private static final String OPERATOR_LISTEN = "operator-listen";
  private static final String OPERATOR_TOKEN_FILE = "operator-token-file";
  private static final String OPERATOR_READ_TOKEN_FILE = "operator-read-token-file";
  private static final String OPERATOR_CLIENT_CA = "operator-client-ca";
  private static final String NODE_LISTEN = "node-listen";
  private static final String NODE_CLIENT_CA = "node-client-ca";
  private static final String TLS_CERTIFICATE = "tls-certificate";
  private static final String TLS_KEY = "tls-key";
  private static final String NAMES = "names";
  private static final String INSECURE_LISTEN = "insecure-listen";
  private static final String CREATE_TAILNETS = "create-tailnets";
  private static final String SUPPORT_SECRETS = "support-secrets";
  private static final String WEAK_KEYS = "weak-keys";
  private static final String MOST_NODES = "most-nodes";
  private static final String MOST_AUMS = "most-aums";
  private static final String REQUESTS_PER_SECOND = "requests-per-second";
  private static final String BYTES_PER_SECOND = "bytes-per-second";
  private static final String CONCURRENT_REQUESTS = "concurrent-requests";
  private static final String METRICS_TAILNETS = "metrics-tailnets";
  private static final String LOG_KEY = "log-key";
  private static final String WITNESSES = "witnesses";
  private static final String RESTORED = "restored";

  /** How far the clock of whoever says when may be ahead. */
  private static final Duration AHEAD = Duration.ofMinutes(1);

  /** All keys, in the order of the help. */
  public static final List<Key> KEYS =
      List.of(
          new Key(
              STATE, "DIR", "Folder of the server's own files.", "$STATE_DIRECTORY or tka-data"),
          new Key(DATABASE, "URL", "Where tailnets are stored.", "sqlite:STATE/control.db"),
          new Key(
              FORWARDER_LISTEN,
              "ADDRESS",
              "Where control servers connect: unix:PATH or HOST:PORT.",
              "unix:STATE/forwarder.sock"),
          new Key(FORWARDER_TOKEN_FILE, "FILE", "Control servers' tokens, one or two lines.", ""),
          new Key(FORWARDER_CLIENT_CA, "FILE", "CA of control servers' certificates, in PEM.", ""),
          new Key(
              OPERATOR_LISTEN,
              "ADDRESS",
              "Where operators connect: unix:PATH or HOST:PORT.",
              "unix:STATE/operator.sock"),
          new Key(OPERATOR_TOKEN_FILE, "FILE", "Operators' tokens, one or two lines.", ""),
          new Key(OPERATOR_READ_TOKEN_FILE, "FILE", "Tokens of operators that may only read.", ""),
          new Key(OPERATOR_CLIENT_CA, "FILE", "CA of operators' certificates, in PEM.", ""),
          new Key(NODE_LISTEN, "HOST:PORT", "Where nodes connect that need no control server.", ""),
          new Key(NODE_CLIENT_CA, "FILE", "CA of nodes' certificates, in PEM.", ""),
          new Key(
              TLS_CERTIFICATE,
              "FILE",
              "Certificate of the server, in PEM; with it, HOST:PORT speaks TLS.",
              ""),
          new Key(TLS_KEY, "FILE", "Key of that certificate, in PEM.", ""),
          new Key(
              NAMES, "NAME,...", "Names that clients use for this server.", "loopback, addresses"),
          new Key(
              INSECURE_LISTEN,
              "true|false",
              "Whether HOST:PORT that is not loopback may do without TLS.",
              "false"),
          new Key(
              CREATE_TAILNETS,
              "first-use|operator",
              "Who makes a tailnet: its first login, or an operator.",
              "first-use"),
          new Key(
              SUPPORT_SECRETS,
              "refuse|accept",
              "What to do with a disablement secret for support.",
              "refuse"),
          new Key(
              WEAK_KEYS,
              "refuse|accept",
              "What to do with keys that anybody can sign for; accept is for tests.",
              "refuse"),
          new Key(MOST_NODES, "N", "Nodes that a tailnet may have.", "100000"),
          new Key(
              MOST_AUMS,
              "N",
              "Updates after which only removals and revocations are taken.",
              "1000000"),
          new Key(REQUESTS_PER_SECOND, "N", "Requests of one tailnet, on average.", "2000"),
          new Key(
              BYTES_PER_SECOND,
              "N",
              "Bytes of one tailnet's requests and answers, on average.",
              "33554432"),
          new Key(
              CONCURRENT_REQUESTS,
              "N",
              "Requests of one tailnet that are worked on at one time.",
              "the number of cores, at least 2"),
          new Key(METRICS_TAILNETS, "NAME,...", "Tailnets that metrics name.", ""),
          new Key(
              WITNESSES,
              "FILE",
              "Witnesses that cosign a log of each tailnet's heads: a policy, with their URLs.",
              ""),
          new Key(
              LOG_KEY,
              "FILE",
              "Key of those logs, made at the first start; alone it has logs kept, too.",
              "STATE/log.key with witnesses"),
          new Key(
              RESTORED,
              "TIME",
              "When the database was restored from a backup: nodes give back what they hold.",
              ""));

  private final Map<String, Value> values;
  private final List<String> problems = new ArrayList<>();

  /** A value and where it stands, for messages. */
  private record Value(String text, String where) {}

  /**
   * What to serve.
   *
   * @param state the folder of the server's own files
   * @param database the URL of the store, which may hold a password
   * @param logs how logs of heads are kept; empty if none are
   * @param restored when the store was restored from a backup, if that is said
   */
  public record Configuration(
      Path state,
      String database,
      ControlSettings control,
      ServerSettings server,
      Optional<HeadsLogSettings> logs,
      Optional<Instant> restored) {
    /**
     * Reads each file that is named, and keeps nothing of it.
     *
     * @throws InvalidException if the file of a policy or a log's key makes no sense
     * @throws IOException if one cannot be read or used; the message names it, and shows nothing of
     *     a secret
     */
    public void requireFiles() throws InvalidException, IOException {
      server.requireFiles();
      if (logs.isPresent()) {
        logs.get().requireFiles();
      }
    }

    /** Without the database, whose URL may hold a password. */
    @Override
    public String toString() {
      return "Configuration[" + state + ", " + server + "]";
    }
  }

  /** There is something wrong with a configuration. */
  public static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<String> problems;

    InvalidException(List<String> problems) {
      super(String.join("; ", problems));
      this.problems = List.copyOf(problems);
    }

    /** What is wrong, each with its place. */
    public List<String> problems() {
      return problems;
    }
  }

  private SettingsFile(Map<String, Value> values) {
    this.values = values;
  }

  /**
   * Reads a configuration.
   *
   * @param file the file, if there is one
   * @param environment all variables, of which those that begin with {@code TKA_} and {@code
   *     STATE_DIRECTORY} count
   * @param options by key
   * @throws InvalidException if anything is wrong with it; all that is wrong is told at once
   * @throws IOException if the file cannot be read
   */
  public static Configuration read(
      Optional<Path> file, Map<String, String> environment, Map<String, String> options)
      throws InvalidException, IOException {
    Map<String, Value> values = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    if (file.isPresent()) {
      readFile(file.get(), values, problems);
    }
    for (Key key : KEYS) {
      String variable = environment.get(key.variable());
      if (variable != null && !variable.isBlank()) {
        values.put(key.name(), new Value(variable.strip(), key.variable()));
      }
    }
    for (Map.Entry<String, String> option : new TreeMap<>(options).entrySet()) {
      values.put(option.getKey(), new Value(option.getValue().strip(), "--" + option.getKey()));
    }
    SettingsFile settings = new SettingsFile(values);
    settings.problems.addAll(problems);
    Configuration configuration = settings.configuration(environment);
    if (settings.problems.isEmpty()) {
      settings.problems.addAll(configuration.server().problems());
    }
    if (!settings.problems.isEmpty()) {
      throw new InvalidException(settings.problems);
    }
    return configuration;
  }

  private static void readFile(Path file, Map<String, Value> values, List<String> problems)
      throws IOException {
    String[] lines;
    try {
      lines = Files.readString(file, StandardCharsets.UTF_8).split("\n", -1);
    } catch (CharacterCodingException e) {
      problems.add(file + ": expected a text in UTF-8, found something else");
      return;
    }
    for (int i = 0; i < lines.length; i++) {
      String line = lines[i].strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String where = file + ":" + (i + 1);
      int equals = line.indexOf('=');
      String name = equals < 0 ? line : line.substring(0, equals).strip();
      if (equals < 0) {
        problems.add(where + ": expected key = value");
      } else if (KEYS.stream().noneMatch(key -> key.name().equals(name))) {
        problems.add(where + ": unknown key " + name + nearest(name));
      } else if (values.containsKey(name)) {
        problems.add(where + ": " + name + " is set twice");
      } else {
        values.put(name, new Value(line.substring(equals + 1).strip(), where));
      }
    }
  }

  private static String nearest(String name) {
    String letters = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
    for (Key key : KEYS) {
      if (key.name().replace("-", "").equals(letters)) {
        return ", did you mean " + key.name() + "?";
      }
    }
    return "";
  }

  private Configuration configuration(Map<String, String> environment) {
    String systemd = environment.getOrDefault("STATE_DIRECTORY", "");
    Path state =
        path(STATE).orElse(Path.of(systemd.isEmpty() ? "tka-data" : systemd.split(":", -1)[0]));
    String database = text(DATABASE).orElse("sqlite:" + state.resolve("control.db"));
    List<Listener> listeners = new ArrayList<>();
    listeners.add(
        listener(
            Role.FORWARDER,
            address(FORWARDER_LISTEN).orElse(new Address.Unix(state.resolve("forwarder.sock"))),
            path(FORWARDER_TOKEN_FILE),
            Optional.empty(),
            path(FORWARDER_CLIENT_CA)));
    listeners.add(
        listener(
            Role.OPERATOR,
            address(OPERATOR_LISTEN).orElse(new Address.Unix(state.resolve("operator.sock"))),
            path(OPERATOR_TOKEN_FILE),
            path(OPERATOR_READ_TOKEN_FILE),
            path(OPERATOR_CLIENT_CA)));
    Optional<Address> nodes = address(NODE_LISTEN);
    Optional<Path> nodeCa = path(NODE_CLIENT_CA);
    if (nodes.isPresent()) {
      listeners.add(listener(Role.NODE, nodes.get(), Optional.empty(), Optional.empty(), nodeCa));
    } else if (nodeCa.isPresent()) {
      problem(NODE_CLIENT_CA, "needs " + NODE_LISTEN);
    }
    ControlSettings control =
        ControlSettings.DEFAULTS
            .creatingTailnets(choice(CREATE_TAILNETS, "first-use", "operator"))
            .takingSupportSecrets(!choice(SUPPORT_SECRETS, "refuse", "accept"))
            .refusingWeakKeys(choice(WEAK_KEYS, "refuse", "accept"));
    ControlSettings capped =
        control
            .withMostNodes(number(MOST_NODES, control.mostNodes()))
            .withMostAums(number(MOST_AUMS, control.mostAums()));
    return new Configuration(
        state,
        database,
        capped,
        new ServerSettings(
            listeners,
            path(TLS_CERTIFICATE),
            path(TLS_KEY),
            list(NAMES),
            !choice(INSECURE_LISTEN, "false", "true"),
            Set.copyOf(new TreeSet<>(list(METRICS_TAILNETS))),
            limits()),
        logs(state),
        time(RESTORED));
  }

  private Optional<HeadsLogSettings> logs(Path state) {
    Optional<Path> key = path(LOG_KEY);
    Optional<Path> witnesses = path(WITNESSES);
    return key.isPresent() || witnesses.isPresent()
        ? Optional.of(new HeadsLogSettings(key.orElse(state.resolve("log.key")), witnesses))
        : Optional.empty();
  }

  private Optional<Instant> time(String key) {
    Optional<String> text = text(key);
    try {
      Optional<Instant> time = text.map(each -> OffsetDateTime.parse(each).toInstant());
      if (time.filter(each -> each.isAfter(Instant.now().plus(AHEAD))).isPresent()) {
        problem(key, "expected a time that is past, found one that is to come");
      }
      return time;
    } catch (DateTimeParseException e) {
      problem(key, "expected a time such as 2026-01-31T12:00:00Z, found something else");
      return Optional.empty();
    }
  }

  private ServerSettings.Limits limits() {
    ServerSettings.Limits usual = ServerSettings.Limits.STANDARD;
    int requests = number(REQUESTS_PER_SECOND, usual.requestsPerSecond());
    return usual.with(
        requests,
        number(BYTES_PER_SECOND, (int) usual.bytesPerSecond()),
        number(CONCURRENT_REQUESTS, usual.running()));
  }

  private static Listener listener(
      Role role,
      Address address,
      Optional<Path> tokens,
      Optional<Path> readTokens,
      Optional<Path> clientCa) {
    return new Listener(role, address, tokens, readTokens, clientCa);
  }

  private void problem(String key, String what) {
    Value value = values.get(key);
    problems.add((value == null ? "" : value.where() + ": ") + key + " " + what);
  }

  private Optional<String> text(String key) {
    Value value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value.text().isEmpty()) {
      problem(key, "has no value");
      return Optional.empty();
    }
    return Optional.of(value.text());
  }

  private Optional<Path> path(String key) {
    Optional<String> text = text(key);
    try {
      return text.map(Path::of);
    } catch (InvalidPathException e) {
      problem(key, "is not a path");
      return Optional.empty();
    }
  }

  private Optional<Address> address(String key) {
    Optional<String> text = text(key);
    try {
      return text.map(Address::parse);
    } catch (IllegalArgumentException e) {
      problem(key, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private List<String> list(String key) {
    return text(key)
        .map(text -> Arrays.stream(text.split(",", -1)).map(String::strip).toList())
        .orElse(List.of());
  }

  /** Whether the first of two words counts, which it does if there is none. */
  private boolean choice(String key, String first, String second) {
    Optional<String> text = text(key);
    if (text.isPresent() && !text.get().equals(first) && !text.get().equals(second)) {
      problem(key, "expected " + first + " or " + second + ", found something else");
    }
    return !text.equals(Optional.of(second));
  }

  private int number(String key, int usual) {
    Optional<String> text = text(key);
    if (text.isEmpty()) {
      return usual;
    }
    if (!text.get().matches("[1-9][0-9]{0,8}")) {
      problem(key, "expected a number of 1 to 999999999, found something else");
      return usual;
    }
    return Integer.parseInt(text.get());
  }
}
