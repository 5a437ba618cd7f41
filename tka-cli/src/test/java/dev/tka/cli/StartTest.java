package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each start of a short command would pay for. */
class StartTest {
  @TempDir Path folder;

  @Test
  void aShortCommandDoesNotLoadWhatTakesMillisecondsAndIsOfNoUse() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    tailnet.edit("update", "ann", tailnet.publicKey("ann") + "?2");

    List<String> loaded = loadedBy("status", tailnet.directory());

    assertThat(loaded)
        .contains("dev.tka.cli.command.StatusCommand")
        .as("what records have of their own is generated anew at each start")
        .doesNotContain("java.lang.runtime.ObjectMethods")
        .as("nobody gives an option a time")
        .doesNotContain("java.time.MonthDay", "java.sql.Timestamp")
        .as("a few files are read before other threads have begun")
        .doesNotContain("java.util.concurrent.ForkJoinPool")
        .as("nothing is formatted")
        .doesNotContain("java.util.Formatter")
        .as("a path is of no kind that would have to be found")
        .noneMatch(name -> name.startsWith("dev.tka.store.sql."))
        .as("one verb runs")
        .filteredOn(name -> name.startsWith("dev.tka.cli.command."))
        .noneMatch(name -> name.endsWith("LogCommand"));
  }

  private List<String> loadedBy(Object... arguments) throws Exception {
    Path log = folder.resolve("log");
    List<String> command = Cli.process(arguments);
    command.add(1, "-Xlog:class+load:file=" + log + ":none");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("out").toFile())
            .start();
    assertThat(process.waitFor()).isEqualTo(ExitCode.OK);
    return Files.readAllLines(log).stream().map(line -> line.replaceFirst(" .*", "")).toList();
  }
}
