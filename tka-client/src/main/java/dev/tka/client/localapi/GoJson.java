package dev.tka.client.localapi;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.client.internal.BoundedJson;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * JSON as Go's decoder reads it: names of fields in any case, unknown fields and whatever follows
 * the first value are not looked at, null is as good as absent, and a wrong type is an error. Each
 * method reads one value, at which the parser is, to its end.
 */
final class GoJson {
  /** Longer than the base64 of the largest well-formed checkpoint. */
  private static final int LONGEST_TEXT = 1 << 20;

  /** Sixteen signatures nest in a peer in a list. */
  private static final int DEEPEST = 64;

  private static final int BYTE = 256;

  private static final BigInteger UNSIGNED_END = BigInteger.ONE.shiftLeft(64);

  private static final JsonFactory FACTORY = BoundedJson.factory(LONGEST_TEXT, DEEPEST);

  private final JsonParser parser;
  private String at = "the answer";

  private GoJson(JsonParser parser) {
    this.parser = parser;
  }

  /** What is wrong with a value, in words that quote nothing of it. */
  static final class Bad extends IOException {
    Bad(String message) {
      super(message);
    }
  }

  /** Reads a value. */
  @FunctionalInterface
  interface Value<T> {
    T read(GoJson in) throws IOException;
  }

  /** Reads the value of a field, or skips it. */
  @FunctionalInterface
  interface Field {
    void read(String lowerCaseName) throws IOException;
  }

  /**
   * Reads the first value of a stream.
   *
   * @throws Bad if there is none, or it is of another type
   * @throws com.fasterxml.jackson.core.JsonProcessingException if it is no JSON
   */
  static <T> T read(InputStream in, Value<T> value) throws IOException {
    try (JsonParser parser = FACTORY.createParser(in)) {
      GoJson json = new GoJson(parser);
      if (parser.nextToken() == null) {
        throw json.expected("JSON");
      }
      return value.read(json);
    }
  }

  private Bad expected(String what) {
    return new Bad(at + ": expected " + what + ", found something else");
  }

  private boolean isNull() {
    return parser.currentToken() == JsonToken.VALUE_NULL;
  }

  /** The fields of an object, one after the other. */
  void object(Field field) throws IOException {
    if (isNull()) {
      return;
    }
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw expected("an object");
    }
    String outer = at;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      at = parser.currentName();
      if (at.length() > 40) {
        at = "a field";
      }
      parser.nextToken();
      field.read(parser.currentName().toLowerCase(Locale.ROOT));
    }
    at = outer;
  }

  /** An object, or nothing. */
  <T> Optional<T> optional(Value<T> value) throws IOException {
    return isNull() ? Optional.empty() : Optional.of(value.read(this));
  }

  /** Leaves a value unread. */
  void skip() throws IOException {
    parser.skipChildren();
  }

  /** A list of not too many. */
  <T> List<T> list(int most, Value<T> value) throws IOException {
    List<T> list = new ArrayList<>();
    if (isNull()) {
      return list;
    }
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw expected("a list");
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (list.size() == most) {
        throw new Bad(at + ": expected at most " + most + " elements, found more");
      }
      list.add(value.read(this));
    }
    return list;
  }

  boolean flag() throws IOException {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE, VALUE_NULL -> false;
      default -> throw expected("true or false");
    };
  }

  /** A text; none when it is empty. */
  Optional<String> text() throws IOException {
    if (isNull()) {
      return Optional.empty();
    }
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw expected("a text");
    }
    return Optional.of(parser.getText()).filter(text -> !text.isEmpty());
  }

  /** Reads a text. */
  @FunctionalInterface
  interface Parsing<T> {
    T of(String text) throws TextException;
  }

  /** What a text says; nothing when it is empty. */
  <T> Optional<T> parsed(Parsing<T> parsing) throws IOException {
    Optional<String> text = text();
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(parsing.of(text.get()));
    } catch (TextException e) {
      throw new Bad(at + ": " + e.getMessage());
    }
  }

  /** Bytes in padded base64; none when the text is empty. */
  Bytes base64() throws IOException {
    Optional<String> text = text();
    try {
      return text.map(encoded -> Bytes.copyOf(Base64.getDecoder().decode(encoded)))
          .orElse(Bytes.empty());
    } catch (IllegalArgumentException e) {
      throw expected("base64");
    }
  }

  private BigInteger integer() throws IOException {
    if (isNull()) {
      return BigInteger.ZERO;
    }
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw expected("a whole number");
    }
    return parser.getBigIntegerValue();
  }

  /** A number of 0 to 255. */
  int unsignedByte() throws IOException {
    BigInteger number = integer();
    if (number.signum() < 0 || number.bitLength() > 8) {
      throw expected("a number of 0 to 255");
    }
    return number.intValue();
  }

  /** A number of 0 to 2^64-1, as the bits of a long. */
  long unsigned() throws IOException {
    BigInteger number = integer();
    if (number.signum() < 0 || number.compareTo(UNSIGNED_END) >= 0) {
      throw expected("a number of 0 to 2^64-1");
    }
    return number.longValue();
  }

  /** A signed number of 64 bits. */
  long number() throws IOException {
    BigInteger number = integer();
    if (number.bitLength() > 63) {
      throw expected("a number of 64 bits");
    }
    return number.longValue();
  }

  /** A hash as an array of 32 numbers; none when all are zero. */
  Optional<AumHash> hash() throws IOException {
    if (isNull()) {
      return Optional.empty();
    }
    List<Integer> numbers = list(BYTE, GoJson::unsignedByte);
    if (numbers.size() != AumHash.SIZE) {
      throw expected("an array of " + AumHash.SIZE + " numbers");
    }
    byte[] bytes = new byte[AumHash.SIZE];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = numbers.get(i).byteValue();
    }
    return numbers.stream().allMatch(number -> number == 0)
        ? Optional.empty()
        : Optional.of(AumHash.of(bytes));
  }
}
