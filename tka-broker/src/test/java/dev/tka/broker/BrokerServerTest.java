package dev.tka.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.tka.core.LockPrivateKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.store.KeyFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker is asked over HTTP, by whoever may, and asks another one (service, section 11). */
class BrokerServerTest {
  private static final String TOKEN = "a-token-of-a-forwarder";

  @TempDir Path folder;
  private Scene scene;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<String> lines = new CopyOnWriteArrayList<>();

  @BeforeEach
  void begin() throws Exception {
    scene = new Scene(folder);
    Files.createFile(
        folder.resolve("token"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(folder.resolve("token"), TOKEN + "\n");
  }

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  private BrokerServer serve(Policy policy, String log, BrokerServer.Where where) throws Exception {
    BrokerLog file = BrokerLog.open(folder.resolve(log));
    BrokerServer server =
        BrokerServer.start(
            new Broker(policy, file, Scene.clock(), new SecondBroker(), false),
            where,
            (request, signed) -> Optional.empty(),
            lines::add);
    open.add(server);
    open.add(file);
    return server;
  }

  private BrokerServer.Where port() {
    return new BrokerServer.Where.Loopback(0, folder.resolve("token"));
  }

  private static HttpResponse<String> ask(BrokerServer server, String token, byte[] body)
      throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://" + server.address() + "/v1/sign"))
                .header("Authorization", "Bearer " + token)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private SigningRequest vouched(int number) throws Exception {
    NodeKey node = Scene.node(number);
    return Scene.request(node, scene.jwt(Scene.claims(node, "of " + number)));
  }

  private static void requireError(HttpResponse<String> answer, int status, String code) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Tka-Error")).contains(code);
    assertThat(answer.body())
        .hasLineCount(1)
        .doesNotContain("Exception")
        .doesNotContainPattern(Scene.JWT);
  }

  @Test
  void anAnswerIsASignatureOrOneSentenceWithItsCode() throws Exception {
    BrokerServer server =
        serve(
            scene.policy(
                Scene.rule("ci", Scene.OIDC, scene.trustedKey(), "").replace(":1000", ":1")),
            "log",
            port());
    byte[] good = vouched(1).toJson();
    HttpResponse<String> answer = ask(server, TOKEN, good);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    String signature = answer.body().replaceAll(".*\"nodeKeySignature\":\"([^\"]*)\".*", "$1");
    assertThat(NodeKeySignature.decode(Base64.getDecoder().decode(signature)).isSigned()).isTrue();
    assertThat(answer.body()).startsWith("{\"rule\":\"ci\",").endsWith(",\"line\":1}");
    assertThat(ask(server, TOKEN, good).body()).isEqualTo(answer.body());
    NodeKey node = Scene.node(2);
    byte[] replayed = Scene.request(node, scene.jwt(Scene.claims(node, "of 1"))).toJson();
    requireError(ask(server, TOKEN, replayed), 403, "replayed");
    HttpResponse<String> rate = ask(server, TOKEN, vouched(2).toJson());
    requireError(rate, 429, "rate");
    assertThat(rate.headers().firstValue("Retry-After")).contains("3600");
    requireError(ask(server, "another-token-of-none", good), 401, "unauthorized");
    requireError(ask(server, TOKEN, Scene.utf8("{\"tailnet\":1}")), 400, "malformed");
    requireError(ask(server, TOKEN, new byte[100_000]), 413, "too-large");
    assertThat(String.join("\n", lines))
        .contains("signed nodekey:")
        .doesNotContainPattern(Scene.JWT);
  }

  @Test
  void aSecondBrokerThatStopsWithinItsAnswerIsNotWaitedForForEver() throws Exception {
    try (ServerSocket stalled = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread answering =
          new Thread(
              () -> {
                try {
                  stalled
                      .accept()
                      .getOutputStream()
                      .write(Scene.utf8("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      answering.start();
      Policy.Second second =
          new Policy.Second(
              0,
              URI.create("http://127.0.0.1:" + stalled.getLocalPort()),
              scene.trusted.publicKey(),
              Optional.empty());
      SigningRequest request = vouched(1);
      assertTimeoutPreemptively(
          Duration.ofSeconds(60),
          () ->
              assertThat(new SecondBroker(Duration.ofMillis(200)).against(second, request))
                  .contains("no answer in time"));
      answering.join();
    }
  }

  @Test
  void aRequestInFlightIsAnsweredBeforeTheBrokerEnds() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch agrees = new CountDownLatch(1);
    Policy policy =
        scene.policy(
            Scene.rule(
                "ci",
                Scene.OIDC,
                Scene.AUTH_KEY,
                ",'second':{'above':0,'url':'https://b.example','key':'"
                    + scene.trusted.publicKey()
                    + "'}"));
    BrokerLog log = BrokerLog.open(folder.resolve("log"));
    open.add(log);
    BrokerServer server =
        BrokerServer.start(
            new Broker(
                policy,
                log,
                Scene.clock(),
                (second, request) -> {
                  asked.countDown();
                  try {
                    agrees.await();
                  } catch (InterruptedException e) {
                    return Optional.of("interrupted");
                  }
                  return Optional.empty();
                },
                false),
            port(),
            (request, signed) -> Optional.empty(),
            lines::add);
    byte[] body = vouched(1).toJson();
    FutureTask<HttpResponse<String>> asking = new FutureTask<>(() -> ask(server, TOKEN, body));
    new Thread(asking).start();
    asked.await();
    Thread ending = new Thread(server::close);
    ending.start();
    while (ending.getState() != Thread.State.TIMED_WAITING && ending.isAlive()) {
      Thread.onSpinWait();
    }
    agrees.countDown();
    assertThat(asking.get().statusCode()).isEqualTo(200);
    ending.join();
  }

  private BrokerServer serve(
      Policy policy, Broker.SecondOpinion second, BrokerServer.Times times, Duration turn)
      throws Exception {
    BrokerLog log = BrokerLog.open(folder.resolve("log"));
    BrokerServer server =
        BrokerServer.start(
            new Broker(policy, log, Scene.clock(), second, turn),
            port(),
            (request, signed) -> Optional.empty(),
            lines::add,
            times);
    open.add(server);
    open.add(log);
    return server;
  }

  private String withSecond() {
    return Scene.rule(
        "ci",
        Scene.OIDC,
        Scene.AUTH_KEY,
        ",'second':{'above':0,'url':'https://b.example','key':'"
            + scene.trusted.publicKey()
            + "'}");
  }

  @Test
  void aRequestThatComesByteByByteIsCutOffWhateverIsMissing() throws Exception {
    BrokerServer server =
        serve(
            scene.policy(Scene.rule("ci", Scene.OIDC, Scene.AUTH_KEY, "")),
            (second, request) -> Optional.empty(),
            new BrokerServer.Times(Duration.ofSeconds(30), Duration.ofMillis(300)),
            Duration.ofSeconds(20));
    String head =
        "POST /v1/sign HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + TOKEN
            + "\r\nContent-Length: 60000\r\n";
    String body = new String(vouched(1).toJson(), StandardCharsets.UTF_8);
    String whole = head.replace("60000", String.valueOf(body.length())) + "\r\n" + body;
    for (String begins : List.of("", head, head + "\r\n{", whole)) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(60), () -> drip(server, begins), "after " + begins);
    }
    assertThat(inTime(server, vouched(2), () -> false).statusCode()).isEqualTo(200);
  }

  /**
   * Asks until a request comes to the broker in time, which a slow machine may not manage at once.
   *
   * @param came whether one came: then it has to be answered
   */
  private static HttpResponse<String> inTime(
      BrokerServer server, SigningRequest request, BooleanSupplier came) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        return ask(server, TOKEN, request.toJson());
      } catch (IOException e) {
        if (came.getAsBoolean() || System.nanoTime() > end) {
          throw e;
        }
      }
    }
  }

