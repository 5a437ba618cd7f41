package dev.tka.control.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Our own JSON (service, section 10). */
final class Json {
  /** The deepest that anything of ours nests is two. */
  private static final int DEEPEST = 8;

  /** The longest text of ours is a node-key signature in base64. */
  private static final int LONGEST_TEXT = 1 << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          // Names come from strangers: they are not kept once the text has been read.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEEPEST)
                  .maxStringLength(LONGEST_TEXT)
                  .maxNameLength(200)
                  .maxNumberLength(40)
                  .build())
          .build();

  private Json() {}

  /** What reads from a parser. */
  interface Reading<T> {
    T from(JsonParser parser) throws IOException, HttpFailure;
  }

  /**
   * Reads a text of JSON that comes from a client.
   *
   * @throws HttpFailure if it is not JSON; the message quotes nothing of it
   */
  static <T> T read(InputStream in, Reading<T> reading) throws IOException, HttpFailure {
    try (JsonParser parser = FACTORY.createParser(in)) {
      return reading.from(parser);
    } catch (JsonProcessingException e) {
      throw HttpFailure.malformed(
          "the body is not JSON, or nests too deep, or has a text too long");
    } catch (java.io.CharConversionException e) {
      throw HttpFailure.malformed("the body is not UTF-8");
    }
  }

  /** Requires that nothing follows. */
  static void requireEnd(JsonParser parser) throws IOException, HttpFailure {
    if (parser.nextToken() != null) {
      throw HttpFailure.malformed("the body goes on after its JSON value");
    }
  }

  static void require(JsonToken token, JsonParser parser, Supplier<String> what)
      throws HttpFailure {
    if (parser.currentToken() != token) {
      throw HttpFailure.malformed("expected " + what.get());
    }
  }

  /** What writes with a generator. */
  interface Writing {
    void to(JsonGenerator out) throws IOException;
  }

  static byte[] bytes(Writing writing) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    try {
      write(writing, out);
    } catch (IOException e) {
      throw new AssertionError("memory can be written", e);
    }
    return out.toByteArray();
  }

  /** Writes one value; the stream stays open. */
  static void write(Writing writing, OutputStream out) throws IOException {
    try (JsonGenerator generator = FACTORY.createGenerator(out)) {
      generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      generator.disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);
      writing.to(generator);
    }
  }

  /** A line with one value. */
  static void line(Writing writing, OutputStream out) throws IOException {
    write(writing, out);
    out.write('\n');
  }

  /** A value of maps, lists, texts, numbers and truth values. */
  static void value(Object value, JsonGenerator out) throws IOException {
    if (value instanceof Map<?, ?> map) {
      out.writeStartObject();
      for (Map.Entry<?, ?> each : map.entrySet()) {
        out.writeFieldName(String.valueOf(each.getKey()));
        value(each.getValue(), out);
      }
      out.writeEndObject();
    } else if (value instanceof List<?> list) {
      out.writeStartArray();
      for (Object each : list) {
        value(each, out);
      }
      out.writeEndArray();
    } else if (value instanceof BigInteger number) {
      out.writeNumber(number);
    } else if (value instanceof Number number) {
      out.writeNumber(number.longValue());
    } else if (value instanceof Boolean truth) {
      out.writeBoolean(truth);
    } else {
      out.writeString(String.valueOf(value));
    }
  }
}
