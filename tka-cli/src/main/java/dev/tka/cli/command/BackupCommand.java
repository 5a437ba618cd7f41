package dev.tka.cli.command;

import dev.tka.cli.input.FileText;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.ProgressBar;
import dev.tka.cli.output.Texts;
import dev.tka.core.TkaException;
import dev.tka.store.StorePlace;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka backup}: copies a SQLite file, even while it is being written. */
@Command(
    name = "backup",
    description = {
      "Copies a SQLite file with all its tailnets as of one moment, even while it is being"
          + " written.",
      "SQLite checks the copy, which is then flushed and given its name: it is complete or"
          + " absent. 'tka verify sqlite:COPY --all' checks the tailnets. Only its owner can read"
          + " it. Nothing is overwritten: if TARGET exists, the exit status is 5.",
      "To copy a directory, use 'cp -a' while nothing writes to it; for a PostgreSQL database,"
          + " use pg_dump."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka backup sqlite:control.db /backup/control-2026-01-31.db",
      "  tka verify sqlite:/backup/control-2026-01-31.db --all",
    })
public final class BackupCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      index = "0",
      paramLabel = StoreArgument.LABEL,
      converter = StoreText.class,
      description = "The file, sqlite:PATH or json:PATH.")
  private StorePlace place;

  @Parameters(
      index = "1",
      paramLabel = "TARGET",
      converter = FileText.class,
      description = "The path of the copy.")
  private StreamArgument target;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    if (!(place.backup() instanceof StorePlace.Backup.Online online)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          place.url()
              + ": expected a store that can be copied while it is in use, such as sqlite:PATH; "
              + advice(place.backup()));
    }
    StorePlace copy;
    try (ProgressBar bar = ProgressBar.of(spec, "copying")) {
      copy = online.copying().copyTo(target.path(), bar);
    }
    tka.noteChange();
    PrintWriter out = spec.commandLine().getOut();
    long bytes = Files.size(target.path());
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Target", target.text());
      object.put("Bytes", bytes);
      Json.print(out, object);
    } else {
      out.println(
          "Copied "
              + Texts.count(bytes, "byte")
              + " to "
              + target.text()
              + "; 'tka verify "
              + Texts.shellWord(copy.url())
              + " --all' checks the tailnets.");
    }
    return ExitCode.OK;
  }

  /** Advice on copying a store that cannot be copied here while it is in use. */
  private static String advice(StorePlace.Backup backup) {
    return backup instanceof StorePlace.Backup.Offline offline
        ? offline.advice()
        : ((StorePlace.Backup.Elsewhere) backup).advice();
  }
}
