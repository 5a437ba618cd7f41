package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.node.AgentDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka node run}, {@code once}, {@code peers} and {@code status} with a real server. */
class NodeAgentCommandsTest {
  @TempDir Path folder;

  private NodeControl control;
  private Path node;

  @BeforeEach
  void serve() throws Exception {
    control = new NodeControl(folder);
    node = folder.resolve("node");
  }

  @AfterEach
  void close() {
    control.close();
  }

  private Cli.Result once(Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of("node", "once", node, control.url(), "--token-file", control.tokenFile));
    all.addAll(List.of(more));
    return Cli.run(all.toArray());
  }

  private Map<Path, String> contents() throws IOException {
    Map<Path, String> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(node)) {
      for (Path each : files.toList()) {
        all.put(
            each,
            Files.getLastModifiedTime(each)
                + (Files.isRegularFile(each)
                    ? Files.readString(each, StandardCharsets.ISO_8859_1)
                    : ""));
      }
    }
    return all;
  }

  private Cli.Result joined() {
    return once("--node-key", NodeControl.nodeKey(NodeControl.SELF));
  }

  @Test
  void aNodeFollowsOnceAndKnowsItsPeersWithoutControl() throws Exception {
    Cli.Result first = joined();
    assertThat(first.err()).isEmpty();
    assertThat(first.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(first.out())
        .isEqualTo(
            "Joined the authority of control; the heads agree: "
                + control.head().hash()
                + "\n2 kept, 1 dropped\n");
    // The folder remembers the key.
    control.commit("one");
    Map<String, Object> second = once("--json").json();
    assertThat(second)
        .containsEntry("Agrees", true)
        .containsEntry("Outcome", "agrees")
        .containsEntry("Head", control.head().hash().toString())
        .containsEntry("Kept", 2)
        .containsEntry("Dropped", 1);
    control.close();
    Cli.Result peers = Cli.run("node", "peers", node);
    assertThat(peers.exitCode()).isEqualTo(ExitCode.PEER_DROPPED);
    assertThat(peers.out().lines())
        .hasSize(4)
        .anyMatch(line -> line.matches("kept +\\[\\w+] +node1.*\\(node 1\\): .*"))
        .anyMatch(line -> line.matches("dropped +\\[\\w+] +node4.*\\(node 4\\): there is no .*"))
        .contains("2 kept, 1 dropped")
        .noneMatch(line -> line.contains("\u001b"));
    Cli.Result status = Cli.run("node", "status", node);
    assertThat(status.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(status.out())
        .isEqualTo(
            "Node key:  "
                + NodeControl.nodeKey(NodeControl.SELF)
                + "\nLock:      on\nHead:      "
                + control.head().hash()
                + "\nPeers:     2 kept, 1 dropped\n"
                + "Waits for: nothing: 'tka node run' has not run with this folder\n");
    Cli.Result down = once();
    assertThat(down.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(down.err())
        .isEqualTo(
            "tka: "
                + control.url()
                + ": control cannot be reached: nothing listens there: is the server running?\n");
  }

  @Test
  void lookingAtAFolderChangesNothingAndNeedsNoTurn() throws Exception {
    joined();
    Map<Path, String> before = contents();
    try (AgentDirectory used = AgentDirectory.open(node, Clock.systemUTC())) {
      assertThat(used).isNotNull();
      assertThat(Cli.run("node", "peers", node).exitCode()).isEqualTo(ExitCode.PEER_DROPPED);
      assertThat(Cli.run("node", "status", node).exitCode()).isEqualTo(ExitCode.OK);
      Cli.Result busy = once();
      assertThat(busy.exitCode()).isEqualTo(ExitCode.CONFLICT);
      assertThat(busy.err()).isEqualTo("tka: " + node + ": another agent uses this folder\n");
    }
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void damageIsReportedAndLetsNobodyInUntilControlAnswers() throws Exception {
    joined();
    Files.writeString(node.resolve("tka-peers"), "nonsense\n");
    Cli.Result status = Cli.run("node", "status", node);
    assertThat(status.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(status.out()).contains("Problem:   the list of peers is damaged");
    assertThat(Cli.run("node", "peers", node).out()).isEqualTo("0 kept, 0 dropped\n");
    assertThat(once().exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("node", "status", node).exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void whatIsMissingOrRefusedIsSaidInOneLine() throws Exception {
    requireFailed(once(), ExitCode.USAGE, "missing --node-key: this folder does not hold");
    requireFailed(once("--node-key", "nodekey:00"), ExitCode.USAGE, "node");
    requireFailed(
        Cli.run("node", "peers", folder.resolve("none")),
        ExitCode.NOT_FOUND,
        folder.resolve("none") + ": no such folder: 'tka node run'");
    requireFailed(
        Cli.run("node", "once", node, "http://user:secret@host", "--token-file", control.tokenFile),
        ExitCode.USAGE,
        "URL: expected https://HOST:PORT");
    requireFailed(
        Cli.run("node", "once", node, control.url()),
        ExitCode.USAGE,
        "missing the node's token: --token-file FILE or TKA_NODE_TOKEN_FILE ");
    control.revokeToken();
    requireFailed(joined(), ExitCode.IO, control.url() + ": control answers 401: ");
  }

  private static void requireFailed(Cli.Result result, int exitCode, String beginning) {
    assertThat(result.err()).startsWith("tka: " + beginning).doesNotContain("secret");
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.exitCode()).isEqualTo(exitCode);
  }

  @Test
  void aRunIsOverWhenItsNumberIsAYoungerProcesses() throws Exception {
    joined();
    Map<String, Boolean> expected =
        Map.of(
            Instant.now().truncatedTo(ChronoUnit.SECONDS) + "",
            true,
            "2001-01-01T00:00:00Z",
            false,
            "yesterday",
            false);
    for (var each : expected.entrySet()) {
      Files.writeString(
          node.resolve("tka-agent-status"),
          "{\"at\":\"%s\",\"process\":%d,\"waits\":\"x\"}"
              .formatted(each.getKey(), ProcessHandle.current().pid()));
      assertThat(Cli.run("node", "status", node, "--json").json())
          .as(each.getKey())
          .containsEntry("Running", each.getValue());
    }
  }

  @Test
  void itRunsTellsTheServiceManagerAndStopsCleanly() throws Exception {
    for (String name : List.of(folder.resolve("notify") + "", "@tka-" + System.nanoTime())) {
      try (NotifySocket manager = new NotifySocket(name)) {
        ProcessBuilder builder =
            new ProcessBuilder(
                Cli.process(
                    "node",
                    "run",
                    node,
                    control.url(),
                    "--node-key",
                    NodeControl.nodeKey(NodeControl.SELF),
                    "--json"));
        builder.environment().put("NOTIFY_SOCKET", name);
        // The operator's token is not for a node, wherever it lies.
        builder.environment().put("TKA_TOKEN_FILE", folder.resolve("no-such-file") + "");
        builder.environment().put("TKA_NODE_TOKEN_FILE", control.tokenFile + "");
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = builder.start();
        try (BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
          assertThat(next(lines)).containsEntry("Change", "started");
          assertThat(manager.heard()).isEqualTo("READY=1");
          Map<String, Object> lock = next(lines);
          assertThat(lock)
              .containsEntry("Change", "lock")
              .containsEntry("Lock", "on")
              .containsEntry("Head", control.head().hash().toString());
          String status = manager.heard();
          while (!status.equals("STATUS=waits for control to announce a change")) {
            status = manager.heard();
          }
          assertThat(Cli.run("node", "status", node).out())
              .contains("Waits for: control to announce a change (process " + process.pid() + ",");
          control.commit("while " + name + " runs");
          Map<String, Object> line = next(lines);
          while (!control.head().hash().toString().equals(line.get("Head"))) {
            line = next(lines);
          }
          process.destroy();
          assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
          assertThat(process.exitValue()).isEqualTo(ExitCode.OK);
          String last = manager.heard();
          while (!last.equals("STOPPING=1")) {
            last = manager.heard();
          }
          assertThat(Cli.run("node", "status", node, "--json").json())
              .containsEntry("Running", false);
        } finally {
          process.destroyForcibly();
        }
      }
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(node)))
        .isEqualTo("rwx------");
  }

  private static Map<String, Object> next(BufferedReader lines) throws Exception {
    String line = lines.readLine();
    assertThat(line).isNotNull();
    return Cli.parse(line);
  }
}
