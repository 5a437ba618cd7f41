package dev.tka.cli.campaign;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The judge of {@code interop/linearizability}, where Go is installed. */
final class Linearizability {
  private static final String FOLDER = "interop/linearizability";
  private static final int PATIENCE_SECONDS = 60;

  private Linearizability() {}

  /** Whether it can be asked; if not, says in one line what is left out. */
  static boolean isInstalled() throws InterruptedException {
    Optional<String> missing = missing(Map.of());
    missing.ifPresent(
        what -> System.out.println("Left out: Porcupine's judgement of the heads; " + what + "."));
    return missing.isEmpty();
  }

  /**
   * What it lacks.
   *
   * @param environment what Go has in its environment beside that of this process
   */
  static Optional<String> missing(Map<String, String> environment) throws InterruptedException {
    ProcessBuilder builder =
        builder(List.of("mod", "download"))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(environment);
    Process download;
    try {
      download = builder.start();
    } catch (IOException e) {
      return Optional.of("Go ('apt-get install golang-go') is missing");
    }
    // Without a network it may try for minutes.
    if (download.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && download.exitValue() == 0) {
      return Optional.empty();
    }
    download.destroyForcibly();
    return Optional.of("Go cannot fetch its module ('go mod download' in " + FOLDER + ")");
  }

  private static ProcessBuilder builder(List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("go"));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .directory(Path.of(System.getProperty("tka.root"), FOLDER).toFile());
  }

  /**
   * Its words about a history.
   *
   * @throws AssertionError if a head did not behave as one register
   */
  static String judge(Path history) throws InterruptedException {
    return isInstalled() ? go(List.of("run", ".", history.toAbsolutePath().toString())) : "";
  }

  /**
   * What a command of Go says in its folder.
   *
   * @throws AssertionError if it fails
   */
  static String go(List<String> arguments) throws InterruptedException {
    Process process;
    String said;
    try {
      process = builder(arguments).redirectErrorStream(true).start();
      said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    if (process.waitFor() != 0) {
      throw new AssertionError(said);
    }
    return said;
  }
}
