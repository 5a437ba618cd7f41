package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.OptionalLong;

/** The small texts that all formats here are made of, each with exactly one form. */
final class NoteText {
  /** A size or an index in decimal has no more digits. */
  private static final int MOST_DIGITS = 19;

  private NoteText() {}

  /** Decodes UTF-8. */
  static String utf8(byte[] bytes, String what) throws TextException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw bad(what, "UTF-8", "other bytes");
    }
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Decodes base64 with padding; of two texts with the same bytes only one is read. */
  static byte[] base64(String text, String what) throws TextException {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw bad(what, "base64", "another text");
    }
    if (!base64(bytes).equals(text)) {
      throw bad(what, "base64 with its padding and no spare bits", "another text");
    }
    return bytes;
  }

  static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  static String base64(Bytes bytes) {
    return base64(bytes.toByteArray());
  }

  /** Reads a number from 0 to 2^63-1 without leading zeros; empty if the text is none. */
  static OptionalLong number(String text) {
    if (text.isEmpty()
        || text.length() > MOST_DIGITS
        || (text.length() > 1 && text.charAt(0) == '0')
        || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  static long number(String text, String what) throws TextException {
    return number(text).orElseThrow(() -> bad(what, "a decimal number below 2^63", "another text"));
  }

  /** Whether a text can be the name of a key: not empty, no spaces, no plus, no controls. */
  static boolean isKeyName(String name) {
    return !name.isEmpty()
        && name.codePoints()
            .noneMatch(
                c ->
                    c == '+'
                        || c < 0x20
                        || Character.isSpaceChar(c)
                        || Character.isWhitespace(c)
                        || c == 0x85
                        || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
  }

  static TextException bad(String what, String expected, String found) {
    return new TextException.BadField(what, expected, found);
  }
}
