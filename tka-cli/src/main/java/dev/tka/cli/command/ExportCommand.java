package dev.tka.cli.command;

import dev.tka.cli.input.FileText;
import dev.tka.cli.input.OpenStore;
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
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumExport;
import dev.tka.store.export.ExportFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka export}: writes tailnets as a stream of bytes. */
@Command(
    name = "export",
    description = {
      "Writes a tailnet as a stream of bytes, for 'tka import' into a store of any kind: its AUMs"
          + " with their commit times, its trail, the notes on own AUMs, and the edits that were"
          + " set aside.",
      "The same content gives the same bytes. A file is complete or absent, only its owner can"
          + " read it, and nothing is overwritten: if FILE exists, the exit status is 5. AUMs"
          + " that do not descend from the oldest ancestor are left out and counted."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka export DIR node.tka",
      "  tka export sqlite:control.db --tailnet example.com example.tka",
      "  tka export sqlite:a.db --all | tka import - sqlite:b.db"
    })
public final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      index = "1",
      paramLabel = "FILE",
      arity = "0..1",
      converter = FileText.class,
      defaultValue = StreamArgument.STANDARD,
      description = "Where to write; - or nothing for standard output.")
  private StreamArgument file;

  @Option(names = "--all", description = "All tailnets of a store that holds several.")
  private boolean all;

  @Option(names = "--json", description = "Print JSON: a summary of the written file.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    boolean toFile = !file.isStandard();
    if (all && store.tailnet().isGiven()) {
      throw new ParameterException(
          spec.commandLine(), "--all cannot be combined with " + TailnetOption.NAME);
    }
    if (!toFile && json) {
      throw new ParameterException(spec.commandLine(), "--json needs a FILE");
    }
    if (!toFile && tka.canAsk()) {
      throw new ParameterException(
          spec.commandLine(), "expected a file or a pipe to write to, found a terminal");
    }
    List<AumExport> exported;
    if (all) {
      try (Tailnets tailnets = StoreText.requireMany(store.place()).open(Clock.systemUTC())) {
        List<String> names = namesOf(tailnets);
        exported = write(toFile, out -> exportAll(tailnets, names, out));
      }
    } else {
      OpenStore opened = store.open();
      AumSnapshot snapshot = opened.aums().read();
      exported = write(toFile, out -> List.of(export(snapshot, opened.tailnet().orElse(""), out)));
    }
    if (toFile) {
      tka.noteChange();
    }
    report(exported, toFile);
    return ExitCode.OK;
  }

  private List<AumExport> write(boolean toFile, ExportFile.Writing<List<AumExport>> writing)
      throws TkaException, IOException {
    try {
      if (toFile) {
        return ExportFile.write(file.path(), writing);
      }
      OutputStream out = new BufferedOutputStream(tka.out());
      List<AumExport> exported = writing.to(out);
      out.flush();
      return exported;
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw new FileSystemException(toFile ? file.text() : "standard output", null, e.getMessage());
    }
  }

  /** The tailnets with anything to export: a name outlasts the end of its authority. */
  private List<String> namesOf(Tailnets tailnets) throws TkaException, CommandFailure {
    List<String> names = new ArrayList<>();
    for (String name : tailnets.revisions().keySet()) {
      AumSnapshot snapshot;
      try {
        snapshot = tailnets.tailnet(name).read();
      } catch (StoreException.Fenced e) {
        spec.commandLine()
            .getErr()
            .println("tka: " + Texts.printable(e.getMessage()) + "; left out");
        continue;
      }
      if (!snapshot.entries().isEmpty()
          || snapshot.trail().size() > 0
          || !snapshot.ownAums().equals(OwnAums.NONE)) {
        names.add(name);
      }
    }
    if (names.isEmpty()) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND, store.place().url() + ": there is no tailnet to export");
    }
    return names;
  }

  private List<AumExport> exportAll(Tailnets tailnets, List<String> names, OutputStream out)
      throws TkaException, IOException {
    List<AumExport> exported = new ArrayList<>();
    try (ProgressBar bar = ProgressBar.of(spec, "exporting")) {
      for (String name : names) {
        AumSnapshot snapshot = tailnets.tailnet(name).read();
        int following = names.size() - 1 - exported.size();
        bar.part(exported.size(), names.size());
        exported.add(AumExport.write(snapshot, name, following, out, bar));
      }
    }
    return exported;
  }

  private AumExport export(AumSnapshot snapshot, String name, OutputStream out)
      throws TkaException, IOException {
    try (ProgressBar bar = ProgressBar.of(spec, "exporting " + TailnetName.printable(name))) {
      return AumExport.write(snapshot, name, 0, out, bar);
    }
  }

  private void report(List<AumExport> exported, boolean toFile) throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    for (AumExport each : exported) {
      if (each.unrelated() > 0) {
        err.println(
            "tka: note: "
                + named(each)
                + "left out "
                + Texts.count(each.unrelated(), "AUM")
                + " not connected to the oldest ancestor");
      }
    }
    if (!toFile) {
      return;
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("File", file.text());
      object.put("Tailnets", exported.stream().map(ExportCommand::toJson).toList());
      Json.print(out, object);
      return;
    }
    for (AumExport each : exported) {
      out.println(
          named(each)
              + "exported "
              + Texts.count(each.aums(), "AUM")
              + ", head "
              + each.head()
              + ", to "
              + Texts.printable(file.text()));
    }
  }

  private static String named(AumExport exported) {
    return exported.tailnet().isEmpty() ? "" : TailnetName.printable(exported.tailnet()) + ": ";
  }

  private static Map<String, Object> toJson(AumExport exported) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Name", exported.tailnet());
    object.put("Head", exported.head().toString());
    object.put("Aums", exported.aums());
    object.put("TrailEntries", exported.remembered());
    object.put("OwnAums", exported.own());
    object.put("SetAside", exported.setAside());
    object.put("LeftOut", exported.unrelated());
    return object;
  }
}
