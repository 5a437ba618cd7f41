package dev.tka.cli.command;

import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.control.move.MoveException;
import dev.tka.control.move.MovePlace;
import dev.tka.core.store.StoreException;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The two places of a move or a mirror, and the tailnets that it is about. */
final class MovePlaces {
  @Parameters(
      index = "0",
      paramLabel = "SOURCE",
      converter = StoreText.class,
      description = "The store that the tailnet lives in, " + StoreArgument.OF_MANY)
  private StorePlace source;

  @Parameters(
      index = "1",
      paramLabel = "TARGET",
      converter = StoreText.class,
      description =
          "The store that takes it, of the same or another kind; it is made if there is none.")
  private StorePlace target;

  @Option(names = TailnetOption.NAME, paramLabel = "ID", description = "The tailnet.")
  private @Nullable String name;

  @Option(names = "--all", description = "All tailnets that live in SOURCE, a few at a time.")
  private boolean all;

  /** What is to be done, which decides which tailnets {@code --all} means. */
  enum Goal {
    MOVE,
    MIRROR,
    UNDO,
    COMPLETE
  }

  /** The opened places; closing them ends all that is open. */
  record Opened(MovePlace source, MovePlace target, List<String> names) implements AutoCloseable {
    @Override
    public void close() {
      source.tailnets().close();
      target.tailnets().close();
    }
  }

  boolean isAll() {
    return all;
  }

  /** For a shell: the command with the places, and the tailnet. */
  String words(boolean back, String tailnet) {
    return Texts.shellWord(named(back ? target : source))
        + " "
        + Texts.shellWord(named(back ? source : target))
        + " "
        + TailnetOption.NAME
        + " "
        + Texts.shellWord(tailnet);
  }

  /** The source in words, as the target notes it. */
  String sourceName() {
    return named(source);
  }

  /** The target in words, as the source notes it. */
  String targetName() {
    return named(target);
  }

  /** A path means the same in every folder. */
  private static String named(StorePlace place) {
    return place
        .path()
        .map(
            path ->
                place.url().substring(0, place.url().indexOf(':') + 1)
                    + path.toAbsolutePath().normalize())
        .orElse(place.url());
  }

  /**
   * Opens both.
   *
   * @param writes whether the target is made if there is none
   * @throws CommandFailure if a place cannot keep control's records, or both are one
   */
  Opened open(CommandSpec spec, boolean writes, Goal goal)
      throws StoreException, IOException, CommandFailure {
    if (all == (name != null)) {
      throw new ParameterException(
          spec.commandLine(), "expected either " + TailnetOption.NAME + " ID or --all");
    }
    StorePlace.OfMany from = StoreText.requireMany(source);
    StorePlace.OfMany to = StoreText.requireMany(target);
    TailnetOption.requireWritable(source);
    TailnetOption.requireWritable(target);
    requireOther();
    Tailnets first = from.open(Clock.systemUTC());
    try {
      requireRecords(first);
      // A target is made only for a tailnet that is there.
      List<String> names = goal == Goal.UNDO ? List.of() : names(first, goal);
      Tailnets second =
          writes && goal != Goal.UNDO ? to.create(Clock.systemUTC()) : openIfThere(to);
      if (goal == Goal.UNDO) {
        names = copies(second);
      }
      return new Opened(
          new MovePlace(first, sourceName()), new MovePlace(second, targetName()), names);
    } catch (StoreException | CommandFailure e) {
      first.close();
      throw e;
    }
  }

  /** A place that is not made yet holds nothing. */
  private static Tailnets openIfThere(StorePlace.OfMany place) throws StoreException {
    try {
      return place.open(Clock.systemUTC());
    } catch (StoreException.Absent e) {
      return new MemoryTailnets();
    }
  }

