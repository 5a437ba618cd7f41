package dev.tka.cli.campaign;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The judge of {@code interop/linearizability}, where Go is installed. */
final class Linearizability {
  private Linearizability() {}

  /** Whether it can be asked; if not, says in one line what is left out. */
  static boolean isInstalled() throws InterruptedException {
    Optional<String> said = go(List.of("version"));
    if (said.isEmpty()) {
      System.out.println(
          "Left out: Porcupine's judgement of the heads; Go ('apt-get install golang-go') is"
              + " missing.");
    }
    return said.isPresent();
  }

  /**
   * Its words about a history.
   *
   * @throws AssertionError if a head did not behave as one register
   */
  static String judge(Path history) throws InterruptedException {
    return isInstalled()
        ? go(List.of("run", ".", history.toAbsolutePath().toString())).orElseThrow()
        : "";
  }

  /** What a command of Go says in its folder; empty without Go. */
  static Optional<String> go(List<String> arguments) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of("go"));
    command.addAll(arguments);
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(
                  Path.of(System.getProperty("tka.root"), "interop/linearizability").toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      return Optional.empty();
    }
    String said;
    try {
      said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    if (process.waitFor() != 0) {
      throw new AssertionError(said);
    }
    return Optional.of(said);
  }
}
