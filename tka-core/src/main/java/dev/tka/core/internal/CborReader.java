package dev.tka.core.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import com.fasterxml.jackson.dataformat.cbor.CBORParser;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Reads CBOR values one after the other and turns every problem into a {@link DecodeException} that
 * names the byte and the field.
 *
 * <p>The parser below is lenient in places: it drops tags, joins chunks, and does not tell a text
 * key from the integer key that it spells. A strict decoder encodes the result again and compares
 * ({@link #requireCanonical}), which catches all of it.
 */
public final class CborReader implements AutoCloseable {
  /** Levels of maps and arrays, the outermost included (protocol, section 2). */
  public static final int MAX_DEPTH = 16;

  /** Elements of an array (protocol, section 2). */
  public static final int MAX_ELEMENTS = 4096;

  /** Pairs of a map (protocol, section 2). */
  public static final int MAX_PAIRS = 1024;

  /** The largest unsigned integer that its initial byte holds. */
  private static final int LARGEST_SHORT_INTEGER = 23;

  private static final int MAJOR_TYPE_SHIFT = 5;
  private static final int TEXT = 3;
  private static final int TAG = 6;

  private static final CBORFactory FACTORY =
      CBORFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  // The input is in memory already; these would only bound it a second time.
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          // Names come from the input: interning them would let a stranger fill the symbol table.
          .disable(com.fasterxml.jackson.core.JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final byte[] data;
  private final CBORParser parser;

  /** A reader that stands before the first value of {@code data}. */
  public CborReader(byte[] data) {
    this.data = data;
    try {
      parser = FACTORY.createParser(data);
    } catch (IOException e) {
      throw new AssertionError("a parser over an array reads nothing when it is made", e);
    }
  }

  /** Moves to the next token; the end of the input is an error. */
  public void advance(String field) throws DecodeException {
    // Refused before the parser sees it: it resolves references to earlier texts, so a few bytes of
    // tags could stand for any amount of text, and a chain of tags costs it the square of its
    // length.
    int next = end();
    if (next < data.length && (data[next] & 0xff) >> MAJOR_TYPE_SHIFT == TAG) {
      throw new DecodeException.Malformed(next, field + ": expected no tag, found one");
    }
    try {
      if (parser.nextToken() == null) {
        throw new DecodeException.Malformed(offset(), field + ": the input ends here");
      }
    } catch (StreamConstraintsException e) {
      throw new DecodeException.LimitExceeded(offset(e), field + ": levels of nesting", MAX_DEPTH);
    } catch (IOException e) {
      throw malformed(field, e);
    }
  }

  /** Moves to the next value of a sequence, or returns false at the end of the input. */
  public boolean nextOfSequence(String field) throws DecodeException {
    if (end() == data.length) {
      return false;
    }
    advance(field);
    return true;
  }

  /** True when the current value is null. */
  public boolean isNull() {
    return parser.currentToken() == JsonToken.VALUE_NULL;
  }

  /** The current value must begin a map. */
  public void beginMap(String field) throws DecodeException {
    require(JsonToken.START_OBJECT, field, "a map");
  }

  /** The current value must begin an array. */
  public void beginArray(String field) throws DecodeException {
    require(JsonToken.START_ARRAY, field, "an array");
  }

  /** Moves to the next key of the current map, or returns false after its end. */
  public boolean nextKey(String field) throws DecodeException {
    advance(field);
    return parser.currentToken() != JsonToken.END_OBJECT;
  }

  /** Moves to the next element of the current array, or returns false after its end. */
  public boolean nextElement(String field, int already) throws DecodeException {
    advance(field);
    if (parser.currentToken() == JsonToken.END_ARRAY) {
      return false;
    }
    if (already == MAX_ELEMENTS) {
      throw new DecodeException.LimitExceeded(offset(), field + ": elements", MAX_ELEMENTS);
    }
    return true;
  }

  /** The current key, as text; integer keys are spelled out in decimal. */
  public String key(String field) throws DecodeException {
    try {
      return parser.currentName();
    } catch (IOException e) {
      throw malformed(field, e);
    }
  }

  /**
   * The current key, which must be an integer of one byte, as all keys that we know are, above
   * {@code previous}; then moves to its value.
   *
   * @return the key, or an error of unknown field if it is any other
   */
  public int intKey(String type, int previous) throws DecodeException {
    int key = initialByte();
    if (key > LARGEST_SHORT_INTEGER) {
      String spelled = printable(key(type));
      boolean text = key >> MAJOR_TYPE_SHIFT == TEXT;
      throw new DecodeException.UnknownField(
          offset(), type, text ? "\"" + spelled + "\"" : spelled);
    }
    if (key <= previous) {
      throw new DecodeException.FieldOrder(
          offset(), type, Integer.toString(key), Integer.toString(previous));
    }
    advance(type);
    return key;
  }

  /** The current value as an unsigned integer of 64 bits. */
  public long unsigned(String field) throws DecodeException {
    require(JsonToken.VALUE_NUMBER_INT, field, "an unsigned integer");
    try {
      if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
        BigInteger value = parser.getBigIntegerValue();
        if (value.signum() < 0 || value.bitLength() > Long.SIZE) {
          throw outOfRange(field, "an unsigned integer of 64 bits", "another number");
        }
        return value.longValue();
      }
      long value = parser.getLongValue();
      if (value < 0) {
        throw outOfRange(field, "an unsigned integer", Long.toString(value));
      }
      return value;
    } catch (IOException e) {
      throw malformed(field, e);
    }
  }

  /** The current value as an integer that fits 64 bits, signed. */
  public long signed(String field) throws DecodeException {
    require(JsonToken.VALUE_NUMBER_INT, field, "an integer");
    try {
      return parser.getLongValue();
    } catch (IOException e) {
      throw malformed(field, e);
    }
  }

  /** The current value as an unsigned integer of one byte. */
  public int unsignedByte(String field) throws DecodeException {
    long value = unsigned(field);
    if (value < 0 || value > 0xff) {
      throw outOfRange(field, "0 to 255", Long.toUnsignedString(value));
    }
    return (int) value;
  }

  /** The current value as a byte string. */
  public Bytes bytes(String field) throws DecodeException {
    require(JsonToken.VALUE_EMBEDDED_OBJECT, field, "a byte string");
    try {
      return Bytes.copyOf(parser.getBinaryValue());
    } catch (IOException e) {
      throw malformed(field, e);
    }
  }

  /** The current value as a byte string, or nothing when it is null. */
  public Optional<Bytes> bytesOrNull(String field) throws DecodeException {
    return isNull() ? Optional.empty() : Optional.of(bytes(field));
  }

  /** The current value as a byte string of one length. */
  public Bytes bytes(String field, int size) throws DecodeException {
    Bytes value = bytes(field);
    if (value.size() != size) {
      throw outOfRange(field, size + " bytes", value.size() + " bytes");
    }
    return value;
  }

  /** The current value as text. */
  public String text(String field) throws DecodeException {
    require(JsonToken.VALUE_STRING, field, "text");
    try {
      return requireUnicode(field, parser.getText());
    } catch (IOException e) {
      throw malformed(field, e);
    }
  }

  /** Refuses text that has no encoding, as a lone surrogate has none. */
  public String requireUnicode(String field, String text) throws DecodeException {
    if (!isUnicode(text)) {
      throw new DecodeException.Malformed(offset(), field + ": the text is not valid UTF-8");
    }
    return text;
  }

  /** True when {@code text} can be encoded as UTF-8. */
  public static boolean isUnicode(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();
        return encoder.canEncode(text);
      }
    }
    return true;
  }

  /** Skips the current value, whatever it is, and returns the bytes that it takes up. */
  public byte[] skipRaw(String field) throws DecodeException {
    int start = (int) offset();
    try {
      int depth = 0;
      while (true) {
        JsonToken token = parser.currentToken();
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        parser.finishToken();
        if (depth == 0) {
          return java.util.Arrays.copyOfRange(data, start, end());
        }
        advance(field);
      }
    } catch (StreamConstraintsException e) {
      throw new DecodeException.LimitExceeded(offset(e), field + ": levels of nesting", MAX_DEPTH);
    } catch (IOException e) {
      throw malformed(field, e);
    }
  }

  /** The byte at which the current token begins. */
  public long offset() {
    return Math.max(0, parser.currentTokenLocation().getByteOffset());
  }

  /** The first byte of the current token. */
  public int initialByte() {
    return data[(int) offset()] & 0xff;
  }

  /** The number of bytes that have been read. */
  public int end() {
    return (int) parser.currentLocation().getByteOffset();
  }

  /**
   * Refuses input that is not the canonical encoding of what was decoded from it (protocol, section
   * 2): this one comparison shuts out every laxness of a parser.
   *
   * @throws DecodeException.NotCanonical at the first byte that differs
   */
  public static void requireCanonical(String type, byte[] canonical, byte[] input)
      throws DecodeException {
    int differs = java.util.Arrays.mismatch(canonical, input);
    if (differs >= 0) {
      throw new DecodeException.NotCanonical(
          differs, type, byteAt(canonical, differs), byteAt(input, differs));
    }
  }

  private static String byteAt(byte[] bytes, int index) {
    return index < bytes.length ? String.format("0x%02x", bytes[index]) : "the end";
  }

  @Override
  public void close() {
    try {
      parser.close();
    } catch (IOException e) {
      throw new AssertionError("a parser over an array has nothing to close", e);
    }
  }

  private void require(JsonToken token, String field, String expected) throws DecodeException {
    if (parser.currentToken() != token) {
      throw new DecodeException.WrongType(offset(), field, expected, describe());
    }
  }

  private String describe() {
    JsonToken token = parser.currentToken();
    return switch (token) {
      case START_OBJECT -> "a map";
      case START_ARRAY -> "an array";
      case VALUE_NUMBER_INT -> "an integer";
      case VALUE_NUMBER_FLOAT -> "a float";
      case VALUE_STRING -> "text";
      case VALUE_EMBEDDED_OBJECT -> "a byte string or simple value";
      case VALUE_NULL -> "null";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      default -> "something else";
    };
  }

  private DecodeException.OutOfRange outOfRange(String field, String expected, String found) {
    return new DecodeException.OutOfRange(offset(), field, expected, found);
  }

  private DecodeException malformed(String field, IOException e) {
    String message =
        e instanceof JsonEOFException
            ? "the input ends too early"
            : e instanceof JsonProcessingException processing
                ? processing.getOriginalMessage()
                : String.valueOf(e.getMessage());
    return new DecodeException.Malformed(offset(e), field + ": " + printable(message));
  }

  private long offset(IOException e) {
    if (e instanceof JsonProcessingException processing && processing.getLocation() != null) {
      return Math.max(0, processing.getLocation().getByteOffset());
    }
    return offset();
  }

  /** A stranger's text for an error message: short, on one line, without control characters. */
  private static String printable(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(80)
        .forEach(c -> out.appendCodePoint(Character.isISOControl(c) || c > 0x7e ? '?' : c));
    return out.toString();
  }
}
