package dev.tka.cli.output;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;

/** Prints JSON as the reference does: two spaces per level, no space before a colon. */
public final class Json {
  /** The version of every schema of this command; it changes when a field changes its meaning. */
  public static final String SCHEMA_VERSION = "1";

  private static final DefaultIndenter INDENTER = new DefaultIndenter("  ", "\n");
  private static final DefaultPrettyPrinter PRETTY =
      new DefaultPrettyPrinter(
              Separators.createDefaultInstance()
                  .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                  .withArrayEmptySeparator("")
                  .withObjectEmptySeparator(""))
          .withObjectIndenter(INDENTER)
          .withArrayIndenter(INDENTER);
  private static final JsonFactory FACTORY =
      JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

  private Json() {}

  public static void print(PrintWriter out, Map<String, Object> object) throws IOException {
    try (JsonGenerator generator = generator(out)) {
      write(object, generator);
    }
    out.println();
  }

  /** A generator that leaves {@code out} open when it is closed. */
  static JsonGenerator generator(PrintWriter out) throws IOException {
    // A printer keeps its place in the text, so each generator has its own.
    return FACTORY.createGenerator(out).setPrettyPrinter(PRETTY.createInstance());
  }

  static void write(Map<String, Object> object, JsonGenerator generator) throws IOException {
    JSON.std.write(object, generator);
  }
}
