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
          + " from the export."
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
    Optional<Fence> moved = onlyMoved(tailnets);
    long nodes = moved.isPresent() ? 0 : countNodes(tailnets);
    Revision revision = tailnets.revisions().getOrDefault(name, Tailnets.NO_COMMIT);
    if (revision.equals(Tailnets.NO_COMMIT) && !hasRecords(tailnets)) {
      throw TailnetOption.noTailnet(place, name);
    }
    Optional<AumSnapshot> content =
        keepNothing || moved.isPresent() ? Optional.empty() : read(tailnets);
    Optional<Path> target = content.map(any -> file == null ? besidePlace() : file.path());
    String nothing =
        keepNothing ? "" : nodes == 0 ? ", which holds nothing," : ", which holds no AUMs,";
    String without = moved.map(fence -> ", which " + fence.words() + ",").orElse(nothing);
    confirmation.require(
        "This deletes tailnet "
            + TailnetName.printable(name)
            + content
                .map(held -> " with " + Texts.count(held.entries().size(), "AUM"))
                .orElse(without)
            + (nodes == 0 ? "" : " and the records of " + Texts.count(nodes, "node"))
            + " from "
            + place.url()
            + target.map(path -> ", after exporting it to " + path).orElse(", and keeps nothing")
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
      tailnets.delete(name, revision);
    } catch (StoreException.Conflict e) {
      throw new CommandFailure(
          ExitCode.CONFLICT,
          "another writer changed the tailnet in the meantime; it was not deleted"
              + target.map(path -> ", and " + path + " is out of date").orElse(""));
    }
    tka.noteChange();
    report(target);
  }

  private long countNodes(Tailnets tailnets) throws StoreException {
    Optional<ControlRecords> records = tailnets.records();
    return records.isPresent() ? records.get().countNodes(name) : 0;
  }

  /** The fence, if that the tailnet was moved is all that is left of it here. */
  private Optional<Fence> onlyMoved(Tailnets tailnets) throws StoreException {
    Optional<ControlRecords> records = tailnets.records();
    if (records.isEmpty()) {
      return Optional.empty();
    }
    ControlRecords.Seen seen = records.get().seen(name);
    return Optional.of(seen.fence())
        .filter(fence -> fence.standing() instanceof Fence.Standing.Moved)
        .filter(
            fence ->
                seen.aums().equals(Tailnets.NO_COMMIT)
                    && seen.tailnet().equals(TailnetRecord.NONE));
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

  private void report(Optional<Path> target) throws IOException {
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
    out.println("Deleted " + TailnetName.printable(name) + " from " + place.url() + ".");
  }
}
