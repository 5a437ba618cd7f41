package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.internal.CborReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.StringTokenizer;

/**
 * Splits a stream into CBOR values, one at a time, in any of these forms: raw, hexadecimal or
 * base64 (standard or URL-safe, padded or not) with line breaks anywhere. Text is decoded as a
 * whole, so a value may span lines, and a line may hold several.
 */
public final class InspectInput {
  /** The maximum input in bytes: room for forty of the largest possible checkpoints. */
  public static final int MAX_SIZE = 16 << 20;

  private static final String WHITE_SPACE = " \t\r\n";
  private static final char PADDING = '=';

  private static final String NEITHER =
      "expected CBOR, or its hexadecimal or base64, found text that is neither hexadecimal nor"
          + " base64";

  /** The kind of a CBOR item, in the upper bits of its first byte. */
  private static final int MAJOR_TYPE = 0xe0;

  private static final int MAP = 0xa0;

  /** Stands before the next value. */
  private final CborReader reader;

  private int taken;

  private InspectInput(byte[] values) {
    reader = new CborReader(values);
  }

  /**
   * Reads a stream to its end.
   *
   * @throws CommandFailure if it is too long, empty, or text of another kind
   */
  public static InspectInput of(InputStream in) throws IOException, CommandFailure {
    byte[] content = in.readNBytes(MAX_SIZE + 1);
    if (content.length > MAX_SIZE) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "the input is longer than " + (MAX_SIZE >> 20) + " MiB, the maximum that inspect reads");
    }
    if (!isText(content)) {
      requireNoText(content);
      return new InspectInput(content);
    }
    String text = new String(content, StandardCharsets.US_ASCII);
    if (text.isBlank()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "the input is empty: expected an AUM or a node-key signature");
    }
    return new InspectInput(isHex(text) ? decodeHex(text) : decodeBase64(text));
  }

  /**
   * The single value given by an argument, or named by it.
   *
   * @param what its name in messages
   * @param argument the value as text, or - for standard input
   * @throws CommandFailure if there is not exactly one
   */
  public static byte[] only(String what, StreamArgument argument, InputStream standardInput)
      throws IOException, CommandFailure {
    InspectInput input =
        of(
            argument.isStandard()
                ? standardInput
                : new ByteArrayInputStream(argument.text().getBytes(StandardCharsets.UTF_8)));
    byte[] only = input.next().orElseThrow();
    if (input.next().isPresent()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "expected one " + what + ", found more after it");
    }
    return only;
  }

  /**
   * The next value; empty at the end.
   *
   * @throws CommandFailure if no valid value comes next
   */
  public Optional<byte[]> next() throws CommandFailure {
    try {
      if (!reader.nextOfSequence("CBOR")) {
        return Optional.empty();
      }
      byte[] value = reader.skipRaw("CBOR");
      taken++;
      return Optional.of(value);
    } catch (DecodeException e) {
      throw failure(taken + 1, e.getMessage());
    }
  }

  /** A failure of the value that was taken last. */
  public CommandFailure failure(String message) {
    return failure(taken, message);
  }

  private static CommandFailure failure(int number, String message) {
    return new CommandFailure(ExitCode.BAD_INPUT, "value " + number + ": " + message);
  }

  /** The base64 of a value is never all hexadecimal digits: its first letter is not one. */
  private static boolean isHex(String text) {
    return text.chars().allMatch(c -> HexFormat.isHexDigit(c) || WHITE_SPACE.indexOf(c) >= 0);
  }

  private static byte[] decodeHex(String text) throws CommandFailure {
    StringBuilder digits = new StringBuilder(text.length());
    StringTokenizer words = new StringTokenizer(text, WHITE_SPACE);
    while (words.hasMoreTokens()) {
      digits.append(words.nextToken());
    }
    try {
      return Bytes.parseHex(digits.toString()).toByteArray();
    } catch (TextException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "expected hexadecimal digits, two a byte, found an odd number: " + digits.length());
    }
  }

  /**
   * A word is a whole value, or one line of a wrapped value. The difference matters only for words
   * that are neither padded nor made of whole groups of four. Values are maps, so if all words
   * begin like maps, they are treated as values, otherwise as lines.
   */
  private static byte[] decodeBase64(String text) throws CommandFailure {
    for (int i = 0; i < text.length(); i++) {
      if (!isBase64(text.charAt(i)) && WHITE_SPACE.indexOf(text.charAt(i)) < 0) {
        throw new CommandFailure(ExitCode.BAD_INPUT, NEITHER + ", at byte " + i);
      }
    }
    boolean values = true;
    StringTokenizer words = new StringTokenizer(text, WHITE_SPACE);
    while (words.hasMoreTokens()) {
      values &= beginsLikeAMap(words.nextToken());
    }
    ByteArrayOutputStream decoded = new ByteArrayOutputStream();
    StringBuilder joined = new StringBuilder();
    words = new StringTokenizer(text, WHITE_SPACE);
    int number = 0;
    while (words.hasMoreTokens()) {
      String word = words.nextToken();
      boolean ended = values || (endsPadded(joined) && word.charAt(0) != PADDING);
      if (ended && number > 0) {
        decoded.writeBytes(decodeBase64(joined, number));
        joined.setLength(0);
      }
      joined.append(word);
      number++;
    }
    decoded.writeBytes(decodeBase64(joined, number));
    byte[] content = decoded.toByteArray();
    // Words of a language are made of the same letters; no value that we know begins like them.
    if (content.length > 0 && (content[0] & MAJOR_TYPE) != MAP) {
      throw new CommandFailure(ExitCode.BAD_INPUT, NEITHER);
    }
    return content;
  }

  /** A map's first byte never begins a character of UTF-8, so a text in it is no CBOR of ours. */
  private static void requireNoText(byte[] content) throws CommandFailure {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
      if (text.chars().noneMatch(c -> c < ' ' && WHITE_SPACE.indexOf(c) < 0)) {
        throw new CommandFailure(ExitCode.BAD_INPUT, NEITHER);
      }
    } catch (CharacterCodingException e) {
      // Raw CBOR, or something else that is no text.
    }
  }

  private static boolean endsPadded(CharSequence joined) {
    return joined.length() > 0 && joined.charAt(joined.length() - 1) == PADDING;
  }

  private static byte[] decodeBase64(CharSequence joined, int number) throws CommandFailure {
    String standard = joined.toString().replace('-', '+').replace('_', '/');
    try {
      return Base64.getDecoder().decode(standard);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          beginsLikeAMap(standard)
              ? "word " + number + ": expected base64, found an impossible end"
              : NEITHER);
    }
  }

  private static boolean isBase64(char c) {
    return (c >= '0' && c <= '9')
        || (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')
        || "+/-_=".indexOf(c) >= 0;
  }

  /** True for the first six bits of a map of at most seven pairs: 0xa0 to 0xa7. */
  private static boolean beginsLikeAMap(String word) {
    return word.charAt(0) == 'o' || word.charAt(0) == 'p';
  }

  private static boolean isText(byte[] content) {
    for (byte b : content) {
      boolean printable = b >= 0x20 && b < 0x7f;
      if (!printable && WHITE_SPACE.indexOf(b) < 0) {
        return false;
      }
    }
    return true;
  }
}
