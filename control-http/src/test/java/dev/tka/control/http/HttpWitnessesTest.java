package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.WitnessTransport;
import dev.tka.testkit.FreePort;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a witness may answer, and how little it costs. */
@Timeout(300)
class HttpWitnessesTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  /** What a witness sends, over and over if it says so. */
  private record Script(String head, String body, boolean endless) {}

  /** Answers one request, and says how the request began. */
  private static CompletableFuture<String> answer(ServerSocket server, Script script) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (Socket socket = server.accept()) {
            InputStream in = socket.getInputStream();
            StringBuilder asked = new StringBuilder();
            while (asked.indexOf("old 0") < 0) {
              int next = in.read();
              if (next < 0) {
                return "cut";
              }
              asked.append((char) next);
            }
            OutputStream out = socket.getOutputStream();
            out.write(script.head().getBytes(StandardCharsets.US_ASCII));
            byte[] body = script.body().getBytes(StandardCharsets.US_ASCII);
            do {
              out.write(body);
              out.flush();
              if (script.endless()) {
                Thread.sleep(1);
              }
            } while (script.endless());
            return asked.toString();
          } catch (IOException | InterruptedException e) {
            return "cut";
          }
        });
  }

  private static WitnessTransport.Reply ask(
      Script script, Duration most, AtomicReference<CompletableFuture<String>> asked)
      throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        HttpWitnesses witnesses = HttpWitnesses.open(most)) {
      asked.set(answer(server, script));
      return witnesses.post(
          "http://127.0.0.1:" + server.getLocalPort() + "/below",
          "add-checkpoint",
          "old 0".getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static WitnessTransport.Reply ask(Script script, Duration most) throws IOException {
    return ask(script, most, new AtomicReference<>());
  }

  private static String head(int length, String... more) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n" + String.join("", more) + "\r\n";
  }

  @Test
  void theAnswerComesBackAsItIs() throws Exception {
    AtomicReference<CompletableFuture<String>> asked = new AtomicReference<>();
    WitnessTransport.Reply reply =
        ask(new Script(head(5, "Content-Type: text/x.tlog.size\r\n"), "hello", false), LONG, asked);
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.type()).isEqualTo("text/x.tlog.size");
    assertThat(new String(reply.body(), StandardCharsets.US_ASCII)).isEqualTo("hello");
    assertThat(asked.get().join()).startsWith("POST /below/add-checkpoint HTTP/1.1\r\n");
  }

  @Test
  void aRedirectIsNotFollowed() throws Exception {
    String redirect =
        "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    assertThat(ask(new Script(redirect, "", false), LONG).status()).isEqualTo(307);
  }

  @Test
  void anAnswerThatIsTooLongOrTakesTooLongIsNone() {
    String chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (Script each :
        new Script[] {
          new Script(head(1 << 20), "x".repeat(1 << 20), false),
          new Script(head(2_000_000_000), "x", false),
          new Script(chunked, "1\r\nx\r\n", true),
          new Script(chunked, "1000\r\n" + "x".repeat(4096) + "\r\n", true),
          new Script("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n", true),
          new Script("nonsense\r\n\r\n", "", false),
        }) {
      assertThatThrownBy(() -> ask(each, Duration.ofMillis(700)))
          .as("%s", each)
          .isInstanceOf(IOException.class)
          .hasMessageMatching("no (whole )?answer.*");
    }
  }

  @Test
  void aWitnessThatIsNotThereIsSaidInOneLine() throws Exception {
    int port = FreePort.find();
    try (HttpWitnesses witnesses = HttpWitnesses.open()) {
      assertThatThrownBy(
              () -> witnesses.post("http://127.0.0.1:" + port, "add-checkpoint", new byte[1]))
          .isInstanceOf(IOException.class)
          .hasMessage("nobody listens there");
      assertThatThrownBy(
              () -> witnesses.post("http://nowhere.invalid", "add-checkpoint", new byte[1]))
          .isInstanceOf(IOException.class)
          // A resolver may name a host of its own for what it does not know.
          .hasMessageMatching("no such host|nobody listens there|no whole answer.*");
    }
  }
}
