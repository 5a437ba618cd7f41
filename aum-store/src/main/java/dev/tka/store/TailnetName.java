package dev.tka.store;

import java.util.Locale;
import java.util.Optional;

/**
 * The rule for names of new tailnets, in one place. A name becomes a part of a URL (service,
 * section 10), and people read it in lists and type it again; so it must not hide anything. Names
 * that stand in a store already, from a time before this rule, are served ({@link
 * Tailnets#isName}).
 */
public final class TailnetName {
  /** What would end or change a segment of a URL's path. */
  private static final String OF_URLS = "/\\%;?#";

  private TailnetName() {}

  /**
   * Says what keeps a text from being the name of a new tailnet.
   *
   * @return a phrase such as {@code "expected … in the name of a new tailnet, found …"}; empty if
   *     nothing does
   */
  public static Optional<String> problem(String text) {
    if (text.isEmpty() || text.length() > Tailnets.LONGEST_NAME) {
      return expected(
          "1 to " + Tailnets.LONGEST_NAME + " characters", text.length() + " characters");
    }
    if (text.equals(".") || text.equals("..")) {
      return expected("more than a dot segment of a URL", text);
    }
    Optional<String> hidden =
        text.codePoints().filter(c -> !isAllowed(c)).mapToObj(TailnetName::describe).findFirst();
    if (hidden.isPresent()) {
      return expected("no control or invisible character and none of / \\ % ; ? #", hidden.get());
    }
    return isSpace(text.codePointAt(0)) || isSpace(text.codePointBefore(text.length()))
        ? expected("no space at either end", "one there")
        : Optional.empty();
  }

  /**
   * Rejects a text that cannot be the name of a new tailnet.
   *
   * @throws IllegalArgumentException naming the {@link #problem}
   */
  public static void requireNew(String text) {
    Optional<String> problem = problem(text);
    if (problem.isPresent()) {
      throw new IllegalArgumentException(problem.get());
    }
  }

  /**
   * A name for a person to read: what could move a terminal's cursor, or turn or hide text, is
   * written as {@code \}{@code u} and its code.
   */
  public static String printable(String name) {
    StringBuilder out = new StringBuilder();
    name.codePoints()
        .forEach(
            c -> {
              if (isVisible(c)) {
                out.appendCodePoint(c);
              } else {
                for (char unit : Character.toChars(c)) {
                  out.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
                }
              }
            });
    return out.toString();
  }

  private static Optional<String> expected(String what, String found) {
    return Optional.of("expected " + what + " in the name of a new tailnet, found " + found);
  }

  private static boolean isAllowed(int c) {
    return isVisible(c) && OF_URLS.indexOf(c) < 0;
  }

  private static String describe(int c) {
    if (OF_URLS.indexOf(c) >= 0) {
      return Character.toString(c);
    }
    return c == 0xfffd
        ? "a character that stands for bytes in another encoding (set LC_ALL to a UTF-8 locale)"
        : String.format(Locale.ROOT, "the character U+%04X", c);
  }

  /** False also for Java's replacement for bytes that it cannot decode. */
  private static boolean isVisible(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.UNASSIGNED ->
          false;
      default -> c != 0xfffd;
    };
  }

  private static boolean isSpace(int c) {
    return Character.isSpaceChar(c) || Character.isWhitespace(c);
  }
}
