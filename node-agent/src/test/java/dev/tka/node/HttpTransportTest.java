package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.sun.management.ThreadMXBean;
import dev.tka.core.Bytes;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.Rpc;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.FreePort;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent's client against servers that do everything but answer. */
class HttpTransportTest {
  private static final String TOKEN = "tka-node-0123456789abcdef0123456789abcdef0123456789a";
  private static final Duration PATIENCE = Duration.ofMillis(300);

  /** How long those servers go on that never answer. */
  private static final Duration FOR_EVER = Duration.ofMinutes(10);

  /** What lies in the buffers of two sockets and of the client at most. */
  private static final long BUFFERS = 16 << 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static final Flow.Subscription NO_SUBSCRIPTION =
      new Flow.Subscription() {
        @Override
        public void request(long count) {}

        @Override
        public void cancel() {}
      };

  @TempDir Path folder;

  private HttpConnections connections;
  private Path tokenFile;

  @BeforeEach
  void open() throws Exception {
    connections = HttpConnections.open();
    tokenFile = Files.writeString(folder.resolve("token"), TOKEN + "\n");
  }

  @AfterEach
  void close() {
    connections.close();
  }

  private HttpTransport to(HostileServer server) {
    return HttpTransport.toServer(connections, server.url(), tokenFile);
  }

  private HttpTransport impatient(HostileServer server, Duration patience) {
    return to(server).withPatience(patience);
  }

  private static ControlTransport.Ask call(int most) {
    return new ControlTransport.Call(Rpc.SYNC_OFFER, Bytes.empty(), most);
  }

