package dev.tka.node;

/** What others say, for a person's terminal or log. */
final class PlainLine {
  private static final int LONGEST = 300;

  private PlainLine() {}

  /** The beginning of a text, with nothing in it that ends a line or moves a cursor. */
  static String of(String text) {
    StringBuilder plain = new StringBuilder();
    text.codePoints()
        .limit(LONGEST)
        .map(point -> isPlain(point) ? point : '?')
        .forEach(plain::appendCodePoint);
    return plain.toString();
  }

  private static boolean isPlain(int point) {
    return switch (Character.getType(point)) {
      case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
      default -> !Character.isISOControl(point);
    };
  }
}
