package dev.tka.cli;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.internal.CborReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.StringTokenizer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Takes a stream apart into CBOR values, one at a time, whatever form they are in: raw, one after
 * the other, or as words of hexadecimal or base64 (standard or URL-safe, padded or not).
 */
final class InspectInput {
  /** The most bytes that are read: room for forty of the largest checkpoints there can be. */
  static final int MAX_SIZE = 16 << 20;

  private static final Pattern HEX = Pattern.compile("(?:[0-9a-fA-F]{2})+");

  /** The words of a text that are not decoded yet; none when the stream is raw. */
  private final StringTokenizer words;

  /** Stands before the next value; null before the first word. */
  private @Nullable CborReader reader;

  private int taken;

  private InspectInput(StringTokenizer words, @Nullable CborReader reader) {
    this.words = words;
    this.reader = reader;
  }

  /**
   * Reads a stream to its end.
   *
   * @throws CommandFailure if it is too long, empty, or text of another kind
   */
  static InspectInput of(InputStream in) throws IOException, CommandFailure {
    byte[] content = in.readNBytes(MAX_SIZE + 1);
    if (content.length > MAX_SIZE) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "the input is longer than " + (MAX_SIZE >> 20) + " MiB, the most that inspect reads");
    }
    if (!isText(content)) {
      return new InspectInput(new StringTokenizer(""), new CborReader(content));
    }
    String text = new String(content, StandardCharsets.US_ASCII);
    if (text.isBlank()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "the input is empty: expected an AUM or a node-key signature");
    }
    if (!isHexOrBase64(text)) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "expected CBOR, hexadecimal or base64, found other text");
    }
    return new InspectInput(new StringTokenizer(text), null);
  }

  /**
   * The next value; empty at the end.
   *
   * @throws CommandFailure if what comes next is no value
   */
  Optional<byte[]> next() throws CommandFailure {
    try {
      while (true) {
        if (reader != null && reader.nextOfSequence("CBOR")) {
          byte[] value = reader.skipRaw("CBOR");
          taken++;
          return Optional.of(value);
        }
        if (!words.hasMoreTokens()) {
          return Optional.empty();
        }
        reader = new CborReader(decodeWord(words.nextToken()));
      }
    } catch (DecodeException e) {
      throw failure(taken + 1, e.getMessage());
    }
  }

  /** What is wrong with the value that was taken last. */
  CommandFailure failure(DecodeException cause) {
    return failure(taken, cause.getMessage());
  }

  private static CommandFailure failure(int number, String message) {
    return new CommandFailure(ExitCode.BAD_INPUT, "value " + number + ": " + message);
  }

  private byte[] decodeWord(String word) throws CommandFailure {
    try {
      if (HEX.matcher(word).matches()) {
        return Bytes.parseHex(word).toByteArray();
      }
      boolean urlSafe = word.indexOf('-') >= 0 || word.indexOf('_') >= 0;
      return (urlSafe ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(word);
    } catch (TextException | IllegalArgumentException e) {
      throw failure(taken + 1, "expected hexadecimal or base64, found other text");
    }
  }

  private static boolean isHexOrBase64(String text) {
    return text.chars()
        .allMatch(c -> Character.isLetterOrDigit(c) || " \t\r\n+/-_=".indexOf(c) >= 0);
  }

  private static boolean isText(byte[] content) {
    for (byte b : content) {
      boolean printable = b >= 0x20 && b < 0x7f;
      if (!printable && b != '\n' && b != '\r' && b != '\t') {
        return false;
      }
    }
    return true;
  }
}
