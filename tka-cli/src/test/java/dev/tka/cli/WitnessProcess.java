package dev.tka.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A real {@code tka witness run}. */
final class WitnessProcess implements AutoCloseable {
  private static final String ASKED_AT = "asked at ";

  private final Path said;
  private final Process process;
  private final String key;

  /** Starts one, which knows the logs in a file. */
  WitnessProcess(Path state, Path logs) throws Exception {
    Files.createDirectories(state);
    said = state.resolve("said");
    key = Cli.run("witness", "key", "--state", state).out().strip();
    process =
        new ProcessBuilder(
                Cli.process(
                    "witness", "run", logs.toString(), "--state", state.toString(), "--port", "0"))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    while (url().isEmpty()) {
      if (!process.isAlive()) {
        throw new AssertionError("the witness did not start: " + said());
      }
      Thread.sleep(10);
    }
  }

  private Optional<String> url() throws Exception {
    List<String> lines = said().lines().toList();
    return lines.stream()
        .filter(line -> line.startsWith(ASKED_AT))
        .map(line -> line.substring(ASKED_AT.length()).strip())
        .findFirst();
  }

  /** A line of a policy. */
  String line(String name) throws Exception {
    return "witness " + name + " " + key + " " + url().orElseThrow() + "\n";
  }

  /** What it printed. */
  String said() throws Exception {
    return Files.readString(said);
  }

  /** Kills it as {@code kill -9} does. */
  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
