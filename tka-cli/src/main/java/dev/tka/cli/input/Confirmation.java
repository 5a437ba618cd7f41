package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Option;

/** Asks before an irreversible action, unless {@code --confirm} is given. */
public final class Confirmation {
  private static final Set<String> YES = Set.of("y", "yes");

  /** A yes needs no longer line. */
  private static final int MAX_ANSWER = 80;

  @Option(
      names = {"--confirm", "--yes"},
      description = "Do not ask before irreversible actions.")
  private boolean confirmed;

  /**
   * Returns only after a confirmation.
   *
   * @param what the action, as a sentence
   * @param inputIsTaken whether standard input holds something other than an answer
   * @throws CommandFailure if the answer is no, or nobody can be asked
   */
  public void require(String what, Tka tka, boolean inputIsTaken, PrintWriter err)
      throws CommandFailure, IOException {
    ask(what + " It cannot be undone.", tka, inputIsTaken, err);
  }

  /** Like {@link #require}, for an action that can be undone, but not in passing. */
  public void ask(String what, Tka tka, boolean inputIsTaken, PrintWriter err)
      throws CommandFailure, IOException {
    if (confirmed) {
      return;
    }
    if (!tka.canAsk() || inputIsTaken) {
      throw new CommandFailure(
          ExitCode.USAGE, what.substring(0, what.length() - 1) + ": add --confirm to continue");
    }
    err.print("tka: " + what + " Continue? [y/N] ");
    err.flush();
    if (!YES.contains(readLine(tka).strip().toLowerCase(Locale.ROOT))) {
      throw new CommandFailure(ExitCode.DECLINED, "declined: nothing was changed");
    }
  }

  private static String readLine(Tka tka) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = tka.in().read(); c >= 0 && c != '\n'; c = tka.in().read()) {
      if (line.length() < MAX_ANSWER) {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
