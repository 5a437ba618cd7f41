package dev.tka.cli;

import dev.tka.cli.command.AddCommand;
import dev.tka.cli.command.AuthKeyCommand;
import dev.tka.cli.command.BackupCommand;
import dev.tka.cli.command.CompactCommand;
import dev.tka.cli.command.ConformanceCommand;
import dev.tka.cli.command.DeepLinkCommand;
import dev.tka.cli.command.DeleteCommand;
import dev.tka.cli.command.DisableCommand;
import dev.tka.cli.command.DisablementKdfCommand;
import dev.tka.cli.command.DoctorCommand;
import dev.tka.cli.command.EditsCommand;
import dev.tka.cli.command.ExplainCommand;
import dev.tka.cli.command.ExportCommand;
import dev.tka.cli.command.Failures;
import dev.tka.cli.command.ImportCommand;
import dev.tka.cli.command.InitCommand;
import dev.tka.cli.command.InspectCommand;
import dev.tka.cli.command.KeygenCommand;
import dev.tka.cli.command.LogCommand;
import dev.tka.cli.command.OfferCommand;
import dev.tka.cli.command.PeersCommand;
import dev.tka.cli.command.RemoveCommand;
import dev.tka.cli.command.RepairCommand;
import dev.tka.cli.command.ResignCommand;
import dev.tka.cli.command.RestoreCommand;
import dev.tka.cli.command.RevokeKeysCommand;
import dev.tka.cli.command.SignCommand;
import dev.tka.cli.command.StatusCommand;
import dev.tka.cli.command.SyncCommand;
import dev.tka.cli.command.TailnetsCommand;
import dev.tka.cli.command.UpdateCommand;
import dev.tka.cli.command.VerifyCommand;
import dev.tka.cli.demo.DemoCommand;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.RememberingWriter;
import dev.tka.cli.output.Texts;
import dev.tka.store.Waits;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;

/** Runs the command {@code tka}. */
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
          Map.entry("restore", RestoreCommand.class),
          Map.entry("export", ExportCommand.class),
          Map.entry("import", ImportCommand.class),
          Map.entry("delete", DeleteCommand.class),
          Map.entry("conformance", ConformanceCommand.class),
          Map.entry("demo", DemoCommand.class),
          Map.entry("generate-completion", GenerateCompletion.class));

  private Main() {}

  /** Runs the command and exits with its status. */
  public static void main(String[] args) {
    Writer out = writer(new FileOutputStream(FileDescriptor.out));
    Writer err = writer(new FileOutputStream(FileDescriptor.err));
    System.exit(run(new Tka(System.in, isTerminal(), new SecureRandom()), out, err, args));
  }

  /** True when a person types the input and sees the output. */
  @SuppressWarnings("SystemConsoleNull") // Since JDK 22 there may be a console without a terminal,
  private static boolean isTerminal() {
    System.setProperty("jdk.console", "java.base"); // but not this one.
    return System.console() != null;
  }

  /** Runs the command on streams other than the process's. */
  static int run(Tka tka, Writer out, Writer err, String... args) {
    RememberingWriter remembering = new RememberingWriter(out);
    PrintWriter outPrinter = new PrintWriter(remembering);
    PrintWriter errPrinter = new PrintWriter(err);
    int exitCode;
    try {
      exitCode = execute(tka, outPrinter, errPrinter, args);
    } catch (Throwable failure) {
      // Includes a lack of memory or stack: a script must not mistake it for a failed verification.
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

  private static int execute(Tka tka, PrintWriter out, PrintWriter err, String... args) {
    CommandLine command = commandLine(tka, args);
    Failures failures = new Failures();
    command.setOut(out);
    command.setErr(err);
    command.setExecutionExceptionHandler(failures);
    command.setParameterExceptionHandler(failures);
    command.setExecutionStrategy(Main::executeAndClose);
    AtomicBoolean told = new AtomicBoolean();
    Waits.Listening waits =
        Waits.tell(
            what -> {
              if (!told.getAndSet(true)) {
                err.println("tka: waiting for " + Texts.printable(what));
                err.flush();
              }
            });
    try {
      return command.execute(args);
    } finally {
      waits.close();
    }
  }

  /** Closes stores only at the end: a command may read from one until its last line of output. */
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
   * The command with its subcommands. Inspecting a subcommand takes some milliseconds, so if the
   * first argument names one, only that one is added.
   */
  static CommandLine commandLine(Tka tka, String... args) {
    CommandLine command = new CommandLine(tka);
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

  private static Writer writer(OutputStream stream) {
    // Names and metadata may hold any text, whatever the locale says.
    return new OutputStreamWriter(stream, StandardCharsets.UTF_8);
  }
}
