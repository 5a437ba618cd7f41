package dev.tka.store.state;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A JSON object of texts, whole numbers, flags, objects, and lists of texts or objects. It is
 * filled and written, or read and then emptied: each member is taken once, and {@link #end} refuses
 * what is left. An empty value is a member that is absent. Errors name the place and the member and
 * quote no value, which may be a secret. Not safe for use by several threads.
 */
public final class Row {
  private static final int MAX_DEPTH = 16;
  private static final int MAX_NAME = 4 << 10;

  /** The largest AUM in base64, and some more. */
  private static final int MAX_TEXT = Limits.MAX_AUM_BYTES / 3 * 4 + (1 << 20);

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
                  .build())
          .build();

  private final String where;
  private final Map<String, Object> members = new LinkedHashMap<>();

  private Row(String where) {
    this.where = where;
  }

  /** An empty one, to be filled. */
  public static Row empty() {
    return new Row("");
  }

  /**
   * Reads one. Memory is in proportion to the text, whatever it says.
   *
   * @param where names the place in errors, such as a file or a row's key
   * @throws StoreException.Damaged if the text is anything else
   */
  public static Row parse(String where, String text) throws StoreException.Damaged {
    try (JsonParser in = FACTORY.createParser(text)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new StoreException.Damaged(
            where + ": expected an object in JSON, found something else");
      }
      Row row = object(where, in);
      if (in.nextToken() != null) {
        throw new StoreException.Damaged(where + ": expected the end of the text, found more");
      }
      return row;
    } catch (StreamConstraintsException e) {
      throw new StoreException.Damaged(
          where + ": expected at most " + MAX_DEPTH + " levels and short names, found more");
    } catch (JsonEOFException e) {
      throw new StoreException.Damaged(where + ": truncated: expected more, found the end");
    } catch (JsonProcessingException e) {
      // Without the parser's message, which quotes the text.
      JsonLocation at = e.getLocation();
      throw new StoreException.Damaged(
          where
              + (at == null ? "" : ": line " + at.getLineNr() + ", column " + at.getColumnNr())
              + ": expected JSON, found something else");
    } catch (IOException e) {
      // There is no medium that could fail.
      throw new UncheckedIOException(e);
    }
  }

  // Filling.

  /** Adds a member. */
  public Row put(String name, String text) {
    members.put(name, text);
    return this;
  }

  /** Adds a member. */
  public Row put(String name, long number) {
    members.put(name, number);
    return this;
  }

  /** Adds a member, unless it is false. */
  public Row put(String name, boolean flag) {
    if (flag) {
      members.put(name, true);
    }
    return this;
  }

  /** Adds a member in base64. */
  public Row put(String name, Bytes bytes) {
    return put(name, base64(bytes));
  }

  /** Adds a member. */
  public Row put(String name, AumHash hash) {
    return put(name, hash.toString());
  }

  /** Adds a member in ISO 8601. */
  public Row put(String name, Instant time) {
    return put(name, time.toString());
  }

  /** Adds a member, unless it is empty. */
  public Row put(String name, Row row) {
    if (!row.members.isEmpty()) {
      members.put(name, row);
    }
    return this;
  }

  /** Adds a list of objects, unless it is empty. */
  public Row put(String name, List<Row> rows) {
    if (!rows.isEmpty()) {
      members.put(name, List.copyOf(rows));
    }
    return this;
  }

  /** Adds a list of texts, unless it is empty. */
  public Row putTexts(String name, List<String> texts) {
    if (!texts.isEmpty()) {
      members.put(name, List.copyOf(texts));
    }
    return this;
  }

  static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** The object in one line. */
  @Override
  public String toString() {
    return json(this);
  }

  /**
   * The object as a text for people. Each member has lines of its own, and so has each object in a
   * list; of these, some begin another level of such lines.
   *
   * @param levels the number of levels
   */
  public String toLines(int levels) {
    StringBuilder out = new StringBuilder();
    lines(out, levels, "");
    return out.append('\n').toString();
  }

  private void lines(StringBuilder out, int levels, String indent) {
    String inner = indent + "  ";
    String separator = "{\n";
    for (Map.Entry<String, Object> each : members.entrySet()) {
      out.append(separator).append(inner).append(json(each.getKey())).append(": ");
      separator = ",\n";
      if (each.getValue() instanceof List<?> list && list.get(0) instanceof Row) {
        String before = "[\n";
        for (Object row : list) {
          out.append(before).append(inner).append("  ");
          before = ",\n";
          if (levels > 1) {
            ((Row) row).lines(out, levels - 1, inner + "  ");
          } else {
            out.append(row);
          }
        }
        out.append('\n').append(inner).append(']');
      } else {
        out.append(json(each.getValue()));
      }
    }
    out.append(members.isEmpty() ? "{" : "\n" + indent).append('}');
  }

  private static String json(Object value) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      write(out, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private void write(JsonGenerator out) throws IOException {
    out.writeStartObject();
    for (Map.Entry<String, Object> each : members.entrySet()) {
      out.writeFieldName(each.getKey());
      write(out, each.getValue());
    }
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, Object value) throws IOException {
    if (value instanceof Row row) {
      row.write(out);
    } else if (value instanceof List<?> list) {
      out.writeStartArray();
      for (Object each : list) {
        write(out, each);
      }
      out.writeEndArray();
    } else if (value instanceof Long number) {
      out.writeNumber(number);
    } else if (value instanceof Boolean flag) {
      out.writeBoolean(flag);
    } else {
      out.writeString((String) value);
    }
  }

  // Emptying.

  /** What is wrong with a member. */
  public StoreException.Damaged damaged(String name, String expected) {
    return new StoreException.Damaged(
        where + ": \"" + name + "\": expected " + expected + ", found something else");
  }

  private <T> Optional<T> take(String name, Class<T> kind, String expected)
      throws StoreException.Damaged {
    Object value = members.remove(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!kind.isInstance(value)) {
      throw damaged(name, expected);
    }
    return Optional.of(kind.cast(value));
  }

  private <T> T required(String name, Optional<T> value, String expected)
      throws StoreException.Damaged {
    if (value.isEmpty()) {
      throw new StoreException.Damaged(
          where + ": \"" + name + "\": expected " + expected + ", found nothing");
    }
    return value.get();
  }

  /** Takes a text. */
  public Optional<String> optionalText(String name) throws StoreException.Damaged {
    return take(name, String.class, "a text");
  }

  /** Takes a text. */
  public String text(String name) throws StoreException.Damaged {
    return required(name, optionalText(name), "a text");
  }

  /** Takes a whole number. */
  public Optional<Long> optionalNumber(String name) throws StoreException.Damaged {
    return take(name, Long.class, "a whole number");
  }

  /** Takes a whole number. */
  public long number(String name) throws StoreException.Damaged {
    return required(name, optionalNumber(name), "a whole number");
  }

  /** Takes a flag, which is absent for false. */
  public boolean flag(String name) throws StoreException.Damaged {
    return take(name, Boolean.class, "true or false").orElse(false);
  }

  /** Takes a text of some kind. */
  <T> Optional<T> optional(String name, String expected, Reading<T> reading)
      throws StoreException.Damaged {
    Optional<String> text = optionalText(name);
    return text.isEmpty()
        ? Optional.empty()
        : Optional.of(read(name, text.get(), expected, reading));
  }

  private <T> T read(String name, String text, String expected, Reading<T> reading)
      throws StoreException.Damaged {
    try {
      return reading.of(text);
    } catch (TkaException | IllegalArgumentException | DateTimeException e) {
      throw damaged(name, expected);
    }
  }

  /** Takes a text of some kind. */
  <T> T value(String name, String expected, Reading<T> reading) throws StoreException.Damaged {
    return required(name, optional(name, expected, reading), expected);
  }

  /** Reads a text. */
  @FunctionalInterface
  interface Reading<T> {
    T of(String text) throws TkaException;
  }

  /** Takes bytes in base64. */
  public Optional<Bytes> optionalBytes(String name) throws StoreException.Damaged {
    return optional(name, "bytes in base64", Row::bytesOf);
  }

  /** Takes bytes in base64. */
  public Bytes bytes(String name) throws StoreException.Damaged {
    return value(name, "bytes in base64", Row::bytesOf);
  }

  static Bytes bytesOf(String base64) {
    Bytes bytes = Bytes.copyOf(Base64.getDecoder().decode(base64));
    if (!base64(bytes).equals(base64)) {
      throw new IllegalArgumentException("another encoding of the same bytes");
    }
    return bytes;
  }

  /** Takes a hash. */
  public Optional<AumHash> optionalHash(String name) throws StoreException.Damaged {
    return optional(name, "a hash", AumHash::parse);
  }

  /** Takes a hash. */
  public AumHash hash(String name) throws StoreException.Damaged {
    return value(name, "a hash", AumHash::parse);
  }

  /** Takes a time. */
  public Optional<Instant> optionalTime(String name) throws StoreException.Damaged {
    return optional(name, "a time in ISO 8601", Instant::parse);
  }

  /** Takes a time. */
  public Instant time(String name) throws StoreException.Damaged {
    return value(name, "a time in ISO 8601", Instant::parse);
  }

  /** Takes an object. */
  public Optional<Row> optionalRow(String name) throws StoreException.Damaged {
    return take(name, Row.class, "an object");
  }

  /** Takes a list of objects. */
  public List<Row> rows(String name) throws StoreException.Damaged {
    return list(name, Row.class, "a list of objects");
  }

  /** Takes a list of texts of some kind. */
  <T> List<T> values(String name, String expected, Reading<T> reading)
      throws StoreException.Damaged {
    List<T> values = new ArrayList<>();
    for (String each : list(name, String.class, "a list of texts")) {
      values.add(read(name, each, expected, reading));
    }
    return values;
  }

  private <T> List<T> list(String name, Class<T> kind, String expected)
      throws StoreException.Damaged {
    List<T> list = new ArrayList<>();
    for (Object each : take(name, List.class, expected).orElse(List.of())) {
      if (!kind.isInstance(each)) {
        throw damaged(name, expected);
      }
      list.add(kind.cast(each));
    }
    return list;
  }

  /** Whether there is a member that nobody took. */
  public boolean has(String name) {
    return members.containsKey(name);
  }

  /** Drops members that are known already. */
  public void drop(List<String> names) {
    names.forEach(members::remove);
  }

  /**
   * Refuses members that nobody took.
   *
   * @throws StoreException.Damaged if there are any
   */
  public void end() throws StoreException.Damaged {
    if (!members.isEmpty()) {
      throw new StoreException.Damaged(
          where
              + ": expected no more members, found \""
              + printable(members.keySet().iterator().next())
              + "\"");
    }
  }

  private static String printable(String name) {
    return TailnetName.printable(name.substring(0, Math.min(name.length(), Tailnets.LONGEST_NAME)));
  }

  // Reading.

  private static Object value(String where, JsonParser in)
      throws IOException, StoreException.Damaged {
    return switch (in.currentToken()) {
      case START_OBJECT -> object(where, in);
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(where, in));
        }
        yield list;
      }
      case VALUE_STRING -> in.getText();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT -> in.getLongValue();
      default ->
          throw new StoreException.Damaged(
              where
                  + ": line "
                  + in.currentTokenLocation().getLineNr()
                  + ": expected a text, a whole number, true, false, an object or a list, found"
                  + " something else");
    };
  }

  private static Row object(String where, JsonParser in)
      throws IOException, StoreException.Damaged {
    Row row = new Row(where);
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      in.nextToken();
      if (row.members.put(name, value(where, in)) != null) {
        throw new StoreException.Damaged(
            where + ": expected each member once, found \"" + printable(name) + "\" twice");
      }
    }
    return row;
  }
}
