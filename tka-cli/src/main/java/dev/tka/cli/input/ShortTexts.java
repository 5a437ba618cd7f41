package dev.tka.cli.input;

import java.io.FilterReader;
import java.io.IOException;
import java.io.Reader;

/**
 * Filters JSON on its way to a parser, which would keep a whole text before its length can be
 * checked: of a text longer than a limit, only one character more than the limit passes, which is
 * enough to see that it is too long.
 */
final class ShortTexts extends FilterReader {
  private static final int DIGITS_OF_AN_ESCAPE = 4;

  private final int limit;
  private boolean inText;
  private boolean escaped;

  /** The remaining hexadecimal digits of an escape. */
  private int digits;

  /** The length of the text so far, as a parser counts: an escape is one character. */
  private int length;

  ShortTexts(Reader in, int limit) {
    super(in);
    this.limit = limit;
  }

  @Override
  public int read() throws IOException {
    char[] one = new char[1];
    return read(one, 0, 1) < 0 ? -1 : one[0];
  }

  @Override
  public int read(char[] target, int offset, int count) throws IOException {
    int kept = 0;
    while (kept == 0 && count > 0) {
      int found = in.read(target, offset, count);
      if (found < 0) {
        return found;
      }
      for (int i = offset; i < offset + found; i++) {
        if (passes(target[i])) {
          target[offset + kept++] = target[i];
        }
      }
    }
    return kept;
  }

  private boolean passes(char c) {
    if (!inText) {
      inText = c == '"';
      length = 0;
      return true;
    }
    if (escaped) {
      escaped = false;
      digits = c == 'u' ? DIGITS_OF_AN_ESCAPE : 0;
    } else if (digits > 0) {
      digits--;
    } else if (c == '"') {
      inText = false;
      return true;
    } else {
      escaped = c == '\\';
      length = Math.min(length + 1, limit + 2);
    }
    return length <= limit + 1;
  }
}
