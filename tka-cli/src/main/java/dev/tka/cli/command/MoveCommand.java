package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.ProgressBar;
import dev.tka.cli.output.Texts;
import dev.tka.control.move.Copied;
import dev.tka.control.move.Move;
import dev.tka.control.move.MoveException;
import dev.tka.control.move.MoveListener;
import dev.tka.control.move.Step;
import dev.tka.core.TkaException;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka move}: moves tailnets to another store while they are in use. */
@Command(
    name = "move",
    description = {
      "Moves a tailnet of control to another store while it is in use.",
      "It is copied to TARGET while servers go on; the copy follows and is compared. Then writes wait"
          + " for some milliseconds, the rest is copied, and the tailnet lives in TARGET: servers of"
          + " SOURCE send who asks to --server. At any moment at most one of the stores can be"
          + " written. If the move is interrupted, run the same command again, or --undo.",
      "What is in SOURCE stays as a way back: 'tka move TARGET SOURCE' copies only what changed."
          + " --complete deletes it."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka move sqlite:control.db postgresql://tka@db/tka --tailnet example.com --plan",
      "  tka move sqlite:control.db postgresql://tka@db/tka --all --server https://tka.example.com",
      "  tka move postgresql://tka@db/tka sqlite:control.db --tailnet example.com",
      "  tka move sqlite:control.db postgresql://tka@db/tka --tailnet example.com --complete",
    })
public final class MoveCommand implements Callable<Integer> {
  /** More would take each other's time. */
  private static final int AT_ONCE = 4;

