package dev.tka.client.localapi;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a daemon's error means. There are no codes: only the status and the text, which comes behind
 * a prefix for each call, tell one from the other.
 */
final class Refusals {
  private static final int BAD_REQUEST = 400;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int SERVER_ERROR = 500;

  private static final int LONGEST_LINE = 500;

  /** What was being done, which the command says itself. */
  private static final List<String> PREFIXES =
      List.of(
          "reading log failed: ",
          "signing failed: ",
          "initialization failed: ",
          "tka.Create: ",
          "tailnet-lock modify failed: ",
          "modify tailnet-lock keys: ",
          "tailnet-lock disable failed: ",
          "tailnet-lock local disable failed: ");

  /** Control's answer, in whichever call to it. */
  private static final Pattern BY_CONTROL =
      Pattern.compile("(?s)(?:.*: )?request returned \\((\\d{3})\\): ?(.*)");

  /** A call to control that brought no answer. */
  private static final Pattern SILENT =
      Pattern.compile("(?s)(?:.*: )?(?:decoding JSON: |resp: |context deadline exceeded).*");

  private Refusals() {}

  /**
   * The error of an answer.
   *
   * @param status any but success
   * @param body the text of the answer
   */
  static LocalApiException of(int status, String body) {
    String line = firstLine(body);
    if (status == FORBIDDEN) {
      return forbidden(line);
    }
    if (status == NOT_FOUND || status == METHOD_NOT_ALLOWED) {
      return new LocalApiException.BadAnswer(
          "what listens there does not know this call: " + (line.isEmpty() ? status : line));
    }
    if (status != BAD_REQUEST && status != SERVER_ERROR) {
      return new LocalApiException.BadAnswer(
          "expected a status that tailscaled answers with, found " + status);
    }
    for (String prefix : PREFIXES) {
      line = line.startsWith(prefix) ? line.substring(prefix.length()) : line;
    }
    Matcher control = BY_CONTROL.matcher(line);
    if (control.matches()) {
      int answered = Integer.parseInt(control.group(1));
      return answered >= SERVER_ERROR
          ? new LocalApiException.ControlSilent(
              "control failed with status " + answered + ": " + control.group(2))
          : new LocalApiException.ControlRefused(answered, control.group(2));
    }
    if (SILENT.matcher(line).matches()) {
      return new LocalApiException.ControlSilent(
          "tailscaled has no answer of control that it understands: " + line);
    }
    return known(status, line);
  }

  private static LocalApiException known(int status, String line) {
    if (line.endsWith("tailnet-lock is not active")) {
      return new LocalApiException.NotEnabled();
    }
    if (line.contains("is tailscale logged in") || line.contains("you are logged in")) {
      return new LocalApiException.NotLoggedIn();
    }
    if (line.endsWith("this node is not trusted by Tailnet Lock")
        || line.endsWith("this node does not have a trusted tailnet lock key")) {
      return new LocalApiException.NotTrusted();
    }
    if (line.endsWith("try again")) {
      return new LocalApiException.TryAgain();
    }
    if (line.equals("incorrect disablement secret")) {
      return new LocalApiException.WrongSecret();
    }
    if (line.equals("this node has already signed this recovery AUM")) {
      return new LocalApiException.AlreadySigned();
    }
    return line.equals("no provided key is currently trusted")
        ? new LocalApiException.NothingToRevoke()
        : new LocalApiException.Refused(status, line);
  }

  private static LocalApiException forbidden(String line) {
    if (line.endsWith("access denied")) {
      return new LocalApiException.NotPermitted();
    }
    return line.contains("pricing plan")
        ? new LocalApiException.NotOffered()
        : new LocalApiException.BadAnswer(
            "what listens there takes no calls of the LocalAPI: "
                + (line.isEmpty() ? "status 403" : line));
  }

  private static String firstLine(String body) {
    String line =
        body.lines().map(String::strip).filter(each -> !each.isEmpty()).findFirst().orElse("");
    return line.substring(0, Math.min(line.length(), LONGEST_LINE));
  }
}
