package dev.tka.cli;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.internal.CborReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.StringTokenizer;
import java.util.regex.Pattern;

/**
 * Takes a stream apart into CBOR values, whatever form they are in: raw, one after the other, or as
 * words of hexadecimal or base64 (standard or URL-safe, padded or not).
 */
final class InspectInput {
  /** The most bytes that are read: room for forty of the largest checkpoints there can be. */
  static final int MAX_SIZE = 16 << 20;

  private static final Pattern HEX = Pattern.compile("(?:[0-9a-fA-F]{2})+");

  private InspectInput() {}

  /**
   * The values of a stream, in order.
   *
   * @param failure why there are no more, when it is not because the stream ends
   */
  record Values(List<byte[]> values, Optional<CommandFailure> failure) {}

  static Values read(InputStream in) throws IOException, CommandFailure {
    byte[] content = in.readNBytes(MAX_SIZE + 1);
    if (content.length > MAX_SIZE) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "the input is longer than " + (MAX_SIZE >> 20) + " MiB, the most that inspect reads");
    }
    List<byte[]> sequences = isText(content) ? decodeWords(content) : List.of(content);
    List<byte[]> values = new ArrayList<>();
    for (byte[] sequence : sequences) {
      try (CborReader reader = new CborReader(sequence)) {
        while (reader.nextOfSequence("CBOR")) {
          values.add(reader.skipRaw("CBOR"));
        }
      } catch (DecodeException e) {
        // What came before it is sound and still wanted.
        return new Values(values, Optional.of(failure(values.size(), e.getMessage())));
      }
    }
    if (values.isEmpty()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "the input is empty: expected an AUM or a node-key signature");
    }
    return new Values(values, Optional.empty());
  }

  /** What is wrong with one value, counted from 0, of the stream. */
  static CommandFailure failure(int index, String message) {
    return new CommandFailure(ExitCode.BAD_INPUT, "value " + (index + 1) + ": " + message);
  }

  private static List<byte[]> decodeWords(byte[] content) throws CommandFailure {
    StringTokenizer words = new StringTokenizer(new String(content, StandardCharsets.US_ASCII));
    List<byte[]> decoded = new ArrayList<>();
    while (words.hasMoreTokens()) {
      decoded.add(decodeWord(words.nextToken(), decoded.size()));
    }
    return decoded;
  }

  private static byte[] decodeWord(String word, int index) throws CommandFailure {
    if (HEX.matcher(word).matches()) {
      try {
        return Bytes.parseHex(word).toByteArray();
      } catch (TextException e) {
        throw new AssertionError("matched above", e);
      }
    }
    try {
      boolean urlSafe = word.indexOf('-') >= 0 || word.indexOf('_') >= 0;
      return (urlSafe ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(word);
    } catch (IllegalArgumentException e) {
      throw failure(index, "expected CBOR, hexadecimal or base64, found other text");
    }
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
