package dev.tka.cli.command;

import dev.tka.cli.input.FileText;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
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
import dev.tka.store.TailnetName;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
          + " whole or not at all. The exit status is 3 for a truncated or altered stream, and 1"
          + " for an AUM that does not verify.",
      "A tailnet that is there already with the same AUMs is left as it is and named, so an import"
          + " that was interrupted goes on when it is run again. A different one under the same"
          + " name stays, too: how it differs is said on standard error, the others are imported,"
          + " and the exit status is 5.",
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
  private final List<String> skipped = new ArrayList<>();
  private final Map<String, String> refused = new LinkedHashMap<>();

  /** Those of the refused whose names are taken. */
  private final List<String> refusedAsThere = new ArrayList<>();

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
    TailnetOption.requireWritable(place);
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
        importOnly(in);
      }
    } catch (TkaException | IOException | CommandFailure e) {
      if (!done.isEmpty()) {
        spec.commandLine()
            .getErr()
            .println(
                "tka: tailnets imported before this failure: "
                    + done.size()
                    + "; to go on, run the same command again");
      }
      throw e;
    } finally {
      tailnets.ifPresent(Tailnets::close);
    }
    if (!done.isEmpty()) {
      tka.noteChange();
    }
    report();
    return refused.isEmpty() ? ExitCode.OK : ExitCode.CONFLICT;
  }

  /**
   * Checks all of them first, so that nothing is written if one is invalid. Those that are there
   * already are left as they are: what an interrupted import has done, it need not do again.
   */
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
      Set<String> wanted;
      try (InputStream looking = Files.newInputStream(path)) {
        wanted = checkAll(looking);
      }
      if (!wanted.isEmpty()) {
        try (InputStream again = Files.newInputStream(path)) {
          importAll(again, wanted);
        }
      }
    } finally {
      if (piped) {
        Files.deleteIfExists(path);
      }
    }
  }

  /** Returns the names of those that can be imported; the others are skipped or refused. */
  private Set<String> checkAll(InputStream in) throws TkaException, IOException, CommandFailure {
    Set<String> wanted = new LinkedHashSet<>();
    AumImport export = new AumImport(in);
    long before = 0;
    try (ProgressBar bar = ProgressBar.of(spec, "verifying")) {
      for (Optional<AumImport.Tailnet> next = next(export); next.isPresent(); next = next(export)) {
        bar.part(before, before + 1 + next.get().following());
        String name = nameOf(next.get());
        AumImport.Verified verified = read(next.get(), bar);
        Optional<AumSnapshot> there = findFilled(name);
        if (there.isPresent()) {
          if (verified.isIn(there.get())) {
            skipped.add(name);
          } else {
            refusedAsThere.add(name);
            refused.put(name, difference(verified.difference(there.get())));
          }
        } else {
          TailnetName.problem(name)
              .ifPresentOrElse(
                  problem ->
                      refused.put(
                          name,
                          problem + "; export it alone, and import it with " + TailnetOption.NAME),
                  () -> wanted.add(name));
        }
        before++;
      }
    }
    return wanted;
  }

  private void importAll(InputStream in, Set<String> wanted)
      throws TkaException, IOException, CommandFailure {
    AumImport export = new AumImport(in);
    long before = 0;
    try (ProgressBar bar = ProgressBar.of(spec, "importing")) {
      for (Optional<AumImport.Tailnet> next = next(export); next.isPresent(); next = next(export)) {
        bar.part(before, before + 1 + next.get().following());
        AumImport.Verified verified = read(next.get(), bar);
        String name = next.get().name();
        if (wanted.contains(name)) {
          importOne(name, verified);
        }
        before++;
      }
    }
  }

  private void importOnly(InputStream in) throws TkaException, IOException, CommandFailure {
    AumImport.Tailnet only = next(new AumImport(in)).orElseThrow();
    String name = nameOf(only);
    if (place instanceof StorePlace.OfMany && findFilled(name).isEmpty()) {
      TailnetOption.requireNewName(name);
    }
    AumImport.Verified verified;
    try (ProgressBar bar =
        ProgressBar.of(spec, ("importing " + TailnetName.printable(name)).strip())) {
      verified = read(only, bar);
    }
    Optional<AumSnapshot> there = findFilled(name);
    if (there.isPresent() && verified.isIn(there.get())) {
      skipped.add(name);
    } else if (there.isPresent()) {
      throw thereAlready(name, verified.difference(there.get()));
    } else {
      importOne(name, verified);
    }
  }

  private void importOne(String name, AumImport.Verified verified)
      throws TkaException, CommandFailure {
    AumSnapshot after;
    try {
      after = verified.commitTo(create(name));
    } catch (StoreException.NotEmpty e) {
      throw thereAlready(name, verified.difference(find(name).read()));
    }
    done.add(new Imported(name, Authority.open(after).head(), verified, after.trail().size()));
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
    return new CommandFailure(
        Failures.exitCode(failure),
        file + ": " + Failures.describe(failure),
        failure instanceof StoreException.Newer
            ? List.of()
            : List.of(Advice.person("take another copy of the export, or export it again")));
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
    return name;
  }

  /** What the store holds under a name; empty if the name is free. */
  private Optional<AumSnapshot> findFilled(String name) throws StoreException, CommandFailure {
    if (!name.isEmpty() && !Tailnets.isName(name)) {
      return Optional.empty();
    }
    AumSnapshot there;
    try {
      there = find(name).read();
    } catch (StoreException.Absent e) {
      // The store will be created once everything is verified.
      return Optional.empty();
    }
    try {
      AumImport.requireEmpty(there);
      return Optional.empty();
    } catch (StoreException.NotEmpty e) {
      return Optional.of(there);
    }
  }

  private CommandFailure thereAlready(String name, AumImport.Difference difference) {
    return new CommandFailure(
        ExitCode.CONFLICT,
        place.url()
            + ": "
            + (name.isEmpty() ? "a tailnet" : "tailnet " + TailnetName.printable(name))
            + " already exists: "
            + difference(difference),
        adviceOn(name, difference));
  }

  /** How what is there differs from the export. */
  private static String difference(AumImport.Difference difference) {
    String more = Texts.count(difference.onlyThere(), "AUM");
    String less = Texts.count(difference.onlyInExport(), "AUM");
    if (!difference.related()) {
      return "what is there is another tailnet, with no AUM in common";
    }
    if (difference.onlyThere() > 0 && difference.onlyInExport() > 0) {
      return "they parted: what is there has " + more + " that the export lacks, and lacks " + less;
    }
    if (difference.onlyThere() > 0) {
      return "what is there is newer: it has " + more + " that the export lacks";
    }
    return difference.onlyInExport() > 0
        ? "the export is newer: it has " + less + " that what is there lacks"
        : "what is there has the same AUMs, and other times or notes on its own AUMs";
  }

  private List<Advice> adviceOn(String name, AumImport.Difference difference) {
    List<Advice> all = new ArrayList<>();
    String source = file.word(Advice.EXPORT);
    String target = Texts.shellWord(place.url());
    if (difference.related() && difference.onlyInExport() == 0) {
      all.add(Advice.person("leave it: it holds all that the export does"));
    }
    if (!name.isEmpty()) {
      all.add(Advice.importBeside(source, target));
    }
    all.add(
        name.isEmpty()
            ? Advice.replaceDirectory(source, place.url())
            : Advice.replaceTailnet(source, target, name, newName != null));
    return all;
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
      object.put("Skipped", skipped);
      object.put("Refused", refused.entrySet().stream().map(ImportCommand::refusal).toList());
      Json.print(out, object);
    }
    if (!json) {
      for (String name : skipped) {
        out.println(
            (name.isEmpty() ? "" : TailnetName.printable(name) + ": ")
                + "there already with the same AUMs, left as it is");
      }
    }
    refused.forEach(
        (name, why) ->
            err.println("tka: " + TailnetName.printable(name) + ": not imported: " + why));
    Advice.print(
        refusedAsThere.stream()
            .map(
                name ->
                    Advice.replaceTailnet(
                        file.word(Advice.EXPORT), Texts.shellWord(place.url()), name, false))
            .toList(),
        "tka: ",
        err);
    for (Imported each : done) {
      AumImport.Verified content = each.content;
      if (!json) {
        out.println(
            (each.name.isEmpty() ? "" : TailnetName.printable(each.name) + ": ")
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
                + (each.name.isEmpty() ? "" : TailnetName.printable(each.name) + ": ")
                + "the export has no own time, as before version 2: what can no longer be barred"
                + " without it is up to weight alone");
      }
    }
  }

  private static Map<String, Object> refusal(Map.Entry<String, String> refused) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Name", refused.getKey());
    object.put("Reason", refused.getValue());
    return object;
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
