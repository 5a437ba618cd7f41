package dev.tka.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.client.internal.BoundedJson;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The fields of one JSON object of an answer. What a newer server adds is not looked at.
 *
 * @param values texts, numbers, truth values, and the fields of objects in it
 */
record Fields(Map<String, Object> values) {
  /** Longer than any field of ours: a proposal has at most 128 KiB. */
  private static final int LONGEST_TEXT = 1 << 18;

  private static final int DEEPEST = 16;

  /** More tokens than any object of ours has. */
  private static final int MOST_TOKENS = 15_000;

  private static final JsonFactory FACTORY = BoundedJson.factory(LONGEST_TEXT, DEEPEST);

  /** What is wrong with an answer, in words that quote nothing of it. */
  static final class Bad extends IOException {
    Bad(String message) {
      super(message);
    }
  }

  /** Receives objects. */
  @FunctionalInterface
  interface Taking {
    void take(Fields fields) throws IOException;
  }

  /**
   * Reads objects that follow each other.
   *
   * @throws Bad if there is something else
   */
  static void readAll(InputStream in, Taking taking) throws IOException {
    try (JsonParser parser = FACTORY.createParser(in)) {
      while (parser.nextToken() != null) {
        taking.take(new Fields(new Counting(parser).object()));
      }
    }
  }

  /** Bounds one object. */
  private static final class Counting {
    private final JsonParser parser;
    private int tokens;

    Counting(JsonParser parser) {
      this.parser = parser;
    }

    private JsonToken next() throws IOException {
      if (++tokens > MOST_TOKENS) {
        throw new Bad("expected objects of a few fields, found a larger one");
      }
      JsonToken token = parser.nextToken();
      if (token == null) {
        throw new Bad("expected the end of an object, found the end of the answer");
      }
      return token;
    }

    Map<String, Object> object() throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new Bad("expected objects of JSON, found another value");
      }
      Map<String, Object> values = new HashMap<>();
      while (next() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        switch (next()) {
          case VALUE_STRING -> values.put(name, parser.getText());
          case VALUE_NUMBER_INT -> values.put(name, parser.getNumberValue());
          case VALUE_TRUE -> values.put(name, true);
          case VALUE_FALSE -> values.put(name, false);
          case START_OBJECT -> values.put(name, new Fields(object()));
          case START_ARRAY -> values.put(name, list());
          default -> {
            // Null is as good as absent.
          }
        }
      }
      return values;
    }

    /** Texts and objects; whatever else is in a list is left out. */
    private List<Object> list() throws IOException {
      List<Object> list = new ArrayList<>();
      while (next() != JsonToken.END_ARRAY) {
        switch (parser.currentToken()) {
          case VALUE_STRING -> list.add(parser.getText());
          case START_OBJECT -> list.add(new Fields(object()));
          case START_ARRAY -> list.add(list());
          default -> {
            // Nothing of ours.
          }
        }
      }
      return list;
    }
  }

  /** A field of a type, if it is there. */
  private <T> Optional<T> find(String name, Class<T> type, String noun) throws Bad {
    Object value = values.get(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!type.isInstance(value)) {
      throw new Bad(name + ": expected " + noun + ", found something else");
    }
    return Optional.of(type.cast(value));
  }

  private static Bad missing(String name) {
    return new Bad("expected a field " + name + ", found none");
  }

  Optional<String> text(String name) throws Bad {
    return find(name, String.class, "a text");
  }

  String requireText(String name) throws Bad {
    return text(name).orElseThrow(() -> missing(name));
  }

  boolean flag(String name) throws Bad {
    return find(name, Boolean.class, "true or false").orElse(false);
  }

  Optional<Fields> object(String name) throws Bad {
    return find(name, Fields.class, "an object");
  }

  /** The objects of a list; none if there is no list. */
  List<Fields> objects(String name) throws Bad {
    return listOf(name, Fields.class, "a list of objects");
  }

  /** The texts of a list; none if there is no list. */
  List<String> texts(String name) throws Bad {
    return listOf(name, String.class, "a list of texts");
  }

  private <T> List<T> listOf(String name, Class<T> type, String noun) throws Bad {
    List<T> all = new ArrayList<>();
    for (Object each : find(name, List.class, noun).orElse(List.of())) {
      if (!type.isInstance(each)) {
        throw new Bad(name + ": expected " + noun + ", found something else");
      }
      all.add(type.cast(each));
    }
    return all;
  }

  Optional<LockPublicKey> lockKey(String name) throws Bad {
    return parsed(name, LockPublicKey::parse);
  }

  Optional<Long> count(String name) throws Bad {
    Optional<Number> number = find(name, Number.class, "a number");
    if (number.isPresent()
        && !((number.get() instanceof Integer || number.get() instanceof Long)
            && number.get().longValue() >= 0)) {
      throw new Bad(name + ": expected a number of 0 to 2^63-1, found another");
    }
    return number.map(Number::longValue);
  }

  long requireCount(String name) throws Bad {
    return count(name).orElseThrow(() -> missing(name));
  }

  /** Control's number for a node, which stands in a text. */
  long requireNode() throws Bad {
    String text = requireText("node");
    try {
      long node = Long.parseLong(text);
      if (node >= 1) {
        return node;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new Bad("node: expected a number of 1 to 2^63-1 as text, found another text");
  }

  NodeKey requireNodeKey() throws Bad {
    return parsed("nodeKey", NodeKey::parse).orElseThrow(() -> missing("nodeKey"));
  }

  Optional<AumHash> hash(String name) throws Bad {
    return parsed(name, AumHash::parse);
  }

  /** Reads a text. */
  @FunctionalInterface
  private interface Parsing<T> {
    T of(String text) throws TextException;
  }

  private <T> Optional<T> parsed(String name, Parsing<T> parsing) throws Bad {
    Optional<String> text = text(name);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(parsing.of(text.get()));
    } catch (TextException e) {
      throw new Bad(name + ": " + e.getMessage());
    }
  }

  Optional<Bytes> hex(String name) throws Bad {
    return parsed(name, Bytes::parseHex);
  }

  Optional<Bytes> base64(String name) throws Bad {
    Optional<String> text = text(name);
    try {
      return text.map(encoded -> Bytes.copyOf(Base64.getDecoder().decode(encoded)));
    } catch (IllegalArgumentException e) {
      throw new Bad(name + ": expected base64, found other text");
    }
  }

  Instant requireTime(String name) throws Bad {
    return time(name).orElseThrow(() -> missing(name));
  }

  Optional<Instant> time(String name) throws Bad {
    try {
      return text(name).map(Instant::parse);
    } catch (DateTimeException e) {
      throw new Bad(name + ": expected a time, found other text");
    }
  }
}
