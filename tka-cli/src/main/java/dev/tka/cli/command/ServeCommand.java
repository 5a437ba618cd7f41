package dev.tka.cli.command;

import dev.tka.cli.input.StoreText;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.control.ControlException;
import dev.tka.control.ControlListener;
import dev.tka.control.ControlService;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.HeadsLogSettings;
import dev.tka.control.http.HttpWitnesses;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.SettingsFile;
import dev.tka.control.http.SettingsFile.Configuration;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code tka serve}: runs the control service. */
@Command(
    name = "serve",
    description = {
      "Runs the control service, which control servers, nodes and operators connect to.",
      "Without any setting its state is in $STATE_DIRECTORY, else in ./tka-data: the database and"
          + " one Unix socket each for control servers and operators. Each setting can be an option,"
          + " an environment variable (TKA_DATABASE for --database) or a line 'database = URL' in"
          + " the file of --config; an option counts before the environment, and that before the"
          + " file. Standard error gets one line per request."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka serve",
      "  tka serve --check --config /etc/tka.conf",
      "  tka serve --database postgresql://db.example/tka --config /etc/tka.conf"
    })
public final class ServeCommand implements Callable<Integer> {
  /** How long requests in flight may take when the server stops. */
  private static final Duration LAST_REQUESTS = Duration.ofSeconds(30);

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Read settings from a file of 'key = value' lines.")
  private @Nullable Path config;

  @Option(names = "--check", description = "Say what is wrong with the settings, and do not serve.")
  private boolean check;

  @ArgGroup(exclusive = false, validate = false, heading = "%nSettings:%n")
  private Settings settings = new Settings();

  /** The settings, as {@link SettingsFile#KEYS} lists them. */
  static final class Settings {
    private Settings() {}

    @Option(
        names = "--state",
        paramLabel = "DIR",
        description = "Folder of the server's own files (default: $STATE_DIRECTORY or tka-data).")
    private @Nullable String state;

    @Option(
        names = "--database",
        paramLabel = "URL",
        description = "Where tailnets are stored (default: sqlite:STATE/control.db).")
    private @Nullable String database;

    @Option(
        names = "--forwarder-listen",
        paramLabel = "ADDRESS",
        description =
            "Where control servers connect: unix:PATH or HOST:PORT (default: unix:STATE/forwarder.sock).")
    private @Nullable String forwarderListen;

    @Option(
        names = "--forwarder-token-file",
        paramLabel = "FILE",
        description = "Control servers' tokens, one or two lines.")
    private @Nullable String forwarderTokenFile;

    @Option(
        names = "--forwarder-client-ca",
        paramLabel = "FILE",
        description = "CA of control servers' certificates, in PEM.")
    private @Nullable String forwarderClientCa;

    @Option(
        names = "--operator-listen",
        paramLabel = "ADDRESS",
        description =
            "Where operators connect: unix:PATH or HOST:PORT (default: unix:STATE/operator.sock).")
    private @Nullable String operatorListen;

    @Option(
        names = "--operator-token-file",
        paramLabel = "FILE",
        description = "Operators' tokens, one or two lines.")
    private @Nullable String operatorTokenFile;

    @Option(
        names = "--operator-read-token-file",
        paramLabel = "FILE",
        description = "Tokens of operators that may only read.")
    private @Nullable String operatorReadTokenFile;

    @Option(
        names = "--operator-client-ca",
        paramLabel = "FILE",
        description = "CA of operators' certificates, in PEM.")
    private @Nullable String operatorClientCa;

    @Option(
        names = "--node-listen",
        paramLabel = "HOST:PORT",
        description = "Where nodes connect that need no control server.")
    private @Nullable String nodeListen;

    @Option(
        names = "--node-client-ca",
        paramLabel = "FILE",
        description = "CA of nodes' certificates, in PEM.")
    private @Nullable String nodeClientCa;

    @Option(
        names = "--tls-certificate",
        paramLabel = "FILE",
        description = "Certificate of the server, in PEM; with it, HOST:PORT speaks TLS.")
    private @Nullable String tlsCertificate;

    @Option(
        names = "--tls-key",
        paramLabel = "FILE",
        description = "Key of that certificate, in PEM.")
    private @Nullable String tlsKey;

    @Option(
        names = "--names",
        paramLabel = "NAME,...",
        description = "Names that clients use for this server (default: loopback, addresses).")
    private @Nullable String names;

    @Option(
        names = "--insecure-listen",
        paramLabel = "true|false",
        description = "Whether HOST:PORT that is not loopback may do without TLS (default: false).")
    private @Nullable String insecureListen;

    @Option(
        names = "--create-tailnets",
        paramLabel = "first-use|operator",
        description = "Who makes a tailnet: its first login, or an operator (default: first-use).")
    private @Nullable String createTailnets;

    @Option(
        names = "--support-secrets",
        paramLabel = "refuse|accept",
        description = "What to do with a disablement secret for support (default: refuse).")
    private @Nullable String supportSecrets;

