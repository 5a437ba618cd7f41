package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka witness}: keys, and a witness that runs. */
class WitnessCommandTest {
  @TempDir Path folder;

  @Test
  void aLogsKeyIsMadeAndReplacedInThreeSteps() {
    Path file = folder.resolve("keys").resolve("log.key");
    String first = Cli.run("witness", "log-key", file).out();
    assertThat(first).startsWith("log tka-log/").hasLineCount(1);
    assertThat(Cli.run("witness", "log-key", file).out()).isEqualTo(first);
    assertThat(Cli.run("witness", "log-key", file, "--drop").exitCode()).isEqualTo(ExitCode.USAGE);
    List<String> both = Cli.run("witness", "log-key", file, "--add").out().lines().toList();
    assertThat(both).hasSize(2);
    assertThat(both.get(0)).isEqualTo(first.strip());
    String name = first.substring(4, first.indexOf('+'));
    assertThat(both.get(1)).startsWith("log " + name + "+");
    assertThat(Cli.run("witness", "log-key", file, "--add").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(Cli.run("witness", "log-key", file, "--drop").out().strip()).isEqualTo(both.get(1));
  }

  @Test
  void aWitnessSaysItsKeyAndListens() throws Exception {
    Path state = folder.resolve("state");
    String key = Cli.run("witness", "key", "--state", state, "--name", "w.example/1").out().strip();
    assertThat(key).startsWith("w.example/1+");
    assertThat(Cli.run("witness", "key", "--state", state, "--name", "a b").exitCode())
        .isEqualTo(ExitCode.USAGE);
    Path logs = folder.resolve("logs");
    Files.writeString(logs, Cli.run("witness", "log-key", folder.resolve("log.key")).out());
    Path said = folder.resolve("said");
    ProcessBuilder builder =
        new ProcessBuilder(
                Cli.process(
                    "witness", "run", logs.toString(), "--state", state.toString(), "--port", "0"))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    String notify = folder.resolve("notify").toString();
    builder.environment().put("NOTIFY_SOCKET", notify);
    NotifySocket manager = new NotifySocket(notify);
    Process witness = builder.start();
    try (manager) {
      assertThat(manager.heard()).isEqualTo("READY=1");
      assertThat(Files.readString(said)).contains("key:      " + key, "asked at http://127.0.0.1:");
      assertThat(Files.readString(said)).doesNotContain("PRIVATE");
      witness.destroy();
      assertThat(manager.heard()).isEqualTo("STOPPING=1");
      assertThat(witness.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(witness.exitValue()).isZero();
    } finally {
      witness.destroyForcibly();
    }
  }
}
