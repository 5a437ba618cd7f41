package dev.tka.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Reads commands that people copy from the page, as a shell and then the command do. */
public final class PageCommandLines {
  private PageCommandLines() {}

  /** Reads one; words in capitals are put in, where the command looks at what they stand for. */
  public static void parse(String command) throws IOException {
    String tka = command.replaceFirst("^echo [0-9a-f]+ \\| ", "");
    if (!tka.startsWith("tka ")) {
      throw new IllegalArgumentException("not a command of ours: " + command);
    }
    Process shell =
        new ProcessBuilder("bash", "-c", "printf '%s\\0' " + tka.substring("tka ".length()))
            .redirectErrorStream(true)
            .start();
    List<String> words =
        List.of(
            new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .split("\0", -1));
    var unused =
        Main.commandLine(Cli.tka(new byte[0]), Verbs.COMPLETION)
            .parseArgs(words.subList(0, words.size() - 1).toArray(String[]::new));
  }
}