  private static final int NANOS_PER_MICRO = 1000;

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private MovePlaces places;

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "Where the servers of TARGET are, for who asks servers of SOURCE.")
  private @Nullable URI server;

  @Option(names = "--plan", description = "Say what would happen; write nothing.")
  private boolean plan;

  @Option(
      names = "--undo",
      description = "Undo a move that is not decided: delete the copy, let writes go on.")
  private boolean undo;

  @Option(
      names = "--complete",
      description = "Give up the way back of a move that is done: delete what is left in SOURCE.")
  private boolean complete;

  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  private final Set<Move> running = ConcurrentHashMap.newKeySet();

  /**
   * What came of a tailnet.
   *
   * @param plan what would happen, if that was asked
   * @param done what happened, if something did
   * @param problem why nothing did
   */
  private record Outcome(
      String name,
      Optional<Move.Plan> plan,
      Optional<Move.Done> done,
      Optional<Exception> problem) {}

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, InterruptedException {
    if ((plan ? 1 : 0) + (undo ? 1 : 0) + (complete ? 1 : 0) > 1) {
      throw new ParameterException(
          spec.commandLine(), "--plan, --undo and --complete cannot be combined");
    }
    if (server != null && (undo || complete)) {
      throw new ParameterException(
          spec.commandLine(), "--server cannot be combined with --undo or --complete");
    }
    if (server != null && !isServer(server)) {
      throw new ParameterException(
          spec.commandLine(),
          "--server: expected a URL such as https://tka.example.com, without a user, a query or a"
              + " fragment");
    }
    List<Outcome> outcomes;
    MovePlaces.Goal goal =
        undo ? MovePlaces.Goal.UNDO : complete ? MovePlaces.Goal.COMPLETE : MovePlaces.Goal.MOVE;
    try (MovePlaces.Opened opened = places.open(spec, !plan, goal)) {
      if (complete && !opened.names().isEmpty()) {
        confirmation.require(
            "This deletes "
                + (places.isAll()
                    ? Texts.count(opened.names().size(), "tailnet")
                    : "tailnet " + TailnetName.printable(opened.names().get(0)))
                + " from "
                + opened.source().name()
                + ", where a way back was left.",
            tka,
            false,
            spec.commandLine().getErr());
      }
      outcomes = releasedAtExit(() -> all(opened));
    }
    if (!plan && outcomes.stream().anyMatch(each -> each.done().isPresent())) {
      tka.noteChange();
    }
    if (!places.isAll() && outcomes.get(0).problem().isPresent()) {
      throwAgain(outcomes.get(0));
    }
    return report(outcomes);
  }

  /** It is told to everybody who asks, and takes the path and query of a request. */
  private static boolean isServer(URI url) {
    return ("https".equalsIgnoreCase(url.getScheme()) || "http".equalsIgnoreCase(url.getScheme()))
        && url.getHost() != null
        && url.getRawUserInfo() == null
        && url.getRawQuery() == null
        && url.getRawFragment() == null;
  }

  /** A process that is told to end does not leave writes waiting. */
  private List<Outcome> releasedAtExit(Callable<List<Outcome>> work)
      throws InterruptedException, IOException {
    Thread atExit = new Thread(() -> running.forEach(Move::release));
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      return work.call();
    } catch (InterruptedException | IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(atExit);
      } catch (IllegalStateException e) {
        // It runs.
      }
    }
  }

  private List<Outcome> all(MovePlaces.Opened opened) throws InterruptedException {
    List<Outcome> outcomes = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    try (ProgressBar bar = ProgressBar.of(spec, undo || complete ? "deleting" : "moving")) {
      List<Future<Outcome>> futures = new ArrayList<>();
      boolean only = opened.names().size() == 1;
      for (String name : opened.names()) {
        MoveListener listener =
            new MoveListener() {
              @Override
              public void progress(long done, long total) {
                if (only) {
                  bar.done(done, total);
                }
              }
            };
        futures.add(threads.submit(() -> one(opened, name, listener)));
      }
      for (Future<Outcome> each : futures) {
        outcomes.add(each.get());
        bar.done(outcomes.size(), futures.size());
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
    return outcomes;
  }

  private Outcome one(MovePlaces.Opened opened, String name, MoveListener listener)
      throws InterruptedException {
    try {
      Move move =
          Move.of(
              opened.source(),
              opened.target(),
              name,
              Optional.ofNullable(server),
              Clock.systemUTC(),
              new SecureRandom(),
              listener);
      if (plan) {
        return new Outcome(name, Optional.of(move.plan()), Optional.empty(), Optional.empty());
      }
      running.add(move);
      try {
        Move.Done done = undo ? move.undo() : complete ? move.complete() : move.run();
        return new Outcome(name, Optional.empty(), Optional.of(done), Optional.empty());
      } finally {
        running.remove(move);
      }
    } catch (MoveException | StoreException e) {
      return new Outcome(name, Optional.empty(), Optional.empty(), Optional.of(e));
    }
  }

  private void throwAgain(Outcome outcome) throws CommandFailure, StoreException {
    Exception problem = outcome.problem().orElseThrow();
    if (problem instanceof MoveException refusal) {
      throw places.failure(refusal, outcome.name());
    }
    throw (StoreException) problem;
  }

  private int report(List<Outcome> outcomes) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Source", places.sourceName());
      object.put("Target", places.targetName());
      object.put("Tailnets", outcomes.stream().map(MoveCommand::toJson).toList());
      Json.print(out, object);
    } else {
      outcomes.forEach(each -> out.println(describe(each)));
    }
    int exitCode = ExitCode.OK;
    for (Outcome each : outcomes) {
      if (each.problem().isPresent()) {
        if (!json) {
          spec.commandLine()
              .getErr()
              .println(
                  "tka: "
                      + TailnetName.printable(each.name())
                      + ": "
                      + Texts.printable(String.valueOf(each.problem().get().getMessage())));
        }
        exitCode = exitCode == ExitCode.OK ? exitCode(each.problem().get()) : exitCode;
      }
    }
    return exitCode;
  }

  static int exitCode(Exception problem) {
    return problem instanceof MoveException refusal
        ? MovePlaces.exitCode(refusal)
        : problem instanceof TkaException data ? Failures.exitCode(data) : ExitCode.INTERNAL;
  }

  private String describe(Outcome outcome) {
    String name = TailnetName.printable(outcome.name());
    if (outcome.problem().isPresent()) {
      return name + (undo ? ": not undone" : complete ? ": not completed" : ": not moved");
    }
    if (outcome.plan().isPresent()) {
      return name + ": " + describe(outcome.plan().get());
    }
    Move.Done done = outcome.done().orElseThrow();
    if (undo) {
      return name + ": undone; no unfinished copy is left in " + places.targetName();
    }
    if (complete) {
      return name
          + ": lives in "
          + places.targetName()
          + "; nothing is left in "
          + places.sourceName();
    }
    if (done.pause().isEmpty() && done.copied().isNothing()) {
      return name + ": lives in " + places.targetName();
    }
    return name
        + ": moved to "
        + places.targetName()
        + "; copied "
        + describe(done.copied())
        + done.pause().map(pause -> "; writes waited " + pause.toMillis() + " ms").orElse("")
        + "\n\tthe way back: tka move "
        + places.words(true, outcome.name())
        + "\n\tto give it up: tka move "
        + places.words(false, outcome.name())
        + " --complete";
  }

  static String describe(Copied copied) {
    return Texts.count(copied.aums(), "AUM")
        + " and "
        + Texts.count(copied.nodes(), "node")
        + (copied.retired() == 0 ? "" : ", " + Texts.count(copied.retired(), "ended chain"));
  }

  private String describe(Move.Plan found) {
    if (found.decided()) {
      return "was decided; this would finish it, for " + size(found);
    }
    return switch (found.next()) {
      case DONE -> "lives in " + places.targetName() + " already";
      case WAIT -> "another move is about to switch; this one would wait for it";
      case TAKE_OVER, LIFT ->
          "a move or mirror was begun; this would go on with it, for " + size(found);
      default -> "would be copied to " + places.targetName() + ": " + size(found);
    };
  }

  private static String size(Move.Plan found) {
    return Texts.count(found.aums(), "AUM") + " and " + Texts.count(found.nodes(), "node");
  }

  private static Map<String, Object> toJson(Outcome outcome) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Name", outcome.name());
    outcome
        .plan()
        .ifPresent(
            found -> {
              object.put("Next", stepName(found.next()));
              object.put("Aums", found.aums());
              object.put("Nodes", found.nodes());
              object.put("Retired", found.retired());
            });
    outcome
        .done()
        .ifPresent(
            done -> {
              object.put("Aums", done.copied().aums());
              object.put("Nodes", done.copied().nodes());
              object.put("Retired", done.copied().retired());
              done.pause()
                  .ifPresent(pause -> object.put("PauseMicros", pause.toNanos() / NANOS_PER_MICRO));
            });
    outcome
        .problem()
        .ifPresent(problem -> object.put("Problem", String.valueOf(problem.getMessage())));
    return object;
  }

  private static String stepName(Step.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
