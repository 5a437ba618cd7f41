package dev.tka.conformance;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object of golden data. Remembers which fields were read, so that a field that no checker
 * knows is found ({@link #requireAllRead}) instead of ignored.
 */
final class GoldenCase {
  private final String where;
  private final Map<String, @Nullable Object> fields;
  private final Set<String> read = new HashSet<>();
  private final List<GoldenCase> nested = new ArrayList<>();

  private GoldenCase(String where, Map<?, ?> fields) {
    this.where = where;
    this.fields = new LinkedHashMap<>();
    fields.forEach((name, value) -> this.fields.put(String.valueOf(name), value));
  }

  /**
   * Parses one line.
   *
   * @throws IOException if it is not a JSON object
   */
  static GoldenCase parse(String where, String line) throws IOException {
    return new GoldenCase(where, JSON.std.mapFrom(line));
  }

  /** True if the field is present, null or not. */
  boolean has(String field) {
    return fields.containsKey(field);
  }

  /** OwnAums fields that only inform a reader, such as the reference's error texts. */
  void informative(String... names) {
    read.addAll(List.of(names));
  }

  /**
   * Compares whether there is an error; its text is the reference's and is not binding.
   *
   * @param expected whether the rest of the case implies an error
   */
  void requireError(String field, boolean expected) throws Mismatch {
    Mismatch.require(where + "." + field + " present", expected, optionalText(field).isPresent());
  }

  /** A required text. */
  String text(String field) throws Mismatch {
    return optionalText(field).orElseThrow(() -> missing(field, "a text"));
  }

  /** A text, or empty if the field is null or absent. */
  Optional<String> optionalText(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof String text) {
      return Optional.of(text);
    }
    throw missing(field, "a text");
  }

  /** Required bytes in hexadecimal. */
  Bytes hex(String field) throws Mismatch {
    return optionalHex(field).orElseThrow(() -> missing(field, "hexadecimal bytes"));
  }

  /** Bytes in hexadecimal, or empty if the field is null or absent. */
  Optional<Bytes> optionalHex(String field) throws Mismatch {
    Optional<String> text = optionalText(field);
    return text.isEmpty() ? Optional.empty() : Optional.of(parseHex(field, text.get()));
  }

  /** A required truth value. */
  boolean flag(String field) throws Mismatch {
    if (value(field) instanceof Boolean flag) {
      return flag;
    }
    throw missing(field, "true or false");
  }

  /** A truth value, false if the field is absent. */
  boolean optionalFlag(String field) throws Mismatch {
    return has(field) && flag(field);
  }

  /** A required number of at most 64 bits. */
  long unsigned(String field) throws Mismatch {
    return optionalUnsigned(field).orElseThrow(() -> missing(field, "a number"));
  }

  /** A number of at most 64 bits, unsigned, given as a number or as a decimal text. */
  Optional<Long> optionalUnsigned(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof Number || value instanceof String) {
      try {
        return Optional.of(new BigInteger(value.toString()).longValue());
      } catch (NumberFormatException e) {
        throw missing(field, "a number");
      }
    }
    throw missing(field, "a number");
  }

  /** A required list of numbers of at most 31 bits each. */
  List<Integer> numbers(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      throw missing(field, "a list of numbers");
    }
    List<Integer> numbers = new ArrayList<>();
    for (Object element : list(field, value)) {
      if (!(element instanceof Integer number)) {
        throw missing(field, "a list of numbers");
      }
      numbers.add(number);
    }
    return numbers;
  }

  /** A required number of at most 31 bits and a sign. */
  int number(String field) throws Mismatch {
    if (value(field) instanceof Integer number) {
      return number;
    }
    throw missing(field, "a number");
  }

  /** A list of texts, or empty if the field is null or absent. */
  Optional<List<String>> optionalTexts(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      return Optional.empty();
    }
    List<String> texts = new ArrayList<>();
    for (Object element : list(field, value)) {
      if (!(element instanceof String text)) {
        throw missing(field, "a list of texts");
      }
      texts.add(text);
    }
    return Optional.of(texts);
  }

  /** A required list: for each element, whether it is null. */
  List<Boolean> nulls(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      throw missing(field, "a list");
    }
    List<Boolean> nulls = new ArrayList<>();
    for (Object element : list(field, value)) {
      nulls.add(element == null);
    }
    return nulls;
  }

  /** A required list of bytes in hexadecimal. */
  List<Bytes> hexes(String field) throws Mismatch {
    List<Bytes> parsed = new ArrayList<>();
    for (String text :
        optionalTexts(field).orElseThrow(() -> missing(field, "a list of hexadecimal bytes"))) {
      parsed.add(parseHex(field, text));
    }
    return parsed;
  }

  /** A list of bytes in hexadecimal, each empty if null; empty if the field is absent. */
  Optional<List<Optional<Bytes>>> optionalHexes(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      return Optional.empty();
    }
    List<Optional<Bytes>> parsed = new ArrayList<>();
    for (Object element : list(field, value)) {
      if (element instanceof String text) {
        parsed.add(Optional.of(parseHex(field, text)));
      } else if (element == null) {
        parsed.add(Optional.empty());
      } else {
        throw missing(field, "a list of hexadecimal bytes");
      }
    }
    return Optional.of(parsed);
  }

  /** A list of objects, or empty if the field is null or absent. */
  Optional<List<GoldenCase>> optionalObjects(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      return Optional.empty();
    }
    List<GoldenCase> objects = new ArrayList<>();
    for (Object element : list(field, value)) {
      objects.add(object(field, element));
    }
    return Optional.of(objects);
  }

  /** A required object. */
  GoldenCase object(String field) throws Mismatch {
    return object(field, value(field));
  }

  /** An object, or empty if the field is null or absent. */
  Optional<GoldenCase> optionalObject(String field) throws Mismatch {
    Object value = value(field);
    return value == null ? Optional.empty() : Optional.of(object(field, value));
  }

  /** An object from texts to texts, or empty if the field is null or absent. */
  Optional<Map<String, String>> optionalTextMap(String field) throws Mismatch {
    Object value = value(field);
    if (value == null) {
      return Optional.empty();
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map(field, value).entrySet()) {
      if (!(entry.getKey() instanceof String key) || entry.getValue() == null) {
        throw missing(field, "an object of texts");
      }
      texts.put(key, entry.getValue().toString());
    }
    return Optional.of(texts);
  }

  /** Fails if there is a field that was never read. */
  void requireAllRead() throws Mismatch {
    Set<String> unread = new TreeSet<>(fields.keySet());
    unread.removeAll(read);
    if (!unread.isEmpty()) {
      throw new Mismatch(where + " has unknown fields: " + unread);
    }
    for (GoldenCase object : nested) {
      object.requireAllRead();
    }
  }

  private @Nullable Object value(String field) {
    read.add(field);
    return fields.get(field);
  }

  private GoldenCase object(String field, @Nullable Object value) throws Mismatch {
    GoldenCase parsed = new GoldenCase(where + "." + field, map(field, value));
    nested.add(parsed);
    return parsed;
  }

  private Map<?, ?> map(String field, @Nullable Object value) throws Mismatch {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw missing(field, "an object");
  }

  private List<?> list(String field, Object value) throws Mismatch {
    if (value instanceof List<?> list) {
      return list;
    }
    throw missing(field, "a list");
  }

  private Bytes parseHex(String field, String text) throws Mismatch {
    try {
      return Bytes.parseHex(text);
    } catch (TextException e) {
      throw missing(field, "hexadecimal bytes");
    }
  }

  private Mismatch missing(String field, String expected) {
    return new Mismatch(where + "." + field + ": expected " + expected);
  }
}
