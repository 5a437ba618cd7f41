package dev.tka.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tka.client.testkit.FakeControl;
import dev.tka.client.testkit.FakeServer;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.store.StoreKinds;
import dev.tka.store.Tailnets;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FreePort;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client before servers that answer as they should, and before servers that lie. */
class ServerClientTest {
  private static final Key ANN = TestKeys.key(1, 1);
  private static final String KEY = "nodekey:" + "11".repeat(32);
  private static final byte[] HEAD =
      "HTTP/1.1 200 OK\r\nConnection: close\r\n".getBytes(StandardCharsets.US_ASCII);

  @TempDir Path folder;

  private static AumSnapshot chain(String drawing) throws Exception {
    return TestStores.holding(Chains.draw(List.of(ANN), drawing).all()).read();
  }

  private static FakeControl control(String tailnet, AumSnapshot snapshot) throws Exception {
    Authority authority = Authority.open(snapshot);
    return new FakeControl()
        .tailnet(tailnet, snapshot, authority.length(), authority.head().toString());
  }

  private static ServerAccess access(FakeServer server) throws Exception {
    return ((ServerPlace) StoreKinds.installed().parse(server.url())).access();
  }

  private static ServerClient client(FakeServer server) throws Exception {
    return ServerClient.open(access(server));
  }

  @Test
  void aTailnetIsReadOverTcpAndOverAUnixSocketAndVerified() throws Exception {
    AumSnapshot snapshot = chain("A -> B -> C");
    FakeControl control = control("one", snapshot).unlocked("two");
    for (FakeServer each :
        List.of(FakeServer.onLoopback(control), FakeServer.on(folder.resolve("s"), control))) {
      try (FakeServer server = each;
          Tailnets tailnets = new ServerPlace(access(server)).open(Clock.systemUTC())) {
        assertThat(tailnets.revisions().keySet()).containsExactly("one", "two");
        assertThat(tailnets.has("one")).isTrue();
        assertThat(tailnets.has("three")).isFalse();
        AumSnapshot read = tailnets.tailnet("one").read();
        assertThat(Authority.open(read).head()).isEqualTo(Authority.open(snapshot).head());
        assertThat(read.entries()).hasSize(3);
        assertThat(tailnets.tailnet("two").read().entries()).isEmpty();
        assertThat(tailnets.tailnet("three").read().entries()).isEmpty();
      }
    }
  }

  @Test
  void tenThousandTailnetsAreListedWithOneRequest() throws Exception {
    List<String> lines =
        IntStream.range(0, 10_000)
            .mapToObj(
                i ->
                    "{\"tailnet\":\"t"
                        + i
                        + "\",\"lock\":\"off\",\"length\":0,\"nodes\":"
                        + i
                        + "}")
            .toList();
    try (FakeServer server = FakeServer.onLoopback(new FakeControl().lines("/v1/tailnets", lines));
        ServerClient client = client(server)) {
      assertThat(client.tailnets()).hasSize(10_000);
      assertThat(server.asked()).hasSize(1);
    }
  }

