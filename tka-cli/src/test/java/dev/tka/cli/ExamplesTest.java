package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.tka.cli.output.ExitCode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The examples in every command's help, held against the commands. */
class ExamplesTest {
  /** The text piped in by an echo, if any, and the arguments up to a pipe, a comment or the end. */
  private static final Pattern CALL =
      Pattern.compile("(?:echo (\\S+) \\| )?(?<![\\w-])tka ((?:[^ |&)]+ ?)*)");

  @Test
  void everyCommandIsFoundByItsOwnName() {
    commandLine()
        .getSubcommands()
        .forEach(
            (name, command) -> {
              assertThat(command.getCommandName()).isEqualTo(name);
              assertThat(Main.commandLine(Cli.tka(new byte[0]), name).getSubcommands())
                  .containsKey(name);
            });
  }

  @Test
  void everyExampleParses() {
    List<Matcher> calls = calls();

    assertThat(calls).hasSizeGreaterThanOrEqualTo(15);
    for (Matcher call : calls) {
      assertThatCode(() -> commandLine().parseArgs(arguments(call)))
          .as(call.group())
          .doesNotThrowAnyException();
    }
  }

  @Test
  void everyExampleThatNeedsNoFileRuns() {
    List<String> ran = new ArrayList<>();
    Set<String> met = new HashSet<>();
    for (Matcher call : calls()) {
      if (!met.add(call.group().strip())) {
        continue;
      }
      boolean piped = call.group(1) != null;
      // A server runs until it is stopped.
      boolean ends = !arguments(call)[0].equals("serve");
      if (piped || (ends && arguments(call).length == 1)) {
        byte[] input = piped ? call.group(1).getBytes(StandardCharsets.US_ASCII) : new byte[0];
        Cli.Result result = Cli.runWithInput(input, (Object[]) arguments(call));
        assertThat(result.exitCode()).as(call.group() + ": " + result.err()).isEqualTo(ExitCode.OK);
        assertThat(result.out()).isNotEmpty();
        ran.add(call.group(2).strip());
      }
    }
    assertThat(ran).contains("inspect -", "demo", "generate-completion");
  }

  private static List<Matcher> calls() {
    List<CommandLine> commands = new ArrayList<>(List.of(commandLine()));
    for (int i = 0; i < commands.size(); i++) {
      commands.addAll(commands.get(i).getSubcommands().values());
    }
    List<Matcher> calls = new ArrayList<>();
    for (CommandLine command : commands) {
      for (String example : command.getCommandSpec().usageMessage().footer()) {
        Matcher call = CALL.matcher(example);
        assertThat(call.find()).as(example).isTrue();
        calls.add(call);
      }
    }
    return calls;
  }

  private static String[] arguments(Matcher call) {
    return call.group(2).strip().replace("HASH", "A".repeat(52)).split(" ", -1);
  }

  private static CommandLine commandLine() {
    return Main.commandLine(Cli.tka(new byte[0]), Verbs.COMPLETION);
  }
}
