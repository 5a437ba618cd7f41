package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.Commit;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka compact}: with a minimum chain of 1, C stays back to B, and A goes with its fork. */
class CompactCommandTest {
  private static final Instant LONG_AGO = Instant.parse("2024-01-01T00:00:00Z");

  @TempDir Path folder;

  private Chains chains;

  @BeforeEach
  void begin() throws Exception {
    chains =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
            """
            A -> B[checkpoint] -> C
            A -> X(2)
            """);
    store(chains.all(), LONG_AGO);
  }

  private void store(List<Aum> aums, Instant committedAt) throws Exception {
    NodeDirectory directory = NodeDirectory.at(folder, Clock.systemUTC());
    Commit.Builder commit = Commit.on(directory.read().revision());
    aums.forEach(aum -> commit.add(aum, committedAt));
    directory.commit(commit.build());
  }

  /** The command on the directory, with a minimum chain of 1. */
  private Cli.Result compact(Object... more) {
    return Cli.run(arguments(more));
  }

  private Object[] arguments(Object... more) {
    return Stream.concat(
            Stream.of("compact", folder.toString(), "--min-chain", "1"), Stream.of(more))
        .toArray();
  }

  private String hash(String name) {
    return chains.get(name).hash().toString();
  }

  private List<String> stored() throws Exception {
    return NodeDirectory.at(folder).read().entries().stream()
        .map(entry -> chains.nameOf(entry.hash()))
        .sorted()
        .toList();
  }

  private Map<String, String> content() throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .filter(Files::isRegularFile)
          .filter(file -> !file.endsWith("tka-lock") && !file.endsWith("tka-commits"))
          .forEach(file -> content.put(file.toString(), read(file)));
    }
    return content;
  }

  private static String read(Path file) {
    try {
      return HexFormat.of().formatHex(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aPlanShowsWhatGoesWhatStaysAndWhyAndWritesNothing() throws Exception {
    Map<String, String> before = content();

    Cli.Result plan = compact("--plan");

    assertThat(plan.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(plan.out())
        .isEqualTo(
            """
            Would purge 2 of 4 updates.
            Oldest ancestor: %2$s

            Stay:
            \t%3$s\tno-op\tone of the last 1
            \t%2$s\tcheckpoint\tleads back to the first old checkpoint, or is it

            Go:
            \t%4$s\tno-op
            \t%1$s\tcheckpoint
            """
                .formatted(hash("A"), hash("B"), hash("C"), hash("X")));
    assertThat(plan.err()).isEmpty();
    assertThat(content()).isEqualTo(before);
  }

  @Test
  void compactionForgetsAndHeadAndKeysStay() throws Exception {
    Authority before = Authority.open(NodeDirectory.at(folder));

    Cli.Result result = compact("--confirm");

    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out())
        .isEqualTo("Purged 2 of 4 updates.\nOldest ancestor: " + hash("B") + "\n");
    assertThat(stored()).containsExactly("B", "C");
    Authority after = Authority.open(NodeDirectory.at(folder));
    assertThat(after.head()).isEqualTo(before.head());
    assertThat(after.state()).isEqualTo(before.state());
    assertThat(after.snapshot().lastActiveAncestor()).contains(chains.get("B").hash());
    // A node's directory keeps the files of purged AUMs.
    assertThat(folder.resolve(hash("A").substring(0, 2)).resolve(hash("A"))).exists();

    Map<String, String> once = content();
    Cli.Result again = compact();
    assertThat(again.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(again.out()).startsWith("Nothing to purge: every update has a reason to stay.\n");
    assertThat(content()).isEqualTo(once);
  }

  @Test
  void itIsAskedForFirst() throws Exception {
    Map<String, String> before = content();

    Cli.Result unasked = compact();
    assertThat(unasked.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(unasked.err()).contains("purges 2 of 4 updates", "--confirm");
    Cli.Result no = Cli.runAnswering("n", arguments());
    assertThat(no.exitCode()).isEqualTo(ExitCode.DECLINED);
    assertThat(content()).isEqualTo(before);

    assertThat(Cli.runAnswering("y", arguments()).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(stored()).containsExactly("B", "C");
  }

  @Test
  void theDefaultsAreThoseOfShippingNodes() throws Exception {
    Cli.Result plan = Cli.run("compact", folder, "--plan");

    assertThat(plan.out())
        .contains("Nothing to purge", hash("A") + "\tcheckpoint\tone of the last 24");
    assertThat(Cli.run("compact", "--help").out()).contains("(default: 24)", "(default: 14d)");
  }

  @Test
  void aumsYoungerThanTheMinimumAgeStay() throws Exception {
    long days = Duration.between(LONG_AGO, Instant.now()).toDays();

    Cli.Result old = compact("--plan", "--min-age", days + "d");
    assertThat(old.out()).startsWith("Would purge 2 of 4 updates.");
    Cli.Result young = compact("--plan", "--min-age", 24 * (days + 1) + "h");
    assertThat(young.out())
        .startsWith("Nothing to purge")
        .contains(hash("X") + "\tno-op\tarrived less than " + (days + 1) + "d ago");
  }

  @Test
  void theReasonWhyNothingCanBePurgedIsPrintedAndIsNotAFailure() throws Exception {
    Aum stranger = Chains.genesis(List.of(TestKeys.key(3, 1)), 3);
    NodeDirectory directory = NodeDirectory.at(folder);
    directory.commit(
        Commit.on(directory.read().revision()).lastActiveAncestor(chains.get("A").hash()).build());
    store(List.of(stranger), Instant.now());
    Map<String, String> before = content();

    Cli.Result result = compact("--confirm");

    assertThat(result.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).startsWith("Nothing to purge: " + stranger.hash()).hasLineCount(1);
    assertThat(content()).isEqualTo(before);
    assertThat(compact("--plan", "--json").json())
        .containsEntry("Obstacle", "unconnected")
        .containsKey("Reason");
  }

  @Test
  void jsonTellsEveryVerdict() {
    Map<String, Object> plan = compact("--plan", "--json").json();

    assertThat(plan).containsEntry("Applied", false).containsEntry("OldestAncestor", hash("B"));
    assertThat(plan.get("Kept"))
        .isEqualTo(
            List.of(
                Map.of(
                    "Hash",
                    hash("C"),
                    "MessageKind",
                    "no-op",
                    "CommittedAt",
                    LONG_AGO.toString(),
                    "Reason",
                    "minimum-chain"),
                Map.of(
                    "Hash",
                    hash("B"),
                    "MessageKind",
                    "checkpoint",
                    "CommittedAt",
                    LONG_AGO.toString(),
                    "Reason",
                    "up-to-checkpoint")));
    assertThat((List<?>) plan.get("Purged")).hasSize(2);
    assertThat(compact("--confirm", "--json").json()).containsEntry("Applied", true);
  }

  @Test
  void aPolicyThatKeepsNothingIsRefused() throws Exception {
    for (String[] wrong :
        List.of(
            new String[] {"--min-chain", "0", "expected 1 or more, found 0"},
            new String[] {"--min-chain", "many", "many"},
            new String[] {"--min-age", "0d", "expected more than zero"},
            new String[] {"--min-age", "14", "found 14"},
            new String[] {"--min-age", "-1d", "found -1d"},
            new String[] {"--min-age", "1.5h", "found 1.5h"},
            new String[] {"--min-age", "9999999999d", "found 9999999999d"})) {
      Cli.Result result = Cli.run("compact", folder, "--confirm", wrong[0], wrong[1]);
      assertThat(result.exitCode()).as(wrong[1]).isEqualTo(ExitCode.USAGE);
      assertThat(result.err()).contains(wrong[2]).hasLineCount(1);
    }
    assertThat(stored()).hasSize(4);
  }

  @Test
  void aDamagedDirectoryIsNotCompacted() throws Exception {
    String head = hash("C");
    Files.write(folder.resolve(head.substring(0, 2)).resolve(head), new byte[] {1, 2, 3});
    Map<String, String> before = content();

    for (String option : List.of("--confirm", "--plan")) {
      Cli.Result result = compact(option);
      assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(result.err()).contains("tka: damaged: ", head, "nothing was written");
      assertThat(result.out()).isEmpty();
    }
    assertThat(content()).isEqualTo(before);
  }

  @Test
  void aDirectoryWithoutAuthorityIsNotFound() throws Exception {
    Path empty = Files.createDirectory(folder.resolve("empty"));

    assertThat(Cli.run("compact", empty, "--plan").exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(Cli.run("compact", folder.resolve("away")).exitCode()).isEqualTo(ExitCode.NOT_FOUND);
  }

  @Test
  @SuppressWarnings("InputStreamSlowMultibyteRead") // An answer is read byte by byte.
  void aChangeDuringTheQuestionIsAConflict() throws Exception {
    Aum late = Chains.noOp(chains.get("C"), "late", 1);
    byte[] yes = "y\n".getBytes(StandardCharsets.US_ASCII);
    InputStream answer =
        new FilterInputStream(new ByteArrayInputStream(yes)) {
          private boolean changed;

          @Override
          public int read() throws IOException {
            if (!changed) {
              changed = true;
              try {
                store(List.of(late), LONG_AGO);
              } catch (Exception e) {
                throw new IOException(e);
              }
            }
            return super.read();
          }
        };

    Cli.Result result = Cli.run(new Tka(answer, true, new SecureRandom()), arguments());

    assertThat(result.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(stored()).hasSize(5);
  }
}
