package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.FileText;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.ProgressBar;
import dev.tka.cli.output.Texts;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumExport;
import dev.tka.store.export.ExportFile;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka delete}: deletes a tailnet from a store that holds several. */
@Command(
    name = "delete",
    description = {
      "Deletes a tailnet from control's store, with its name, after exporting it to a file.",
      "Nodes are not told: to end Tailnet Lock in a tailnet that goes on, use 'tka disable'.",
      "A server that has the store open sees that the tailnet is gone. 'tka import' brings it back"
          + " from the export.",
      "Of a tailnet that was moved ('tka move'), what is left is deleted, and once more the note where"
          + " it lives; of a copy that is not finished, the copy, which frees the name."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka delete sqlite:control.db --tailnet example.com",
      "  tka delete sqlite:control.db --tailnet example.com --export example.tka --confirm",
    })
public final class DeleteCommand implements Callable<Integer> {
  /** File systems take names of 255 bytes. */
  private static final int LONGEST = 100;

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      index = "0",
      paramLabel = StoreArgument.LABEL,
      converter = StoreText.class,
      description = StoreArgument.OF_MANY)
  private StorePlace place;

  @Option(
      names = TailnetOption.NAME,
      required = true,
      paramLabel = "ID",
      description = "The tailnet, also if it is the only one.")
  private String name = "";

  @Option(
      names = "--export",
      paramLabel = "FILE",
      converter = FileText.class,
      description =
          "Where to export it first; FILE must not exist (default: the tailnet's name and"
              + " .deleted-TIME.tka, beside the SQLite file or in the current folder).")
  private @Nullable StreamArgument file;

  @Option(
      names = "--no-export",
      description = "Keep nothing, as for a tailnet that is too damaged to be exported.")
  private boolean keepNothing;

  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    if (file != null && (keepNothing || file.isStandard())) {
      throw new ParameterException(
          spec.commandLine(), "--export needs a FILE, and cannot be combined with --no-export");
    }
    TailnetOption.requireWritable(place);
    try (Tailnets tailnets = StoreText.requireMany(place).open(Clock.systemUTC())) {
      delete(tailnets);
    } catch (UnsupportedOperationException e) {
      throw new CommandFailure(
          ExitCode.USAGE, place.url() + ": this kind of store deletes no tailnets");
    }
    return ExitCode.OK;
  }

  private void delete(Tailnets tailnets) throws TkaException, IOException, CommandFailure {
    Optional<Fence> elsewhere = elsewhere(tailnets);
    Tailnets here =
        elsewhere.isPresent()
            ? tailnets.records().orElseThrow().under(name, elsewhere.get())
            : tailnets;
    long nodes = countNodes(here);
    Revision revision = here.revisions().getOrDefault(name, Tailnets.NO_COMMIT);
    if (revision.equals(Tailnets.NO_COMMIT) && !hasRecords(tailnets)) {
      throw TailnetOption.noTailnet(place, name);
    }
    boolean isLeft = isLeft(here, elsewhere, revision, nodes);
    Optional<AumSnapshot> content = keepNothing ? Optional.empty() : read(here);
    Optional<Path> target = content.map(any -> file == null ? besidePlace() : file.path());
    String nothing =
        keepNothing ? "" : nodes == 0 ? ", which holds nothing," : ", which holds no AUMs,";
    confirmation.require(
        "This deletes "
            + (isLeft ? "what is left of " : "")
            + "tailnet "
            + TailnetName.printable(name)
            + elsewhere.map(fence -> ", which " + fence.words() + ",").orElse("")
            + content
                .map(held -> " with " + Texts.count(held.entries().size(), "AUM"))
                .orElse(elsewhere.isPresent() ? "" : nothing)
            + (nodes == 0 ? "" : " and the records of " + Texts.count(nodes, "node"))
            + " from "
            + place.url()
            + target.map(path -> ", after exporting it to " + path).orElse(", and keeps nothing")
            + elsewhere.filter(any -> isLeft || isCopy(any)).map(DeleteCommand::loss).orElse("")
            + ".",
        tka,
        false,
        spec.commandLine().getErr());
    if (target.isPresent()) {
      AumSnapshot held = content.orElseThrow();
      revision = held.revision();
      try (ProgressBar bar = ProgressBar.of(spec, "exporting")) {
        ExportFile.write(target.get(), out -> AumExport.write(held, name, 0, out, bar));
      } catch (StoreException.Damaged e) {
        throw notExported(e);
      }
    }
    try {
      if (elsewhere.isPresent() && isCopy(elsewhere.get())) {
        deleteCopy(tailnets, elsewhere.get(), revision);
      } else if (isLeft) {
        deleteAll(here, revision);
      } else {
        tailnets.delete(name, revision);
      }
    } catch (StoreException.Conflict e) {
      throw new CommandFailure(
          ExitCode.CONFLICT,
          "another writer changed the tailnet in the meantime; it was not deleted"
              + target.map(path -> ", and " + path + " is out of date").orElse(""));
    }
    tka.noteChange();
    report(target, elsewhere.filter(any -> isLeft));
  }

  /** The fence of a tailnet that does not live here. */
  private Optional<Fence> elsewhere(Tailnets tailnets) throws StoreException {
    Optional<ControlRecords> records = tailnets.records();
    return records.isEmpty()
        ? Optional.empty()
        : Optional.of(records.get().fence(name)).filter(fence -> !fence.livesHere());
  }

  private static boolean isCopy(Fence fence) {
    return fence.standing() instanceof Fence.Standing.Shadow;
  }

  /** Whether a tailnet that was moved left more here than the note where it lives. */
  private boolean isLeft(Tailnets here, Optional<Fence> elsewhere, Revision aums, long nodes)
      throws StoreException {
    return elsewhere.isPresent()
        && !isCopy(elsewhere.get())
        && (!aums.equals(Tailnets.NO_COMMIT)
            || nodes > 0
            || !here.records().orElseThrow().tailnet(name).equals(TailnetRecord.NONE));
  }

  /** What deleting costs where the tailnet does not live. */
  private static String loss(Fence fence) {
    return isCopy(fence)
        ? "; if it is being moved here, finish that or undo it instead, or it may be left nowhere"
        : "; there is no way back then, and a move that is not finished can never be";
  }

  /** Deletes a copy, so that the name is free. */
  private void deleteCopy(Tailnets tailnets, Fence copy, Revision revision) throws StoreException {
    ControlRecords records = tailnets.records().orElseThrow();
    // First, so that a mover that goes on copies nothing into what is open then.
    Fence mine = copy.next(copy.standing());
    records.fence(name, copy, mine);
    deleteAll(records.under(name, mine), revision);
    records.fence(name, mine, mine.next(new Fence.Standing.Open()));
  }

  /** Deletes all but the fence, which is held. */
  private void deleteAll(Tailnets held, Revision revision) throws StoreException {
    Map<String, Revision> revisions = held.revisions();
    for (RetiredAuthority each : held.records().orElseThrow().tailnet(name).retired()) {
      held.delete(each.store(), revisions.getOrDefault(each.store(), Tailnets.NO_COMMIT));
    }
    held.delete(name, revision);
  }

  private long countNodes(Tailnets tailnets) throws StoreException {
    Optional<ControlRecords> records = tailnets.records();
    return records.isPresent() ? records.get().countNodes(name) : 0;
  }

  private boolean hasRecords(Tailnets tailnets) throws StoreException {
    Optional<ControlRecords> records = tailnets.records();
    return records.isPresent() && records.get().seen(name).known();
  }

  /** What there is to keep; empty if that is nothing. */
  private Optional<AumSnapshot> read(Tailnets tailnets) throws StoreException, CommandFailure {
    try {
      return Optional.of(tailnets.tailnet(name).read())
          .filter(held -> !held.entries().isEmpty() || held.trail().size() > 0);
    } catch (StoreException.Damaged e) {
      throw notExported(e);
    }
  }

  private static CommandFailure notExported(StoreException.Damaged why) {
    return new CommandFailure(
        ExitCode.BAD_INPUT,
        "it cannot be exported, and was not deleted: "
            + why.getMessage()
            + "; to delete it all the same, add --no-export");
  }

  private Path besidePlace() {
    String plain = name.replaceAll("[^\\w.-]", "_");
    String fileName =
        plain.substring(0, Math.min(plain.length(), LONGEST))
            + ".deleted-"
            + StoreBackup.stamp()
            + ".tka";
    return place.path().map(path -> path.resolveSibling(fileName)).orElse(Path.of(fileName));
  }

  private void report(Optional<Path> target, Optional<Fence> left) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Store", place.url());
      object.put("Deleted", name);
      target.ifPresent(path -> object.put("File", path.toString()));
      Json.print(out, object);
      return;
    }
    target.ifPresent(path -> out.println("Exported to " + path + "."));
    out.println(
        "Deleted "
            + (left.isPresent() ? "what was left of " : "")
            + TailnetName.printable(name)
            + " from "
            + place.url()
            + left.map(fence -> ", which goes on saying that it " + fence.words()).orElse("")
            + ".");
  }
}
