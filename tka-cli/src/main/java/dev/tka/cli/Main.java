package dev.tka.cli;

import dev.tka.cli.command.Failures;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.input.Tka;
import dev.tka.cli.input.WholeNumber;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.HelpText;
import dev.tka.cli.output.RememberingWriter;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.store.Waits;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Runs the command {@code tka}. */
public final class Main {
  private Main() {}

  /** Runs the command and exits with its status. */
  public static void main(String[] args) {
    loadAhead();
    Writer out = writer(new FileOutputStream(FileDescriptor.out));
    Writer err = writer(new FileOutputStream(FileDescriptor.err));
    OutputStream bytes = new FileOutputStream(FileDescriptor.out);
    System.exit(run(tka(System.in, bytes, isTerminal()), out, err, args));
  }

  /**
   * Nearly every command hashes something, and what the library for that loads takes a tenth of a
   * short one: another core does it while this one looks at the arguments.
   */
  static void loadAhead() {
    Thread loading = new Thread(() -> AumHash.ofEncoding(Bytes.empty()), "tka-hashes");
    loading.setDaemon(true);
    loading.start();
  }

  static Tka tka(InputStream in, OutputStream out, boolean canAsk) {
    return new Tka(in, out, canAsk, SecureRandom::new);
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
    if (remembering.hasFailed()) {
      exitCode = outputLost(exitCode, tka.hasChanged(), remembering, errPrinter);
    }
    errPrinter.flush();
    return exitCode;
  }

  /** To make a change again because its output was lost would be wrong, so it is said. */
  private static int outputLost(
      int exitCode, boolean changed, RememberingWriter out, PrintWriter err) {
    if (changed) {
      err.println("tka: the change was made, but the output could not be written");
      return exitCode == ExitCode.OK ? ExitCode.OUTPUT_LOST : exitCode;
    }
    if (exitCode != ExitCode.OK) {
      return exitCode;
    }
    if (!out.readerIsGone()) {
      err.println("tka: the output could not be written");
    }
    return ExitCode.IO;
  }

  static {
    // To look for these takes picocli time. No option has such a type, and there is no Groovy.
    System.setProperty("picocli.converters.excludes", "java[.](sql|time)[.].*");
    System.setProperty("picocli.disable.closures", "true");
  }

  private static int execute(Tka tka, PrintWriter out, PrintWriter err, String... given) {
    String[] args = Verbs.meant(List.of(given)).toArray(new String[0]);
    if (args.length > 0 && !args[0].startsWith("-") && !Verbs.isVerb(args[0])) {
      // What follows an unknown word means nothing, not even --help.
      args = new String[] {args[0]};
    }
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

  /**
   * Closes stores and signers only at the end: a command may use one until its last line of output.
   */
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
    if (spec.userObject() instanceof SigningKeyOption key) {
      key.close();
    }
    spec.mixins().values().forEach(Main::close);
  }

  /**
   * The command with its subcommands. If the first argument names one, only that one is added;
   * completion is about all of them, and any other text but an option is answered with their names.
   */
  static CommandLine commandLine(Tka tka, String... args) {
    String first = args.length == 0 ? "" : args[0];
    CommandLine command = new CommandLine(tka);
    if (Verbs.isVerb(first) && !first.equals(Verbs.COMPLETION)) {
      command.addSubcommand(first, Verbs.command(first));
    } else if (first.startsWith("-")) {
      // One subcommand says that there are some; the help lists them all without having them.
      Verbs.Verb any = Verbs.ALL.get(0);
      command.addSubcommand(any.name(), named(any));
      command
          .getHelpSectionMap()
          .put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, help -> Verbs.list(help.colorScheme()));
    } else {
      for (Verbs.Verb verb : Verbs.ALL) {
        command.addSubcommand(
            verb.name(), first.equals(Verbs.COMPLETION) ? Verbs.command(verb.name()) : named(verb));
      }
    }
    if (mayAskForHelp(args)) {
      HelpText.install(command);
    }
    return command
        .registerConverter(int.class, new WholeNumber())
        .registerConverter(Integer.class, new WholeNumber());
  }

  private static boolean mayAskForHelp(String... args) {
    for (String arg : args) {
      if (arg.startsWith("-") && arg.indexOf('h') > 0) {
        return true;
      }
    }
    return false;
  }

  private static CommandLine.Model.CommandSpec named(Verbs.Verb verb) {
    CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create().name(verb.name());
    spec.usageMessage().description(verb.summary());
    return spec;
  }

  private static Writer writer(OutputStream stream) {
    // Names and metadata may hold any text, whatever the locale says.
    return new OutputStreamWriter(stream, StandardCharsets.UTF_8);
  }
}
