package dev.tka.cli.command;

import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.TkaException;
import dev.tka.core.store.StoreException;
import dev.tka.store.LogPolicyFile;
import dev.tka.store.NoteKeyFile;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import dev.tka.tlog.heads.HeadsLog;
import dev.tka.witness.Witness;
import dev.tka.witness.WitnessServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
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

/** {@code tka witness}: cosigns the checkpoints of logs. */
@Command(
    name = "witness",
    description = {
      "Cosigns the checkpoints of transparency logs, and shows and replaces their keys.",
      "A witness never cosigns two trees of one size, so a log cannot show one history to some and"
          + " another to others. docs/witness.md says what that shows, and what it does not."
    },
    mixinStandardHelpOptions = true,
    subcommands = {WitnessCommand.Run.class, WitnessCommand.Key.class, WitnessCommand.LogKey.class},
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka witness key --state /var/lib/tka-witness --name witness.example/w1",
      "  tka witness run logs --state /var/lib/tka-witness --port 8710",
      "  tka witness log-key log.key"
    })
public final class WitnessCommand {
  @ParentCommand private Tka tka;

  /** The folder of a witness's own files. */
  static final class State {
    private State() {}

    @Option(
        names = "--state",
        paramLabel = "DIR",
        description =
            "Folder of the witness's key, and of what it cosigned last (default: $STATE_DIRECTORY"
                + " or tka-witness).")
    private @Nullable Path state;

    @Option(
        names = "--name",
        paramLabel = "NAME",
        description =
            "Name of a new key, such as a domain of yours and a path; it cannot be changed later"
                + " (default: tka-witness and a random number).")
    private @Nullable String name;

    Path folder() {
      return Objects.requireNonNullElseGet(
          state,
          () ->
              Path.of(Objects.requireNonNullElse(System.getenv("STATE_DIRECTORY"), "tka-witness")));
    }

    String name(CommandSpec spec) {
      String given =
          Objects.requireNonNullElseGet(name, () -> NoteKeyFile.randomName("tka-witness"));
      if (!VerifierKey.isName(given)) {
        throw new ParameterException(
            spec.commandLine(), "--name: expected a name without spaces and plus signs");
      }
      return given;
    }
  }

  /** {@code tka witness run}: the witness. */
  @Command(
      name = "run",
      description = {
        "Runs a witness, which logs ask over HTTP (C2SP, tlog-witness): POST /add-checkpoint.",
        "It needs no token, since what is asked counts by the log's signature. Its key is made at"
            + " the first start. Standard error gets one line per request."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka witness run logs",
        "  tka witness run logs --state /var/lib/tka-witness --port 8710"
      })
  static final class Run implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(
        index = "0",
        paramLabel = "LOGS",
        description =
            "The file of the logs that it knows, a line of log KEY for each; it is read anew for"
                + " each request.")
    private Path logs;

    @Mixin private State state;

    @Option(
        names = "--port",
        paramLabel = "N",
        description =
            "Listen on this port of 127.0.0.1, in place of the socket witness.sock in the folder of"
                + " --state.")
    private @Nullable Integer port;

