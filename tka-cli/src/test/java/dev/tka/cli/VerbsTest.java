package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.HelpText;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** What people type and copy: verbs, other words for them, slips, and the help. */
class VerbsTest {
  @Test
  void theSummaryOfEachVerbIsTheBeginningOfItsOwnHelp() {
    for (Verbs.Verb verb : Verbs.ALL) {
      String description =
          new CommandLine(Verbs.command(verb.name()))
              .getCommandSpec()
              .usageMessage()
              .description()[0]
              .replace("${ROOT-COMMAND-NAME:-the root command of this command}", "tka");
      assertThat(description.replace("@|bold tka|@", "tka"))
          .as(verb.name())
          .startsWith(
              verb.name().equals(Verbs.COMPLETION)
                  ? "Generate bash/zsh completion"
                  : verb.summary().replaceFirst("\\.$", ""));
    }
    assertThat(Cli.run("--help").out().lines().toList())
        .containsAll(List.of("  keygen               Makes a signing key."));
  }

  @Test
  void otherProgramsWordsAreUnderstood() {
    assertThat(Cli.run("help")).isEqualTo(Cli.run("--help"));
    assertThat(Cli.run("lock")).isEqualTo(Cli.run("--help"));
    assertThat(Cli.run("help", "add")).isEqualTo(Cli.run("add", "--help"));
    assertThat(Cli.run("help", "lock", "add")).isEqualTo(Cli.run("add", "--help"));
    assertThat(Cli.run("help", "authkey", "wrap")).isEqualTo(Cli.run("authkey", "wrap", "--help"));
    assertThat(Cli.run("version")).isEqualTo(Cli.run("--version"));
    assertThat(Cli.run("completion")).isEqualTo(Cli.run("generate-completion"));
    assertThat(Cli.run("lock", "status", "none")).isEqualTo(Cli.run("status", "none"));
    assertThat(Cli.run("add", "--help").exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aSlipIsAnsweredWithWhatWasMeant() {
    requireMeant("unknown command 'stauts'; did you mean 'status'?", "stauts", "DIR");
    requireMeant("unknown command 'ad'", "ad");
    requireMeant("unknown command 'wrp'; did you mean 'wrap'?", "authkey", "wrp");
    requireMeant("did you mean '--json'?", "status", "DIR", "--jsn");
    requireMeant("did you mean '--json'?", "status", "DIR", "-json");
    requireMeant("did you mean '--key-file'?", "add", "DIR", "--keyfile=x");
    requireMeant("unknown command 'xyzzy' (see", "xyzzy");
    requireMeant("unknown command 'xyzzy' (see", "help", "xyzzy");
  }

  private static void requireMeant(String message, Object... words) {
    Cli.Result result = Cli.run(words);
    assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(result.err()).startsWith("tka: ").contains(message).hasLineCount(1);
  }

  @Test
  void aVersionOfTheJsonCanBeAskedFor() {
    assertThat(Cli.run("status", "none", "--json=1"))
        .isEqualTo(Cli.run("status", "none", "--json"));
    requireMeant("expected --json or --json=1", "status", "none", "--json=2");
  }

  @Test
  void numbersAreReadInAsciiDigitsOnly() {
    requireMeant("is not an int", "log", "none", "--limit", "\u0663");
    requireMeant("is not an int", "log", "none", "--limit", "+3");
    requireMeant("is not an int", "log", "none", "--limit", "99999999999");
    requireMeant("14d", "compact", "none", "--min-age", "\u0663d");
  }

  /** Whatever the width of the terminal: the command does not look at it. */
  @Test
  void theHelpBreaksNoWordAndNoExample() {
    int commands = 0;
    for (CommandLine command : all()) {
      String help = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
      CommandSpec spec = command.getCommandSpec();
      List<String> examples = List.of(spec.usageMessage().footer());
      assertThat(help.lines()).as(spec.qualifiedName()).containsAll(examples);
      assertThat(help.lines().filter(line -> !examples.contains(line)))
          .allMatch(line -> line.length() <= HelpText.WIDTH);
      Set<String> words = new HashSet<>(Arrays.asList(help.split("\\s+", -1)));
      spec.options().forEach(option -> requireWords(words, option.description()));
      spec.positionalParameters().forEach(one -> requireWords(words, one.description()));
      requireWords(words, spec.usageMessage().description());
      commands++;
    }
    assertThat(commands).isGreaterThan(30);
  }

  private static void requireWords(Set<String> words, String... description) {
    assertThat(words)
        .containsAll(
            Stream.of(description)
                .filter(text -> !text.contains("${") && !text.contains("@|"))
                .flatMap(
                    text ->
                        Arrays.stream(
                            text.replace("%n", " ").replace("%%", "%").strip().split("\\s+", -1)))
                .toList());
  }

  /** What makes a short command start quickly, without a clock. */
  @Test
  void onlyTheClassOfTheVerbInQuestionIsLookedInto() throws Exception {
    assertThat(Main.commandLine(Cli.tka(new byte[0]), "status", "DIR").getSubcommands())
        .containsOnlyKeys("status");
    for (String first : List.of("--help", "--version")) {
      assertThat(Main.commandLine(Cli.tka(new byte[0]), first).getSubcommands()).hasSize(1);
    }
    assertThat(Main.commandLine(Cli.tka(new byte[0]), "no-such-verb").getSubcommands().values())
        .hasSize(Verbs.ALL.size())
        .allMatch(command -> command.getCommandSpec().userObject() == null);
  }

  @Test
  void theHelpListsEveryVerbWithWhatItDoes() {
    List<String> lines =
        Cli.run("--help").out().lines().map(line -> line.strip().replaceAll(" +", " ")).toList();
    String all = String.join(" ", lines);
    for (Verbs.Verb verb : Verbs.ALL) {
      assertThat(all).contains(" " + verb.name() + " " + verb.summary());
    }
    assertThat(lines.get(0)).isEqualTo("Usage: tka [-hV] COMMAND");
  }

  @Test
  void picocliIsOfAFormatThatArchivesKeep() throws Exception {
    // No JDK keeps the classes of older formats in its archive.
    try (InputStream picocli = CommandLine.class.getResourceAsStream("CommandLine.class")) {
      assertThat(picocli.readNBytes(8)[7]).isGreaterThanOrEqualTo((byte) 61);
    }
  }

  @Test
  void theRehearsalLeavesNothingBehind(@TempDir Path folder) throws Exception {
    List<String> command = new ArrayList<>(Cli.process());
    command.add(1, "-Djava.io.tmpdir=" + folder);
    command.set(command.size() - 1, Rehearsal.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEmpty();
    assertThat(process.waitFor()).isZero();
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.filter(file -> file.toString().contains("rehearsal"))).isEmpty();
    }
  }

  private static List<CommandLine> all() {
    List<CommandLine> all =
        new ArrayList<>(List.of(Main.commandLine(Cli.tka(new byte[0]), Verbs.COMPLETION, "-h")));
    for (int i = 0; i < all.size(); i++) {
      all.addAll(all.get(i).getSubcommands().values());
    }
    return all;
  }
}
