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
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
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
      "Lists the tailnets of which the file that was there had more: AUMs that the copy lacks, nodes"
          + " that last had such AUMs, and what the copy has that was ended or revoked since. Nodes"
          + " give AUMs back: 'tka serve --restored' and 'tka restored' have control take them.",
      "A tailnet that was moved away since the copy was made stays so."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka restore /backup/control-2026-01-31.db sqlite:control.db",
      "  tka serve --database sqlite:control.db --restored 2026-01-31T12:00:00Z",
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
      description = "The file, sqlite:PATH or json:PATH.")
  private StorePlace place;

  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /**
   * A tailnet that the copy has an older state of.
   *
   * @param head the head in the copy; empty if it has none
   * @param was the head that was there; empty if the lock was off
   * @param lacks how many AUMs of those that were there the copy lacks
   * @param ahead the nodes that last offered a head that the copy lacks
   * @param ended the authorities that were ended since, by their genesis
   * @param revoked the tokens that were revoked since, by their hash
   * @param deleted whether it was deleted since
   */
  private record Older(
      String tailnet,
      Optional<AumHash> head,
      Optional<AumHash> was,
      int lacks,
      List<Long> ahead,
      List<AumHash> ended,
      List<Bytes> revoked,
      boolean deleted) {
    boolean isSame() {
      return !deleted && lacks == 0 && ahead.isEmpty() && ended.isEmpty() && revoked.isEmpty();
    }
  }

  /**
   * A tailnet that does not live here afterwards, or is being moved.
   *
   * @param standing why
   * @param kept whether that was so before; if not, the copy is of such a time
   */
  private record Elsewhere(String tailnet, Fence.Standing standing, boolean kept) {}

  /** What a comparison finds. */
  private static final class Found {
    final List<Older> older = new ArrayList<>();
    final List<Elsewhere> elsewhere = new ArrayList<>();

    /** Why not all of it is known. */
    Optional<StoreException> unread = Optional.empty();

    void unread(StoreException why) {
      unread = unread.or(() -> Optional.of(why));
    }
  }

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
    Found found;
    try (Tailnets restored = here.at().apply(from).open(Clock.systemUTC())) {
      found = compare(restored);
    }
    if (Files.exists(to)) {
      confirmation.ask(
          "This puts " + from + " in the place of " + place.url() + " (which is kept)" + ".",
          tka,
          false,
          spec.commandLine().getErr());
    }
    Optional<Path> kept;
    Instant since = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    try (ProgressBar bar = ProgressBar.of(spec, "restoring")) {
      kept = here.restoring().from(from, bar);
    }
    tka.noteChange();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, toJson(since, found, kept));
    } else {
      print(out, from, since, found, kept);
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

  /** Finds the tailnets that the store has newer AUMs of, and those that do not live in it. */
  private Found compare(Tailnets restored) throws StoreException {
    Found found = new Found();
    try (Tailnets now = ((StorePlace.OfMany) place).open(Clock.systemUTC())) {
      SortedSet<String> known = names(now);
      SortedSet<String> names = new TreeSet<>(known);
      names.addAll(names(restored));
      for (String name : names) {
        try {
          compare(name, known.contains(name), restored, now, found);
        } catch (StoreException.Damaged e) {
          found.unread(e);
        } catch (StoreException.Fenced e) {
          // A move began in this moment.
          found.unread(e);
        }
      }
    } catch (StoreException.Absent e) {
      return found;
    } catch (StoreException e) {
      found.unread(e);
    }
    return found;
  }

  private static void compare(
      String name, boolean known, Tailnets restored, Tailnets now, Found found)
      throws StoreException {
    Fence was = fence(name, now);
    Fence copied = fence(name, restored);
    Fence after = was.keptOver(copied).orElse(copied);
    if (!after.isOpen()) {
      boolean kept = after.standing().equals(was.standing());
      found.elsewhere.add(new Elsewhere(name, after.standing(), kept));
    }
    if (!was.livesHere() || !copied.livesHere()) {
      return;
    }
    if (!known) {
      Optional<AumHash> head = head(restored.tailnet(name).read());
      found.older.add(
          new Older(name, head, Optional.empty(), 0, List.of(), List.of(), List.of(), true));
      return;
    }
    Older older = compare(name, restored, now);
    if (!older.isSame()) {
      found.older.add(older);
    }
  }

  private static Fence fence(String name, Tailnets tailnets) throws StoreException {
    return tailnets.records().isPresent() ? tailnets.records().get().fence(name) : Fence.NONE;
  }

  private static Older compare(String name, Tailnets restored, Tailnets now) throws StoreException {
    AumSnapshot there = restored.tailnet(name).read();
    AumSnapshot was = now.tailnet(name).read();
    List<Long> ahead = new ArrayList<>();
    List<AumHash> ended = new ArrayList<>();
    List<Bytes> revoked = new ArrayList<>();
    if (restored.records().isPresent() && now.records().isPresent()) {
      ControlRecords before = restored.records().get();
      ControlRecords after = now.records().get();
      after.sightings(name).values().stream()
          .filter(last -> last.head().filter(head -> there.find(head).isEmpty()).isPresent())
          .forEach(last -> ahead.add(last.node()));
      after.tailnet(name).retired().forEach(each -> ended.add(each.name().genesis()));
      before.tailnet(name).retired().forEach(each -> ended.remove(each.name().genesis()));
      before.tokens(name).forEach(each -> revoked.add(each.hash()));
      after.tokens(name).forEach(each -> revoked.remove(each.hash()));
    }
    return new Older(
        name,
        head(there),
        head(was),
        (int) was.entries().stream().filter(each -> there.find(each.hash()).isEmpty()).count(),
        ahead,
        ended,
        revoked,
        false);
  }

  private static SortedSet<String> names(Tailnets tailnets) throws StoreException {
    // A retired authority is part of its tailnet.
    return tailnets.records().isPresent()
        ? tailnets.records().get().tailnets()
        : new TreeSet<>(tailnets.revisions().keySet());
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

  private void print(PrintWriter out, Path from, Instant since, Found found, Optional<Path> kept) {
    List<Older> older = found.older;
    out.println("Restored " + place.url() + " from " + from + ".");
    kept.ifPresent(path -> out.println("The file that was there is kept as " + path + "."));
    found.unread.ifPresent(
        why ->
            out.println(
                "Not all was compared with it: "
                    + Texts.printable(why.getMessage())
                    + "; a tailnet that was moved away may be open again: delete it then"));
    if (!older.isEmpty()) {
      out.println("Older than what was there:");
      older.stream().limit(LISTED).forEach(each -> print(out, each));
      andMore(out, older.size());
    }
    if (!found.elsewhere.isEmpty()) {
      out.println("Not to be written here:");
      found.elsewhere.stream().limit(LISTED).forEach(each -> print(out, each));
      andMore(out, found.elsewhere.size());
    }
    if (!older.isEmpty() || kept.isEmpty() || found.unread.isPresent()) {
      String store = Texts.shellWord(place.url());
      out.println(
          "Nodes may have more. To take it back until all have come: tka serve --database "
              + store
              + " --restored "
              + since
              + "; or for one tailnet: tka restored "
              + store
              + " --tailnet ID; or for one directory: tka sync DIR "
              + store
              + " --tailnet ID --restored");
    }
  }

  private static void andMore(PrintWriter out, int size) {
    if (size > LISTED) {
      out.println("\tand " + Texts.count(size - LISTED, "other tailnet"));
    }
  }

  private static void print(PrintWriter out, Elsewhere each) {
    Fence.Standing standing = each.standing();
    boolean fenced = standing instanceof Fence.Standing.Fenced;
    String what =
        standing instanceof Fence.Standing.Moved moved
            ? "lives at " + Texts.printable(moved.to())
            : FenceText.elsewhere(standing).orElse("being moved");
    String then = fenced ? ": servers and 'tka move' lift that" : ": it stays so";
    if (!each.kept() && !fenced) {
      then =
          standing instanceof Fence.Standing.Shadow
              ? " when the copy was made: run that move again, or restore another copy"
              : " when the copy was made: restore another copy";
    }
    out.println("\t" + TailnetName.printable(each.tailnet()) + "\t" + what + then);
  }

  private static void print(PrintWriter out, Older each) {
    out.println(
        "\t"
            + TailnetName.printable(each.tailnet())
            + "\thead "
            + each.head().map(AumHash::toString).orElse("none")
            + (each.deleted()
                ? "; deleted since, so delete it again (tka delete)"
                : ", was " + each.was().map(AumHash::toString).orElse("none: the lock was off"))
            + (each.lacks() == 0 ? "" : "; " + Texts.count(each.lacks(), "AUM") + " missing")
            + (each.ahead().isEmpty()
                ? ""
                : "; newer AUMs at " + Texts.count(each.ahead().size(), "node")));
    for (AumHash ended : each.ended()) {
      out.println(
          "\t\tended since, so end it again (tka disable): the lock that began with " + ended);
    }
    for (Bytes token : each.revoked()) {
      out.println(
          "\t\trevoked since, so revoke it again (tka node revoke): token " + token.toHex());
    }
  }

  private Map<String, Object> toJson(Instant since, Found found, Optional<Path> kept) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Store", place.url());
    object.put("At", since.toString());
    kept.ifPresent(path -> object.put("Replaced", path.toString()));
    List<Map<String, Object>> list = new ArrayList<>();
    for (Older each : found.older) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("Name", each.tailnet());
      each.head().ifPresent(head -> one.put("Head", head.toString()));
      each.was().ifPresent(head -> one.put("WasHead", head.toString()));
      one.put("Lacks", each.lacks());
      one.put("NodesAhead", each.ahead().stream().map(String::valueOf).toList());
      one.put("Ended", each.ended().stream().map(AumHash::toString).toList());
      one.put("Deleted", each.deleted());
      one.put("Revoked", each.revoked().stream().map(Bytes::toHex).toList());
      list.add(one);
    }
    object.put("Older", list);
    List<Map<String, Object>> elsewhere = new ArrayList<>();
    for (Elsewhere each : found.elsewhere) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("Name", each.tailnet());
      FenceText.put(one, each.standing());
      one.put("Kept", each.kept());
      elsewhere.add(one);
    }
    object.put("Elsewhere", elsewhere);
    return object;
  }
}
