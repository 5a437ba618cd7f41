package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.ProgressBar;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka restore}: puts a copy of a SQLite file back. */
@Command(
    name = "restore",
    description = {
      "Puts a copy of a SQLite file back that 'tka backup' made. Stop what uses the file first.",
      "The copy is checked and flushed before it takes the file's place at once. The file that was"
          + " there is kept under another name, with everything beside it. A copy that is damaged"
          + " or no store is refused, and so is a file that another process has open.",
      "Lists the tailnets of which the file that was there had newer AUMs. Nodes may have them:"
          + " sync with --restored until each of them has synced."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka restore /backup/control-2026-01-31.db sqlite:control.db",
      "  tka sync DIR sqlite:control.db --tailnet example.com --restored",
    })
public final class RestoreCommand implements Callable<Integer> {
  /** How many tailnets are listed. */
  private static final int LISTED = 10;

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(index = "0", paramLabel = "COPY", description = "The path of the copy.")
  private String copy;

  @Parameters(
      index = "1",
      paramLabel = StoreArgument.LABEL,
      converter = StoreText.class,
      description = "The file, sqlite:PATH.")
  private StorePlace place;

  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /**
   * A tailnet that the copy has an older state of.
   *
   * @param head the head in the copy; empty if it has none
   * @param was the head that was there
   */
  private record Older(String tailnet, Optional<AumHash> head, AumHash was) {}

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    if (!(place.restore() instanceof StorePlace.Restore.Here here)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          place.url()
              + ": expected a store whose copy can be put back here, such as sqlite:PATH; "
              + ((StorePlace.Restore.ByHand) place.restore()).advice());
    }
    Path from = from(here);
    Path to = place.path().orElseThrow();
    if (Files.exists(from) && Files.exists(to) && Files.isSameFile(from, to)) {
      throw new CommandFailure(ExitCode.USAGE, "expected a copy, found the store itself: " + from);
    }
    List<Older> older = new ArrayList<>();
    Optional<StoreException> unread = Optional.empty();
    try (Tailnets restored = here.at().apply(from).open(Clock.systemUTC())) {
      unread = compare(restored, older);
    }
    if (Files.exists(to)) {
      confirmation.ask(
          "This puts " + from + " in the place of " + place.url() + " (which is kept)" + ".",
          tka,
          false,
          spec.commandLine().getErr());
    }
    Optional<Path> kept;
    try (ProgressBar bar = ProgressBar.of(spec, "restoring")) {
      kept = here.restoring().from(from, bar);
    }
    tka.noteChange();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, toJson(older, kept));
    } else {
      print(out, from, older, kept, unread);
    }
    return ExitCode.OK;
  }

  /** The copy's path, also if it is given as 'tka backup' prints it. */
  private Path from(StorePlace.Restore.Here here) throws CommandFailure {
    if (!StoreText.isUrl(copy)) {
      return Path.of(copy);
    }
    StorePlace named = new StoreText().convert(copy);
    return named
        .path()
        .filter(path -> here.at().apply(path).getClass().equals(named.getClass()))
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.USAGE, copy + ": expected a copy of a " + place.noun()));
  }

  /**
   * Finds the tailnets that the store has newer AUMs of.
   *
   * @return why they are not known; empty if there is no store, or all of it can be read
   */
  private Optional<StoreException> compare(Tailnets restored, List<Older> older)
      throws StoreException {
    Set<String> restoredNames = restored.revisions().keySet();
    Optional<StoreException> unread = Optional.empty();
    try (Tailnets now = ((StorePlace.OfMany) place).open(Clock.systemUTC())) {
      for (String name : now.revisions().keySet()) {
        try {
          Optional<AumHash> was = head(now.tailnet(name).read());
          AumSnapshot there = restored.tailnet(name).read();
          if (was.isPresent()
              && (!restoredNames.contains(name) || there.find(was.get()).isEmpty())) {
            older.add(new Older(name, head(there), was.get()));
          }
        } catch (StoreException.Damaged e) {
          unread = unread.or(() -> Optional.of(e));
        }
      }
    } catch (StoreException.Absent e) {
      return Optional.empty();
    } catch (StoreException e) {
      return Optional.of(e);
    }
    return unread;
  }

  private static Optional<AumHash> head(AumSnapshot snapshot) throws StoreException {
    try {
      return snapshot.entries().isEmpty()
          ? Optional.empty()
          : Optional.of(Authority.open(snapshot).head());
    } catch (OpenException e) {
      return Optional.empty();
    }
  }

  private void print(
      PrintWriter out,
      Path from,
      List<Older> older,
      Optional<Path> kept,
      Optional<StoreException> unread) {
    out.println("Restored " + place.url() + " from " + from + ".");
    kept.ifPresent(path -> out.println("The file that was there is kept as " + path + "."));
    unread.ifPresent(
        why -> out.println("Not compared with it: " + Texts.printable(why.getMessage())));
    if (!older.isEmpty()) {
      out.println("Older than what was there:");
      older.stream()
          .limit(LISTED)
          .forEach(
              each ->
                  out.println(
                      "\t"
                          + TailnetName.printable(each.tailnet())
                          + "\thead "
                          + each.head().map(AumHash::toString).orElse("none")
                          + ", was "
                          + each.was()));
      if (older.size() > LISTED) {
        out.println("\tand " + Texts.count(older.size() - LISTED, "other tailnet"));
      }
    }
    if (!older.isEmpty() || kept.isEmpty() || unread.isPresent()) {
      out.println(
          "Nodes may have more. Until each of them has synced: tka restored "
              + Texts.shellWord(place.url())
              + " --tailnet ID; or for one directory: tka sync DIR "
              + Texts.shellWord(place.url())
              + " --tailnet ID --restored");
    }
  }

  private Map<String, Object> toJson(List<Older> older, Optional<Path> kept) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Store", place.url());
    kept.ifPresent(path -> object.put("Replaced", path.toString()));
    List<Map<String, Object>> list = new ArrayList<>();
    for (Older each : older) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("Name", each.tailnet());
      each.head().ifPresent(head -> one.put("Head", head.toString()));
      one.put("WasHead", each.was().toString());
      list.add(one);
    }
    object.put("Older", list);
    return object;
  }
}
