package dev.tka.cli.output;

import java.util.Collection;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.UnmatchedArgumentException;

/** What a person may have meant by a word that no command knows. */
public final class Suggestion {
  private Suggestion() {}

  /** The problem with the arguments, with what is like the first word that is not known. */
  public static String describe(CommandLine.ParameterException failure) {
    String message = Objects.requireNonNullElse(failure.getMessage(), "invalid arguments");
    if (failure.getArgSpec() instanceof OptionSpec option
        && option.longestName().equals("--json")) {
      return "expected --json or --json=1, the only version of what is printed, found --json="
          + failure.getValue();
    }
    if (!(failure instanceof UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return message;
    }
    CommandLine command = failure.getCommandLine();
    String word = unmatched.getUnmatched().get(0);
    boolean option = word.startsWith("-");
    boolean verb = !option && !command.getSubcommands().isEmpty();
    Optional<String> like =
        option
            ? nearest(word.replaceFirst("=.*", ""), command.getCommandSpec().optionsMap().keySet())
            : nearest(word, command.getSubcommands().keySet());
    return (verb ? "unknown command '" + word + "'" : message)
        + like.map(known -> "; did you mean '" + known + "'?").orElse("");
  }

  /** The known word that a few slips of the fingers away. */
  static Optional<String> nearest(String word, Collection<String> known) {
    return known.stream()
        .filter(other -> distance(word, other) <= slips(word))
        .min(Comparator.comparingInt(other -> distance(word, other)));
  }

  private static int slips(String word) {
    return Math.min(2, word.length() / 3);
  }

  /** How many letters have to be put in, left out, changed or swapped with the next. */
  private static int distance(String one, String other) {
    int[][] steps = new int[one.length() + 1][other.length() + 1];
    for (int i = 0; i <= one.length(); i++) {
      for (int j = 0; j <= other.length(); j++) {
        if (i == 0 || j == 0) {
          steps[i][j] = i + j;
          continue;
        }
        boolean same = one.charAt(i - 1) == other.charAt(j - 1);
        steps[i][j] =
            Math.min(
                steps[i - 1][j - 1] + (same ? 0 : 1),
                Math.min(steps[i - 1][j], steps[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && one.charAt(i - 1) == other.charAt(j - 2)
            && one.charAt(i - 2) == other.charAt(j - 1)) {
          steps[i][j] = Math.min(steps[i][j], steps[i - 2][j - 2] + 1);
        }
      }
    }
    return steps[one.length()][other.length()];
  }
}
