package dev.tka.cli;

import dev.tka.core.SignatureVerifier;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code tka}. */
@Command(
    name = "tka",
    description =
        "Creates, edits, inspects, verifies, repairs and compacts a tailnet's key authority"
            + " (Tailnet Lock).",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all is well",
      "1:verification failed, no node would accept it, or two ends disagree",
      "2:the command line does not make sense",
      "3:bad or damaged input, or a store of a newer version",
      "4:not found",
      "5:conflict: another writer was first, or it is there already",
      "6:reading or writing failed",
      "7:a peer is dropped",
      "70:an internal error"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka demo                                  see it work on real data",
      "  tka status /var/lib/tailscale/tka-profiles/2601",
      "  tka status sqlite:control.db --tailnet example.com",
      "  tka log --graph DIR                       the chain, with its forks",
      "  tka inspect genesis.cbor                  every field of an AUM",
      "  tka keygen admin.key                      a key that can sign",
      "  tka add DIR tlpub:... --key-file admin.key",
      "  source <(tka generate-completion)         completion for bash and zsh"
    })
public final class Main {
  /** By name, in the order of the help. */
  private static final List<Map.Entry<String, Class<?>>> COMMANDS =
      List.of(
          Map.entry("status", StatusCommand.class),
          Map.entry("log", LogCommand.class),
          Map.entry("verify", VerifyCommand.class),
          Map.entry("tailnets", TailnetsCommand.class),
          Map.entry("inspect", InspectCommand.class),
          Map.entry("keygen", KeygenCommand.class),
          Map.entry("init", InitCommand.class),
          Map.entry("add", AddCommand.class),
          Map.entry("remove", RemoveCommand.class),
          Map.entry("update", UpdateCommand.class),
          Map.entry("revoke-keys", RevokeKeysCommand.class),
          Map.entry("sign", SignCommand.class),
          Map.entry("resign", ResignCommand.class),
          Map.entry("peers", PeersCommand.class),
          Map.entry("explain", ExplainCommand.class),
          Map.entry("authkey", AuthKeyCommand.class),
          Map.entry("deeplink", DeepLinkCommand.class),
          Map.entry("disablement-kdf", DisablementKdfCommand.class),
          Map.entry("disable", DisableCommand.class),
          Map.entry("edits", EditsCommand.class),
          Map.entry("offer", OfferCommand.class),
          Map.entry("sync", SyncCommand.class),
          Map.entry("doctor", DoctorCommand.class),
          Map.entry("repair", RepairCommand.class),
          Map.entry("compact", CompactCommand.class),
          Map.entry("backup", BackupCommand.class),
          Map.entry("export", ExportCommand.class),
          Map.entry("import", ImportCommand.class),
          Map.entry("conformance", ConformanceCommand.class),
          Map.entry("demo", DemoCommand.class),
          Map.entry("generate-completion", GenerateCompletion.class));

  private final InputStream in;
  private final OutputStream out;
  private final boolean canAsk;
  private final SecureRandom random;

  /**
   * Where a command's input comes from.
   *
   * @param canAsk whether a person is at the other end of the input, and sees what is asked
   */
  Main(InputStream in, boolean canAsk, SecureRandom random) {
    this(in, new FileOutputStream(FileDescriptor.out), canAsk, random);
  }

  /**
   * Where a command's input comes from, and where output goes that is no text.
   *
   * @param canAsk whether a person is at the other end of the input, and sees what is asked
   */
  Main(InputStream in, OutputStream out, boolean canAsk, SecureRandom random) {
    this.in = in;
    this.out = out;
    this.canAsk = canAsk;
    this.random = random;
  }

  /** Runs the command and exits with its status. */
  public static void main(String[] args) {
    Writer out = writer(new FileOutputStream(FileDescriptor.out));
    Writer err = writer(new FileOutputStream(FileDescriptor.err));
    System.exit(run(new Main(System.in, isTerminal(), new SecureRandom()), out, err, args));
  }

  /** True when a person types what is read, and sees what is printed. */
  @SuppressWarnings("SystemConsoleNull") // Since JDK 22 there may be a console without a terminal,
  private static boolean isTerminal() {
    System.setProperty("jdk.console", "java.base"); // but not this one.
    return System.console() != null;
  }

  /** Runs the command on other streams than the process's. */
  static int run(Main main, Writer out, Writer err, String... args) {
    RememberingWriter remembering = new RememberingWriter(out);
    PrintWriter outPrinter = new PrintWriter(remembering);
    PrintWriter errPrinter = new PrintWriter(err);
    int exitCode;
    try {
      exitCode = execute(main, outPrinter, errPrinter, args);
    } catch (Throwable failure) {
      // Too little memory or stack included: a script must not take it for a failed verification.
      exitCode = Failures.internal(failure, errPrinter);
    }
    outPrinter.flush();
    if (exitCode == ExitCode.OK && remembering.hasFailed()) {
      exitCode = ExitCode.IO;
      if (!remembering.readerIsGone()) {
        errPrinter.println("tka: the output could not be written");
      }
    }
    errPrinter.flush();
    return exitCode;
  }

  private static int execute(Main main, PrintWriter out, PrintWriter err, String... args) {
    CommandLine command = commandLine(main, args);
    Failures failures = new Failures();
    command.setOut(out);
    command.setErr(err);
    command.setExecutionExceptionHandler(failures);
    command.setParameterExceptionHandler(failures);
    command.setExecutionStrategy(Main::executeAndClose);
    return command.execute(args);
  }

  /** What a command prints may be read from a store up to its end. */
  private static int executeAndClose(CommandLine.ParseResult parsed) {
    try {
      return new CommandLine.RunLast().execute(parsed);
    } finally {
      parsed.asCommandLineList().forEach(command -> close(command.getCommandSpec()));
    }
  }

  private static void close(CommandLine.Model.CommandSpec spec) {
    if (spec.userObject() instanceof TailnetOption tailnet) {
      tailnet.close();
    }
    spec.mixins().values().forEach(Main::close);
  }

  /**
   * The command with its subcommands. Looking at one costs some milliseconds, so where the first
   * argument names one, that is the only one.
   */
  static CommandLine commandLine(Main main, String... args) {
    CommandLine command = new CommandLine(main);
    Optional<Map.Entry<String, Class<?>>> named =
        COMMANDS.stream()
            .filter(known -> args.length > 0 && known.getKey().equals(args[0]))
            .filter(known -> !known.getValue().equals(GenerateCompletion.class))
            .findFirst();
    for (Map.Entry<String, Class<?>> known : named.map(List::of).orElse(COMMANDS)) {
      command.addSubcommand(known.getKey(), known.getValue());
    }
    return command;
  }

  InputStream in() {
    return in;
  }

  /** For output that is no text; nothing else may be printed then. */
  OutputStream out() {
    return out;
  }

  boolean canAsk() {
    return canAsk;
  }

  SecureRandom random() {
    return random;
  }

  private static Writer writer(OutputStream stream) {
    // Names and metadata may hold any text, whatever the locale says.
    return new OutputStreamWriter(stream, StandardCharsets.UTF_8);
  }

  /** Tells the version, and which path verifies signatures. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      Properties build = new Properties();
      try (InputStream resource = Main.class.getResourceAsStream("build.properties")) {
        build.load(resource);
      }
      return new String[] {
        "tka " + build.getProperty("version"),
        "signatures: " + SignatureVerifier.fastest().path(),
        "java: " + System.getProperty("java.version")
      };
    }
  }
}
