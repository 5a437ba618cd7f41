package dev.tka.cli.output;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;

/**
 * Prints the result of {@code inspect} for people: the names and values of the JSON, one per line,
 * indented. So both forms always agree.
 */
public final class InspectText {
  private static final String INDENT = "  ";

  private InspectText() {}

  public static void print(Map<String, Object> item, PrintWriter out) {
    item.forEach((name, value) -> print(name, value, "", out));
  }

  private static void print(String name, Object value, String indent, PrintWriter out) {
    if (value instanceof Map<?, ?> map) {
      out.println(indent + name + ":");
      map.forEach((key, inner) -> print(clean(key), inner, indent + INDENT, out));
    } else if (value instanceof List<?> list) {
      out.println(indent + name + (list.isEmpty() ? ": none" : ":"));
      for (int i = 0; i < list.size(); i++) {
        printElement(i, list.get(i), indent, out);
      }
    } else {
      out.println(indent + name + ": " + clean(value));
    }
  }

  private static void printElement(int index, Object element, String indent, PrintWriter out) {
    if (element instanceof Map<?, ?> map) {
      out.println(indent + INDENT + "[" + index + "]");
      map.forEach((key, inner) -> print(clean(key), inner, indent + INDENT + INDENT, out));
    } else {
      out.println(indent + INDENT + "- " + clean(element));
    }
  }

  private static String clean(Object value) {
    return Texts.printable(value.toString());
  }
}
