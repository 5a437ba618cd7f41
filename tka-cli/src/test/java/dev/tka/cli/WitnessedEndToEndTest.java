package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.testkit.FreePort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real server, a real witness, and who asks them: an admin, and a node. */
@Timeout(120)
class WitnessedEndToEndTest {
  private static final String NAME = "example.com";

  @TempDir Path folder;

  private static Cli.Result until(Predicate<Cli.Result> is, Object... arguments) throws Exception {
    while (true) {
      Cli.Result result = Cli.run(arguments);
      if (is.test(result)) {
        return result;
      }
      // The witness is asked within a second.
      assertThat(result.out()).endsWith("log             unreachable\n");
      Thread.sleep(50);
    }
  }

  private static void await(Path said, String text) throws IOException, InterruptedException {
    while (!Files.readString(said).contains(text)) {
      Thread.sleep(20);
    }
  }

  @Test
  void anAdminAndANodeSeeWhatTheWitnessSawAndAnotherHistoryIsNoticed() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    Path state = folder.resolve("state");
    String operator = "unix:" + state.resolve("operator.sock");
    String store = "sqlite:" + state.resolve("control.db");
    Path key = folder.resolve("log.key");
    Path logs = Files.writeString(folder.resolve("logs"), Cli.run("witness", "log-key", key).out());
    Path export = folder.resolve("export");
    Path seen = folder.resolve("seen");
    Path node = folder.resolve("node");
    try (WitnessProcess witness = new WitnessProcess(folder.resolve("witness"), logs)) {
      Path policy =
          Files.writeString(
              folder.resolve("policy"), Files.readString(logs) + witness.line("w") + "quorum w\n");
      Object[] verify = {
        "verify", operator, "--tailnet", NAME, "--witness", policy, "--witness-seen", seen
      };
      Path said = folder.resolve("node said");
      int port = FreePort.find();
      try (ServeProcess server =
          new ServeProcess(
              state,
              "--witnesses=" + policy,
              "--log-key=" + key,
              "--node-listen=127.0.0.1:" + port)) {
        tailnet.run("export", tailnet.directory(), export);
        tailnet.run("import", export, store, "--tailnet", NAME);
        Cli.Result fine = until(result -> result.exitCode() == ExitCode.OK, verify);
        assertThat(fine.out()).endsWith("log             fine\n");
        assertThat(fine.err()).isEmpty();
        for (Object beside : List.of(tailnet.directory(), store)) {
          Cli.Result compared =
              Cli.run(
                  "verify",
                  beside,
                  "--witness",
                  policy,
                  "--witness-seen",
                  seen,
                  "--witness-log",
                  operator);
          assertThat(compared.err()).isEmpty();
          assertThat(compared.out()).endsWith("log             fine\n");
          assertThat(compared.exitCode()).isEqualTo(ExitCode.OK);
        }

        String login = "{\"nodeKey\":\"" + Nodes.nodeKey(1) + "\"}";
        assertThat(server.post("/v1/tailnets/" + NAME + "/nodes/1/login", login).status())
            .isEqualTo(200);
        Path token = folder.resolve("token");
        assertThat(
                Cli.run("node", "token", operator, "--tailnet", NAME, "--node", 1, "--out", token)
                    .exitCode())
            .isEqualTo(ExitCode.OK);
        Object[] once = {
          "node",
          "once",
          node,
          "http://127.0.0.1:" + port,
          "--token-file",
          token,
          "--node-key",
          Nodes.nodeKey(1),
          "--witness",
          policy
        };
        Cli.Result first = Cli.run(once);
        assertThat(first.err()).isEmpty();
        assertThat(first.out()).contains("log: the log is in order");
        assertThat(first.exitCode()).isEqualTo(ExitCode.OK);
        assertThat(Cli.run("node", "status", node).out())
            .contains("Log:       the log is in order");

        // Another policy, whose witness has cosigned nothing.
        Path other =
            Files.writeString(
                folder.resolve("other policy"),
                Files.readString(logs)
                    + "witness x "
                    + Cli.run("witness", "key", "--state", folder.resolve("x")).out()
                    + "quorum x\n");
        once[1] = "run";
        once[9] = other;
        Process running =
            new ProcessBuilder(Cli.process(once))
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        try {
          await(said, " log: too few known witnesses cosigned the log: 0 of 1; ask the operator");
          assertThat(Files.readString(said)).contains("lock on, 0 kept, 0 dropped");
        } finally {
          running.destroyForcibly().waitFor();
        }
        Cli.Result alarm = Cli.run("node", "status", node, "--json");
        assertThat(alarm.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(alarm.json()).containsEntry("Lock", "on");
        assertThat(asMap(alarm.json().get("Log")))
            .containsEntry("Outcome", "uncosigned")
            .containsEntry("Accuses", true)
            .containsKeys("At", "Line");
      }
      assertThat(witness.said()).contains("200 cosigned").doesNotContain(NAME);

      // The operator begins again with the same keys, and says nothing of the log that was there.
      Path again = folder.resolve("again");
      try (ServeProcess server =
          new ServeProcess(again, "--witnesses=" + policy, "--log-key=" + key)) {
        tailnet.run("import", export, "sqlite:" + again.resolve("control.db"), "--tailnet", NAME);
        verify[1] = "unix:" + again.resolve("operator.sock");
        Cli.Result rewritten =
            until(result -> result.exitCode() == ExitCode.VERIFICATION_FAILED, verify);
        assertThat(rewritten.out()).endsWith("log             rewritten\n");
        assertThat(rewritten.err()).startsWith("tka: the log was rewritten: ").hasLineCount(1);
        assertThat(server.stop()).isZero();
      }
      Cli.Result down = Cli.run(verify);
      assertThat(down.exitCode()).isEqualTo(ExitCode.IO);
      assertThat(List.of(down.out().split("\n"))).doesNotContain("log             rewritten");
    }
    assertThat(Files.readString(seen, StandardCharsets.UTF_8)).startsWith("tka-log/");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> asMap(Object json) {
    return (Map<String, Object>) json;
  }
}
