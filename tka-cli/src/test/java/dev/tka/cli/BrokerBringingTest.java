package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka broker run --server} against a real {@code tka serve}, both of which are killed. */
class BrokerBringingTest {
  private static final String NAME = "example.com";
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

  @TempDir Path folder;
  private Path policy;
  private Path state;
  private Path said;
  private Path control;

  @BeforeEach
  void begin() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    Path export = folder.resolve("export");
    tailnet.run("export", tailnet.directory(), export);
    control = Files.createDirectory(folder.resolve("control"));
    tailnet.run("import", export, "sqlite:" + control.resolve("control.db"), "--tailnet", NAME);
    policy = folder.resolve("policy.json");
    state = folder.resolve("broker");
    said = folder.resolve("broker.said");
    Files.writeString(said, "");
    Files.writeString(
        policy,
        "{\"schemaVersion\":1,\"rules\":[{\"name\":\"new\",\"tailnets\":[\"example.com\"],"
            + "\"voucher\":{\"token\":{}},\"until\":\"2099-01-01T00:00:00Z\",\"perHour\":50,"
            + "\"sign\":{\"signer\":\"file:"
            + tailnet.keyFile("ann")
            + "\"}}]}");
  }

  private String url() {
    return "unix:" + control.resolve("operator.sock");
  }

  private Process broker() throws Exception {
    long before = Files.size(said);
    Process process =
        new ProcessBuilder(
                Cli.process("broker", "run", policy, "--state", state, "--server", url()))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()))
            .start();
    requireSaid("asked at", before, process);
    return process;
  }

  private void requireSaid(String what, long from, Process broker) throws Exception {
    long end = System.nanoTime() + PATIENCE;
    while (!Files.readString(said).substring((int) from).contains(what)) {
      assertThat(broker.isAlive() && System.nanoTime() < end).as(Files.readString(said)).isTrue();
      Thread.sleep(5);
    }
  }

  private String ask(int node) throws Exception {
    Path token = folder.resolve("token" + node);
    Cli.run("broker", "token", policy, "new", "--state", state, "--out", token);
    String key = Nodes.nodeKey(node).toString();
    String voucher = Cli.run("broker", "voucher", token, "--tailnet", NAME, key).out().strip();
    String body =
        "{\"tailnet\":\""
            + NAME
            + "\",\"nodeKey\":\""
            + key
            + "\",\"voucher\":\""
            + voucher
            + "\"}";
    Path socket = state.resolve("broker.sock");
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

  private List<String> waiting() {
    Cli.Result result = Cli.run("broker", "waiting", url(), "--tailnet", NAME);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    return result.out().lines().toList();
  }

  private static String line(int node) {
    return Nodes.nodeKey(node) + "  web" + node + " (" + node + ")";
  }

  @Test
  void whatWasDecidedWhileControlWasAwayIsBroughtLaterThoughTheBrokerWasKilled() throws Exception {
    try (ServeProcess server = new ServeProcess(control)) {
      for (int node = 1; node <= 4; node++) {
        assertThat(
                server
                    .post(
                        "/v1/tailnets/" + NAME + "/nodes/" + node + "/login",
                        "{\"nodeKey\":\""
                            + Nodes.nodeKey(node)
                            + "\",\"name\":\"web"
                            + node
                            + "\"}")
                    .status())
            .isEqualTo(200);
      }
      assertThat(waiting()).containsExactly(line(1), line(2), line(3), line(4));
      Process broker = broker();
      try {
        assertThat(ask(1)).startsWith("HTTP/1.1 200").doesNotContain("notBrought");
        assertThat(waiting()).containsExactly(line(2), line(3), line(4));
        assertThat(ask(9)).startsWith("HTTP/1.1 200").contains("notBrought", "tried again");
        server.kill();
        assertThat(ask(2)).startsWith("HTTP/1.1 200").contains("notBrought");
        assertThat(ask(3)).startsWith("HTTP/1.1 200").contains("notBrought");
        broker.destroyForcibly().waitFor();
        long before = Files.size(said);
        broker = broker();
        requireSaid("3 signatures of before not brought yet", before, broker);
        assertThat(ask(4)).startsWith("HTTP/1.1 200").contains("notBrought");
        server.start();
        for (int node = 2; node <= 4; node++) {
          requireSaid("brought to control: " + Nodes.nodeKey(node), before, broker);
        }
        assertThat(waiting()).isEmpty();
      } finally {
        broker.destroyForcibly().waitFor();
      }
    }
    Cli.Result log = Cli.run("broker", "log", "--state", state);
    assertThat(log.out().lines().filter(line -> line.contains("  brought   nodekey:"))).hasSize(4);
    assertThat(log.out()).doesNotContain("brought   " + Nodes.nodeKey(9));
  }

  @Test
  void aRunningTailscaledTakesNoSignatureOfABroker() {
    Cli.Result result =
        Cli.run("broker", "run", policy, "--state", state, "--server", "tailscaled:/none");
    assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(result.err()).hasLineCount(1).contains("it signs with its own key");
    assertThat(state).doesNotExist();
  }

  @Test
  void aRunningTailscaledSaysWhoWaits() throws Exception {
    try (Daemon daemon = Daemon.on(folder)) {
      Cli.Result result = Cli.run("broker", "waiting", daemon.url());
      assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
      assertThat(result.out()).hasLineCount(1).contains(Nodes.nodeKey(3) + "  phone");
    }
    Cli.Result directory = Cli.run("broker", "waiting", folder.resolve("tka"));
    assertThat(directory.exitCode()).isEqualTo(ExitCode.USAGE);
  }
}
