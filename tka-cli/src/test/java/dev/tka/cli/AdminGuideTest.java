package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs docs/admin-guide.md: each command by a shell, one after the other, and real processes of the
 * command. What they print has to be what stands there, but for keys, hashes and times. With {@code
 * -Dtka.record=true} what they print is written there instead.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the guide is for a POSIX shell")
class AdminGuideTest {
  private static final Path GUIDE = Path.of("..", "docs", "admin-guide.md");
  private static final String PROMPT = "$ ";
  private static final String MORE = "> ";

  /** Values that are drawn or counted anew in every run. */
  private static final Pattern DRAWN =
      Pattern.compile(
          "(?<time>\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d)?Z?|\\d{8}T\\d{6}Z|\\d+"
              + " (?:second|minute)s? ago)"
              + "|(?<hash>\\b(?:[A-Z2-7]{2}/)?[A-Z2-7]{52}\\b)"
              + "|(?<hex>\\b[0-9a-fA-F]{12,}\\b)"
              + "|(?<shortened>tlpub:[0-9a-f]{8}\\b)"
              + "|(?<base64>(?<![\\w-])[\\w-]{86}==)"
              + "|(?<number>\\b\\d{9,}\\b)");

  /** The seed of a private key, a disablement secret, and the private half in an auth key. */
  private static final Pattern SECRET =
      Pattern.compile(
          "(?:nlpriv:|disablement-secret:)([0-9a-fA-F]{64})|--TL[^-]*-([A-Za-z0-9+/]{43})");

  private static final Pattern SECRET_FILES =
      Pattern.compile(".*\\.key|secrets?\\.txt|wrapped\\.txt");

  /** Keys of six people and machines, two that end the authority, and an auth key. */
  private static final int SECRETS = 9;

  @TempDir private Path folder;

  @Test
  void theGuideSaysWhatHappens() throws IOException, InterruptedException {
    List<String> guide = Files.readAllLines(GUIDE);
    List<String> ran = new ArrayList<>();
    int commands = 0;
    int at = 0;
    while (at < guide.size()) {
      String line = guide.get(at++);
      ran.add(line);
      while (line.equals("```console") && !guide.get(at).equals("```")) {
        StringBuilder command = new StringBuilder();
        assertThat(guide.get(at)).startsWith(PROMPT);
        do {
          ran.add(guide.get(at));
          command.append(guide.get(at).substring(PROMPT.length())).append('\n');
          at++;
        } while (guide.get(at).startsWith(MORE));
        while (!guide.get(at).startsWith(PROMPT) && !guide.get(at).equals("```")) {
          at++;
        }
        ran.addAll(run(command.toString()));
        commands++;
      }
    }
    assertThatNoSecretWasShown(String.join("\n", ran));
    if (Boolean.getBoolean("tka.record")) {
      Files.write(GUIDE, ran);
      return;
    }
    assertThat(commands).isGreaterThan(30);
    assertThat(withoutWhatIsDrawn(ran)).isEqualTo(withoutWhatIsDrawn(guide));
  }

  private List<String> run(String command) throws IOException, InterruptedException {
    String java =
        Cli.process().stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    String script = "tka() { %s \"$@\"; }%n%s".formatted(java, command);
    Process process =
        new ProcessBuilder("bash", "-c", script)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int exitCode = process.waitFor();
    List<String> lines = new ArrayList<>(output.replace(folder + "/", "").lines().toList());
    if (exitCode != ExitCode.OK) {
      lines.add("(exit status " + exitCode + ")");
    }
    return lines;
  }

  /** The content of secret files appears nowhere else. */
  private void assertThatNoSecretWasShown(String printed) throws IOException {
    Map<Path, String> files = new LinkedHashMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(file, Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    Set<String> secrets = new LinkedHashSet<>();
    files
        .values()
        .forEach(
            content ->
                SECRET
                    .matcher(content)
                    .results()
                    .forEach(
                        match ->
                            secrets.add(match.group(1) == null ? match.group(2) : match.group(1))));
    assertThat(secrets).hasSizeGreaterThanOrEqualTo(SECRETS);
    for (String secret : secrets) {
      assertThat(printed).doesNotContainIgnoringCase(secret);
      files.forEach(
          (file, content) -> {
            if (!SECRET_FILES.matcher(file.getFileName().toString()).matches()) {
              assertThat(content).as(file.toString()).doesNotContainIgnoringCase(secret);
            }
          });
    }
  }

  /** Each distinct text by its kind and the order in which it first came up. */
  private static List<String> withoutWhatIsDrawn(List<String> lines) {
    Map<String, String> names = new LinkedHashMap<>();
    return lines.stream()
        .map(
            line ->
                DRAWN
                    .matcher(line)
                    .replaceAll(
                        match -> names.computeIfAbsent(match.group(), any -> name(match, names))))
        .toList();
  }

  private static String name(MatchResult match, Map<String, String> names) {
    boolean time = match.group(1) != null;
    return time ? "<time>" : "<drawn " + names.size() + ">";
  }
}
