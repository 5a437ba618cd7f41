package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The directories of real nodes, and the nodes' own output about them. */
class RecordedNodesTest {
  @TempDir Path folder;

  @TestFactory
  Stream<DynamicTest> everyRecordedDirectoryShowsWhatItsNodeShowed() {
    List<Map<String, Object>> recorded = Cli.golden("recorded/nodedirs");
    List<DynamicTest> tests = new ArrayList<>();
    for (int i = 0; i < recorded.size(); i++) {
      Map<String, Object> golden = recorded.get(i);
      Path directory = folder.resolve(Integer.toString(i));
      tests.add(
          DynamicTest.dynamicTest(
              golden.get("name") + ", " + golden.get("node"),
              () -> {
                Files.createDirectories(directory);
                requireSame(golden, Cli.materialize(golden, directory));
              }));
    }
    assertThat(tests).hasSize(36);
    return tests.stream();
  }

  private static void requireSame(Map<String, Object> golden, Path directory) {
    Cli.Result status = Cli.run("status", directory, "--json");
    assertThat(status.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(status.json().get("Enabled")).isEqualTo(golden.get("enabled"));
    if (!Boolean.TRUE.equals(golden.get("enabled"))) {
      assertThat(Cli.run("log", directory).exitCode()).isEqualTo(ExitCode.NOT_FOUND);
      assertThat(Cli.run("verify", directory).exitCode()).isEqualTo(ExitCode.NOT_FOUND);
      return;
    }
    String head = (String) golden.get("head");
    assertThat(status.json().get("Head")).isEqualTo(head);
    assertThat(status.json().get("TrustedKeys")).isEqualTo(golden.get("trusted_keys"));
    assertThat(Cli.run("status", directory).out()).contains("Head:            " + head);
    assertThat(Cli.run("log", directory, "--limit", "1").out()).startsWith("update " + head);
    Cli.Result verify = Cli.run("verify", directory);
    assertThat(verify.exitCode()).as(verify.err()).isEqualTo(ExitCode.OK);
    assertThat(verify.out()).contains("head            " + head);
  }

  @ParameterizedTest
  @CsvSource({
    "log after init,after init,node1",
    "log after add,after add,node1",
    "log after add,after add,node2",
    "log after add,after add,node3",
    "log with a limit,after add,node1",
    "log as text,after add,node1",
    "log after revocation,after revocation,node1",
    "long log,after the long absence,node3",
    "log after compaction,compacted,node2"
  })
  void theLogMatchesTheNodesOutput(String command, String moment, String node) {
    Map<String, Object> recorded =
        Cli.golden("recorded/cli").stream()
            .filter(run -> command.equals(run.get("name")) && node.equals(run.get("node")))
            .findFirst()
            .orElseThrow();
    Map<String, Object> directory =
        Cli.golden("recorded/nodedirs").stream()
            .filter(dir -> moment.equals(dir.get("name")) && node.equals(dir.get("node")))
            .findFirst()
            .orElseThrow();
    Path path = Cli.materialize(directory, folder);
    List<Object> arguments = new ArrayList<>(List.of("log", path));
    List<?> recordedArguments = (List<?>) recorded.get("args");
    arguments.addAll(recordedArguments.subList(2, recordedArguments.size()));

    Cli.Result log = Cli.run(arguments.toArray());

    assertThat(log.out()).isEqualTo(recorded.get("stdout"));
  }

  @Test
  void theDirectoriesOfTheGoldenDataShowTheListedHead() throws Exception {
    int shown = 0;
    for (Map<String, Object> golden : Cli.golden("chonk")) {
      Map<?, ?> open = (Map<?, ?>) golden.get("open");
      if (golden.containsKey("quirk") || open.get("head") == null) {
        continue;
      }
      Path directory = Files.createDirectories(folder.resolve((String) golden.get("name")));
      Cli.materialize(golden, directory);
      String head = (String) open.get("head");

      assertThat(Cli.run("status", directory).out()).contains(head);
      assertThat(Cli.run("log", directory, "--limit", "1").out()).startsWith("update " + head);
      Cli.Result verify = Cli.run("verify", directory);
      assertThat(verify.exitCode()).as(golden.get("name") + verify.err()).isEqualTo(ExitCode.OK);
      assertThat(verify.out()).contains(head);
      shown++;
    }
    assertThat(shown).isEqualTo(47);
  }
}
