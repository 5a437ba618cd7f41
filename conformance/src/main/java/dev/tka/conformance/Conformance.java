package dev.tka.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;

/**
 * Runs this build against the golden data of a folder: every {@code *.jsonl} or {@code *.jsonl.gz}
 * directly in it, one case a line, none skipped. A file, a field or a quirk that is not known here
 * is a failure, so that new data cannot pass unseen.
 */
public final class Conformance {
  private static final String PLAIN = ".jsonl";
  private static final String COMPRESSED = ".jsonl.gz";

  private static final Map<String, Supplier<Checker>> CHECKERS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("aum", AumVectors::new),
              Map.entry("aum-verify", AumVerifyVectors::new),
              Map.entry("authkey", AuthKeyVectors::new),
              Map.entry("build", BuildVectors::new),
              Map.entry("chonk", ChonkVectors::new),
              Map.entry("compact", CompactVectors::new),
              Map.entry("deeplink", DeepLinkVectors::new),
              Map.entry("disablement", DisablementVectors::new),
              Map.entry("ed25519", Ed25519Vectors::new),
              Map.entry("inform", InformVectors::new),
              Map.entry("long", LongVectors::new),
              Map.entry("missing", MissingVectors::new),
              Map.entry("nks", NksVectors::new),
              Map.entry("nks-credential", NksCredentialVectors::new),
              Map.entry("nks-resign", NksResignVectors::new),
              Map.entry("nks-verify", NksVerifyVectors::new),
              Map.entry("offer", OfferVectors::new),
              Map.entry("open", OpenVectors::new),
              Map.entry("revoke", RevokeVectors::new),
              Map.entry("round", RoundVectors::new),
              Map.entry("text", TextVectors::new)));

  private Conformance() {}

  /**
   * What came of one file.
   *
   * @param file its name
   * @param passed cases that hold
   * @param quirks how many of those are checked against the specification, not the reference
   * @param failures the others, by name, and why
   */
  public record FileResult(String file, int passed, int quirks, List<Failure> failures) {
    /** Copies its list. */
    public FileResult {
      failures = List.copyOf(failures);
    }
  }

  /** A case that does not hold. */
  public record Failure(String name, String why) {}

  /**
   * Runs all files of a folder, in the order of their names.
   *
   * @param progress is told of each file when it is done
   * @throws IOException if the folder or a file cannot be read
   */
  public static List<FileResult> run(Path folder, Consumer<FileResult> progress)
      throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, Conformance::isGolden)) {
      stream.forEach(files::add);
    }
    files.sort(null);
    List<FileResult> results = new ArrayList<>();
    for (Path file : files) {
      FileResult result = run(file);
      progress.accept(result);
      results.add(result);
    }
    return results;
  }

  private static boolean isGolden(Path path) {
    String name = path.getFileName().toString();
    return name.endsWith(PLAIN) || name.endsWith(COMPRESSED);
  }

  private static FileResult run(Path file) throws IOException {
    String fileName = file.getFileName().toString();
    boolean compressed = fileName.endsWith(COMPRESSED);
    String kind =
        fileName.substring(0, fileName.length() - (compressed ? COMPRESSED : PLAIN).length());
    Supplier<Checker> known = CHECKERS.get(kind);
    if (known == null) {
      return new FileResult(
          fileName, 0, 0, List.of(new Failure(fileName, "a file that this build does not know")));
    }
    Checker checker = known.get();
    int passed = 0;
    int quirks = 0;
    List<Failure> failures = new ArrayList<>();
    try (InputStream in = Files.newInputStream(file);
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(
                    compressed ? new GZIPInputStream(in) : in, StandardCharsets.UTF_8))) {
      int number = 0;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        Outcome outcome = run(checker, line, number);
        if (outcome.failure().isPresent()) {
          failures.add(outcome.failure().get());
        } else {
          passed++;
          quirks += outcome.quirk() ? 1 : 0;
        }
      }
      if (number == 0) {
        failures.add(new Failure(fileName, "a file without a case"));
      }
    }
    return new FileResult(fileName, passed, quirks, failures);
  }

  private record Outcome(boolean quirk, Optional<Failure> failure) {}

  private static Outcome run(Checker checker, String line, int number) throws IOException {
    String name = "line " + number;
    try {
      GoldenCase golden = GoldenCase.parse("case", line);
      name = golden.text("name");
      golden.optionalText("quirk");
      checker.check(golden);
      golden.requireAllRead();
      return new Outcome(golden.has("quirk"), Optional.empty());
    } catch (Mismatch e) {
      return new Outcome(false, Optional.of(new Failure(name, e.getMessage())));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      return new Outcome(
          false, Optional.of(new Failure(name, "not JSON: " + e.getOriginalMessage())));
    } catch (RuntimeException e) {
      // A crash is a failure of the case that caused it, not of the run.
      return new Outcome(false, Optional.of(new Failure(name, "crashed: " + e)));
    }
  }
}
