package dev.tka.control.http;

import static dev.tka.control.http.Kit.node;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.control.ControlSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one connection may cost (service, section 6). */
class SlowSendersTest {
  @TempDir Path folder;

  private static ServerSettings.Limits impatient(Duration head) {
    ServerSettings.Limits usual = ServerSettings.Limits.STANDARD;
    return new ServerSettings.Limits(
        usual.requestsPerSecond(),
        usual.requestBurst(),
        usual.bytesPerSecond(),
        usual.running(),
        usual.waiting(),
        // Not what is tested: a slow machine may need long until all were cut off.
        Duration.ofMinutes(5),
        usual.largestBody(),
        usual.largestList(),
        Duration.ofSeconds(1),
        usual.slowest(),
        head,
        usual.connections());
  }

  private Kit kit() throws Exception {
    return kit(ServerSettings.Limits.STANDARD.head());
  }

  private Kit kit(Duration head) throws Exception {
    return new Kit(
        folder, ControlSettings.DEFAULTS, Kit.sockets(folder).withLimits(impatient(head)));
  }

  @Test
  void aHeadThatComesByteByByteEndsTheConnection() throws Exception {
    try (Kit kit = kit(Duration.ofMillis(500));
        RawHttp http = new RawHttp(kit.address(Role.FORWARDER))) {
      http.send("GET /livez HTTP/1.1\r\nHost: x\r\n");
      long began = System.nanoTime();
      boolean open = true;
      while (open && System.nanoTime() - began < Duration.ofSeconds(60).toNanos()) {
        Thread.sleep(50);
        try {
          http.send("x");
        } catch (java.io.IOException e) {
          open = false;
        }
      }
      assertThat(open).isFalse();
    }
  }

  @Test
  void aBodyThatDoesNotComeIsGivenUpAndOthersAreServedMeanwhile() throws Exception {
    try (Kit kit = kit()) {
      List<RawHttp> slow = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        RawHttp http = new RawHttp(kit.address(Role.FORWARDER));
        http.send(
            "POST "
                + node(1)
                + "/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"node");
        slow.add(http);
      }
      assertThat(kit.ask(Role.FORWARDER, "POST", node(2) + "/login", Kit.login(2)).status())
          .isEqualTo(200);
      for (RawHttp each : slow) {
        RawHttp.Reply reply = each.read();
        assertThat(reply.status()).isIn(0, 400, 408);
        each.close();
      }
    }
  }

  @Test
  void aBodyThatBreaksOffIsMalformedAndChangesNothing() throws Exception {
    try (Kit kit = kit();
        RawHttp http = new RawHttp(kit.address(Role.FORWARDER))) {
      http.send("POST " + node(1) + "/login HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{");
      http.endOutput();
      RawHttp.Reply reply = http.read();
      assertThat(reply.status()).isIn(0, 400);
      assertThat(
              kit.ask(Role.FORWARDER, "GET", "/v1/tailnets/" + Kit.TAILNET + "/nodes", "").code())
          .isEqualTo("unknown-tailnet");
    }
  }

  @Test
  void aReaderThatDoesNotReadIsCutOffAndHoldsNoThread() throws Exception {
    try (Kit kit = kit()) {
      StringBuilder nodes = new StringBuilder();
      for (int i = 1; i <= 20_000; i++) {
        nodes.append(Kit.text("node", "" + i, "nodeKey", Kit.nodeKey(i), "name", "x".repeat(200)));
      }
      String list = "/v1/tailnets/" + Kit.TAILNET + "/nodes";
      assertThat(kit.ask(Role.FORWARDER, "PUT", list, nodes.toString()).status()).isEqualTo(204);
      // More of them than threads of the tailnet.
      List<RawHttp> idle = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        RawHttp http = new RawHttp(kit.address(Role.FORWARDER));
        http.send("GET " + list + " HTTP/1.1\r\nHost: x\r\n\r\n");
        idle.add(http);
      }
      assertThat(kit.ask(Role.FORWARDER, "GET", list + "?node=7", "").status()).isEqualTo(200);
      kit.awaitLine("outcome=aborted");
      for (RawHttp each : idle) {
        each.close();
      }
    }
  }

  @Test
  void aSocketThatAKilledServerLeftIsReplacedAndALiveOneIsNot() throws Exception {
    try (Kit kit = kit()) {
      org.assertj.core.api.Assertions.assertThatThrownBy(this::kit)
          .isInstanceOf(java.io.IOException.class)
          .hasMessageContaining("another server listens here");
      assertThat(kit.ask(Role.FORWARDER, "GET", "/livez", "").status()).isEqualTo(200);
    }
    // A socket without a server, as kill -9 leaves it.
    try (var left =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      left.bind(java.net.UnixDomainSocketAddress.of(folder.resolve("f.sock")));
    }
    assertThat(folder.resolve("f.sock")).exists();
    try (Kit kit = kit()) {
      assertThat(kit.ask(Role.FORWARDER, "GET", "/livez", "").status()).isEqualTo(200);
    }
  }
}