  /** Sends a beginning, and then a byte now and then for as long as the connection is open. */
  private static void drip(BrokerServer server, String begins) throws Exception {
    URI to = URI.create("http://" + server.address());
    try (Socket socket = new Socket(to.getHost(), to.getPort())) {
      socket.getOutputStream().write(Scene.utf8(begins));
      while (true) {
        socket.getOutputStream().write('x');
        Thread.sleep(10);
      }
    } catch (SocketException e) {
      assertThat(e).hasMessageMatching("(?i).*(broken pipe|reset|closed|aborted).*");
    }
  }

  @Test
  void aConnectionMayBeIdleForAsLongAsItsRequestIsDecided() throws Exception {
    AtomicBoolean isDecided = new AtomicBoolean();
    BrokerServer server =
        serve(
            scene.policy(withSecond()),
            (second, request) -> {
              isDecided.set(true);
              try {
                Thread.sleep(500);
              } catch (InterruptedException e) {
                return Optional.of("interrupted");
              }
              return Optional.empty();
            },
            new BrokerServer.Times(Duration.ofMillis(100), Duration.ofMillis(200)),
            Duration.ofSeconds(20));
    assertThat(inTime(server, vouched(1), isDecided::get).statusCode()).isEqualTo(200);
    assertThat(SecondBroker.PATIENCE)
        .as("than the other's turn and its signer, at their longest")
        .isGreaterThan(Turns.WAIT.plusSeconds(120));
  }

