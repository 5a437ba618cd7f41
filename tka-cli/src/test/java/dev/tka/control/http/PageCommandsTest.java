package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.tka.cli.PageCommandLines;
import dev.tka.control.FleetEntry;
import dev.tka.control.NodeEntry;
import dev.tka.core.Key;
import dev.tka.core.authority.Weakness;
import dev.tka.core.nodekey.PeerRemedy;
import dev.tka.store.ShellWord;
import dev.tka.store.records.NodeSighting;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The commands that the page has people copy are commands. */
class PageCommandsTest {
  private static final String TAILNET = "a 'b' \u202e";
  private static final Commands COMMANDS =
      new Commands("https://tka.example.com --tailnet " + ShellWord.of(TAILNET));
  private static final Key KEY = TestKeys.key(1, 1);

  private static FleetEntry entry(String condition, String outcome) {
    return new FleetEntry(
        NodeEntry.of(1, NodeKeySignatures.nodeKey(1)),
        Optional.of(
            new NodeSighting(1, Instant.EPOCH, Optional.empty(), Optional.empty(), outcome, "")),
        Optional.empty(),
        Optional.empty(),
        false,
        condition,
        Optional.empty(),
        Optional.empty());
  }

  private static List<String> all() {
    List<String> all = new ArrayList<>();
    NodeEntry node = NodeEntry.of(1, NodeKeySignatures.nodeKey(1));
    all.add(Commands.inspect(Chains.genesis(List.of(KEY), 1)));
    all.add(COMMANDS.sign(node, true));
    all.add(COMMANDS.explain(node));
    all.add(COMMANDS.doctor());
    all.add(COMMANDS.revoke(List.of(KEY), Chains.genesis(List.of(KEY), 1).hash()));
    for (PeerRemedy each : PeerRemedy.values()) {
      COMMANDS.help(each, node).ifPresent(all::add);
    }
    for (Weakness.Remedy each :
        List.of(
            new Weakness.Remedy.AddKey(1),
            new Weakness.Remedy.AddKey(3),
            new Weakness.Remedy.RemoveKey(KEY.id()),
            new Weakness.Remedy.RemoveKeys(),
            new Weakness.Remedy.KeepVotes(KEY.id(), 2),
            new Weakness.Remedy.Disable(),
            new Weakness.Remedy.ByHand())) {
      COMMANDS.against(new Weakness("kind", "text", "why", each)).ifPresent(all::add);
    }
    for (FleetEntry each :
        List.of(
            entry("locked-out", "ok"),
            entry("retired", "ok"),
            entry("stranded", "on-displaced-branch"),
            entry("stranded", "nothing-known"),
            entry("current", "ok"))) {
      COMMANDS.help(each).ifPresent(all::add);
    }
    return all;
  }

  @Test
  void eachOneIsReadByTheCommandLine() {
    assertThat(all()).hasSizeGreaterThan(15);
    for (String each : all()) {
      if (each.startsWith("tailscale ")) {
        assertThat(each).isEqualTo("tailscale lock local-disable");
        continue;
      }
      assertThatCode(() -> PageCommandLines.parse(each)).as(each).doesNotThrowAnyException();
    }
  }

  @Test
  void aShellReadsTheTailnetsNameAsItIs() throws Exception {
    Process echo = new ProcessBuilder("bash", "-c", "printf %s " + ShellWord.of(TAILNET)).start();
    assertThat(new String(echo.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo(TAILNET);
  }
}
