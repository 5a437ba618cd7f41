package dev.tka.broker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** An object in one line of JSON, in the order of its members. */
final class JsonLine {
  private static final JsonFactory FACTORY = new JsonFactory();

  private JsonLine() {}

  static byte[] of(Map<String, Object> members) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      out.writeStartObject();
      for (Map.Entry<String, Object> each : members.entrySet()) {
        out.writeFieldName(each.getKey());
        if (each.getValue() instanceof List<?> list) {
          out.writeStartArray();
          for (Object text : list) {
            out.writeString(String.valueOf(text));
          }
          out.writeEndArray();
        } else if (each.getValue() instanceof Number number) {
          out.writeNumber(number.longValue());
        } else {
          out.writeString(String.valueOf(each.getValue()));
        }
      }
      out.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("memory can be written", e);
    }
    return bytes.toByteArray();
  }
}