  @Test
  void nodesFleetAndTokensAreReadAndWhatANewerServerAddsIsLeftOut() throws Exception {
    FakeControl control =
        new FakeControl()
            .lines(
                "/v1/tailnets/a%2Fb%20%C3%A4/fleet",
                List.of(
                    "{\"node\":\"1\",\"nodeKey\":\"" + KEY + "\",\"more\":{\"x\":[{}]}}",
                    "{\"node\":\"9223372036854775807\",\"nodeKey\":\""
                        + KEY
                        + "\",\"nodeKeySignature\":\"AQI=\",\"rotationKey\":\""
                        + "A".repeat(43)
                        + "=\",\"name\":\"ann\",\"unsignedPeerApiOnly\":true}"))
            .lines(
                "/v1/tailnets/t/fleet",
                List.of(
                    "{\"node\":\"1\",\"nodeKey\":\""
                        + KEY
                        + "\",\"signed\":true,\"last\":{\"at\":"
                        + "\"2026-01-01T00:00:00Z\",\"head\":\""
                        + "A".repeat(52)
                        + "\",\"outcome\":\"ok\"},\"behind\":3,\"condition\":\"behind\"}",
                    "{\"node\":\"2\",\"nodeKey\":\""
                        + KEY
                        + "\",\"condition\":\"stranded\","
                        + "\"reason\":\"why\",\"remedy\":\"do\",\"told\":\"disabled\"}"))
            .lines(
                "/v1/tailnets/t/tokens",
                List.of("{\"id\":\"0102\",\"node\":\"1\",\"made\":\"2026-01-01T00:00:00Z\"}"))
            .put(
                "POST /v1/tailnets/t/nodes/1/tokens",
                out -> FakeServer.lines(out, "{\"token\":\"x1\"}"))
            .put(
                "DELETE /v1/tailnets/t/tokens/0102",
                out -> FakeServer.answer(out, 204, "", new byte[0]))
            .put("PUT /v1/tailnets/t/restored", out -> FakeServer.answer(out, 204, "", new byte[0]))
            .put(
                "DELETE /v1/tailnets/t/restored",
                out -> FakeServer.answer(out, 204, "", new byte[0]));
    try (FakeServer server = FakeServer.onLoopback(control);
        ServerClient client = client(server)) {
      List<ServedNode> nodes = new ArrayList<>();
      client.nodes("a/b ä", nodes::add);
      assertThat(nodes.get(0).signature()).isEmpty();
      assertThat(nodes.get(1).node()).isEqualTo(Long.MAX_VALUE);
      assertThat(nodes.get(1).signature()).contains(Bytes.copyOf(new byte[] {1, 2}));
      assertThat(nodes.get(1).rotationKey()).isPresent();
      List<FleetNode> fleet = new ArrayList<>();
      client.fleet("t", fleet::add);
      assertThat(fleet.get(0).behind()).contains(3L);
      assertThat(fleet.get(0).last().orElseThrow().head()).contains(AumHash.parse("A".repeat(52)));
      assertThat(fleet.get(1).isStranded()).isTrue();
      assertThat(fleet.get(1).last()).isEmpty();
      assertThat(client.tokens("t").get(0).hash().toHex()).isEqualTo("0102");
      assertThat(client.makeToken("t", 1)).isEqualTo("x1");
      client.revokeToken("t", client.tokens("t").get(0).hash());
      client.setRestored("t", true);
      client.setRestored("t", false);
    }
  }

  private static void requireOneLine(Throwable thrown) {
    assertThat(thrown.getMessage())
        .isNotBlank()
        .hasSizeLessThan(600)
        .doesNotContain("\n", "Exception", "java.", "org.");
  }

