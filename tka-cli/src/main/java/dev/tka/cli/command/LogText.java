package dev.tka.cli.command;

import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.tlog.heads.HeadWatch;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a look at control's log of heads found, for people and as JSON. */
final class LogText {
  private LogText() {}

  /** The exit status: whether control is accused, and whether it could be asked at all. */
  static int exitCode(HeadWatch.Outcome outcome) {
    return outcome.kind().accuses()
        ? ExitCode.VERIFICATION_FAILED
        : outcome.kind() == HeadWatch.Kind.UNREACHABLE ? ExitCode.IO : ExitCode.OK;
  }

  /** A word for machines, and what is to be said about it even if all is well. */
  static String describe(HeadWatch.Outcome outcome) {
    return outcome.kind().code()
        + (outcome.kind() == HeadWatch.Kind.FINE && !outcome.detail().isEmpty()
            ? ": " + Texts.printable(outcome.detail())
            : "");
  }

  static Map<String, Object> toJson(HeadWatch.Outcome outcome) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Outcome", outcome.kind().code());
    object.put("Accuses", outcome.kind().accuses());
    object.put("Line", Texts.printable(outcome.toString()));
    return object;
  }

  /** Says on standard error what is not as it should be. */
  static void warn(HeadWatch.Outcome outcome, PrintWriter err) {
    if (outcome.kind() != HeadWatch.Kind.FINE) {
      err.println(
          (outcome.kind() == HeadWatch.Kind.BEGAN_ANEW ? "tka: warning: " : "tka: ")
              + Texts.printable(outcome.toString()));
    }
  }
}
