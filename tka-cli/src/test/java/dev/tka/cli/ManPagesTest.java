package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The manual says what the help says, and a formatter takes every page without a warning. */
class ManPagesTest {
  private static final String DATE = "2026-01-31";
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z][a-z-]+");

  private final SortedMap<String, String> pages = ManPages.pages(DATE);

  @Test
  void everyVerbHasAPageWithAllThatItsHelpNames() {
    assertThat(pages).hasSize(Verbs.ALL.size() + 1);
    assertThat(pages.get("tka.1")).startsWith(".TH TKA 1 " + DATE);
    for (Verbs.Verb verb : Verbs.ALL) {
      assertThat(plain("tka.1")).contains("tka-" + verb.name() + " (1)\n" + verb.summary());
      String page = plain("tka-" + verb.name() + ".1");
      for (List<String> words : commands(verb.name())) {
        String help = Cli.run(words.toArray()).out();
        assertThat(OPTION.matcher(help).results().map(found -> found.group()))
            .as("%s", words)
            .isNotEmpty()
            .allMatch(page::contains);
      }
    }
  }

  @Test
  void thePagesSayWhatEachPartOfAVerbTakes() {
    String page = plain("tka-node.1");
    assertThat(page)
        .contains(".SH COMMANDS\n.SS tka node run\n.B tka node run\n")
        .contains(".TP\n.B --node-key=NODEKEY\nThe node's key, nodekey:..., as control has it.");
    assertThat(plain("tka-serve.1")).contains(".SH SETTINGS\n");
    assertThat(plain("tka.1"))
        .contains(".SH EXIT STATUS\n.TP\n.B 0\nsuccess\n")
        .contains(".SH EXAMPLES\n.EX\n  tka demo ");
    assertThat(plain("tka-compact.1")).contains("(default: ").doesNotContain("${");
  }

  @Test
  void aFormatterTakesEveryPageWithoutAWarning(@TempDir Path folder) throws Exception {
    ManPages.main(new String[] {folder.resolve("man").toString(), DATE});
    List<String> files;
    try (Stream<Path> found = Files.list(folder.resolve("man"))) {
      files = found.map(Path::toString).sorted().toList();
    }
    assertThat(files).hasSize(pages.size());

    List<String> formatter = new ArrayList<>(List.of("groff", "-ww", "-man", "-Tascii"));
    formatter.addAll(files);
    Path warnings = folder.resolve("warnings");
    Path text = folder.resolve("text");
    Process process;
    try {
      process =
          new ProcessBuilder(formatter)
              .redirectOutput(text.toFile())
              .redirectError(warnings.toFile())
              .start();
    } catch (IOException e) {
      System.out.println("left out, as groff is not installed: the manual's pages are formatted");
      assumeTrue(false, "groff");
      return;
    }
    assertThat(process.waitFor()).isZero();
    assertThat(warnings).isEmptyFile();
    assertThat(Files.readString(text).contains("which lists the exit statuses")).isTrue();
  }

  /** The verb itself, and the commands within it. */
  private static List<List<String>> commands(String verb) {
    List<List<String>> all = new ArrayList<>();
    all.add(List.of(verb, "--help"));
    Map<String, CommandLine> subs = new CommandLine(Verbs.command(verb)).getSubcommands();
    subs.keySet().forEach(sub -> all.add(List.of(verb, sub, "--help")));
    return all;
  }

  /** A page without escapes. */
  private String plain(String page) {
    return pages
        .get(page)
        .replace("\\-", "-")
        .replace("\\(aq", "'")
        .replace("\\(dq", "\"")
        .replace("\\&", "")
        .replace("\\e", "\\");
  }
}
