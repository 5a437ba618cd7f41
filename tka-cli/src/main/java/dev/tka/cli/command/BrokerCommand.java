package dev.tka.cli.command;

import dev.tka.broker.BadInputException;
import dev.tka.broker.Bringing;
import dev.tka.broker.Broker;
import dev.tka.broker.BrokerLog;
import dev.tka.broker.BrokerServer;
import dev.tka.broker.BrokerToken;
import dev.tka.broker.LogEntry;
import dev.tka.broker.LogException;
import dev.tka.broker.Policy;
import dev.tka.broker.SecondBroker;
import dev.tka.cli.input.DaemonPeers;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.SecretInput;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.ServerOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.export.ExportFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka broker}: signs nodes without a person. */
@Command(
    name = "broker",
    description = {
      "Signs nodes without a person, by a policy, and logs every decision.",
      "Each node needs a voucher that the broker verifies: of a token that it issued, or a token of"
          + " an OpenID provider. docs/broker.md says what a policy holds, and what a broker does not"
          + " stop."
    },
    mixinStandardHelpOptions = true,
    subcommands = {
      BrokerCommand.Check.class,
      BrokerCommand.Run.class,
      BrokerCommand.MakeToken.class,
      BrokerCommand.Vouch.class,
      BrokerCommand.Waiting.class,
      BrokerCommand.ReadLog.class
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka broker check policy.json",
      "  tka broker run policy.json --state /var/lib/tka-broker --server https://tka.example.com",
      "  tka broker waiting https://tka.example.com --tailnet example.com",
      "  tka broker token policy.json new-servers --state /var/lib/tka-broker --out web7.token",
      "  tka broker voucher web7.token --tailnet example.com nodekey:...",
      "  tka broker log --state /var/lib/tka-broker --verify"
    })
public final class BrokerCommand {
  private static final String LOG = "log.jsonl";

  @ParentCommand private Tka tka;

  /** The folder of a broker's own files. */
  static final class State {
    private State() {}

    @Option(
        names = "--state",
        paramLabel = "DIR",
        description =
            "Folder of the broker's log and socket (default: $STATE_DIRECTORY or tka-broker).")
    private @Nullable Path state;

    Path folder() {
      if (state != null) {
        return state;
      }
      return Path.of(Objects.requireNonNullElse(System.getenv("STATE_DIRECTORY"), "tka-broker"));
    }

    Path log() {
      return folder().resolve(LOG);
    }

    BrokerLog open(PrintWriter err) throws CommandFailure, IOException {
      try {
        BrokerLog log = BrokerLog.open(log());
        log.note().ifPresent(note -> err.println("tka: " + note));
        return log;
      } catch (LogException e) {
        throw failure(e);
      }
    }
  }

  private static CommandFailure failure(LogException e) {
    return new CommandFailure(ExitCode.VERIFICATION_FAILED, String.valueOf(e.getMessage()));
  }

