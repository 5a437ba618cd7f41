package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.store.directory.NodeDirectory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Offers, rounds between directories, and a doctor's findings about them. */
class SyncCommandsTest {
  @TempDir Path folder;
  private Tailnet control;
  private Path node;

  /** A node that has the genesis and one update, and control with two more. */
  @BeforeEach
  void begin() throws Exception {
    control = Tailnet.of(Files.createDirectory(folder.resolve("control")), "ann", "bob");
    control.edit("add", "ann", control.newKey("carol"));
    node = folder.resolve("node");
    TestFiles.copy(control.directory(), node);
    control.edit("update", "ann", control.publicKey("carol") + "?3");
    control.edit("add", "bob", control.newKey("dave"));
  }

  private static String head(Path directory) throws Exception {
    return Authority.open(NodeDirectory.at(directory)).head().toString();
  }

  @Test
  void anOfferIsTheHeadAndTheCheckpoints() throws Exception {
    String genesis = Authority.open(NodeDirectory.at(node)).oldestAncestor().toString();
    Cli.Result text = Cli.run("offer", control.directory());
    assertThat(text.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(text.out())
        .isEqualTo("head     " + head(control.directory()) + "\nancestor " + genesis + "\n");
    assertThat(Cli.run("offer", control.directory(), "--json").json())
        .containsEntry("Head", head(control.directory()))
        .containsEntry("Ancestors", List.of(genesis));
    // Shorter than the first sample.
    assertThat(Cli.run("offer", control.directory(), "--legacy").out()).isEqualTo(text.out());
  }

  @Test
  void theOfferMatchesTheReferences() throws Exception {
    Map<String, Object> golden =
        Cli.golden("offer").stream()
            .filter(offer -> ((List<?>) offer.get("legacy_ancestors")).size() > 4)
            .findFirst()
            .orElseThrow();
    Path directory = DirectoryOfAums.write(golden, folder.resolve("golden"));
    assertThat(Cli.run("offer", directory, "--json").json())
        .containsEntry("Head", golden.get("head"))
        .containsEntry("Ancestors", golden.get("ancestors"));
    assertThat(Cli.run("offer", directory, "--json", "--legacy").json())
        .containsEntry("Ancestors", golden.get("legacy_ancestors"));
  }

  @Test
  void aDryRunShowsAndWritesNothing() throws Exception {
    String before = head(node);
    Cli.Result result = Cli.run("sync", node, control.directory(), "--dry-run");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out())
        .contains(
            "round 1 (dry run)",
            "control finds   the other's head " + before + ", and 2 AUMs after it",
            "node accepts    2 AUMs new, 0 known",
            "The heads agree: " + head(control.directory()));
    assertThat(head(node)).isEqualTo(before);
  }

  @Test
  void aNodeCatchesUp() throws Exception {
    Cli.Result result = Cli.run("sync", node, control.directory(), "--json");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.json()).containsEntry("Agrees", true).containsEntry("DryRun", false);
    assertThat((List<?>) result.json().get("Rounds")).hasSize(1);
    assertThat(head(node)).isEqualTo(head(control.directory()));
    assertThat(Cli.run("verify", node).exitCode()).isEqualTo(ExitCode.OK);