    @Option(
        names = "--weak-keys",
        paramLabel = "refuse|accept",
        description =
            "What to do with keys that anybody can sign for; accept is for tests (default: refuse).")
    private @Nullable String weakKeys;

    @Option(
        names = "--most-nodes",
        paramLabel = "N",
        description = "Nodes that a tailnet may have (default: 100000).")
    private @Nullable String mostNodes;

    @Option(
        names = "--most-aums",
        paramLabel = "N",
        description =
            "Updates after which only removals and revocations are taken (default: 1000000).")
    private @Nullable String mostAums;

    @Option(
        names = "--requests-per-second",
        paramLabel = "N",
        description = "Requests of one tailnet, on average (default: 2000).")
    private @Nullable String requestsPerSecond;

    @Option(
        names = "--bytes-per-second",
        paramLabel = "N",
        description =
            "Bytes of one tailnet's requests and answers, on average (default: 33554432).")
    private @Nullable String bytesPerSecond;

    @Option(
        names = "--concurrent-requests",
        paramLabel = "N",
        description =
            "Requests of one tailnet that are worked on at one time (default: the number of cores, at least 2).")
    private @Nullable String concurrentRequests;

    @Option(
        names = "--metrics-tailnets",
        paramLabel = "NAME,...",
        description = "Tailnets that metrics name.")
    private @Nullable String metricsTailnets;

    @Option(
        names = "--witnesses",
        paramLabel = "FILE",
        description =
            "Witnesses that cosign a log of each tailnet's heads: a policy, with their URLs.")
    private @Nullable String witnesses;

    @Option(
        names = "--log-key",
        paramLabel = "FILE",
        description =
            "Key of those logs, made at the first start; alone it has logs kept, too (default:"
                + " STATE/log.key with witnesses).")
    private @Nullable String logKey;

    @Option(
        names = "--restored",
        paramLabel = "TIME",
        description =
            "When the database was restored from a backup: nodes give back what they hold.")
    private @Nullable String restored;

    private Map<String, String> given() {
      Map<String, String> given = new TreeMap<>();
      put("state", state, given);
      put("database", database, given);
      put("forwarder-listen", forwarderListen, given);
      put("forwarder-token-file", forwarderTokenFile, given);
      put("forwarder-client-ca", forwarderClientCa, given);
      put("operator-listen", operatorListen, given);
      put("operator-token-file", operatorTokenFile, given);
      put("operator-read-token-file", operatorReadTokenFile, given);
      put("operator-client-ca", operatorClientCa, given);
      put("node-listen", nodeListen, given);
      put("node-client-ca", nodeClientCa, given);
      put("tls-certificate", tlsCertificate, given);
      put("tls-key", tlsKey, given);
      put("names", names, given);
      put("insecure-listen", insecureListen, given);
      put("create-tailnets", createTailnets, given);
      put("support-secrets", supportSecrets, given);
      put("weak-keys", weakKeys, given);
      put("most-nodes", mostNodes, given);
      put("most-aums", mostAums, given);
      put("requests-per-second", requestsPerSecond, given);
      put("bytes-per-second", bytesPerSecond, given);
      put("concurrent-requests", concurrentRequests, given);
      put("metrics-tailnets", metricsTailnets, given);
      put("witnesses", witnesses, given);
      put("log-key", logKey, given);
      put("restored", restored, given);
      return given;
    }

    private static void put(String key, @Nullable String value, Map<String, String> given) {
      if (value != null) {
        given.put(key, value);
      }
    }
  }

