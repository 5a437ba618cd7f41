package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.WitnessOption;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.client.ServerAccess;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.TextException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.internal.DurableFiles;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadWatch;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A look at the log of a tailnet's heads, beside a store of its AUMs. */
final class LogLook {
  private static final String SERVER = "--witness-log";
  private static final String SEEN = "--witness-seen";

  /** What is seen of a log takes up some hundred bytes. */
  private static final int MOST_SEEN = 64 << 10;

  /** A look asks a dozen times or two. */
  private static final Duration QUIET = Duration.ofSeconds(10);

  private static final Duration WHOLE = Duration.ofSeconds(20);

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Mixin private WitnessOption witness;

  @Option(
      names = SERVER,
      paramLabel = "SERVER",
      converter = StoreText.class,
      description =
          "The running server that has the log, https://HOST:PORT or unix:PATH, where STORE is none;"
              + " with the same options as STORE.")
  private @Nullable StorePlace server;

  @Option(
      names = SEEN,
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description =
          "Keep in this file what is seen of the log, for the next time: by that alone it is noticed"
              + " if the log was rewritten since, or never gets the head of the store. Each tailnet"
              + " needs a file of its own.")
  private @Nullable StreamArgument seen;

  private LogLook() {}

  /** Whether the log is to be looked at. */
  boolean isAsked() {
    return witness.isGiven();
  }

  /**
   * Checks the options, and reads the files, before anything is asked.
   *
   * @return empty if the log is not to be looked at
   * @throws ParameterException if the options do not make sense
   * @throws CommandFailure if a file holds something else
   * @throws IOException if a file cannot be read
   */
  Optional<Prepared> prepare(StoreArgument store) throws CommandFailure, IOException {
    Optional<HeadWatch> watch = witness.watch();
    if (watch.isEmpty()) {
      if (server != null || seen != null) {
        throw new ParameterException(
            spec.commandLine(),
            (server != null ? SERVER : SEEN) + " needs " + WitnessOption.NAME + " POLICY");
      }
      return Optional.empty();
    }
    if (server == null && ServedPeers.find(store.place()).isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          store.place().url() + " has no log: name the server that has it with " + SERVER);
    }
    ServerPlace place =
        ServedPeers.require(server == null ? store.place() : store.tailnet().at(server));
    return Optional.of(new Prepared(watch.get(), store, place, before()));
  }

  private Optional<HeadWatch.Seen> before() throws CommandFailure, IOException {
    if (seen == null) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(seen.path())) {
      return Optional.of(
          HeadWatch.Seen.parse(new String(in.readNBytes(MOST_SEEN), StandardCharsets.UTF_8)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (TextException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          seen
              + ": expected what "
              + SEEN
              + " wrote, found something else ("
              + e.getMessage()
              + "): delete it to begin with what is seen now");
    }
  }

  /** A look that can begin. */
  final class Prepared {
    private final HeadWatch watch;
    private final StoreArgument store;
    private final ServerPlace place;
    private final Optional<HeadWatch.Seen> before;

    private Prepared(
        HeadWatch watch, StoreArgument store, ServerPlace place, Optional<HeadWatch.Seen> before) {
      this.watch = watch;
      this.store = store;
      this.place = place;
      this.before = before;
    }

    /** Opens the store; where only the server holds several tailnets, the name is for it. */
    OpenStore open() throws StoreException, CommandFailure {
      return store.tailnet().openBeside(store.place(), place);
    }

    /**
     * Looks.
     *
     * @param tailnet its name in the store; empty if the store has none for it
     * @param held the head that is in the store
     * @throws CommandFailure if the server has no such tailnet, or several and none was named
     */
    HeadWatch.Result look(Optional<String> tailnet, Optional<HeadWatch.Held> held)
        throws CommandFailure {
      String name;
      try {
        tailnet.ifPresent(store.tailnet()::select);
        name =
            tailnet.isPresent() && server == null
                ? tailnet.get()
                : store.tailnet().openBeside(place, store.place()).tailnet().orElseThrow();
      } catch (StoreException e) {
        return unreachable(e);
      }
      ServerAccess access = place.access().withPatience(QUIET, WHOLE);
      try (ServerClient client = ServerClient.open(access)) {
        return watch.look(
            path -> {
              try {
                return client.log(name, path);
              } catch (ServerException e) {
                throw new IOException(e.server() + ": " + e.getMessage(), e);
              }
            },
            before,
            held,
            Instant.now());
      } catch (ServerException e) {
        return unreachable(e);
      }
    }

    private HeadWatch.Result unreachable(Exception why) {
      return new HeadWatch.Result(
          new HeadWatch.Outcome(HeadWatch.Kind.UNREACHABLE, String.valueOf(why.getMessage())),
          before,
          Optional.empty());
    }

    /**
     * Keeps what was seen, if a file is named for it; else says what is not noticed without one.
     *
     * @param exitCode the exit status so far
     * @throws IOException if it cannot be written, and nothing worse was found
     */
    void keep(HeadWatch.Result found, int exitCode, PrintWriter err) throws IOException {
      if (seen == null) {
        if (found.outcome().kind() == HeadWatch.Kind.FINE) {
          err.println(
              "tka: note: without "
                  + SEEN
                  + " FILE, it is not noticed if the log was rewritten, or never gets this head");
        }
        return;
      }
      try {
        keep(seen.path(), found.seen());
      } catch (IOException e) {
        if (exitCode == ExitCode.OK) {
          throw e;
        }
        err.println("tka: " + seen + ": what was seen of the log cannot be kept");
      }
    }

    private void keep(Path file, Optional<HeadWatch.Seen> now) throws IOException {
      if (now.isEmpty() || now.equals(before)) {
        return;
      }
      byte[] text = now.get().text().getBytes(StandardCharsets.UTF_8);
      if (Files.exists(file)) {
        // A link stays one.
        DurableFiles.replaceWhole(file.toRealPath(), text);
      } else {
        DurableFiles.createWhole(file, text);
      }
    }
  }

  /** The head of an authority, to be compared. */
  static HeadWatch.Held held(Authority authority) {
    return new HeadWatch.Held(Optional.of(HeadEntry.Lock.of(authority)));
  }
}
