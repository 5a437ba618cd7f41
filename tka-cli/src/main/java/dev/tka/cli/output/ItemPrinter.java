package dev.tka.cli.output;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;

/** Prints items one by one, so that there may be any number of them. */
public interface ItemPrinter extends AutoCloseable {
  /** Prints one item. */
  void print(Map<String, Object> item) throws IOException;

  /** Prints the end of the list. */
  @Override
  void close() throws IOException;

  /** For people: a blank line between items. */
  static ItemPrinter text(PrintWriter out) {
    return new ItemPrinter() {
      private boolean first = true;

      @Override
      public void print(Map<String, Object> item) {
        if (!first) {
          out.println();
        }
        first = false;
        InspectText.print(item, out);
      }

      @Override
      public void close() {
        // Nothing ends a list for people.
      }
    };
  }

  /** For programs: one object, with the items in an array. */
  static ItemPrinter json(PrintWriter out) throws IOException {
    JsonGenerator generator = Json.generator(out);
    generator.writeStartObject();
    generator.writeStringField("SchemaVersion", Json.SCHEMA_VERSION);
    generator.writeArrayFieldStart("Items");
    return new ItemPrinter() {
      @Override
      public void print(Map<String, Object> item) throws IOException {
        Json.write(item, generator);
      }

      @Override
      public void close() throws IOException {
        generator.writeEndArray();
        generator.writeEndObject();
        generator.close();
        out.println();
      }
    };
  }
}
