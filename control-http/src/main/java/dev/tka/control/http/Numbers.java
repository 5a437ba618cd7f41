package dev.tka.control.http;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers and durations in paths and queries. */
final class Numbers {
  /** How long a client may wait for a change at most. */
  static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m)");

  private Numbers() {}

  /** A node's number, in decimal: 1 to 2^63-1. */
  static long node(String text) throws HttpFailure {
    if (text.matches("[1-9][0-9]{0,18}")) {
      try {
        return Long.parseLong(text);
      } catch (NumberFormatException e) {
        // Too large: said below.
      }
    }
    throw HttpFailure.malformed("expected a node's number of 1 to 2^63-1 in decimal");
  }

  /** A number of things to list. */
  static int count(String text) throws HttpFailure {
    if (!text.matches("[1-9][0-9]{0,8}")) {
      throw HttpFailure.malformed("expected a number of 1 or more");
    }
    return Integer.parseInt(text);
  }

  /** A duration such as {@code 55s}. */
  static Duration wait(String text) throws HttpFailure {
    Matcher matcher = DURATION.matcher(text);
    if (matcher.matches()) {
      long number = Long.parseLong(matcher.group(1));
      Duration found =
          switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            default -> Duration.ofMinutes(number);
          };
      if (found.compareTo(LONGEST_WAIT) <= 0) {
        return found;
      }
    }
    throw HttpFailure.malformed("expected a wait of at most 5m, such as 55s");
  }
}
