package dev.tka.cli.command;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.conformance.Conformance;
import dev.tka.conformance.Conformance.FileResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tka conformance}: checks this build against golden data. */
@Command(
    name = "conformance",
    description = {
      "Checks this build against the reference implementation's test vectors.",
      "Reads every *.jsonl and *.jsonl.gz directly in the folder. An unknown field is a failure;"
          + " an unknown file is listed, and also makes the exit status that of a failure."
          + " Quirks, where the reference's answer is not binding, are checked against the"
          + " specification."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {"  tka conformance testdata"})
public final class ConformanceCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "The folder with golden data.")
  private Path folder;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws CommandFailure, IOException {
    if (!Files.isDirectory(folder)) {
      throw new CommandFailure(ExitCode.NOT_FOUND, folder + ": no such directory");
    }
    PrintWriter out = spec.commandLine().getOut();
    List<FileResult> results =
        Conformance.run(folder, json ? result -> {} : result -> print(result, out));
    if (results.isEmpty()) {
      throw new CommandFailure(ExitCode.NOT_FOUND, folder + ": no golden data (*.jsonl)");
    }
    int passed = results.stream().mapToInt(FileResult::passed).sum();
    int failed = results.stream().mapToInt(result -> result.failures().size()).sum();
    List<String> unknown =
        results.stream().filter(result -> !result.known()).map(FileResult::file).toList();
    if (json) {
      Json.print(out, toJson(results, passed, failed, unknown));
    } else {
      out.println(
          passed
              + " passed, "
              + failed
              + " failed"
              + (unknown.isEmpty() ? "" : ", not known: " + String.join(", ", unknown)));
    }
    return failed == 0 && unknown.isEmpty() ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
  }

  private static void print(FileResult result, PrintWriter out) {
    if (!result.known()) {
      out.printf("%-22s not known to this build: no case was checked%n", result.file());
      out.flush();
      return;
    }
    out.printf(
        "%-22s %5d passed %5d failed %5d quirks%n",
        result.file(), result.passed(), result.failures().size(), result.quirks());
    result
        .failures()
        .forEach(failure -> out.println("  FAILED " + failure.name() + ": " + failure.why()));
    out.flush();
  }

  private static Map<String, Object> toJson(
      List<FileResult> results, int passed, int failed, List<String> unknown) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Passed", passed);
    object.put("Failed", failed);
    object.put("UnknownFiles", unknown);
    object.put("Files", results.stream().map(ConformanceCommand::toJson).toList());
    return object;
  }

  private static Map<String, Object> toJson(FileResult result) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("File", result.file());
    object.put("Known", result.known());
    object.put("Passed", result.passed());
    object.put("Quirks", result.quirks());
    object.put(
        "Failures",
        result.failures().stream()
            .map(failure -> Map.of("Name", failure.name(), "Why", failure.why()))
            .toList());
    return object;
  }
}
