package dev.tka.sync.rpc;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields of one JSON object as they come. Each method reads the value of the current
 * field; null stands for a field that is absent. Errors name the field and quote nothing.
 */
final class JsonFields {
  /** No message nests more than 3; what is skipped may nest as deep as this. */
  private static final int MAX_DEPTH = 64;

  private static final int MAX_NAME = 256;

  /** Texts are hashes, keys and reasons; bytes are not read as text. */
  private static final int MAX_TEXT = 1 << 16;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          // Names come from strangers: neither is kept once the message has been read.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNameLength(MAX_NAME)
                  .build())
          .build();

  private final JsonParser parser;

  private JsonFields(JsonParser parser) {
    this.parser = parser;
  }

  /** Takes the fields of an object. */
  interface Receiver {
    /**
     * Reads the value of a field.
     *
     * @return false if the field is unknown, and nothing was read
     */
    boolean field(String name, JsonFields in) throws TextException, IOException;
  }

  /** Takes an object whose fields were read. */
  interface Reading<T extends Receiver> {
    void read(T fields) throws TextException;
  }

  /**
   * Reads an object.
   *
   * @param most how many bytes may be read
   */
  static void readObject(InputStream in, int most, Receiver receiver)
      throws TextException, IOException {
    Bounded bounded = new Bounded(in, most);
    try (JsonParser parser = FACTORY.createParser(bounded)) {
      parser.nextToken();
      new JsonFields(parser).object("message", receiver);
    } catch (StreamConstraintsException e) {
      throw new TextException.BadJson(
          "a message of at most " + MAX_DEPTH + " levels and names of " + MAX_NAME + " characters",
          "more");
    } catch (JsonProcessingException e) {
      // Without the parser's message, which quotes the text.
      throw new TextException.BadJson(
          "JSON",
          e instanceof JsonEOFException
              ? "the end of the text"
              : "other text at character " + e.getLocation().getCharOffset());
    } catch (CharConversionException e) {
      throw new TextException.BadJson("JSON in UTF-8", "other text");
    } catch (Bounded.Exceeded e) {
      throw new TextException.BadJson("a message of at most " + most + " bytes", "more");
    }
  }

  private void object(String name, Receiver receiver) throws TextException, IOException {
    require(name, JsonToken.START_OBJECT, "an object");
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      if (!receiver.field(field, this)) {
        parser.skipChildren();
      }
    }
  }

  /** Reads a list of objects. */
  <T extends Receiver> void eachObject(
      String field, int most, Supplier<T> begin, Reading<T> reading)
      throws TextException, IOException {
    if (isNull()) {
      return;
    }
    require(field, JsonToken.START_ARRAY, "a list");
    for (int read = 0; parser.nextToken() != JsonToken.END_ARRAY; read++) {
      requireRoom(field, read, most);
      T receiver = begin.get();
      object(field, receiver);
      reading.read(receiver);
    }
  }

  /** A number of 64 bits; 0 if there is none. */
  long number(String field) throws TextException, IOException {
    if (isNull()) {
      return 0;
    }
    require(field, JsonToken.VALUE_NUMBER_INT, "a whole number");
    if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      throw new TextException.BadField(field, "a number of 64 bits", "a longer one");
    }
    return parser.getLongValue();
  }

  /** A number of 32 bits; 0 if there is none. */
  int integer(String field) throws TextException, IOException {
    long number = number(field);
    if (number != (int) number) {
      throw new TextException.BadField(field, "a number of 32 bits", "a longer one");
    }
    return (int) number;
  }

  /** True or false; false if there is neither. */
  boolean bool(String field) throws TextException {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE && !isNull()) {
      throw new TextException.BadField(field, "true or false", describe(token));
    }
    return token == JsonToken.VALUE_TRUE;
  }

  /** Bytes in base64; empty if there are none. */
  Optional<Bytes> bytes(String field, int most) throws TextException, IOException {
    if (isNull()) {
      return Optional.empty();
    }
    Bytes bytes = requireBytes(field, most);
    return bytes.isEmpty() ? Optional.empty() : Optional.of(bytes);
  }

  /** A secret in base64; empty if there is none. */
  Optional<DisablementSecret> secret(String field, int most) throws TextException, IOException {
    if (isNull()) {
      return Optional.empty();
    }
    byte[] bytes = decode(field, most);
    try {
      return bytes.length == 0 ? Optional.empty() : Optional.of(DisablementSecret.of(bytes));
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  /** A list of bytes, at most so many in all. */
  List<Bytes> bytesList(String field, int mostInAll) throws TextException, IOException {
    if (isNull()) {
      return List.of();
    }
    require(field, JsonToken.START_ARRAY, "a list");
    List<Bytes> list = new ArrayList<>();
    long room = mostInAll;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Bytes bytes = requireBytes(field, mostInAll);
      room -= Math.max(1, bytes.size());
      if (room < 0) {
        throw new TextException.BadField(field, "at most " + mostInAll + " bytes", "more");
      }
      list.add(bytes);
    }
    return list;
  }

  /** Signatures by the numbers of their nodes. */
  SortedMap<Long, Bytes> signaturesByNode(String field, int most, int mostEach)
      throws TextException, IOException {
    SortedMap<Long, Bytes> signatures = new TreeMap<>();
    if (isNull()) {
      return signatures;
    }
    require(field, JsonToken.START_OBJECT, "an object");
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      requireRoom(field, signatures.size(), most);
      long node = nodeNumber(field, parser.currentName());
      parser.nextToken();
      signatures.put(node, requireBytes(field, mostEach));
    }
    return signatures;
  }

  private static long nodeNumber(String field, String text) throws TextException {
    try {
      long number = Long.parseLong(text);
      // One text for each number: "+1" and "01" are none.
      if (number > 0 && Long.toString(number).equals(text)) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below.
    }
    throw new TextException.BadField(field, "the number of a node as a name", "another name");
  }

  /** A hash as text; empty if the text is. */
  Optional<AumHash> hash(String field) throws TextException, IOException {
    Optional<String> text = text(field);
    try {
      return text.isPresent() ? Optional.of(AumHash.parse(text.get())) : Optional.empty();
    } catch (TextException e) {
      throw new TextException.BadField(field, e);
    }
  }

  /** A list of hashes as texts. */
  List<AumHash> hashes(String field, int most) throws TextException, IOException {
    if (isNull()) {
      return List.of();
    }
    require(field, JsonToken.START_ARRAY, "a list");
    List<AumHash> hashes = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      requireRoom(field, hashes.size(), most);
      hashes.add(
          hash(field).orElseThrow(() -> new TextException.BadField(field, "hashes", "nothing")));
    }
    return hashes;
  }

  /** A list of texts, or empty if there is no list. */
  Optional<List<String>> texts(String field, int most, int mostEach)
      throws TextException, IOException {
    if (isNull()) {
      return Optional.empty();
    }
    require(field, JsonToken.START_ARRAY, "a list");
    List<String> texts = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      requireRoom(field, texts.size(), most);
      String text = text(field).orElse("");
      texts.add(text.length() > mostEach ? text.substring(0, mostEach) : text);
    }
    return Optional.of(texts);
  }

  /** A node key as text. */
  Optional<NodeKey> nodeKey(String field) throws TextException, IOException {
    Optional<String> text = text(field);
    try {
      return text.isPresent() ? Optional.of(NodeKey.parse(text.get())) : Optional.empty();
    } catch (TextException e) {
      throw new TextException.BadField(field, e);
    }
  }

  /** The bytes of a lock key. */
  Optional<LockPublicKey> lockKey(String field) throws TextException, IOException {
    Optional<Bytes> bytes = bytes(field, LockPublicKey.SIZE);
    if (bytes.isPresent() && bytes.get().size() != LockPublicKey.SIZE) {
      throw new TextException.BadField(
          field, LockPublicKey.SIZE + " bytes", Integer.toString(bytes.get().size()));
    }
    return bytes.map(LockPublicKey::new);
  }

  private Optional<String> text(String field) throws TextException, IOException {
    if (isNull()) {
      return Optional.empty();
    }
    require(field, JsonToken.VALUE_STRING, "a text");
    if (parser.getTextLength() > MAX_TEXT) {
      throw new TextException.BadField(field, "at most " + MAX_TEXT + " characters", "more");
    }
    String text = parser.getText();
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  private Bytes requireBytes(String field, int most) throws TextException, IOException {
    return Bytes.copyOf(decode(field, most));
  }

  private byte[] decode(String field, int most) throws TextException, IOException {
    require(field, JsonToken.VALUE_STRING, "bytes in base64");
    byte[] bytes;
    try {
      bytes = parser.getBinaryValue(Base64Variants.MIME_NO_LINEFEEDS);
    } catch (JsonEOFException | StreamConstraintsException e) {
      throw e;
    } catch (JsonProcessingException e) {
      throw new TextException.BadField(field, "bytes in base64", "other text");
    }
    if (bytes.length > most) {
      throw new TextException.BadField(
          field, "at most " + most + " bytes", Integer.toString(bytes.length));
    }
    return bytes;
  }

  private boolean isNull() {
    return parser.currentToken() == JsonToken.VALUE_NULL;
  }

  private void require(String field, JsonToken token, String expected) throws TextException {
    if (parser.currentToken() != token) {
      throw new TextException.BadField(field, expected, describe(parser.currentToken()));
    }
  }

  private static void requireRoom(String field, int read, int most) throws TextException {
    if (read == most) {
      throw new TextException.BadField(field, "at most " + most + " elements", "more");
    }
  }

  static String describe(@Nullable JsonToken token) {
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "a list";
      case VALUE_STRING -> "a text";
      case VALUE_NULL -> "null";
      case VALUE_TRUE, VALUE_FALSE -> "true or false";
      case END_OBJECT, END_ARRAY, FIELD_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT -> "nothing";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
    };
  }

  /** Ends a message that is too long, whatever its parts are. */
  private static final class Bounded extends InputStream {
    private final InputStream in;
    private long left;

    Bounded(InputStream in, long most) {
      this.in = in;
      this.left = most;
    }

    /** There is more than may be read. */
    static final class Exceeded extends IOException {
      private static final long serialVersionUID = 1;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int read = in.read(into, offset, length);
      left -= Math.max(0, read);
      if (left < 0) {
        throw new Exceeded();
      }
      return read;
    }
  }
}
