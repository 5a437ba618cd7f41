package dev.tka.core;

import java.util.HexFormat;
import java.util.List;

/**
 * The common form of key texts: a prefix, then hexadecimal digits of either case (protocol, section
 * 1).
 */
final class KeyText {
  private KeyText() {}

  /** The bytes after the prefix. The caller wipes them when they are secret. */
  static byte[] parse(String type, List<String> prefixes, int size, String text)
      throws TextException {
    for (String prefix : prefixes) {
      if (text.startsWith(prefix)) {
        return parseDigits(type, size, text, prefix.length());
      }
    }
    throw new TextException.WrongPrefix(type, String.join(" or ", prefixes));
  }

  private static byte[] parseDigits(String type, int size, String text, int start)
      throws TextException {
    if (text.length() - start != 2 * size) {
      throw new TextException.WrongLength(type, start + 2 * size, text.length());
    }
    for (int i = start; i < text.length(); i++) {
      if (!HexFormat.isHexDigit(text.charAt(i))) {
        throw new TextException.BadCharacter(type, "hexadecimal digits", i);
      }
    }
    return HexFormat.of().parseHex(text, start, text.length());
  }
}
