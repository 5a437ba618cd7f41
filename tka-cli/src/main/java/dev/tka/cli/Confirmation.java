package dev.tka.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Option;

/** What cannot be undone is asked for first, or comes with {@code --confirm}. */
final class Confirmation {
  private static final Set<String> YES = Set.of("y", "yes");

  /** Nobody needs a longer line to say yes. */
  private static final int MAX_ANSWER = 80;

  @Option(names = "--confirm", description = "Do not ask before what cannot be undone.")
  private boolean confirmed;

  /**
   * Goes on only when told so.
   *
   * @param what would be done, as a sentence
   * @param inputIsTaken whether standard input holds something else than an answer
   * @throws CommandFailure if the answer is no, or nobody can be asked
   */
  void require(String what, Main main, boolean inputIsTaken, PrintWriter err)
      throws CommandFailure, IOException {
    if (confirmed) {
      return;
    }
    if (!main.canAsk() || inputIsTaken) {
      throw new CommandFailure(
          ExitCode.USAGE, what + " It cannot be undone: add --confirm to go on");
    }
    err.print("tka: " + what + " It cannot be undone. Go on? [y/N] ");
    err.flush();
    if (!YES.contains(readLine(main).strip().toLowerCase(Locale.ROOT))) {
      throw new CommandFailure(ExitCode.USAGE, "nothing was done");
    }
  }

  private static String readLine(Main main) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = main.in().read(); c >= 0 && c != '\n'; c = main.in().read()) {
      if (line.length() < MAX_ANSWER) {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
