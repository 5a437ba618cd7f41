package dev.tka.cli.output;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * The help of a command, with lines that are broken at blanks only, and examples that are not
 * broken at all: what is copied from it is what was meant.
 */
public final class HelpText {
  public static final int WIDTH = 80;

  /** Wider than any text, so that each line comes whole. */
  private static final int UNBROKEN = 2000;

  /** The columns before a description, or the indent of a line. */
  private static final Pattern COLUMNS = Pattern.compile("^(?: *\\S+(?: \\S+)* {2,}| *)");

  private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;]*m");

  private HelpText() {}

  /** Makes a command and its subcommands print their help so. */
  public static void install(CommandLine command) {
    command.setUsageHelpWidth(UNBROKEN);
    Map<String, IHelpSectionRenderer> sections = new LinkedHashMap<>(command.getHelpSectionMap());
    sections.replaceAll(
        (name, whole) ->
            switch (name) {
              case UsageMessageSpec.SECTION_KEY_FOOTER -> whole;
              case UsageMessageSpec.SECTION_KEY_SYNOPSIS -> help -> synopsis(help, whole);
              default -> help -> wrap(whole.render(help));
            });
    command.setHelpSectionMap(sections);
  }

  /** It follows its heading on the same line. */
  private static String synopsis(CommandLine.Help help, IHelpSectionRenderer whole) {
    int heading = visible(help.synopsisHeading()).length();
    int name = help.commandSpec().qualifiedName().length() + 1;
    String text = whole.render(help).replaceAll("\\s+", " ").strip();
    return broken(text, heading, heading + name) + "\n";
  }

  /** The lines of a section, broken at blanks where they are too long. */
  static String wrap(String section) {
    // The heading of the synopsis goes on in the same line.
    String end = section.endsWith("\n") ? "\n" : "";
    return section.lines().map(HelpText::wrapLine).collect(Collectors.joining("\n")) + end;
  }

  private static String wrapLine(String line) {
    if (visible(line).length() <= WIDTH) {
      return line;
    }
    Matcher columns = COLUMNS.matcher(line);
    String before = columns.find() ? columns.group() : "";
    int indent = visible(before).length();
    return before + broken(line.substring(before.length()), indent, indent);
  }

  /**
   * A text over several lines.
   *
   * @param from the column at which it begins
   * @param indent the column at which each further line begins
   */
  private static String broken(String text, int from, int indent) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    int at = from;
    for (String word : text.split(" ", -1)) {
      int length = visible(word).length();
      if (line.length() > 0 && at + 1 + length > WIDTH) {
        lines.add(line.toString());
        line.setLength(0);
        at = indent;
      }
      if (line.length() > 0) {
        line.append(' ');
        at++;
      }
      line.append(word);
      at += length;
    }
    lines.add(line.toString());
    return String.join("\n" + " ".repeat(indent), lines);
  }

  private static String visible(String text) {
    return COLOUR.matcher(text).replaceAll("");
  }
}