  private static ControlTransport.Reply ask(ControlTransport transport, ControlTransport.Ask ask)
      throws ControlFailure, InterruptedException {
    try {
      return transport.send(ask).get(120, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw ControlCalls.failure(e.getCause());
    } catch (java.util.concurrent.TimeoutException e) {
      throw new AssertionError("it waits for ever", e);
    }
  }

  private static void forEver(OutputStream out, String piece) throws IOException {
    byte[] bytes = piece.repeat(1 + 8192 / piece.length()).getBytes(StandardCharsets.ISO_8859_1);
    while (true) {
      out.write(bytes);
    }
  }

  private static void trickle(OutputStream out, String text)
      throws IOException, InterruptedException {
    for (byte b : text.repeat(20_000).getBytes(StandardCharsets.ISO_8859_1)) {
      out.write(b);
      out.flush();
      Thread.sleep(20);
    }
  }

  private static byte[] manyNames(int count) {
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < count; i++) {
      text.append("\"n").append(i).append("\":").append(i % 2 == 0 ? "\"\"," : "true,");
    }
    return text.append("\"last\":0}").toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static Map<String, HostileServer.Behaviour> behaviours() {
    Map<String, HostileServer.Behaviour> all = new LinkedHashMap<>();
    all.put("stalls before the head", out -> Thread.sleep(FOR_EVER.toMillis()));
    all.put(
        "stalls within the body",
        out -> {
          out.write(HostileServer.head("200 OK", "Content-Length: 100"));
          Thread.sleep(FOR_EVER.toMillis());
        });
    all.put("trickles the head", out -> trickle(out, "HTTP/1.1 200 OK\r\nX: "));
    all.put(
        "trickles the body",
        out -> {
          out.write(HostileServer.head("200 OK", "Content-Length: 100000"));
          trickle(out, " ");
        });
    all.put("floods the head", out -> forEver(out, "HTTP/1.1 200 OK\r\nX: y\r\nX: z"));
    all.put(
        "floods the body",
        out -> {
          out.write(HostileServer.head("200 OK"));
          forEver(out, " ");
        });
    all.put(
        "floods in chunks",
        out -> {
          out.write(HostileServer.head("200 OK", "Transfer-Encoding: chunked"));
          forEver(out, "8\r\n        \r\n");
        });
    all.put(
        "floods in chunks of one byte",
        out -> {
          out.write(HostileServer.head("200 OK", "Transfer-Encoding: chunked"));
          forEver(out, "1\r\n \r\n");
        });
    all.put(
        "sends one object of very many names",
        out -> {
          out.write(HostileServer.head("200 OK"));
          out.write(manyNames(200_000));
        });
    all.put(
        "floods an error",
        out -> {
          out.write(HostileServer.head("500 No"));
          forEver(out, " ");
        });
    all.put(
        "sends 10 MB of garbage",
        out -> {
          out.write(HostileServer.head("200 OK", "Content-Length: 10000000"));
          out.write(new byte[10_000_000]);
        });
    all.put(
        "claims more than there is",
        out -> {
          out.write(HostileServer.head("200 OK", "Content-Length: 9223372036854775807"));
          out.write('{');
        });
    all.put(
        "claims what no number is",
        out -> out.write(HostileServer.head("200 OK", "Content-Length: 99999999999999999999")));
    all.put(
        "closes within the body",
        out -> {
          out.write(HostileServer.head("200 OK", "Content-Length: 100"));
          out.write('{');
        });
    all.put("closes at once", out -> {});
    all.put(
        "speaks something else",
        out -> out.write("220 smtp\r\n".repeat(10).getBytes(StandardCharsets.US_ASCII)));
    all.put(
        "answers with a page",
        out -> {
          out.write(HostileServer.head("200 OK", "Content-Type: text/html", "Content-Length: 6"));
          out.write("<html>".getBytes(StandardCharsets.US_ASCII));
        });
    return all;
  }

  @Test
  void whateverControlSendsItCostsBoundedTimeBytesAndRequests() throws Exception {
    for (var each : behaviours().entrySet()) {
      // A slow machine may need longer than the patience to send a request at all.
      Duration patience = PATIENCE;
      while (requestsThatCame(each, patience) < 3) {
        assertThat(patience).as(each.getKey()).isLessThan(Duration.ofSeconds(30));
        patience = patience.multipliedBy(4);
      }
    }
  }

  /** Makes three requests, and returns how many came to the server. */
  private int requestsThatCame(Map.Entry<String, HostileServer.Behaviour> each, Duration patience)
      throws Exception {
    try (HostileServer server = new HostileServer(each.getValue());
        AgentDirectory kept =
            AgentDirectory.open(
                folder.resolve(each.getKey().replace(' ', '-') + patience), new FakeClock())) {
      NodeAgent agent =
          NodeAgent.open(kept, NodeKeySignatures.nodeKey(1), new FakeClock().clocks());
      HttpTransport transport = impatient(server, patience);
      Announcement announced =
          new Announcement.Enabled(Chains.genesis(List.of(TestKeys.key(1, 1)), 1).hash());
      long began = System.nanoTime();
      assertThatThrownBy(() -> agent.follow(announced, transport))
          .as(each.getKey())
          .isInstanceOf(ControlFailure.class)
          .message()
          .doesNotContain("Exception", TOKEN, "<html>");
      assertThatThrownBy(() -> ControlCalls.told(ask(transport, announcement())))
          .as(each.getKey())
          .isInstanceOf(ControlFailure.class);
      assertThat(server.sent.get()).as(each.getKey()).isLessThan(2 * ((1 << 20) + BUFFERS));
      assertThatThrownBy(() -> agent.fetchPeers(transport))
          .as(each.getKey())
          .isInstanceOf(ControlFailure.class)
          .message()
          .doesNotContain("Exception", TOKEN, "<html>");
      assertThat(server.sent.get())
          .as(each.getKey())
          .isLessThan((64 << 20) + 2 * (1 << 20) + 3 * BUFFERS);
      assertThat(Duration.ofNanos(System.nanoTime() - began))
          .as(each.getKey())
          .isLessThan(FOR_EVER.dividedBy(2));
      // The JDK repeats a GET once when a connection ends before any answer.
      assertThat(server.requests).as(each.getKey()).hasValueLessThan(6);
      assertThat(agent.status().lock()).isEqualTo("unknown");
      long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
      while (server.requests.get() < 3 && System.nanoTime() < end) {
        Thread.sleep(5);
      }
      return server.requests.get();
    }
  }

  private static ControlTransport.Ask announcement() {
    return new ControlTransport.Announced(Optional.empty(), Duration.ZERO, 16 << 10);
  }

  @Test
  void anAnswerInManyPiecesTakesNoMoreMemoryThanItsBytes() throws Exception {
    int most = 1 << 18;
    List<ByteBuffer> pieces = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      pieces.add(ByteBuffer.wrap(new byte[] {(byte) i}));
    }
    HttpTransport.Bounded body = new HttpTransport.Bounded(most, false, new AtomicBoolean());
    body.onSubscribe(NO_SUBSCRIPTION);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    body.onNext(pieces);
    assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(4L * most);
    assertThat(body.room()).isEqualTo(most);
    body.onComplete();
    Bytes whole = body.getBody().toCompletableFuture().get();
    assertThat(whole.size()).isEqualTo(most);
    assertThat(whole.get(most - 2)).isEqualTo((byte) -2);
    assertThat(body.room()).isZero();
  }