  @Test
  void aRuleThatHangsHoldsUpNoOther() throws Exception {
    CountDownLatch agrees = new CountDownLatch(1);
    AtomicInteger asking = new AtomicInteger();
    BrokerServer server =
        serve(
            scene.policy(
                withSecond(),
                Scene.rule("other", Scene.OIDC, Scene.AUTH_KEY, "")
                    .replace("\"sub\":\"job\"", "\"sub\":\"other\"")),
            (second, request) -> {
              asking.incrementAndGet();
              try {
                agrees.await();
              } catch (InterruptedException e) {
                return Optional.of("interrupted");
              }
              return Optional.empty();
            },
            BrokerServer.Times.USUAL,
            Duration.ofMillis(200));
    HttpClient client = HttpClient.newHttpClient();
    List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
    try {
      for (int i = 0; i < 40; i++) {
        waiting.add(
            client.sendAsync(
                HttpRequest.newBuilder(URI.create("http://" + server.address() + "/v1/sign"))
                    .header("Authorization", "Bearer " + TOKEN)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(vouched(i).toJson()))
                    .build(),
                HttpResponse.BodyHandlers.ofString()));
      }
      long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (waiting.stream().filter(CompletableFuture::isDone).count() < 32) {
        assertThat(System.nanoTime()).as("all but those that have a turn").isLessThan(end);
        Thread.sleep(5);
      }
      Map<String, Object> claims = Scene.claims(Scene.node(99), "of 99");
      claims.put("sub", "other");
      byte[] other = Scene.request(Scene.node(99), scene.jwt(claims)).toJson();
      assertThat(ask(server, TOKEN, other).statusCode()).isEqualTo(200);
    } finally {
      agrees.countDown();
    }
    List<Integer> statuses = new ArrayList<>();
    for (CompletableFuture<HttpResponse<String>> each : waiting) {
      HttpResponse<String> answer = each.get();
      statuses.add(answer.statusCode());
      if (answer.statusCode() == 503) {
        requireError(answer, 503, "busy");
      }
    }
    assertThat(asking).hasValue(8);
    assertThat(statuses).filteredOn(status -> status == 200).hasSize(8);
    assertThat(statuses).allMatch(status -> status == 200 || status == 503 || status == 429);
  }

  @Test
  void aTokenFileIsForItsOwnerAloneAndMayHoldTwo() throws Exception {
    Policy policy = scene.policy(Scene.rule("ci", Scene.OIDC, Scene.AUTH_KEY, ""));
    Path file = folder.resolve("token");
    Files.writeString(file, "the-next-of-a-forwarder\n" + TOKEN + "\n");
    BrokerServer server = serve(policy, "log", port());
    assertThat(ask(server, TOKEN, vouched(1).toJson()).statusCode()).isEqualTo(200);
    assertThat(ask(server, "the-next-of-a-forwarder", vouched(2).toJson()).statusCode())
        .isEqualTo(200);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    requireError(ask(server, TOKEN, vouched(3).toJson()), 503, "unavailable");
    assertThatThrownBy(() -> serve(policy, "other", port()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("only its owner can read");
    Policy.Second second =
        new Policy.Second(
            0,
            URI.create("http://" + server.address()),
            scene.trusted.publicKey(),
            Optional.of(file));
    assertThat(new SecondBroker().against(second, vouched(4)))
        .contains("the token file for it cannot be used");
  }

  @Test
  void aSocketTakesTheNameOfNoOtherFileAndNoFolderThatOthersCanEnter() throws Exception {
    Policy policy = scene.policy(Scene.rule("ci", Scene.OIDC, Scene.AUTH_KEY, ""));
    Path socket = folder.resolve("run/broker.sock");
    Files.createDirectory(
        socket.getParent(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(socket, "mine");
    assertThatThrownBy(() -> serve(policy, "log", new BrokerServer.Where.Unix(socket)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected a socket or nothing");
    assertThat(Files.readString(socket)).isEqualTo("mine");
    Files.delete(socket);
    Files.setPosixFilePermissions(socket.getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThatThrownBy(() -> serve(policy, "log", new BrokerServer.Where.Unix(socket)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected a folder that others cannot enter");
  }

  @Test
  void aUnixSocketNeedsNoTokenAndASocketThatWasLeftIsReplaced() throws Exception {
    Path socket = folder.resolve("run/broker.sock");
    Policy policy = scene.policy(Scene.rule("ci", Scene.OIDC, scene.trustedKey(), ""));
    serve(policy, "log", new BrokerServer.Where.Unix(socket)).close();
    try (var left = java.nio.channels.ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(socket));
    }
    serve(policy, "other", new BrokerServer.Where.Unix(socket));
    assertThat(Files.getPosixFilePermissions(socket.getParent())).hasSize(3);
    byte[] body = vouched(1).toJson();
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      channel.write(
          ByteBuffer.wrap(
              Scene.utf8(
                  "POST /v1/sign HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                      + body.length
                      + "\r\n\r\n")));
      channel.write(ByteBuffer.wrap(body));
      assertThat(
              new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("HTTP/1.1 200")
          .contains("nodeKeySignature");
    }
  }

  @Test
  void theAnswerOfASecondBrokerCountsOnlyWithItsPinnedKeyForThisRequest() throws Exception {
    LockPrivateKey agrees = LockPrivateKey.generate(Scene.RANDOM);
    Path file = folder.resolve("second.key");
    KeyFile.create(file, agrees);
    BrokerServer second =
        serve(
            scene.policy(Scene.rule("agree", Scene.OIDC, "{'agree':'file:" + file + "'}", "")),
            "second",
            port());
    Policy.Second pinned =
        new Policy.Second(
            0,
            URI.create("http://" + second.address()),
            agrees.publicKey(),
            Optional.of(folder.resolve("token")));
    SecondBroker asking = new SecondBroker();
    assertThat(asking.against(pinned, vouched(1))).isEmpty();
    NodeKey node = Scene.node(2);
    assertThat(asking.against(pinned, Scene.request(node, scene.jwt(Scene.claims(node, "of 1")))))
        .contains("refused: the voucher has served already");
    Policy.Second other =
        new Policy.Second(
            0, pinned.url(), scene.trusted.publicKey(), Optional.of(folder.resolve("token")));
    assertThat(asking.against(other, vouched(2)))
        .contains("its agreement is not signed by the key that the policy pins");
    BrokerServer first =
        serve(
            scene.policy(
                Scene.rule(
                    "ci",
                    Scene.OIDC,
                    Scene.AUTH_KEY,
                    ",'second':{'above':0,'url':'"
                        + pinned.url()
                        + "','key':'"
                        + agrees.publicKey()
                        + "','tokenFile':'token'}")),
            "first",
            port());
    assertThat(ask(first, TOKEN, vouched(3).toJson()).statusCode()).isEqualTo(200);
    second.close();
    requireError(ask(first, TOKEN, vouched(4).toJson()), 503, "second");
  }
}