    Cli.Result again = Cli.run("sync", node, control.directory());
    assertThat(again.out()).contains("control finds   the same head", "there was nothing to do");
  }

  @Test
  void anEditOnAStaleHeadIsSentAndThenSetAside() throws Exception {
    String erin = control.newKey("erin");
    Cli.Result edit = Cli.run("add", node, erin, "--key-file", control.keyFile("bob"), "--json");
    String made = (String) edit.json().get("Head");

    Cli.Result result = Cli.run("sync", node, control.directory(), "--explain");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out())
        .contains(
            "                    " + made,
            "Set aside, because control does not follow it: " + made);
    assertThat(head(node)).isEqualTo(head(control.directory()));
    assertThat(NodeDirectory.at(node).read().find(AumHash.parse(made))).isEmpty();
  }

  @Test
  void twoAuthoritiesHaveNothingInCommon() throws Exception {
    Tailnet other = Tailnet.of(Files.createDirectory(folder.resolve("other")), "eve");
    String before = head(node);
    Cli.Result result = Cli.run("sync", node, other.directory());
    assertThat(result.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(result.out()).contains("No AUM is known to both", "different authorities");
    assertThat(head(node)).isEqualTo(before);

    Cli.Result doctor = Cli.run("doctor", node, other.directory());
    assertThat(doctor.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(doctor.out())
        .contains(
            "PROBLEM  no-common-ground: No AUM is known to both",
            "PROBLEM  re-created: ",
            "run:   tka disable ",
            "run:   tka sync " + node + " " + other.directory() + " --bootstrap");
  }

  @Test
  void aSyncWithAMissingStore() throws Exception {
    Cli.Result absent = Cli.run("sync", node, folder.resolve("nowhere"));
    assertThat(absent.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThat(Cli.run("sync", empty, node).exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(Cli.run("sync", node).exitCode()).isEqualTo(ExitCode.USAGE);
    try (Stream<Path> files = Files.list(empty)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void aDoctorFindsASoundDirectorySound() throws Exception {
    Cli.Result alone = Cli.run("doctor", node);
    assertThat(alone.exitCode()).as(alone.out()).isEqualTo(ExitCode.OK);
    assertThat(alone.out()).contains("2 AUMs on the active chain", "2 AUMs verified");
    assertThat(alone.out()).doesNotContain("PROBLEM");

    String before = head(node);
    Cli.Result both = Cli.run("doctor", node, control.directory());
    assertThat(both.exitCode()).as(both.out()).isEqualTo(ExitCode.OK);
    assertThat(both.out()).contains("The heads agree: ", "tried in memory, 1 round");
    assertThat(head(node)).isEqualTo(before);
  }

  @Test
  void anOfferMayBePasted() throws Exception {
    for (String form : List.of("--json", "--legacy")) {
      byte[] offer = Cli.run("offer", node, form).out().getBytes(StandardCharsets.UTF_8);
      Cli.Result result = Cli.runWithInput(offer, "doctor", control.directory(), "--offer", "-");
      assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
      assertThat(result.out()).contains("this end finds the other's head " + head(node));
    }
    Tailnet other = Tailnet.of(Files.createDirectory(folder.resolve("other")), "eve");
    Path file = folder.resolve("offer.txt");
    Files.writeString(file, Cli.run("offer", other.directory()).out());
    Cli.Result none = Cli.run("doctor", node, "--offer", file, "--json");
    assertThat(none.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(none.json()).containsEntry("Sound", false);
  }

  @Test
  void anInvalidOfferIsRefused() throws Exception {
    String hash = head(node);
    for (String text :
        List.of(
            "",
            "head",
            "head xyz",
            "ancestor " + hash,
            "head " + hash + "\nhead " + hash,
            "head " + hash + "\nancestor " + hash.substring(1),
            "{}",
            "{\"Head\":1,\"Ancestors\":[]}",
            "{\"Head\":\"" + hash + "\",\"Ancestors\":[7]}",
            "{",
            "[".repeat(100_000),
            "{\"Head\":" + "[".repeat(100_000),
            "\0\u00ff")) {
      Cli.Result result =
          Cli.runWithInput(text.getBytes(StandardCharsets.UTF_8), "doctor", node, "--offer", "-");
      assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(result.out()).isEmpty();
      assertThat(result.err()).startsWith("tka: offer: expected").hasLineCount(1);
    }
  }

  @Test
  void aDoctorNamesDamageAndItsRemedy() throws Exception {
    String head = head(node);
    Files.write(node.resolve(head.substring(0, 2)).resolve(head), new byte[] {1});
    Cli.Result result = Cli.run("doctor", node);
    assertThat(result.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(result.out()).contains("PROBLEM  damaged: ", head, "run:   tka repair ");

    Cli.Result sync = Cli.run("sync", node, control.directory());
    assertThat(sync.out()).contains("The heads agree");
    assertThat(Cli.run("doctor", node, control.directory()).exitCode()).isEqualTo(ExitCode.OK);
  }
}