  /** An answer, and part of what is said about it. */
  private record Lie(FakeControl.Body body, Class<? extends ServerException> kind, String said) {}

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  @Test
  void aServerThatLiesGetsOneLineAndIsNotBelieved() throws Exception {
    String other = "/v1/tailnets/other/export";
    FakeControl sound = control("other", chain("A -> B"));
    List<Lie> lies =
        List.of(
            new Lie(out -> out.close(), ServerException.NoAnswer.class, "connection was lost"),
            new Lie(out -> write(out, "SSH-2.0-x\r\n\r\n"), ServerException.NoAnswer.class, "HTTP"),
            new Lie(
                out -> {
                  out.write(HEAD);
                  write(out, "Content-Length: 100\r\n\r\n");
                  out.write(new byte[] {(byte) 0x8b, 1});
                },
                ServerException.NoAnswer.class,
                "connection was lost"),
            new Lie(
                out -> FakeServer.answer(out, 200, "", "<html>".getBytes(StandardCharsets.UTF_8)),
                ServerException.BadAnswer.class,
                "expected an export"),
            new Lie(
                out -> FakeServer.answer(out, 200, "", new byte[0]),
                ServerException.BadAnswer.class,
                "truncated"),
            new Lie(
                out -> sound.to(new FakeServer.Asked("GET", other, "", Bytes.empty()), out),
                ServerException.BadAnswer.class,
                "expected the tailnet that was asked for, found another"),
            new Lie(
                out -> {
                  write(out, "HTTP/1.1 200 OK\r\nX: ");
                  while (true) {
                    out.write(new byte[1 << 16]);
                  }
                },
                ServerException.NoAnswer.class,
                ""),
            new Lie(
                out ->
                    FakeServer.answer(out, 307, "Location: http://127.0.0.1:1/x\r\n", new byte[0]),
                ServerException.Refused.class,
                "status 307"),
            new Lie(
                out -> FakeServer.answer(out, 502, "Content-Type: text/html\r\n", new byte[9000]),
                ServerException.Refused.class,
                "status 502"),
            new Lie(
                out -> FakeServer.refuse(out, 503, "unavailable", "x".repeat(9000) + "\nat y"),
                ServerException.Refused.class,
                "the server says: xxx"),
            new Lie(
                out ->
                    FakeServer.answer(out, 401, "WWW-Authenticate: Basic realm=x\r\n", new byte[0]),
                ServerException.Refused.class,
                "status 401"));
    for (Lie lie : lies) {
      try (FakeServer server =
              FakeServer.onLoopback(new FakeControl().put("/v1/tailnets/one/export", lie.body()));
          ServerClient client = client(server)) {
        Throwable thrown = catchThrowableOfType(lie.kind(), () -> client.export("one"));
        assertThat(thrown).as(lie.said()).hasMessageContaining(lie.said());
        requireOneLine(thrown);
        assertThat(server.asked()).hasSize(1);
      }
    }
  }

  @Test
  void anAnswerWithoutEndTakesUpBoundedMemoryAndEnds() throws Exception {
    byte[] spaces = " ".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
    FakeControl.Body endless =
        out -> {
          out.write(HEAD);
          write(out, "\r\n");
          while (true) {
            out.write(spaces);
          }
        };
    FakeControl.Body deep = out -> FakeServer.lines(out, "{\"a\":".repeat(10_000));
    FakeControl.Body wide = out -> FakeServer.lines(out, "{" + "\"a\":1,".repeat(10_000));
    FakeControl.Body longText =
        out -> FakeServer.lines(out, "{\"tailnet\":\"" + "x".repeat(1 << 20) + "\"}");
    for (FakeControl.Body body : List.of(endless, deep, wide, longText)) {
      try (FakeServer server =
              FakeServer.onLoopback(new FakeControl().put("/v1/tailnets/t", body));
          ServerClient client = client(server)) {
        requireOneLine(
            catchThrowableOfType(ServerException.BadAnswer.class, () -> client.tailnet("t")));
      }
    }
  }

  @Test
  void aServerThatIsSlowIsLeft() throws Exception {
    FakeControl control =
        new FakeControl()
            .put("/v1/tailnets/silent", out -> Thread.sleep(60_000))
            .put(
                "/v1/tailnets/drip",
                out -> {
                  out.write(HEAD);
                  write(out, "\r\n");
                  while (true) {
                    write(out, " ");
                    Thread.sleep(20);
                  }
                });
    try (FakeServer server = FakeServer.onLoopback(control);
        ServerClient client =
            ServerClient.open(
                access(server).withPatience(Duration.ofMillis(300), Duration.ofMillis(600)))) {
      for (String tailnet : List.of("silent", "drip")) {
        Throwable thrown =
            catchThrowableOfType(ServerException.NoAnswer.class, () -> client.tailnet(tailnet));
        assertThat(thrown).hasMessageContaining("no whole answer came in time");
        requireOneLine(thrown);
      }
    }
  }

  @Test
  void whereNobodyListensThatIsSaid() throws Exception {
    Path stale = folder.resolve("stale");
    FakeServer.on(stale, new FakeControl()).close();
    for (String[] each :
        new String[][] {
          {"http://127.0.0.1:" + FreePort.find(), "nothing listens there"},
          {"unix:" + folder.resolve("none"), "no such socket"},
          {"unix:" + stale, "nothing listens there"},
          {"unix:" + folder.resolve("x".repeat(200)), "too long"},
          {"http://nowhere.invalid", "no host of this name"},
        }) {
      ServerPlace place = (ServerPlace) StoreKinds.installed().parse(each[0]);
      try (ServerClient client = ServerClient.open(place.access())) {
        Throwable thrown = catchThrowableOfType(ServerException.NoAnswer.class, client::tailnets);
        assertThat(thrown).as(each[0]).hasMessageContaining(each[1]);
        requireOneLine(thrown);
      }
    }
  }

