package dev.tka.cli.input;

import java.util.regex.Pattern;

/** Text that a person copied from a terminal, a mail or a chat, with what came along. */
public final class Pasted {
  /** White space of any kind, and characters that are not seen. */
  private static final Pattern SPACE =
      Pattern.compile(
          "[\\s\\u00a0\\u00ad\\u2000-\\u200f\\u2028\\u2029\\u202a-\\u202f\\u2060\\u3000\\ufeff]+");

  /** Quotes, brackets and punctuation marks that stand before or after a word. */
  private static final String OPENING = "\"'`<([{\u201c\u201e\u2018\u00ab";

  private static final String CLOSING = "\"'`>)]},;\u201c\u201d\u2019\u00bb";

  private static final Pattern AMPERSAND = Pattern.compile("&(?:amp|#38|#x26);");

  private Pasted() {}

  /** A word without the spaces, line ends, quotes and brackets around it. */
  public static String clean(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isAround(text.charAt(from), OPENING)) {
      from++;
    }
    while (to > from && isAround(text.charAt(to - 1), CLOSING)) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean isAround(char c, String marks) {
    return marks.indexOf(c) >= 0 || SPACE.matcher(String.valueOf(c)).matches();
  }

  /**
   * A link that mail programs, web pages and shells may have changed: without white space, which
   * breaks long lines; with ampersands in place of the entities that a web page needs for them; and
   * without the backslashes that a shell would have removed. A link to sign a device has none of
   * these itself.
   */
  public static String link(String text) {
    String whole = SPACE.matcher(clean(text)).replaceAll("").replace("\\", "");
    String plain = AMPERSAND.matcher(whole).replaceAll("&");
    while (!plain.equals(whole)) {
      whole = plain;
      plain = AMPERSAND.matcher(whole).replaceAll("&");
    }
    return whole;
  }
}
