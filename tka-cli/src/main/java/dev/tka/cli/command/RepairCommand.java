package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.HashText;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Repair;
import dev.tka.core.store.Commit;
import dev.tka.store.StorePlace;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka repair}: restores purged AUMs, and fetches missing ones. */
@Command(
    name = "repair",
    description = {
      "Restores purged AUMs that are still in a node's directory, so that a stranded node can"
          + " sync again. Head and trusted keys stay the same.",
      "With --from, fetches AUMs that the directory should hold and does not, because a file is"
          + " damaged or lost, from a store that has them, such as control's. The directory need"
          + " not open for that.",
      "Everything is verified before anything is written, and the directory is copied first. Sync"
          + " before the node compacts again. Control's store is refused, because it keeps"
          + " everything."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka repair DIR --to HASH --dry-run      shows what would be restored",
      "  tka repair DIR --meet offer.json        as far as control's 'tka offer --json' requires",
      "  tka repair DIR --steps 100 --backup /root/tka-before --confirm",
      "  tka repair DIR --all --json",
      "  tka repair DIR --from sqlite:control.db --tailnet example.com",
      "  tka repair DIR --journal                files that only the journal holds",
    })
public final class RepairCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @ArgGroup(multiplicity = "1")
  private Reach reach = new Reach();

  @Mixin private BackupOption backup;

  @Option(names = "--dry-run", description = "Show what would be restored; write nothing.")
  private boolean dryRun;

  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON: the restored AUMs, oldest first.")
  private boolean json;

  /** How far back to go. */
  private static final class Reach {
    @Option(
        names = "--to",
        paramLabel = "HASH",
        converter = HashText.class,
        description = "Back to this AUM, and further to the newest checkpoint before it.")
    private @Nullable AumHash to;

    @Option(
        names = "--steps",
        paramLabel = "N",
        description = "At least N AUMs, and further to the newest checkpoint before them.")
    private @Nullable Integer steps;

    @Option(
        names = "--meet",
        paramLabel = "OFFER",
        converter = StreamArgument.File.class,
        description =
            "Back to the newest AUM in an offer, as 'tka offer' prints it at the other end: a"
                + " file, or - for standard input.")
    private @Nullable StreamArgument meet;

    @Option(names = "--all", description = "Back to the oldest checkpoint.")
    private boolean all;

    @Option(
        names = "--from",
        paramLabel = "CONTROL",
        converter = StoreText.class,
        description = "Fetch what is missing or damaged from this store.")
    private @Nullable StorePlace from;

    @Option(
        names = "--journal",
        description =
            "Put files of the last commit in their places that are only in the journal, where a"
                + " node does not look.")
    private boolean journal;
  }

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    store.requireNodes();
    PrintWriter err = spec.commandLine().getErr();
    if (reach.journal) {
      return place(err);
    }
    if (reach.from != null) {
      return fetch(reach.from, err);
    }
    Repair.Reach wanted = wanted();
    StoreEdit edit = dryRun ? StoreEdit.look(store, err) : StoreEdit.begin(store, err);
    Repair repair = Repair.of(edit.authority().snapshot(), wanted);
    if (repair instanceof Repair.NotNeeded nothing) {
      print(nothing, edit.authority());
      return ExitCode.OK;
    }
    if (repair instanceof Repair.Nothing nothing) {
      boolean absent =
          nothing instanceof Repair.NothingRemembered || nothing instanceof Repair.NotRemembered;
      throw new CommandFailure(
          absent ? ExitCode.NOT_FOUND : ExitCode.VERIFICATION_FAILED,
          "nothing can be restored: " + nothing.reason());
    }
    Repair.Restore restore = (Repair.Restore) repair;
    Optional<StoreBackup> copy =
        change(
            "This restores " + Texts.count(restore.count(), "AUM"),
            StreamArgument.isStandardInput(reach.meet),
            () -> edit.repair(restore));
    print(restore, copy);
    return ExitCode.OK;
  }

  private Repair.Reach wanted() throws IOException, CommandFailure {
    if (reach.to != null) {
      return new Repair.To(reach.to);
    }
    if (reach.steps != null) {
      if (reach.steps < 1) {
        throw new ParameterException(
            spec.commandLine(), "--steps: expected at least 1, found " + reach.steps);
      }
      return new Repair.AtLeast(reach.steps);
    }
    if (reach.meet != null) {
      SyncOffer offer = OfferText.read(reach.meet, tka);
      List<AumHash> named = new ArrayList<>(List.of(offer.head()));
      named.addAll(offer.ancestors());
      return new Repair.Offer(named);
    }
    if (reach.all) {
      return new Repair.All();
    }
    throw new ParameterException(
        spec.commandLine(), "expected one of --to, --steps, --meet, --all, --from and --journal");
  }

  /** A change of the store. */
  @FunctionalInterface
  private interface Change {
    void make() throws TkaException, IOException, CommandFailure;
  }

  /**
   * Changes the store after a question and a backup, unless this is a dry run.
   *
   * @param what the change, as the beginning of a sentence
   * @return the backup; empty in a dry run
   */
  private Optional<StoreBackup> change(String what, boolean inputIsTaken, Change change)
      throws TkaException, IOException, CommandFailure {
    if (dryRun) {
      return Optional.empty();
    }
    StoreBackup copy = backup.of(store.place());
    confirmation.require(what + copy.plan() + ".", tka, inputIsTaken, spec.commandLine().getErr());
    copy.make();
    change.make();
    tka.noteChange();
    return Optional.of(copy);
  }

  /** An empty commit puts everything in its place first. */
  private int place(PrintWriter err) throws TkaException, IOException, CommandFailure {
    OpenStore node = store.open();
    Optional<Path> directory = node.place().path().filter(Files::isDirectory);
    if (directory.isEmpty()) {
      throw new CommandFailure(
          ExitCode.USAGE,
          node.place().url() + ": expected a node's directory, which has a journal");
    }
    if (!dryRun) {
      StoreEdit.warn(node, err);
    }
    List<String> waiting = NodeDirectory.at(directory.get()).notInPlace();
    Optional<StoreBackup> copy =
        waiting.isEmpty()
            ? Optional.empty()
            : change(
                "This puts " + Texts.count(waiting.size(), "file") + " in place",
                false,
                () -> node.aums().commit(Commit.on(node.aums().read().revision()).build()));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Applied", !dryRun && !waiting.isEmpty());
      object.put("Placed", waiting);
      copy.flatMap(StoreBackup::place).ifPresent(path -> object.put("Backup", path.toString()));
      Json.print(out, object);
      return ExitCode.OK;
    }
    copy.flatMap(StoreBackup::report).ifPresent(out::println);
    if (waiting.isEmpty()) {
      out.println("Nothing to put in place.");
    }
    waiting.forEach(
        path -> out.println((dryRun ? "Would put in place: " : "Put in place: ") + path));
    return ExitCode.OK;
  }

  private int fetch(StorePlace from, PrintWriter err)
      throws TkaException, IOException, CommandFailure {
    List<OpenStore> both = store.tailnet().openBoth(store.place(), from);
    OpenStore node = both.get(0);
    if (!dryRun) {
      StoreEdit.warn(node, err);
    }
    Repair repair = decide(node, both.get(1));
    if (repair instanceof Repair.Complete complete) {
      print(complete, Authority.open(node.aums()));
      return ExitCode.OK;
    }
    if (repair instanceof Repair.Nothing nothing) {
      boolean absent =
          nothing instanceof Repair.NothingInCommon || nothing instanceof Repair.NotInSource;
      throw new CommandFailure(
          absent ? ExitCode.NOT_FOUND : ExitCode.VERIFICATION_FAILED,
          "nothing can be fetched: " + nothing.reason());
    }
    Repair.Fetch fetch = (Repair.Fetch) repair;
    print(
        fetch,
        change(
            "This fetches " + Texts.count(fetch.additions().size(), "AUM"),
            false,
            () -> fetch.applyTo(node.aums())));
    for (AumHash hash : fetch.leftDamaged()) {
      err.println("tka: still damaged, because the other store does not have it: " + hash);
    }
    return fetch.leftDamaged().isEmpty() ? ExitCode.OK : ExitCode.BAD_INPUT;
  }

  private static Repair decide(OpenStore node, OpenStore from) throws TkaException, CommandFailure {
    try {
      return Repair.from(node.aums().read(), from.aums().read());
    } catch (OpenException e) {
      throw new CommandFailure(Failures.exitCode(e), from + ": " + e.getMessage());
    }
  }

  private void print(Repair.Fetch fetch, Optional<StoreBackup> copy) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Applied", !dryRun);
      object.put("OldestAncestor", fetch.oldest().toString());
      object.put("Head", fetch.head().toString());
      object.put("Restored", restored(fetch.additions()));
      object.put("LeftDamaged", fetch.leftDamaged().stream().map(AumHash::toString).toList());
      copy.flatMap(StoreBackup::place).ifPresent(place -> object.put("Backup", place.toString()));
      Json.print(out, object);
      return;
    }
    copy.flatMap(StoreBackup::report).ifPresent(out::println);
    out.println(
        (dryRun ? "Would fetch " : "Fetched ")
            + Texts.count(fetch.additions().size(), "AUM")
            + ", all verified:");
    fetch.additions().forEach(addition -> out.println("\t" + addition.aum().hash()));
    out.println("Oldest ancestor: " + fetch.oldest());
    out.println("Head:            " + fetch.head());
  }

  private void print(Repair.Restore restore, Optional<StoreBackup> copy) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Applied", !dryRun);
      object.put("OldestAncestor", restore.oldest().toString());
      object.put("Restored", restored(restore.additions()));
      copy.flatMap(StoreBackup::place).ifPresent(place -> object.put("Backup", place.toString()));
      Json.print(out, object);
      return;
    }
    copy.flatMap(StoreBackup::report).ifPresent(out::println);
    out.println(
        (dryRun ? "Would restore " : "Restored ")
            + Texts.count(restore.count(), "AUM")
            + ", "
            + restore.oldest()
            + " to "
            + restore.newest()
            + ", all verified.");
    out.println("Oldest ancestor: " + restore.oldest());
  }

  private static List<Map<String, Object>> restored(List<Commit.Addition> additions) {
    List<Map<String, Object>> list = new ArrayList<>();
    for (Commit.Addition addition : additions) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("Hash", addition.aum().hash().toString());
      one.put("MessageKind", addition.aum().kind().toString());
      one.put("CommittedAt", addition.committedAt().toString());
      list.add(one);
    }
    return list;
  }

  private void print(Repair.Nothing nothing, Authority authority) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Applied", false);
      object.put("OldestAncestor", authority.oldestAncestor().toString());
      object.put("Restored", List.of());
      object.put("Reason", nothing.reason());
      Json.print(out, object);
    } else {
      out.println("Nothing to restore: " + nothing.reason() + ".");
    }
  }
}