  @Test
  void theTokenIsReadAnewForEachRequestAndStandsNowhereElse() throws Exception {
    Path file = Files.writeString(folder.resolve("token"), "\n first-token \nsecond\n");
    FakeControl control =
        new FakeControl()
            .put(
                "/v1/tailnets",
                out ->
                    FakeServer.refuse(
                        out, 401, "unauthorized", "not valid: third-token, it is not"));
    try (FakeServer server = FakeServer.onLoopback(control);
        ServerClient client = ServerClient.open(access(server).withTokenFile(file))) {
      ServerException refused =
          catchThrowableOfType(ServerException.Refused.class, client::tailnets);
      Files.writeString(file, "third-token");
      refused.addSuppressed(catchThrowableOfType(ServerException.Refused.class, client::tailnets));
      assertThat(server.asked().get(0).head()).contains("Authorization: Bearer first-token\r\n");
      assertThat(server.asked().get(1).head()).contains("Authorization: Bearer third-token\r\n");
      assertThat(refused.getSuppressed()[0]).hasMessageContaining("not valid: ..., it is not");
      assertThat(client + " " + client.access() + refused.getSuppressed()[0])
          .doesNotContain("third-token");
      for (String bad : List.of("", "two words", "ümlaut", "x".repeat(5000))) {
        Files.writeString(file, bad);
        assertThat(catchThrowableOfType(ServerException.NotSent.class, client::tailnets))
            .hasMessage(file + ": expected a token on the first line, found something else");
      }
      Files.delete(file);
      assertThat(catchThrowableOfType(ServerException.NotSent.class, client::tailnets))
          .hasMessage(file + ": no such file");
      assertThat(server.asked()).hasSize(2);
    }
  }

  @Test
  void aTokenIsNotSentToAnotherMachineWithoutTls() throws Exception {
    Path file = Files.writeString(folder.resolve("token"), "a-token");
    ServerPlace place = (ServerPlace) StoreKinds.installed().parse("http://nowhere.invalid");
    try (ServerClient client = ServerClient.open(place.access().withTokenFile(file))) {
      assertThat(catchThrowableOfType(ServerException.NotSent.class, client::tailnets))
          .hasMessageContaining("use https://");
    }
  }

  @Test
  void aCertificateThatCannotBeReadIsNamed() throws Exception {
    Path file = Files.writeString(folder.resolve("ca.pem"), "nothing");
    ServerPlace place = (ServerPlace) StoreKinds.installed().parse("https://nowhere.invalid");
    for (ServerAccess each :
        List.of(
            place.access().withCaFile(file),
            place.access().withCertificateFile(file),
            place.access().withCaFile(folder.resolve("none")))) {
      assertThat(catchThrowableOfType(ServerException.NotSent.class, () -> ServerClient.open(each)))
          .hasMessageStartingWith(folder.toString());
    }
  }

  @Test
  void anAlteredExportIsRefused() throws Exception {
    AumSnapshot snapshot = chain("A -> B -> C");
    FakeControl control = control("one", snapshot);
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    control.to(new FakeServer.Asked("GET", "/v1/tailnets/one/export", "", Bytes.empty()), whole);
    byte[] bytes = whole.toByteArray();
    bytes[bytes.length / 2] ^= 1;
    try (FakeServer server =
            FakeServer.onLoopback(
                new FakeControl().put("/v1/tailnets/one/export", out -> out.write(bytes)));
        ServerClient client = client(server)) {
      requireOneLine(
          catchThrowableOfType(ServerException.BadAnswer.class, () -> client.export("one")));
    }
  }
}