  @Override
  public Integer call() throws CommandFailure, StoreException, IOException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    Configuration configuration;
    try {
      configuration =
          SettingsFile.read(Optional.ofNullable(config), System.getenv(), settings.given());
      configuration.requireFiles();
    } catch (SettingsFile.InvalidException e) {
      e.problems().forEach(problem -> err.println("tka: " + problem));
      return ExitCode.BAD_INPUT;
    }
    StorePlace.OfMany database = database(configuration);
    if (check) {
      String found = examine(database);
      out.println("the settings are good");
      out.println("database:  " + database.url() + ", " + found);
      for (Listener each : configuration.server().listeners()) {
        out.println((each.role() + ":          ").substring(0, 11) + each.address());
      }
      configuration
          .logs()
          .ifPresent(
              logs ->
                  out.println(
                      "log key:   "
                          + logs.keyFile()
                          + (Files.exists(logs.keyFile()) ? "" : ", made at the first start")));
      return ExitCode.OK;
    }
    makeFolder(configuration.state());
    Tailnets place = database.create(Clock.systemUTC());
    try {
      requireRecords(place, database);
    } catch (CommandFailure e) {
      place.close();
      throw e;
    }
    Log log = new Log(err);
    database.warning().ifPresent(log::line);
    ControlService service =
        ControlService.over(place, configuration.control(), Clock.systemUTC(), log);
    ControlServer server;
    try {
      if (configuration.logs().isPresent()) {
        // Open until the process ends.
        HttpWitnesses unused = configuration.logs().get().keep(service);
      }
      if (configuration.restored().isPresent()) {
        log.restored(service.restored(configuration.restored().get()));
      }
      server =
          ControlServer.start(
              new ControlServer.Parts(
                  service, place, log::line, configuration.control().mostNodes()),
              configuration.server());
    } catch (ControlException e) {
      service.close();
      throw new CommandFailure(ExitCode.IO, database.url() + ": " + e.getMessage());
    } catch (SettingsFile.InvalidException e) {
      service.close();
      throw new CommandFailure(ExitCode.BAD_INPUT, String.valueOf(e.getMessage()));
    } catch (IOException | RuntimeException e) {
      service.close();
      throw e;
    }
    service.warm();
    ServiceManager manager = ServiceManager.ofProcess();
    Foreground.atEnd(() -> stop(server, service, manager, log));
    greet(server, database, configuration.logs(), out);
    out.flush();
    manager.ready().ifPresent(log::line);
    return Foreground.untilTold();
  }

  private static StorePlace.OfMany database(Configuration configuration) throws CommandFailure {
    try {
      return StoreText.requireMany(new StoreText().convert(configuration.database()));
    } catch (TypeConversionException e) {
      throw new CommandFailure(ExitCode.USAGE, "database: " + e.getMessage());
    }
  }

  private static void requireRecords(Tailnets place, StorePlace database) throws CommandFailure {
    if (place.records().isEmpty()) {
      throw new CommandFailure(
          ExitCode.USAGE, database.url() + ": this kind of store keeps no nodes for a server");
    }
  }

  /** What is in a database, of which nothing is changed, nor made. */
  private static String examine(StorePlace.OfMany database) throws CommandFailure, StoreException {
    try (Tailnets place = database.open(Clock.systemUTC())) {
      requireRecords(place, database);
      return Texts.count(place.revisions().size(), "tailnet");
    } catch (StoreException.Absent e) {
      if (database.path().filter(Files::isDirectory).isPresent()) {
        throw e;
      }
      return "made at the first start";
    }
  }

  /** Before anything is in it: whoever reads the database reads secrets of authorities. */
  private static void makeFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  private static void greet(
      ControlServer server, StorePlace database, Optional<HeadsLogSettings> logs, PrintWriter out) {
    out.println("serving " + database.url());
    for (Role role : Role.values()) {
      Optional<Listener.Address> address = server.address(role);
      if (address.isPresent()) {
        out.println("  " + (role + "s at        ").substring(0, 14) + address.get());
      }
    }
    if (logs.isPresent()) {
      Path key = logs.get().keyFile();
      out.println(
          "  heads logged  by the key in "
              + key
              + "; 'tka witness log-key "
              + key
              + "' shows its public half");
    }
    out.println();
    out.println("Next: let a control server send its nodes' requests to the first address, under");
    out.println(
        "/v1/tailnets/TAILNET/nodes/NODE/, and each registration as a login; its checklist is");
    out.println(
        "docs/control-authors.md. At the operators' address: a page for a browser, /; health,");
    out.println(
        "/readyz?verbose; metrics, /metrics; docs/operations.md says what each means. Ctrl-C or");
    out.println("SIGTERM stops the server.");
  }

  private static void stop(
      ControlServer server, ControlService service, ServiceManager manager, Log log) {
    log.line(Log.now() + " stopping");
    manager.stopping().ifPresent(log::line);
    boolean all = server.drain(LAST_REQUESTS);
    server.close();
    service.close();
    log.line(Log.now() + (all ? " stopped" : " stopped, some requests were cut off"));
  }

  /** Standard error, a line at a time. */
  private static final class Log implements ControlListener {
    /** How many nodes a line names. */
    private static final int LISTED = 20;

    private final PrintWriter err;

    Log(PrintWriter err) {
      this.err = err;
    }

    static Instant now() {
      return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    void line(String line) {
      err.println(line);
      err.flush();
    }

    void restored(List<String> tailnets) {
      tailnets.forEach(
          tailnet ->
              line(
                  now()
                      + " restored tailnet="
                      + TailnetName.printable(tailnet)
                      + ": takes back what nodes still hold, until they have come"));
      if (tailnets.isEmpty()) {
        line(now() + " restored: nothing is left to take back; remove this setting");
      }
    }

    @Override
    public void gaveBack(String tailnet, long came, List<Long> missing) {
      line(
          now()
              + " gave-back tailnet="
              + TailnetName.printable(tailnet)
              + " nodes="
              + came
              + (missing.isEmpty()
                  ? ""
                  : " missing="
                      + missing.stream().limit(LISTED).map(String::valueOf).toList()
                      + (missing.size() > LISTED ? " of " + missing.size() : ""))
              + ": control's own rules hold again");
    }

    @Override
    public void unsigned(String tailnet, List<Long> nodes) {
      line(
          now()
              + " locked-out tailnet="
              + TailnetName.printable(tailnet)
              + " nodes="
              + nodes
              + ": they came while the lock was being switched on, and need a signature");
    }

    @Override
    public void failed(String what, Exception why) {
      line(now() + " background work failed, to be tried again: " + what + ": " + why.getMessage());
    }
  }
}
