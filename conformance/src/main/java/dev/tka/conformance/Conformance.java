package dev.tka.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Runs this build against the golden data of a folder: every {@code *.jsonl} or {@code *.jsonl.gz}
 * directly in it, one case per line, none skipped. An unknown field or quirk is a failure, and an
 * unknown file is reported, so that new data cannot pass unnoticed. A case is judged only by its
 * content and its quirk, whatever its name or its place in the file.
 */
public final class Conformance {
  private static final String PLAIN = ".jsonl";
  private static final String COMPRESSED = ".jsonl.gz";

  /** The number of cases per core that are read before the first of them is done. */
  private static final int CASES_AHEAD = 4;

  private static final Map<String, Supplier<Checker>> CHECKERS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("admission", AdmissionVectors::new),
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
              Map.entry("peers", PeersVectors::new),
              Map.entry("revoke", RevokeVectors::new),
              Map.entry("round", RoundVectors::new),
              Map.entry("text", TextVectors::new)));

  private Conformance() {}

  /**
   * The result of one file.
   *
   * @param file its name
   * @param known false if this build has no rules for files of this kind: none of its cases was
   *     checked, so it has neither passed nor failed
   * @param passed the number of cases that passed
   * @param quirks how many of these were checked against the specification instead of the reference
   * @param failures the failed cases with their names and reasons, in the order of the file
   */
  public record FileResult(
      String file, boolean known, int passed, int quirks, List<Failure> failures) {
    /** Copies the list. */
    public FileResult {
      failures = List.copyOf(failures);
    }
  }

  /** A failed case. */
  public record Failure(String name, String why) {}

  /**
   * Checks all files of a folder in the order of their names, with the cases of each on all cores.
   *
   * @param progress receives the result of each file when it is done
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
    int threads = Runtime.getRuntime().availableProcessors();
    ExecutorService cores = Executors.newFixedThreadPool(threads);
    try {
      for (Path file : files) {
        FileResult result = run(file, cores, threads * CASES_AHEAD);
        progress.accept(result);
        results.add(result);
      }
    } finally {
      cores.shutdownNow();
    }
    return results;
  }

  private static boolean isGolden(Path path) {
    String name = path.getFileName().toString();
    return name.endsWith(PLAIN) || name.endsWith(COMPRESSED);
  }

  private static FileResult run(Path file, ExecutorService cores, int window) throws IOException {
    String fileName = file.getFileName().toString();
    Optional<Checker> known = checker(fileName);
    if (known.isEmpty()) {
      return new FileResult(fileName, false, 0, 0, List.of());
    }
    Checker checker = known.get();
    if (checker.looksAhead()) {
      try (Cases cases = Cases.of(file)) {
        for (Case one = cases.next(); one != null; one = cases.next()) {
          lookAhead(checker, one);
        }
      }
    }
    Tally tally = new Tally();
    // A few cases at a time, whatever the size of the file; results keep the order of the file.
    Deque<Future<Outcome>> running = new ArrayDeque<>();
    try (Cases cases = Cases.of(file)) {
      for (Case one = cases.next(); one != null; one = cases.next()) {
        if (running.size() == window) {
          tally.add(get(running.remove()));
        }
        Case each = one;
        running.add(cores.submit(() -> run(checker, each)));
      }
    }
    while (!running.isEmpty()) {
      tally.add(get(running.remove()));
    }
    if (tally.cases == 0) {
      tally.failures.add(new Failure(fileName, "the file has no cases"));
    }
    return new FileResult(fileName, true, tally.passed, tally.quirks, tally.failures);
  }

  private static Optional<Checker> checker(String fileName) {
    String suffix = fileName.endsWith(COMPRESSED) ? COMPRESSED : PLAIN;
    String kind = fileName.substring(0, fileName.length() - suffix.length());
    return Optional.ofNullable(CHECKERS.get(kind)).map(Supplier::get);
  }

  /** The known kinds of files, such as {@code aum}, in order. */
  static List<String> kinds() {
    return List.copyOf(CHECKERS.keySet());
  }

  /** Judges single cases of one kind of file. */
  @FunctionalInterface
  interface Judge {
    /** The reason why a case fails; empty if it passes. */
    Optional<Failure> judge(String line) throws IOException;
  }

  /**
   * A judge of cases of a kind.
   *
   * @param kind such as {@code aum}
   * @param lines the cases of the file that they belong to
   */
  static Judge judge(String kind, List<String> lines) throws IOException {
    Checker checker = checker(kind + PLAIN).orElseThrow();
    if (checker.looksAhead()) {
      for (String line : lines) {
        lookAhead(checker, new Case(0, line));
      }
    }
    return line -> run(checker, new Case(0, line)).failure();
  }

  /** One line of a file. */
  private record Case(int number, String line) {}

  /** The lines of a file, one by one. */
  private static final class Cases implements Closeable {
    private final BufferedReader reader;
    private int read;

    private Cases(BufferedReader reader) {
      this.reader = reader;
    }

    static Cases of(Path file) throws IOException {
      InputStream in = Files.newInputStream(file);
      try {
        return new Cases(
            new BufferedReader(
                new InputStreamReader(
                    file.toString().endsWith(COMPRESSED) ? new GZIPInputStream(in) : in,
                    StandardCharsets.UTF_8)));
      } catch (IOException e) {
        in.close();
        throw e;
      }
    }

    /** The next case; null at the end. */
    @Nullable Case next() throws IOException {
      String line = reader.readLine();
      return line == null ? null : new Case(++read, line);
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }

  private static final class Tally {
    private final List<Failure> failures = new ArrayList<>();
    private int cases;
    private int passed;
    private int quirks;

    void add(Outcome outcome) {
      cases++;
      if (outcome.failure().isPresent()) {
        failures.add(outcome.failure().get());
      } else {
        passed++;
        quirks += outcome.quirk() ? 1 : 0;
      }
    }
  }

  private static Outcome get(Future<Outcome> running) throws IOException {
    try {
      return running.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private record Outcome(boolean quirk, Optional<Failure> failure) {}

  private static void lookAhead(Checker checker, Case one) throws IOException {
    try {
      checker.lookAhead(GoldenCase.parse("case", one.line()));
    } catch (Mismatch | JsonProcessingException e) {
      // The case itself fails when its turn comes.
    }
  }

  private static Outcome run(Checker checker, Case one) throws IOException {
    String name = "line " + one.number();
    try {
      GoldenCase golden = GoldenCase.parse("case", one.line());
      name = golden.text("name");
      golden.optionalText("quirk");
      checker.check(golden);
      golden.requireAllRead();
      return new Outcome(golden.has("quirk"), Optional.empty());
    } catch (Mismatch e) {
      return new Outcome(false, Optional.of(new Failure(name, e.getMessage())));
    } catch (JsonProcessingException e) {
      return new Outcome(
          false, Optional.of(new Failure(name, "not JSON: " + e.getOriginalMessage())));
    } catch (RuntimeException e) {
      // A crash is a failure of the case that caused it, not of the run.
      return new Outcome(false, Optional.of(new Failure(name, "crashed: " + e)));
    }
  }
}
