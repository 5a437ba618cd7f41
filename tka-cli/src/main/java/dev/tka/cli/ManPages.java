package dev.tka.cli;

import dev.tka.cli.input.Tka;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Writes the manual in roff, a page for the command and one for each verb, from what their help is
 * made of. Packages are built with it.
 */
public final class ManPages {
  /** Wider than any text, so that each paragraph comes on one line. */
  private static final int UNBROKEN = 10_000;

  private final StringBuilder roff = new StringBuilder();

  private ManPages() {}

  /**
   * Writes all pages.
   *
   * @param args the folder, which is made if it is missing, and the date that the pages bear
   */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[0]));
    for (Map.Entry<String, String> page : pages(args[1]).entrySet()) {
      Files.writeString(folder.resolve(page.getKey()), page.getValue(), StandardCharsets.US_ASCII);
    }
  }

  /** The pages by the names of their files. */
  static SortedMap<String, String> pages(String date) {
    Tka tka = Main.tka(InputStream.nullInputStream(), OutputStream.nullOutputStream(), false);
    // The one verb that is about all others has the command complete.
    CommandLine command = Main.commandLine(tka, Verbs.COMPLETION);
    command.setUsageHelpWidth(UNBROKEN);
    SortedMap<String, String> pages = new TreeMap<>();
    CommandSpec root = command.getCommandSpec();
    pages.put("tka.1", new ManPages().page(root, description(root).get(0), date));
    for (Verbs.Verb verb : Verbs.ALL) {
      CommandLine one = Objects.requireNonNull(root.subcommands().get(verb.name()), verb.name());
      pages.put(
          "tka-" + verb.name() + ".1",
          new ManPages().page(one.getCommandSpec(), verb.summary(), date));
    }
    return pages;
  }

  private String page(CommandSpec spec, String summary, String date) {
    boolean isRoot = spec.parent() == null;
    String name = spec.qualifiedName("-");
    String version = spec.root().version()[0];
    roff.append(".TH ").append(escaped(name.toUpperCase(Locale.ROOT))).append(" 1 ");
    roff.append(date).append(" \"").append(escaped(version)).append("\" \"User Commands\"\n");
    // Words that are to be copied are not hyphenated, and lines not stretched.
    roff.append(".nr HY 0\n.ad l\n");
    section("NAME");
    text(name + " - " + summary.replaceFirst("\\.$", ""));
    synopsis(".SH SYNOPSIS\n", spec);
    section("DESCRIPTION");
    List<String> description = description(spec);
    text(description.get(0));
    description.subList(1, description.size()).forEach(this::paragraph);
    arguments(spec, ".SH ");
    if (!spec.subcommands().isEmpty()) {
      section("COMMANDS");
    }
    if (isRoot) {
      for (Verbs.Verb verb : Verbs.ALL) {
        roff.append(".TP\n.BR ").append(escaped("tka-" + verb.name())).append(" (1)\n");
        text(verb.summary());
      }
      section("EXIT STATUS");
      spec.usageMessage().exitCodeList().forEach(this::item);
    } else {
      spec.subcommands().values().forEach(sub -> part(sub.getCommandSpec()));
    }
    examples(spec, ".SH EXAMPLES\n");
    if (!isRoot) {
      section("SEE ALSO");
      roff.append(".BR tka (1),\nwhich lists the exit statuses\n");
    }
    return roff.toString();
  }

  /** A command within a verb's page. */
  private void part(CommandSpec spec) {
    synopsis(".SS " + escaped(spec.qualifiedName()) + "\n", spec);
    description(spec).forEach(this::paragraph);
    arguments(spec, ".PP\n");
    examples(spec, ".PP\nExamples:\n");
  }

  private static List<String> description(CommandSpec spec) {
    return new CommandLine.Help(spec, Ansi.OFF)
        .description()
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .toList();
  }

  private void section(String name) {
    roff.append(".SH ").append(name).append('\n');
  }

  private void synopsis(String heading, CommandSpec spec) {
    String name = spec.qualifiedName();
    CommandLine.Help help = new CommandLine.Help(spec, Ansi.OFF);
    String all = help.synopsis(0).replaceAll("\\s+", " ").strip();
    roff.append(heading).append(".B ").append(escaped(name)).append('\n');
    text(all.substring(name.length()).strip());
  }

  /**
   * The operands and the options, those of a group under its heading.
   *
   * @param level what begins a heading
   */
  private void arguments(CommandSpec spec, String level) {
    CommandLine.Help help = new CommandLine.Help(spec, Ansi.OFF);
    items("OPERANDS", level, spec.positionalParameters().stream(), help);
    items("OPTIONS", level, spec.options().stream().filter(o -> heading(o.group()) == null), help);
    for (ArgGroupSpec group : spec.argGroups()) {
      String heading = heading(group);
      if (heading != null) {
        items(heading, level, group.allOptionsNested().stream(), help);
      }
    }
  }

  private static @Nullable String heading(@Nullable ArgGroupSpec group) {
    if (group == null) {
      return null;
    }
    return group.heading() == null
        ? heading(group.parentGroup())
        : Ansi.OFF
            .string(String.format(group.heading()))
            .strip()
            .replaceFirst(":$", "")
            .toUpperCase(Locale.ROOT);
  }

  private void items(
      String heading, String level, Stream<? extends ArgSpec> args, CommandLine.Help help) {
    List<? extends ArgSpec> shown =
        args.filter(arg -> !arg.hidden()).sorted(Comparator.comparing(ManPages::order)).toList();
    if (!shown.isEmpty()) {
      roff.append(level).append(escaped(heading)).append('\n');
    }
    for (ArgSpec arg : shown) {
      String label =
          help.parameterLabelRenderer().renderParameterLabel(arg, Ansi.OFF, List.of()).toString();
      String names = arg instanceof OptionSpec option ? String.join(", ", option.names()) : "";
      item(names + label, Ansi.OFF.string(String.join(" ", arg.description())));
    }
  }

  /** Options by name, operands by place, which their sort keeps. */
  private static String order(ArgSpec arg) {
    return arg instanceof OptionSpec option ? option.longestName() : "";
  }

  private void item(String term, String meaning) {
    roff.append(".TP\n.B ").append(escaped(term.strip())).append('\n');
    text(meaning.strip());
  }

  private void examples(CommandSpec spec, String heading) {
    String lines = new CommandLine.Help(spec, Ansi.OFF).footer();
    if (lines.isBlank()) {
      return;
    }
    roff.append(heading).append(".EX\n");
    lines.lines().forEach(this::text);
    roff.append(".EE\n");
  }

  private void paragraph(String text) {
    roff.append(".PP\n");
    text(text);
  }

  private void text(String line) {
    if (line.isEmpty()) {
      return;
    }
    // A request begins with one of these.
    roff.append(line.startsWith(".") || line.startsWith("'") ? "\\&" : "")
        .append(escaped(line))
        .append('\n');
  }

  /** What stands for itself when it is printed, so that it can be copied. */
  private static String escaped(String text) {
    return text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace("'", "\\(aq")
        .replace("`", "\\(ga")
        .replace("^", "\\(ha")
        .replace("~", "\\(ti")
        .replace("\"", "\\(dq");
  }
}