  @Test
  void whatIsTooLongIsNotKept() {
    HttpTransport.Bounded body = new HttpTransport.Bounded(3, false, new AtomicBoolean());
    body.onSubscribe(NO_SUBSCRIPTION);
    body.onNext(List.of(ByteBuffer.wrap(new byte[3])));
    assertThat(body.room()).isEqualTo(3);
    body.onNext(List.of(ByteBuffer.wrap(new byte[1])));
    assertThat(body.getBody().toCompletableFuture()).isCompletedExceptionally();
    assertThat(body.room()).isZero();
  }

  @Test
  void ofAnAnswersFieldsOnlyThoseAreKeptThatAreRead() throws Exception {
    Set<String> flags = new HashSet<>();
    try (JsonParser in = new JsonFactory().createParser(manyNames(1000))) {
      assertThat(ControlCalls.texts(in, Set.of("n4", "n5", "n2000"), flags)).containsOnlyKeys("n4");
    }
    assertThat(flags).containsOnly("n5");
  }

  @Test
  void bytesAreReadAsTheyStand() throws Exception {
    byte[] content = new byte[1000];
    new Random(1).nextBytes(content);
    BytesInput in = new BytesInput(Bytes.copyOf(content));
    assertThat(in.read()).isEqualTo(content[0] & 0xff);
    byte[] some = new byte[7];
    assertThat(in.read(some, 2, 0)).isZero();
    assertThat(in.read(some, 2, 3)).isEqualTo(3);
    assertThat(some).containsExactly(0, 0, content[1], content[2], content[3], 0, 0);
    assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(content, 4, 1000));
    assertThat(in.read()).isEqualTo(-1);
    assertThat(in.read(some)).isEqualTo(-1);
  }

  @Test
  void whoTakesTooLongIsHungUpOn() throws Exception {
    for (String name : List.of("trickles the head", "trickles the body", "floods the body")) {
      try (HostileServer server = new HostileServer(behaviours().get(name))) {
        assertThatThrownBy(() -> ask(impatient(server, PATIENCE), call(1000)))
            .as(name)
            .isInstanceOf(ControlFailure.class);
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (server.hungUp.get() == 0 && System.nanoTime() < end) {
          Thread.sleep(10);
        }
        assertThat(server.hungUp).as(name).hasValue(1);
      }
    }
  }

  @Test
  void anAnswerMayBeAsLongAsIsAllowedAndNoLonger() throws Exception {
    try (HostileServer server =
        new HostileServer(
            out -> {
              out.write(HostileServer.head("200 OK"));
              out.write(new byte[100_000]);
            })) {
      assertThat(ask(to(server), call(100_000)).body().size()).isEqualTo(100_000);
      assertThatThrownBy(() -> ask(to(server), call(99_999)))
          .isInstanceOf(ControlFailure.BadAnswer.class)
          .hasMessage("control's answer cannot be used: expected at most 99999 bytes, found more");
    }
  }

  @Test
  void aRedirectIsAnAnswerAndIsNotFollowed() throws Exception {
    try (HostileServer elsewhere = new HostileServer(out -> {});
        HostileServer server =
            new HostileServer(
                out ->
                    out.write(
                        HostileServer.head(
                            "307 Moved",
                            "Location: " + elsewhere.url() + "/v1/node/peers",
                            "Tka-Error: moved",
                            "Content-Length: 0")))) {
      ControlTransport.Reply reply =
          ask(to(server), new ControlTransport.ListPeers(Optional.empty(), 1000));
      assertThat(reply.status()).isEqualTo(307);
      assertThat(reply.code()).contains("moved");
      assertThat(elsewhere.requests).hasValue(0);
    }
  }

  /** Says of each request that the tailnet is elsewhere. */
  private static HostileServer moved(AtomicReference<String> to) throws IOException {
    return new HostileServer(
        out ->
            out.write(
                HostileServer.head(
                    "307 Moved",
                    "Location: " + to.get() + "/v1/node/peers",
                    "Tka-Error: moved",
                    "Content-Length: 0")));
  }

  private static HostileServer answering(String status) throws IOException {
    return new HostileServer(out -> out.write(HostileServer.head(status, "Content-Length: 0")));
  }

  private static ControlTransport.Ask peers() {
    return new ControlTransport.ListPeers(Optional.empty(), 1000);
  }

  @Test
  void aServerWithoutALogIsNotLeftForAnotherOne() throws Exception {
    ControlTransport.Ask checkpoint = new ControlTransport.ReadLog("checkpoint", 1000);
    try (HostileServer none = answering("404 Not Found");
        HostileServer second = answering("200 OK")) {
      List<String> both = List.of(none.url(), second.url());
      HttpTransport transport = HttpTransport.toServer(connections, both, tokenFile);
      assertThat(ask(transport, checkpoint).status()).isEqualTo(404);
      assertThat(ask(transport, checkpoint).status()).isEqualTo(404);
      assertThat(second.requests).hasValue(0);
      // That the node itself is not known there is another thing.
      assertThat(ask(transport, peers()).status()).isEqualTo(404);
      assertThat(ask(transport, checkpoint).status()).isEqualTo(200);
    }
    try (HostileServer endless =
            new HostileServer(
                out -> {
                  out.write(HostileServer.head("200 OK"));
                  forEver(out, "junk");
                });
        HostileServer second = answering("200 OK")) {
      List<String> both = List.of(endless.url(), second.url());
      HttpTransport transport = HttpTransport.toServer(connections, both, tokenFile);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> ask(transport, checkpoint))
            .isInstanceOf(ControlFailure.BadAnswer.class)
            .hasMessageContaining("expected at most 1000 bytes, found more");
      }
      assertThat(second.requests).hasValue(0);
    }
  }

  @Test
  void aServerIsFollowedExactlyToAnotherOneThatIsConfigured() throws Exception {
    AtomicReference<String> to = new AtomicReference<>();
    try (HostileServer first = moved(to);
        HostileServer second = answering("200 OK")) {
      HttpTransport transport =
          HttpTransport.toServer(connections, List.of(first.url(), second.url() + "/"), tokenFile);
      String port = second.url().substring(second.url().lastIndexOf(':') + 1);
      for (String other :
          List.of(
              "http://localhost:" + port,
              "https://127.0.0.1:" + port,
              "http://127.0.0.1:1" + port.substring(1),
              "http://127.0.0.1." + port,
              "http://me@127.0.0.1:" + port,
              "http://127.0.0.1:" + port + "@elsewhere",
              "//127.0.0.1:" + port,
              "",
              "http://[")) {
        to.set(other);
        HttpTransport fresh =
            HttpTransport.toServer(
                connections, List.of(first.url(), second.url() + "/"), tokenFile);
        assertThat(ask(fresh, peers()).status()).as(other).isEqualTo(307);
      }
      assertThat(second.requests).hasValue(0);
      to.set(second.url().replace("http", "HTTP"));
      int before = first.requests.get();
      assertThat(ask(transport, peers()).status()).isEqualTo(200);
      assertThat(ask(transport, peers()).status()).isEqualTo(200);
      // It goes on where it was answered.
      assertThat(first.requests).hasValue(before + 1);
      assertThat(second.requests).hasValue(2);
    }
  }

  @Test
  void serversThatSendANodeToEachOtherAreAskedOnceEachForARequest() throws Exception {
    AtomicReference<String> toSecond = new AtomicReference<>();
    AtomicReference<String> toFirst = new AtomicReference<>();
    try (HostileServer first = moved(toSecond);
        HostileServer second = moved(toFirst)) {
      toSecond.set(second.url());
      toFirst.set(first.url());
      HttpTransport transport =
          HttpTransport.toServer(connections, List.of(first.url(), second.url()), tokenFile);
      assertThatThrownBy(() -> ask(transport, peers()))
          .isInstanceOf(ControlFailure.Unreachable.class)
          .hasMessageContaining("send this node to each other");
      assertThat(first.requests).hasValue(1);
      assertThat(second.requests).hasValue(1);
    }
  }

  @Test
  void whereAServerSendsANodeIsNotRememberedBeforeItHasAnswered() throws Exception {
    AtomicReference<String> to = new AtomicReference<>();
    try (HostileServer first = moved(to);
        HostileServer second = answering("503 Later")) {
      to.set(second.url());
      HttpTransport transport =
          HttpTransport.toServer(connections, List.of(first.url(), second.url()), tokenFile);
      for (int i = 1; i <= 2; i++) {
        assertThat(ask(transport, peers()).status()).isEqualTo(503);
        assertThat(first.requests).hasValue(i);
      }
    }
  }

  @Test
  void aServerThatCannotBeReachedIsLeftForTheNextOne() throws Exception {
    String gone = "http://127.0.0.1:" + FreePort.find();
    try (HostileServer second = answering("200 OK")) {
      HttpTransport transport =
          HttpTransport.toServer(connections, List.of(gone, second.url()), tokenFile);
      assertThatThrownBy(() -> ask(transport, peers()))
          .isInstanceOf(ControlFailure.Unreachable.class);
      assertThat(ask(transport, peers()).status()).isEqualTo(200);
    }
  }

  @Test
  void whatAnErrorSaysIsReadToItsBeginningWithoutTheToken() throws Exception {
    try (HostileServer server =
        new HostileServer(
            out -> {
              out.write(
                  HostileServer.head(
                      "429 Slow", "Retry-After: 7", "Tka-Error: too-many", "ETag: \"a\tb\""));
              out.write(("slower, Bearer " + TOKEN + "\n").getBytes(StandardCharsets.US_ASCII));
              out.write(new byte[50_000]);
            })) {
      ControlTransport.Reply reply = ask(to(server), call(10));
      assertThat(reply.status()).isEqualTo(429);
      assertThat(reply.retryAfter()).contains(Duration.ofSeconds(7));
      assertThat(reply.code()).contains("too-many");
      assertThat(reply.etag()).isEmpty();
      assertThat(reply.body().size()).isLessThanOrEqualTo(8 << 10);
      ControlFailure.Refused refused = new ControlFailure.Refused(reply);
      assertThat(refused).hasMessage("control answers 429: slower, Bearer ...");
      assertThat(refused.retryAfter()).contains(Duration.ofSeconds(7));
    }
  }

  @Test
  void aRetryAfterIsSecondsOrADateAndAtMostAnHour() {
    Instant now = Instant.parse("2026-01-02T03:04:05Z");
    Map<String, Optional<Duration>> expected = new LinkedHashMap<>();
    expected.put("0", Optional.of(Duration.ZERO));
    expected.put(" 120 ", Optional.of(Duration.ofMinutes(2)));
    expected.put("999999999999999999", Optional.of(Duration.ofHours(1)));
    expected.put("9".repeat(30), Optional.empty());
    expected.put("-1", Optional.empty());
    expected.put("soon", Optional.empty());
    expected.put("Fri, 02 Jan 2026 03:04:35 GMT", Optional.of(Duration.ofSeconds(30)));
    expected.put("Thu, 01 Jan 2026 00:00:00 GMT", Optional.of(Duration.ZERO));
    expected.put("Sat, 02 Jan 2999 03:04:35 GMT", Optional.empty());
    expected.put("Wed, 02 Jan 2999 03:04:35 GMT", Optional.of(Duration.ofHours(1)));
    expected.forEach(
        (text, wait) -> assertThat(HttpTransport.retryAfter(text, now)).as(text).isEqualTo(wait));
  }

  @Test
  void aTokenGoesOnlyOverTlsOrToThisMachine() throws Exception {
    for (String url :
        List.of("http://192.0.2.1:80", "http://localhost.example.com", "http://10.0.0.1")) {
      HttpTransport transport = HttpTransport.toServer(connections, url, tokenFile);
      assertThatThrownBy(() -> ask(transport, call(10)))
          .hasMessageContaining("a token is not sent to another machine without TLS");
      assertThat(transport.toString()).doesNotContain(TOKEN);
    }
    for (String url : List.of("http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1")) {
      assertThatThrownBy(() -> ask(HttpTransport.toServer(connections, url, tokenFile), call(10)))
          .as(url)
          .hasMessage("control cannot be reached: nothing listens there: is the server running?");
    }
  }

  @Test
  void aTokenFileIsReadAnewForEachRequestAndItsTroubleIsNamed() throws Exception {
    try (HostileServer server =
        new HostileServer(out -> out.write(HostileServer.head("204 None")))) {
      HttpTransport transport = to(server);
      assertThat(ask(transport, call(10)).status()).isEqualTo(204);
      for (String bad : List.of("", "two words", "x".repeat(5000), "\u0001")) {
        Files.writeString(tokenFile, bad);
        assertThatThrownBy(() -> ask(transport, call(10)))
            .hasMessageContaining("expected a token on the first line, found something else");
      }
      Files.delete(tokenFile);
      assertThatThrownBy(() -> ask(transport, call(10))).hasMessageContaining("no such file");
      Files.writeString(tokenFile, "another-token\nand-an-old-one");
      assertThat(ask(transport, call(10)).status()).isEqualTo(204);
      assertThat(server.requests).hasValue(2);
    }
  }

  @Test
  void aUrlIsOfAServerAndIsNotQuoted() {
    for (String url :
        List.of(
            "",
            "ftp://host",
            "https://",
            "https://user:secret@host",
            "https://host?secret",
            "https://host#secret",
            "https://host:99999999",
            "https://host:65536",
            "https://host:0",
            "https://host/a secret",
            "https://host\n")) {
      assertThatThrownBy(() -> HttpTransport.toServer(connections, url, tokenFile))
          .as(url)
          .isInstanceOf(IllegalArgumentException.class)
          .message()
          .doesNotContain("secret");
    }
    assertThat(HttpTransport.toServer(connections, "https://host/", tokenFile))
        .hasToString("control at https://host/v1/node");
  }

  @Test
  void anyControlIsAskedForTheLocksRequestsAndNothingElse() throws Exception {
    try (HostileServer server =
        new HostileServer(
            out -> {
              out.write(HostileServer.head("200 OK", "Content-Length: 2"));
              out.write("{}".getBytes(StandardCharsets.US_ASCII));
            })) {
      HttpTransport transport =
          HttpTransport.toControl(connections, server.url() + "/ts2021/7/", Optional.empty());
      assertThat(ask(transport, call(10)).status()).isEqualTo(200);
      for (ControlTransport.Ask ask :
          Arrays.asList(
              announcement(),
              new ControlTransport.ListPeers(Optional.empty(), 10),
              new ControlTransport.ReadLog("checkpoint", 10),
              new ControlTransport.LogIn(Bytes.empty(), 10))) {
        assertThatThrownBy(() -> ask(transport, ask)).hasMessageContaining("the embedder's");
      }
      assertThat(server.requests).hasValue(1);
    }
  }

  @Test
  void aFileOfAuthoritiesWithoutAnyIsNamed() throws Exception {
    for (String text : List.of("", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END")) {
      Path file = Files.writeString(folder.resolve("ca.pem"), text);
      assertThatThrownBy(() -> HttpConnections.open(file))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(file + ": expected certificates in PEM, found ");
    }
    assertThatThrownBy(() -> HttpConnections.open(folder.resolve("none")))
        .hasMessageEndingWith("no such file");
  }
}
