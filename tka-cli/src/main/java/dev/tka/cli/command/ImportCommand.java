package dev.tka.cli.command;

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
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumImport;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code tka import}: imports the output of {@code tka export}. */
@Command(
    name = "import",
    description = {
      "Imports the output of 'tka export' into a store of any kind, which is created if necessary.",
      "Every AUM is verified as it is read, signatures included. Nothing is written before"
          + " everything was read and the checksum is right, and each tailnet is written as a"
          + " whole or not at all. The exit status is 3 for a truncated or altered stream, 1 for"
          + " an AUM that does not verify, and 5 for a tailnet that already exists.",
      "The beginning of a chain, its trail and its notes are taken on trust: import only from"
          + " somebody whose backup you would restore, and compare the printed head."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka import example.tka sqlite:control.db",
      "  tka import example.tka sqlite:control.db --tailnet copy.example.com",
      "  tka export --all sqlite:a.db | tka import - postgresql://control@db/tka"
    })
public final class ImportCommand implements Callable<Integer> {
  /** More than the length of any header. */
  private static final int HEADER = 1 << 16;

  private final List<Imported> done = new ArrayList<>();
  private Optional<Tailnets> tailnets = Optional.empty();

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      converter = Source.class,
      description = "An export; - for standard input.")
  private StreamArgument file;

  @Parameters(
      index = "1",
      paramLabel = StoreArgument.LABEL,
      converter = StoreText.class,
      description = "A directory, " + StoreArgument.OF_MANY)
  private StorePlace place;

  @Option(
      names = TailnetOption.NAME,
      paramLabel = "NEWNAME",
      description = "The tailnet's name in the store (default: its name in the export).")
  private @Nullable String newName;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /**
   * An imported tailnet.
   *
   * @param name its name in the store; empty in a directory
   */
  private record Imported(
      String name, AumHash head, AumImport.Verified content, int trailEntriesKept) {}

  /** Points users who name a store to the right command. */
  private static final class Source implements ITypeConverter<StreamArgument> {
    @Override
    public StreamArgument convert(String text) {
      if (StoreText.isUrl(text)) {
        throw new TypeConversionException(
            "expected a path, found a store URL; to copy from a store:"
                + " tka export STORE | tka import - STORE");
      }
      return new FileText().convert(text);
    }
  }

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    boolean piped = file.isStandard();
    if (!piped && Files.isDirectory(file.path())) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          file
              + ": expected an export of 'tka export', found a directory; to copy one:"
              + " tka export DIR | tka import - STORE");
    }
    try (InputStream in = new BufferedInputStream(file.open(tka), HEADER)) {
      in.mark(HEADER);
      boolean several = next(new AumImport(in)).orElseThrow().following() > 0;
      in.reset();
      if (several) {
        importSeveral(in, piped);
      } else {
        importAll(in);
      }
    } catch (TkaException | IOException | CommandFailure e) {
      if (!done.isEmpty()) {
        spec.commandLine()
            .getErr()
            .println("tka: tailnets imported before this failure: " + done.size());
      }
      throw e;
    } finally {
      tailnets.ifPresent(Tailnets::close);
    }
    report();
    return ExitCode.OK;
  }

  /** Checks all of them first, so that nothing is written if one is invalid. */
  private void importSeveral(InputStream in, boolean piped)
      throws TkaException, IOException, CommandFailure {
    if (newName != null) {
      throw new CommandFailure(
          ExitCode.USAGE,
          TailnetOption.NAME + ": expected an export of one tailnet, found several");
    }
    if (place instanceof StorePlace.OfOne) {
      throw new CommandFailure(
          ExitCode.USAGE,
          place.url() + ": a " + place.noun() + " holds one tailnet, and the export has several");
    }
    Path path = piped ? Files.createTempFile("tka-import", ".part") : file.path();
    try {
      if (piped) {
        // Also when a signal ends the process.
        path.toFile().deleteOnExit();
        Files.copy(in, path, StandardCopyOption.REPLACE_EXISTING);
      }
      try (InputStream looking = Files.newInputStream(path)) {
        checkAll(looking);
      }
      try (InputStream again = Files.newInputStream(path)) {
        importAll(again);
      }
    } finally {
      if (piped) {
        Files.deleteIfExists(path);
      }
    }
  }

  private void checkAll(InputStream in) throws TkaException, IOException, CommandFailure {
    AumImport export = new AumImport(in);
    for (Optional<AumImport.Tailnet> next = next(export); next.isPresent(); next = next(export)) {
      String name = nameOf(next.get());
      requireEmpty(name);
      try (ProgressBar bar = ProgressBar.of(spec, "verifying " + Texts.printable(name))) {
        read(next.get(), bar);
      }
    }
  }

  private void importAll(InputStream in) throws TkaException, IOException, CommandFailure {
    AumImport export = new AumImport(in);
    for (Optional<AumImport.Tailnet> next = next(export); next.isPresent(); next = next(export)) {
      String name = nameOf(next.get());
      requireEmpty(name);
      AumImport.Verified verified;
      try (ProgressBar bar = ProgressBar.of(spec, "importing " + Texts.printable(name))) {
        verified = read(next.get(), bar);
      }
      AumSnapshot after;
      try {
        after = verified.commitTo(create(name));
      } catch (StoreException.NotEmpty e) {
        throw thereAlready(name);
      }
      AumHash head = Authority.open(after).head();
      done.add(new Imported(name, head, verified, after.trail().size()));
    }
  }

  private Optional<AumImport.Tailnet> next(AumImport export) throws IOException, CommandFailure {
    try {
      return export.next();
    } catch (TkaException e) {
      throw inExport(e);
    }
  }

  private AumImport.Verified read(AumImport.Tailnet tailnet, ProgressBar bar)
      throws IOException, CommandFailure {
    try {
      return tailnet.read(bar);
    } catch (TkaException e) {
      throw inExport(e);
    }
  }

  private CommandFailure inExport(TkaException failure) {
    return new CommandFailure(Failures.exitCode(failure), file + ": " + Failures.describe(failure));
  }

  private String nameOf(AumImport.Tailnet tailnet) throws CommandFailure {
    if (place instanceof StorePlace.OfOne) {
      if (newName != null) {
        throw new CommandFailure(
            ExitCode.USAGE,
            place.url()
                + ": a "
                + place.noun()
                + " has no name for its tailnet: omit "
                + TailnetOption.NAME);
      }
      return "";
    }
    String name = newName == null ? tailnet.name() : newName;
    if (name.isEmpty() && newName == null) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "the export does not name its tailnet; name it with " + TailnetOption.NAME);
    }
    if (!Tailnets.isName(name)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          TailnetOption.NAME
              + ": expected "
              + Tailnets.NAME
              + ", found "
              + name.length()
              + " characters");
    }
    return name;
  }

  /** An early check; the commit checks again. */
  private void requireEmpty(String name) throws StoreException, CommandFailure {
    try {
      AumImport.requireEmpty(find(name).read());
    } catch (StoreException.Absent e) {
      // The store will be created once everything is verified.
    } catch (StoreException.NotEmpty e) {
      throw thereAlready(name);
    }
  }

  private CommandFailure thereAlready(String name) {
    return new CommandFailure(
        ExitCode.CONFLICT,
        place.url()
            + ": "
            + (name.isEmpty() ? "a tailnet" : "tailnet " + name)
            + " already exists");
  }

  private AumStore find(String name) throws StoreException, CommandFailure {
    if (place instanceof StorePlace.OfOne one) {
      return one.open(Clock.systemUTC());
    }
    Tailnets opened =
        tailnets.isPresent()
            ? tailnets.get()
            : StoreText.requireMany(place).open(Clock.systemUTC());
    tailnets = Optional.of(opened);
    return opened.tailnet(name);
  }

  private AumStore create(String name) throws StoreException, CommandFailure {
    if (place instanceof StorePlace.OfOne one) {
      return one.create(Clock.systemUTC());
    }
    Tailnets opened =
        tailnets.isPresent()
            ? tailnets.get()
            : StoreText.requireMany(place).create(Clock.systemUTC());
    tailnets = Optional.of(opened);
    return opened.tailnet(name);
  }

  private void report() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Store", place.url());
      object.put("Tailnets", done.stream().map(ImportCommand::toJson).toList());
      Json.print(out, object);
    }
    for (Imported each : done) {
      AumImport.Verified content = each.content;
      if (!json) {
        out.println(
            (each.name.isEmpty() ? "" : Texts.printable(each.name) + ": ")
                + "imported "
                + Texts.count(content.aums(), "AUM")
                + ", all verified, head "
                + each.head
                + ", to "
                + place.url());
      }
      if (each.trailEntriesKept < content.remembered()) {
        err.println(
            "tka: note: the export's trail of "
                + Texts.count(content.remembered(), "purged AUM")
                + " is not imported: a directory keeps it in their files, which an export does"
                + " not contain");
      }
      if (!content.hasOwnTime()) {
        err.println(
            "tka: note: "
                + (each.name.isEmpty() ? "" : Texts.printable(each.name) + ": ")
                + "the export has no own time, as before version 2: what can no longer be barred"
                + " without it is up to weight alone");
      }
    }
  }

  private static Map<String, Object> toJson(Imported imported) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Name", imported.name);
    object.put("Head", imported.head.toString());
    object.put("Aums", imported.content.aums());
    object.put("TrailEntries", imported.content.remembered());
    object.put("TrailEntriesKept", imported.trailEntriesKept);
    object.put("OwnAums", imported.content.own());
    object.put("SetAside", imported.content.setAside());
    return object;
  }
}