  private static Policy policy(Path file) throws CommandFailure, IOException {
    try {
      return Policy.read(file);
    } catch (BadInputException e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, String.valueOf(e.getMessage()));
    }
  }

  private static final String POLICY = "The policy, a file of JSON (docs/broker.md).";

  /** {@code tka broker check}: reads a policy. */
  @Command(
      name = "check",
      description = {
        "Reads a policy, opens what it signs with, and says what each rule means.",
        "The hash that it prints last changes with all that decides: the policy, the files of keys"
            + " that it names, and the keys that it signs with. The log has it at each start.",
        "Nothing is signed and nothing is written."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {"  tka broker check policy.json"})
  static final class Check implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "POLICY", description = POLICY)
    private Path file;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      Policy policy = policy(file);
      explain(policy, policy.openSigners(), spec.commandLine().getOut());
      return ExitCode.OK;
    }
  }

  /** Says what a policy means, with the keys of signers that were opened. */
  private static void explain(Policy policy, Map<String, LockPublicKey> signers, PrintWriter out) {
    for (Policy.Rule rule : policy.rules()) {
      out.println("rule " + rule.name());
      out.println(
          "  for:     "
              + String.join(", ", rule.tailnets().stream().map(TailnetName::printable).toList()));
      out.println(
          "  voucher: "
              + (rule.voucher() instanceof Policy.Vouching.Oidc oidc
                  ? "a token of "
                      + Texts.printable(oidc.issuer())
                      + " for "
                      + Texts.printable(oidc.audience())
                  : "a token of this broker"));
      if (rule.voucher() instanceof Policy.Vouching.Oidc oidc) {
        out.println(
            "  keys:    "
                + Texts.printable(oidc.keys().toString())
                + ", SHA-256 "
                + oidc.keys().hash().toHex());
      }
      out.println("  limits:  " + rule.perHour() + " an hour, until " + rule.until());
      rule.second()
          .ifPresent(
              second ->
                  out.println(
                      "  second:  above "
                          + second.above()
                          + " a day, "
                          + second.url()
                          + " has to agree with "
                          + second.key()));
      out.println("  " + Texts.printable(rule.sign().meaning()));
      Optional.ofNullable(signers.get(rule.name()))
          .ifPresent(key -> out.println("  key:     " + key));
      if (rule.voucher() instanceof Policy.Vouching.Oidc && rule.tailnets().size() > 1) {
        out.println("  warning: no token names a tailnet: whoever carries one chooses among these");
      }
      rule.sign()
          .warning()
          .ifPresent(warning -> out.println("  warning: " + Texts.printable(warning)));
    }
    out.println();
    out.println("policy:  " + policy.hash(signers).toHex());
  }

  /** {@code tka broker run}: the broker. */
  @Command(
      name = "run",
      description = {
        "Runs the broker, which is asked over HTTP: POST /v1/sign.",
        "Who asks hands over the node's voucher, and gets the signature. On a Unix socket, whoever"
            + " may open its folder may ask; on a port, whoever has the token of --port-token-file.",
        "With --server, the broker itself brings each signature to control, and tries again for as"
            + " long as control is away; what was not brought before a restart is brought after it."
            + " The token of --token-file has to be an operator's with full rights.",
        "Standard error gets one line per request; what it prints first names the last line"
            + " of its log, to be kept elsewhere."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka broker run policy.json",
        "  tka broker run policy.json --state /var/lib/tka-broker --port 8700"
            + " --port-token-file broker.token",
        "  tka broker run policy.json --server https://tka.example.com --token-file operator.token",
        "  tka broker run policy.json --dry-run"
      })
  static final class Run implements Callable<Integer> {
    /** Whoever asks the broker waits for control, too. */
    private static final Duration SILENCE = Duration.ofSeconds(10);

    private static final Duration ANSWER = Duration.ofSeconds(15);

    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "POLICY", description = POLICY)
    private Path file;

    @Mixin private State state;

    @Option(
        names = "--port",
        paramLabel = "N",
        description =
            "Listen on this port of 127.0.0.1, with --port-token-file, in place of the socket"
                + " broker.sock in the folder of --state.")
    private @Nullable Integer port;

    @Option(
        names = "--port-token-file",
        paramLabel = "FILE",
        description = "The file of the token with which a port is asked.")
    private @Nullable Path tokenFile;

    @Option(
        names = "--server",
        paramLabel = "URL",
        converter = StoreText.class,
        description =
            "Bring each signature to this running server, https://HOST:PORT or unix:PATH of its"
                + " operators' listener.")
    private @Nullable StorePlace control;

    @Mixin private ServerOption access;

    @Option(
        names = "--dry-run",
        description =
            "Decide and log, and sign nothing. It uses up no voucher and counts in no rate.")
    private boolean dryRun;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
      if ((port == null) != (tokenFile == null)) {
        throw new ParameterException(
            spec.commandLine(),
            "--port and --port-token-file belong together: a port needs a token");
      }
      Optional<ServerClient> client = client();
      PrintWriter out = spec.commandLine().getOut();
      PrintWriter err = spec.commandLine().getErr();
      Policy policy = policy(file);
      Map<String, LockPublicKey> signers = dryRun ? Map.of() : policy.openSigners();
      BrokerLog log = state.open(err);
      BrokerLog.Head head;
      try {
        head = Broker.start(log, policy.hash(signers), Instant.now());
      } catch (LogException e) {
        throw failure(e);
      }
      Consumer<String> lines = Foreground.lines(err);
      Clock clock = Clock.systemUTC();
      Broker broker = new Broker(policy, log, clock, new SecondBroker(), dryRun);
      int left = toBring(log);
      Optional<Bringing> bringing = client.map(to -> Bringing.start(log, to, clock, lines));
      BrokerServer server =
          BrokerServer.start(
              bringing.isPresent() ? broker.bringing() : broker,
              port == null || tokenFile == null
                  ? new BrokerServer.Where.Unix(state.folder().resolve("broker.sock"))
                  : new BrokerServer.Where.Loopback(port, tokenFile),
              bringing.isPresent() ? bringing.get() : (request, signed) -> Optional.empty(),
              lines);
      // Before anybody hears that it is up, and may end it.
      ServiceManager manager = ServiceManager.ofProcess();
      Foreground.atEnd(
          () -> {
            manager.stopping().ifPresent(lines);
            server.close();
            bringing.ifPresent(Bringing::close);
          });
      explain(policy, signers, out);
      out.println(
          "log:     " + state.log() + ", line " + head.lines() + ", " + head.hash().toHex());
      if (left > 0) {
        out.println(
            "control: "
                + Texts.count(left, "signature")
                + " of before not brought yet"
                + (bringing.isPresent() ? "" : ", which needs --server"));
      }
      out.println("asked at " + server.address() + (dryRun ? ", signs nothing (--dry-run)" : ""));
      out.flush();
      manager.ready().ifPresent(lines);
      return Foreground.untilTold();
    }

    /** A rehearsal has nothing to bring. */
    private Optional<ServerClient> client() throws CommandFailure, ServerException {
      if (control == null) {
        return Optional.empty();
      }
      if (control instanceof TailscaledPlace) {
        throw new CommandFailure(
            ExitCode.USAGE,
            "--server: expected a running server, such as https://HOST:PORT or unix:PATH, found a"
                + " running tailscaled: it signs with its own key, and takes no other signature");
      }
      ServerPlace server = ServedPeers.require(access.of(control));
      return dryRun
          ? Optional.empty()
          : Optional.of(ServerClient.open(server.access().withPatience(SILENCE, ANSWER)));
    }

    private static int toBring(BrokerLog log) throws CommandFailure, IOException {
      try {
        return log.toBring();
      } catch (LogException e) {
        throw failure(e);
      }
    }
  }

  /** {@code tka broker token}: issues one. */
  @Command(
      name = "token",
      description = {
        "Issues a token for one node, by a rule whose vouchers are tokens.",
        "It is printed once, or written to a file that only its owner can read. The broker keeps its"
            + " public half, in its log. Give it to the node, and to nobody else."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka broker token policy.json new-servers --out web7.token",
        "  tka broker token policy.json new-servers --hours 1"
      })
  static final class MakeToken implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @ParentCommand private BrokerCommand command;

    @Parameters(index = "0", paramLabel = "POLICY", description = POLICY)
    private Path file;

    @Parameters(index = "1", paramLabel = "RULE", description = "The name of the rule.")
    private String name;

    @Mixin private State state;

    @Option(
        names = "--hours",
        defaultValue = "24",
        paramLabel = "N",
        description = "How long the token counts, from now on (default: ${DEFAULT-VALUE}).")
    private int hours;

    @Option(
        names = "--out",
        paramLabel = "FILE",
        description = "Write the token to a new file that only its owner can read.")
    private @Nullable Path out;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      if (hours < 1 || hours > 24 * 366) {
        throw new ParameterException(
            spec.commandLine(), "--hours: expected 1 to 8784, found " + hours);
      }
      Policy.Rule rule =
          policy(file)
              .find(name)
              .orElseThrow(
                  () ->
                      new CommandFailure(
                          ExitCode.NOT_FOUND, file + ": it has no rule of this name"));
      if (!(rule.voucher() instanceof Policy.Vouching.Token)) {
        throw new CommandFailure(
            ExitCode.BAD_INPUT,
            file + ": the vouchers of rule " + name + " are no broker's tokens");
      }
      BrokerToken token = BrokerToken.generate(new SecureRandom());
      Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
      PrintWriter err = spec.commandLine().getErr();
      byte[] text = (token.exposeText() + "\n").getBytes(StandardCharsets.US_ASCII);
      // The file first: a token that nobody knows must not be in the log.
      if (out != null) {
        ExportFile.write(
            out,
            stream -> {
              stream.write(text);
              return text.length;
            });
      }
      try (BrokerLog log = state.open(err)) {
        Broker.issue(log, token.id(), name, now.plus(Duration.ofHours(hours)), now);
        command.tka.noteChange();
      } catch (LogException e) {
        throw failure(e);
      }
      if (out == null) {
        spec.commandLine().getOut().println(token.exposeText());
      }
      err.println("tka: counts until " + now.plus(Duration.ofHours(hours)) + ", once");
      return ExitCode.OK;
    }
  }

  /** {@code tka broker voucher}: vouches for a node. */
  @Command(
      name = "voucher",
      description = {
        "Vouches for a node key with a token, and prints the voucher.",
        "It runs where the token is, such as on the node. The voucher serves for this node key alone:"
            + " whoever hands it to the broker, such as control, cannot use it for another."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka broker voucher web7.token --tailnet example.com nodekey:...",
        "  tka broker voucher - --tailnet example.com nodekey:... tlpub:..."
      })
  static final class Vouch implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @ParentCommand private BrokerCommand command;

    @Parameters(
        index = "0",
        paramLabel = SecretInput.LABEL,
        converter = StreamArgument.File.class,
        description = "The file of the token, or - for standard input.")
    private StreamArgument file;

    @Parameters(index = "1", paramLabel = "NODEKEY", description = "The node key, nodekey:...")
    private String nodeKey;

    @Parameters(
        index = "2",
        arity = "0..1",
        paramLabel = "ROTATIONKEY",
        description =
            "The node's own key, tlpub:..., with which it may rotate its node key. Not for a rule that"
                + " signs with a credential.")
    private @Nullable String rotationKey;

    @Option(
        names = "--tailnet",
        required = true,
        paramLabel = "NAME",
        description = "The tailnet of the node, as the broker's policy names it.")
    private String tailnet = "";

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      if (!Tailnets.isName(tailnet)) {
        throw new ParameterException(
            spec.commandLine(), "--tailnet: expected the name of a tailnet, found another text");
      }
      NodeKey key = KeyArgument.parse(NodeKey::parse, nodeKey, spec);
      Optional<LockPublicKey> rotation =
          rotationKey == null
              ? Optional.empty()
              : Optional.of(KeyArgument.parse(LockPublicKey::parse, rotationKey, spec));
      BrokerToken token;
      try {
        token = BrokerToken.parse(SecretInput.read(file, "token", command.tka, spec));
      } catch (BadInputException e) {
        throw new CommandFailure(ExitCode.BAD_INPUT, "token: " + e.getMessage());
      }
      spec.commandLine().getOut().println(token.vouch(tailnet, key, rotation));
      return ExitCode.OK;
    }
  }

  /** {@code tka broker waiting}: lists the nodes that wait. */
  @Command(
      name = "waiting",
      description = {
        "Lists the nodes that wait: those that lack only a signature.",
        "A running server, or tailscaled, is asked for its nodes, and their signatures are verified"
            + " here. Names are its word, and only shown: a broker signs a node for its voucher alone."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka broker waiting https://tka.example.com --tailnet example.com",
        "  tka broker waiting tailscaled:"
      })
  static final class Waiting implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private StoreArgument store;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
      PrintWriter out = spec.commandLine().getOut();
      PrintWriter err = spec.commandLine().getErr();
      Optional<TailscaledPlace> daemon = DaemonPeers.find(store.place());
      if (daemon.isEmpty()) {
        ServedPeers.require(store.place());
      }
      StoreEdit look = StoreEdit.look(store, err);
      PeersFile nodes =
          daemon.isPresent()
              ? DaemonPeers.of(daemon.get(), err)
              : ServedPeers.of(
                  ServedPeers.require(store.place()), look.store().tailnet().orElseThrow());
      int[] count = {0};
      PeerText.all(look.authority(), nodes)
          .forEach(
              (entry, verdict) -> {
                if (PeerText.isUnsigned(verdict)) {
                  count[0]++;
                  out.println(entry.peer().nodeKey() + "  " + entry.title());
                }
              });
      if (count[0] == 0) {
        err.println("tka: no node waits");
      }
      return nodes.exitCode();
    }
  }

  /** {@code tka broker log}: verifies and prints the log. */
  @Command(
      name = "log",
      description = {
        "Verifies a broker's log and prints it, a line for each entry.",
        "Every line bears the hash of the line before. An edit shows; lines cut off at the end, and a"
            + " log that was rewritten, show only with --head, a hash that was kept elsewhere."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka broker log --state /var/lib/tka-broker",
        "  tka broker log --verify --head HASH"
      })
  static final class ReadLog implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private State state;

    @Option(names = "--verify", description = "Print only the number and hash of the last line.")
    private boolean verify;

    @Option(
        names = "--head",
        paramLabel = "HASH",
        description =
            "A hash that was printed before, which has to be in the log. It can be repeated.")
    private List<String> heads = List.of();

    @Override
    public Integer call() throws IOException, CommandFailure {
      PrintWriter out = spec.commandLine().getOut();
      Set<Bytes> kept = new HashSet<>();
      for (String each : heads) {
        try {
          kept.add(Bytes.parseHex(each));
        } catch (TextException e) {
          throw new ParameterException(
              spec.commandLine(), "--head: expected 64 hexadecimal digits, found another text");
        }
      }
      try {
        BrokerLog.Head head =
            BrokerLog.verify(
                state.log(),
                kept,
                entry -> {
                  if (!verify) {
                    out.println(line(entry));
                  }
                });
        out.println(
            "verified "
                + Texts.count(head.lines(), "line")
                + ", the last is "
                + head.hash().toHex());
        return ExitCode.OK;
      } catch (LogException e) {
        throw failure(e);
      }
    }

    private static String line(LogEntry entry) {
      String at = entry.at().truncatedTo(ChronoUnit.SECONDS) + "  ";
      if (entry.what() instanceof LogEntry.TokenIssued token) {
        return at + "token     rule " + token.rule() + ", until " + token.until();
      }
      if (entry.what() instanceof LogEntry.Settled settled) {
        return at
            + (settled.left().isPresent() ? "left      " : "brought   ")
            + settled.nodeKey()
            + " of "
            + TailnetName.printable(settled.tailnet())
            + settled.left().map(why -> ": " + Texts.printable(why)).orElse("");
      }
      if (entry.what() instanceof LogEntry.Decided decided) {
        String what =
            switch (decided.outcome()) {
              case SIGNED -> "signed    ";
              case REFUSED -> "refused   ";
              case WOULD_SIGN -> "rehearsed ";
            };
        return at
            + what
            + decided.nodeKey()
            + decided.name().map(name -> " (" + Texts.printable(name) + ")").orElse("")
            + " of "
            + TailnetName.printable(decided.tailnet())
            + decided.rule().map(rule -> ", rule " + rule).orElse("")
            + decided.reason().map(reason -> ": " + reason).orElse("");
      }
      return at + "started   policy " + ((LogEntry.Started) entry.what()).policy().toHex();
    }
  }
}