  private void requireOther() throws CommandFailure, IOException {
    Optional<Path> one = source.path().filter(Files::exists);
    Optional<Path> other = target.path().filter(Files::exists);
    if (sourceName().equals(targetName())
        || (one.isPresent() && other.isPresent() && Files.isSameFile(one.get(), other.get()))) {
      throw new CommandFailure(
          ExitCode.USAGE, target.url() + ": expected another store than SOURCE, found the same");
    }
  }

  private ControlRecords requireRecords(Tailnets place) throws CommandFailure {
    return place
        .records()
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.USAGE,
                    source.url() + ": expected control's store, found a " + source.noun()));
  }

  private List<String> names(Tailnets place, Goal goal) throws StoreException, CommandFailure {
    ControlRecords records = requireRecords(place);
    if (name != null) {
      if (!Tailnets.isName(name) || !records.seen(name).known()) {
        throw TailnetOption.noTailnet(source, name);
      }
      return List.of(name);
    }
    Set<String> withAums = place.revisions().keySet();
    List<String> names = new ArrayList<>();
    for (String each : records.tailnets()) {
      Fence fence = records.fence(each);
      boolean wasMovedThere =
          fence.standing() instanceof Fence.Standing.Moved moved && moved.to().equals(targetName());
      boolean isMeant =
          switch (goal) {
            case COMPLETE -> wasMovedThere && withAums.contains(each);
            case MIRROR -> fence.livesHere();
            default -> fence.livesHere() || wasMovedThere;
          };
      if (isMeant) {
        names.add(each);
      }
    }
    return names;
  }

  /** The copies of the source that are not finished, also where the source holds nothing now. */
  private List<String> copies(Tailnets place) throws StoreException, CommandFailure {
    if (name != null) {
      if (!Tailnets.isName(name)) {
        throw TailnetOption.noTailnet(source, name);
      }
      return List.of(name);
    }
    ControlRecords records = requireRecords(place);
    List<String> names = new ArrayList<>();
    for (String each : records.tailnets()) {
      if (records.fence(each).standing() instanceof Fence.Standing.Shadow shadow
          && shadow.from().equals(sourceName())) {
        names.add(each);
      }
    }
    return names;
  }

  /** What a refusal means for a script, and what a person can do. */
  CommandFailure failure(MoveException refusal, String tailnet) {
    return new CommandFailure(exitCode(refusal), refusal.getMessage(), advice(refusal, tailnet));
  }

  static int exitCode(MoveException refusal) {
    return switch (refusal.reason()) {
      case NO_TAILNET -> ExitCode.NOT_FOUND;
      case NAME, NO_RECORDS, SAME_PLACE -> ExitCode.USAGE;
      case DAMAGED, DIFFERS -> ExitCode.BAD_INPUT;
      case NOT_OPEN -> ExitCode.IO;
      default -> ExitCode.CONFLICT;
    };
  }

  private List<Advice> advice(MoveException refusal, String tailnet) {
    String move = "tka move " + words(false, tailnet);
    return switch (refusal.reason()) {
      case HELD ->
          List.of(
              Advice.person(
                  "look at it with 'tka tailnets "
                      + Texts.shellWord(target.url())
                      + "'; if it may go, delete it there, or move into another store"));
      case MOVED, TARGET_MOVED ->
          List.of(Advice.person("name the store that it lives in as SOURCE"));
      case SHADOW, OTHERS_SHADOW ->
          List.of(
              Advice.person(
                  "finish that move or mirror with 'tka move', or undo it with 'tka move SOURCE"
                      + " TARGET --undo', SOURCE being the store that is named above"));
      case TAKEN_OVER, TOO_SLOW, UNFINISHED, NOT_OPEN -> List.of(Advice.person("run: " + move));
      case DAMAGED ->
          List.of(
              Advice.person(
                  "'tka doctor "
                      + Texts.shellWord(source.url())
                      + " --tailnet "
                      + Texts.shellWord(tailnet)
                      + "' says what helps"));
      default -> List.of();
    };
  }
}
