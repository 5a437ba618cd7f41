package dev.tka.broker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.tka.core.TextException;
import dev.tka.store.TailnetName;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The members of a JSON object, of which each is taken once; {@link #end} refuses what is left.
 * Errors are one line with the place, such as {@code policy.json: rules[2].voucher}, and quote no
 * value.
 */
final class Members {
  private static final int MAX_DEPTH = 8;
  private static final int MAX_NAME = 200;
  private static final int MAX_TEXT = 64 << 10;
  private static final int LONGEST_SHOWN = 60;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          // Names may come from strangers.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNameLength(MAX_NAME)
                  .maxStringLength(MAX_TEXT)
                  .maxNumberLength(20)
                  .build())
          .build();

  private final String where;
  private final String path;
  private final Map<String, Object> members;

  private Members(String where, String path, Map<String, Object> members) {
    this.where = where;
    this.path = path;
    this.members = members;
  }

  /**
   * Reads an object.
   *
   * @param where names the text in errors
   * @throws BadInputException if it is anything else, in UTF-8
   */
  static Members parse(String where, byte[] content) throws BadInputException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
    } catch (CharacterCodingException e) {
      throw new BadInputException(where + ": expected JSON in UTF-8, found other bytes");
    }
    try (JsonParser in = FACTORY.createParser(text)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new BadInputException(where + ": expected an object in JSON, found something else");
      }
      Map<String, Object> members = object(where, in);
      if (in.nextToken() != null) {
        throw new BadInputException(where + ": expected the end of the text, found more");
      }
      return new Members(where, "", members);
    } catch (StreamConstraintsException e) {
      throw new BadInputException(
          where + ": expected at most " + MAX_DEPTH + " levels and short texts, found more");
    } catch (JsonProcessingException e) {
      // Without the parser's message, which quotes the text.
      @Nullable JsonLocation at = e.getLocation();
      throw new BadInputException(
          where
              + (at == null ? "" : ": line " + at.getLineNr() + ", column " + at.getColumnNr())
              + ": expected JSON, found something else");
    } catch (IOException e) {
      throw new IllegalStateException("a text in memory can be read", e);
    }
  }

  private static Map<String, Object> object(String where, JsonParser in)
      throws IOException, BadInputException {
    Map<String, Object> members = new LinkedHashMap<>();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      int line = in.currentTokenLocation().getLineNr();
      in.nextToken();
      if (members.put(name, value(where, in)) != null) {
        throw new BadInputException(
            where + ": line " + line + ": " + shown(name) + ": expected once, found twice");
      }
    }
    return members;
  }

  private static Object value(String where, JsonParser in) throws IOException, BadInputException {
    return switch (in.currentToken()) {
      case START_OBJECT -> object(where, in);
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(where, in));
        }
        yield list;
      }
      case VALUE_STRING -> {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(in.getText())) {
          throw new BadInputException(
              where
                  + ": line "
                  + in.currentTokenLocation().getLineNr()
                  + ": expected Unicode, found half of a surrogate pair");
        }
        yield in.getText();
      }
      case VALUE_NUMBER_INT -> in.getBigIntegerValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default ->
          throw new BadInputException(
              where
                  + ": line "
                  + in.currentTokenLocation().getLineNr()
                  + ": expected a text, a whole number, an object or a list, found null or a"
                  + " fraction");
    };
  }

  private static String shown(String name) {
    return TailnetName.printable(name.substring(0, Math.min(name.length(), LONGEST_SHOWN)));
  }

  /** What is wrong with a member. */
  BadInputException bad(String name, String expected, String found) {
    return new BadInputException(
        where + ": " + at(name) + ": expected " + expected + ", found " + found);
  }

  /** What is wrong with a member's text, which the error does not quote. */
  BadInputException bad(String name, TextException e) {
    return new BadInputException(where + ": " + at(name) + ": " + e.getMessage());
  }

  private String at(String name) {
    return (path.isEmpty() ? "" : path + ".") + shown(name);
  }

  private static String kindOf(Object value) {
    if (value instanceof String) {
      return "a text";
    }
    if (value instanceof BigInteger) {
      return "a number";
    }
    if (value instanceof Boolean) {
      return "true or false";
    }
    return value instanceof List ? "a list" : "an object";
  }

  private <T> Optional<T> take(String name, Class<T> kind, String expected)
      throws BadInputException {
    @Nullable Object value = members.remove(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!kind.isInstance(value)) {
      throw bad(name, expected, kindOf(value));
    }
    return Optional.of(kind.cast(value));
  }

  private <T> T required(String name, Optional<T> value, String expected) throws BadInputException {
    if (value.isEmpty()) {
      throw bad(name, expected, "nothing");
    }
    return value.get();
  }

  boolean has(String name) {
    return members.containsKey(name);
  }

  /** Takes a text of at least one character. */
  Optional<String> optionalText(String name, int longest) throws BadInputException {
    String expected = "a text of 1 to " + longest + " characters";
    Optional<String> text = take(name, String.class, expected);
    if (text.isPresent() && (text.get().isEmpty() || text.get().length() > longest)) {
      throw bad(name, expected, "one of " + text.get().length());
    }
    return text;
  }

  /** Takes a text of at least one character. */
  String text(String name, int longest) throws BadInputException {
    return required(name, optionalText(name, longest), "a text of 1 to " + longest + " characters");
  }

  /** Reads what a text says. */
  @FunctionalInterface
  interface Reading<T> {
    T of(String text) throws Exception;
  }

  /** Takes a text of some kind. */
  <T> Optional<T> optional(String name, int longest, String expected, Reading<T> reading)
      throws BadInputException {
    Optional<String> text = take(name, String.class, expected);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (text.get().length() > longest) {
      throw bad(name, expected, "a longer text");
    }
    try {
      return Optional.of(reading.of(text.get()));
    } catch (Exception e) {
      throw bad(name, expected, "another text");
    }
  }

  /** Takes a text of some kind. */
  <T> T value(String name, int longest, String expected, Reading<T> reading)
      throws BadInputException {
    return required(name, optional(name, longest, expected, reading), expected);
  }

  /** Takes a time. */
  Instant time(String name) throws BadInputException {
    return value(name, 40, "a time such as 2030-01-31T00:00:00Z", Members::instant);
  }

  private static Instant instant(String text) throws DateTimeException {
    return Instant.parse(text);
  }

  /** Takes a whole number. */
  int number(String name, int least, int most) throws BadInputException {
    String expected = "a whole number of " + least + " to " + most;
    BigInteger number = required(name, take(name, BigInteger.class, expected), expected);
    if (number.bitLength() > 31 || number.intValue() < least || number.intValue() > most) {
      throw bad(name, expected, "another");
    }
    return number.intValue();
  }

  /** Takes an object. */
  Optional<Members> optionalObject(String name) throws BadInputException {
    String at = at(name);
    return take(name, Map.class, "an object").map(map -> new Members(where, at, cast(map)));
  }

  /** Takes an object. */
  Members object(String name) throws BadInputException {
    return required(name, optionalObject(name), "an object");
  }

  @SuppressWarnings("unchecked") // Made in object().
  private static Map<String, Object> cast(Object map) {
    return (Map<String, Object>) map;
  }

  /** Takes a list of objects that has one or more. */
  List<Members> objects(String name, int most) throws BadInputException {
    List<Members> objects = new ArrayList<>();
    int i = 0;
    for (Object each : required(name, list(name, most), "a list of objects")) {
      if (!(each instanceof Map)) {
        throw bad(name + "[" + i + "]", "an object", kindOf(each));
      }
      objects.add(new Members(where, at(name) + "[" + i++ + "]", cast(each)));
    }
    return objects;
  }

  /** Takes a list of texts that has one or more. */
  Optional<List<String>> optionalTexts(String name, int most, int longest)
      throws BadInputException {
    Optional<List<?>> list = list(name, most);
    if (list.isEmpty()) {
      return Optional.empty();
    }
    List<String> texts = new ArrayList<>();
    for (Object each : list.get()) {
      String at = name + "[" + texts.size() + "]";
      if (!(each instanceof String text)) {
        throw bad(at, "a text", kindOf(each));
      }
      if (text.isEmpty() || text.length() > longest) {
        throw bad(at, "a text of 1 to " + longest + " characters", "one of " + text.length());
      }
      texts.add(text);
    }
    return Optional.of(List.copyOf(texts));
  }

  /** Takes a list of texts that has one or more. */
  List<String> texts(String name, int most, int longest) throws BadInputException {
    return required(name, optionalTexts(name, most, longest), "a list of texts");
  }

  private Optional<List<?>> list(String name, int most) throws BadInputException {
    String expected = "a list of 1 to " + most;
    Optional<List<?>> list = take(name, List.class, expected).map(each -> (List<?>) each);
    if (list.isPresent() && (list.get().isEmpty() || list.get().size() > most)) {
      throw bad(name, expected, "one of " + list.get().size());
    }
    return list;
  }

  /** Takes all that is left, as texts by their names. */
  Map<String, String> rest(int longest) throws BadInputException {
    Map<String, String> texts = new LinkedHashMap<>();
    for (String name : List.copyOf(members.keySet())) {
      texts.put(name, text(name, longest));
    }
    return texts;
  }

  /** Refuses members that nobody took. */
  void end() throws BadInputException {
    for (String name : members.keySet()) {
      throw new BadInputException(where + ": " + at(name) + ": expected no such member, found it");
    }
  }
}