    @Override
    public Integer call() throws TkaException, IOException {
      PrintWriter out = spec.commandLine().getOut();
      PrintWriter err = spec.commandLine().getErr();
      LogPolicy known = LogPolicyFile.read(logs);
      Witness witness = Witness.open(state.folder(), logs, state.name(spec), Clock.systemUTC());
      Consumer<String> lines = Foreground.lines(err);
      WitnessServer server =
          port == null
              ? WitnessServer.start(witness, state.folder().resolve("witness.sock"), lines)
              : WitnessServer.start(witness, port, lines);
      // Before anybody hears that it is up, and may end it.
      ServiceManager manager = ServiceManager.ofProcess();
      Foreground.atEnd(
          () -> {
            manager.stopping().ifPresent(lines);
            server.close();
          });
      known.logs().forEach(each -> out.println("log:      " + each));
      out.println("key:      " + witness.key());
      out.println("asked at " + server.address());
      out.flush();
      manager.ready().ifPresent(lines);
      return Foreground.untilTold();
    }
  }

  /** {@code tka witness key}: the public key of a witness. */
  @Command(
      name = "key",
      description = {
        "Prints the public key of a witness, and makes the key if there is none.",
        "Those who rely on the witness put it into their policy: witness NAME KEY."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {"  tka witness key --state /var/lib/tka-witness --name witness.example/w1"})
  static final class Key implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @ParentCommand private WitnessCommand command;
    @Mixin private State state;

    @Override
    public Integer call() throws TkaException, IOException {
      VerifierKey key = Witness.keyOf(state.folder(), state.name(spec));
      command.tka.noteChange();
      spec.commandLine().getOut().println(key);
      return ExitCode.OK;
    }
  }

  /** {@code tka witness log-key}: the keys of a log. */
  @Command(
      name = "log-key",
      description = {
        "Prints the public keys of control's logs, makes the first one, and replaces it.",
        "To replace a key: --add, give the line that is new to witnesses and to those who verify,"
            + " wait until all have it, --drop. In between, both keys sign. A server reads its file"
            + " when it starts: start it again after each step.",
        "A witness of tka knows all logs of a key by one line. Other witnesses want a line for each"
            + " log, under its whole origin: --origins prints them."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka witness log-key log.key",
        "  tka witness log-key log.key --add",
        "  tka witness log-key log.key --drop",
        "  tka witness log-key log.key --origins sqlite:control.db"
      })
  static final class LogKey implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @ParentCommand private WitnessCommand command;

    @Parameters(index = "0", paramLabel = "FILE", description = "The file of the private keys.")
    private Path file;

    @Option(names = "--add", description = "Add a key, which will replace the one that is there.")
    private boolean add;

    @Option(names = "--drop", description = "Drop the older one of two keys.")
    private boolean drop;

    @Option(
        names = "--origins",
        paramLabel = "STORE",
        converter = StoreText.class,
        description =
            "Print a line for the log of each tailnet in control's store; nothing in it names the"
                + " tailnet.")
    private @Nullable StorePlace origins;

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      if (add && drop) {
        throw new ParameterException(
            spec.commandLine(), "--add and --drop: expected one of them, since time must pass");
      }
      if (origins != null) {
        if (add || drop) {
          throw new ParameterException(
              spec.commandLine(), "--origins cannot be combined with --add and --drop");
        }
        printOrigins(origins, NoteKeyFile.read(file, VerifierKey.Kind.NOTE));
        return ExitCode.OK;
      }
      List<SignerKey> keys = NoteKeyFile.readOrCreateLogKeys(file);
      command.tka.noteChange();
      if (add || drop) {
        if (keys.size() != (add ? 1 : 2)) {
          throw new ParameterException(
              spec.commandLine(),
              add
                  ? "--add: expected one key in " + file + ", found two: --drop the older one first"
                  : "--drop: expected two keys in " + file + ", found one: --add another first");
        }
        keys = new ArrayList<>(keys);
        if (drop) {
          keys.remove(0);
        } else {
          keys.add(
              SignerKey.generate(
                  keys.get(0).verifier().name(), VerifierKey.Kind.NOTE, new SecureRandom()));
        }
        NoteKeyFile.replace(file, keys);
      }
      keys.forEach(each -> print(each.verifier()));
      return ExitCode.OK;
    }

    private void print(VerifierKey key) {
      spec.commandLine().getOut().println("log " + key);
    }

    private void printOrigins(StorePlace store, List<SignerKey> keys)
        throws TkaException, CommandFailure {
      try (Tailnets place = StoreText.requireMany(store).open(Clock.systemUTC())) {
        ControlRecords records =
            place
                .records()
                .orElseThrow(
                    () ->
                        new CommandFailure(
                            ExitCode.USAGE,
                            store.url()
                                + ": expected control's own store, such as sqlite:PATH, found one"
                                + " without logs"));
        for (String tailnet : records.tailnets()) {
          Optional<HeadsLog> log;
          try {
            log = records.tailnet(tailnet).log();
          } catch (StoreException.Fenced e) {
            // It lives elsewhere, and so does its log.
            continue;
          }
          if (log.isPresent()) {
            keys.forEach(each -> print(each.verifier().named(log.get().origin())));
          }
        }
      }
    }
  }
}
