package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Bytes;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.store.KeyFile;
import dev.tka.testkit.TestKeys;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka broker}: a policy, a token, a voucher, a signature, a log. */
class BrokerCommandTest {
  private static final String NODE = "nodekey:" + "ab".repeat(32);

  @TempDir Path folder;
  private Path policy;
  private Path state;

  @BeforeEach
  void write() throws Exception {
    KeyFile.create(folder.resolve("admin.key"), TestKeys.privateKey(1));
    policy = folder.resolve("policy.json");
    state = folder.resolve("state");
    Files.writeString(
        policy,
        "{\"schemaVersion\":1,\"rules\":[{\"name\":\"new\",\"tailnets\":[\"example.com\"],"
            + "\"voucher\":{\"token\":{}},\"until\":\"2099-01-01T00:00:00Z\",\"perHour\":5,"
            + "\"sign\":{\"signer\":\"file:"
            + folder.resolve("admin.key")
            + "\"}}]}");
  }

  @Test
  void aPolicyIsCheckedAndEachRuleSaysWhatItsKeyCanDo() throws Exception {
    Cli.Result good = Cli.run("broker", "check", policy);
    assertThat(good.out())
        .contains("rule new", "5 an hour, until 2099-01-01T00:00:00Z", "can also extend the chain")
        .contains("key:     " + TestKeys.publicKey(1))
        .containsPattern("policy:  [0-9a-f]{64}\n");
    Files.writeString(policy, Files.readString(policy).replace("perHour", "perhour"));
    Cli.Result bad = Cli.run("broker", "check", policy);
    assertThat(bad.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(bad.err())
        .hasLineCount(1)
        .contains("policy.json: rules[0].perHour: expected a whole number");
    Files.writeString(policy, Files.readString(policy).replace("perhour", "perHour"));
    Files.delete(folder.resolve("admin.key"));
    assertThat(Cli.run("broker", "check", policy).exitCode()).isEqualTo(ExitCode.NOT_FOUND);
  }

  @Test
  void aTokenVouchesForANodeThatARunningBrokerSigns() throws Exception {
    Path token = folder.resolve("web7.token");
    Cli.Result made =
        Cli.run("broker", "token", policy, "new", "--state", state, "--out", token, "--hours", 1);
    assertThat(made.exitCode()).as(made.err()).isZero();
    assertThat(made.out()).isEmpty();
    assertThat(Files.getPosixFilePermissions(token)).hasSize(2);
    assertThat(Cli.run("broker", "token", policy, "old", "--state", state).exitCode())
        .isEqualTo(ExitCode.NOT_FOUND);
    String voucher =
        Cli.run("broker", "voucher", token, "--tailnet", "example.com", NODE).out().strip();
    String request =
        "{\"tailnet\":\"example.com\",\"nodeKey\":\""
            + NODE
            + "\",\"voucher\":\""
            + voucher
            + "\"}";
    List<String> command =
        Cli.process("broker", "run", policy.toString(), "--state", state.toString());
    Path said = folder.resolve("said");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
    String notify = folder.resolve("notify").toString();
    builder.environment().put("NOTIFY_SOCKET", notify);
    NotifySocket manager = new NotifySocket(notify);
    Process broker = builder.start();
    try (manager) {
      Path socket = state.resolve("broker.sock");
      assertThat(manager.heard()).isEqualTo("READY=1");
      assertThat(Files.readString(said)).contains("asked at unix:" + socket, "log:");
      String answer = ask(socket, request);
      assertThat(answer).startsWith("HTTP/1.1 200");
      String signature = answer.replaceAll("(?s).*\"nodeKeySignature\":\"([^\"]*)\".*", "$1");
      NodeKeySignature made7 = NodeKeySignature.decode(Base64.getDecoder().decode(signature));
      assertThat(made7.nodeKey().orElseThrow().toString()).isEqualTo(NODE);
      assertThat(ask(socket, request)).as("the same again").isEqualTo(answer);
      String another = request.replace(NODE, "nodekey:" + "ac".repeat(32));
      assertThat(ask(socket, another))
          .startsWith("HTTP/1.1 403")
          .contains("Tka-Error: voucher-signature");
      broker.destroy();
      assertThat(manager.heard()).isEqualTo("STOPPING=1");
      assertThat(broker.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(broker.exitValue()).isZero();
    } finally {
      broker.destroyForcibly();
    }
    String hash =
        Cli.run("broker", "check", policy).out().replaceAll("(?s).*policy:  ", "").strip();
    assertThat(Files.readString(said)).contains("policy:  " + hash);
    Cli.Result log = Cli.run("broker", "log", "--state", state);
    assertThat(log.out())
        .contains(
            "started   policy " + hash,
            "token     rule new",
            "signed    " + NODE,
            "refused   nodekey:ac")
        .contains("verified 4 lines");
    // Of the private half, the seed alone is enough to vouch.
    String secret = Files.readString(token).strip().replaceFirst(".*:", "").substring(0, 64);
    assertThat(secret).matches("[0-9a-f]{64}");
    assertThat(Files.readString(said) + Files.readString(state.resolve("log.jsonl")) + log.out())
        .doesNotContain(secret)
        .doesNotContain(Bytes.copyOf(TestKeys.privateKey(1).exposeToByteArray(), 0, 32).toHex())
        .doesNotContain(voucher);
    Path file = state.resolve("log.jsonl");
    Files.writeString(file, Files.readString(file).replace("voucher-signature", "rate"));
    Cli.Result edited = Cli.run("broker", "log", "--state", state, "--verify");
    assertThat(edited.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(edited.err()).contains("line 4: expected its own hash at its end");
  }

  private static String ask(Path socket, String body) throws Exception {
    try (SocketChannel channel = SocketChannel.open(java.net.UnixDomainSocketAddress.of(socket))) {
      channel.write(
          ByteBuffer.wrap(
              ("POST /v1/sign HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body)
                  .getBytes(StandardCharsets.UTF_8)));
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
