package dev.tka.cli;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;

/** Prints JSON as the reference does: two spaces a level, no space before a colon. */
final class Json {
  /** The version of every schema of this command; it changes when a field changes its meaning. */
  static final String SCHEMA_VERSION = "1";

  private static final DefaultIndenter INDENTER = new DefaultIndenter("  ", "\n");
  private static final JSON PRETTY =
      JSON.std.with(
          new DefaultPrettyPrinter(
                  Separators.createDefaultInstance()
                      .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                      .withArrayEmptySeparator("")
                      .withObjectEmptySeparator(""))
              .withObjectIndenter(INDENTER)
              .withArrayIndenter(INDENTER));

  private Json() {}

  static void print(PrintWriter out, Map<String, Object> object) throws IOException {
    out.println(PRETTY.asString(object));
  }
}
