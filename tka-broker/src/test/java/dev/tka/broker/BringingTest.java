package dev.tka.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.client.ServerAccess;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerUrl;
import dev.tka.client.testkit.FakeServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Signatures are brought to control, or it is said why not (service, section 11). */
class BringingTest {
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(120);

  @TempDir Path folder;
  private Path file;
  private SigningRequest request;
  private Broker.Answer.Signed signed;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  @BeforeEach
  void sign() throws Exception {
    Scene scene = new Scene(folder);
    file = folder.resolve("log.jsonl");
    request = Scene.request(Scene.node(1), scene.jwt(Scene.claims(Scene.node(1), "one")));
    try (BrokerLog log = BrokerLog.open(file)) {
      Broker broker =
          new Broker(
              scene.policy(Scene.rule("ci", Scene.OIDC, scene.trustedKey(), "")),
              log,
              Scene.clock(),
              (second, asked) -> Optional.empty(),
              false);
      signed = (Broker.Answer.Signed) broker.bringing().ask(request);
    }
  }

  private List<LogEntry.Settled> settled() throws Exception {
    List<LogEntry.Settled> settled = new ArrayList<>();
    BrokerLog.verify(
        file,
        Set.of(),
        entry -> {
          if (entry.what() instanceof LogEntry.Settled one) {
            settled.add(one);
          }
        });
    return settled;
  }

  /**
   * Brings what the log says, after so long, to a server that answers so; until that is settled.
   */
  private void bringAfter(Duration age, FakeServer.Answering answering) throws Exception {
    Path socket = folder.resolve("control");
    Files.deleteIfExists(socket);
    try (FakeServer server = FakeServer.on(socket, answering);
        BrokerLog log = BrokerLog.open(file)) {
      Clock clock = Clock.fixed(Scene.NOW.plus(age), ZoneOffset.UTC);
      ServerClient client =
          ServerClient.open(ServerAccess.of(ServerUrl.parse("unix", socket.toString())));
      assertThat(server.url()).isNotEmpty();
      try (Bringing bringing = Bringing.start(log, client, clock, lines::add)) {
        assertThat(bringing).isNotNull();
        long end = System.nanoTime() + PATIENCE;
        while (lines.isEmpty() && System.nanoTime() < end) {
          Thread.sleep(5);
        }
      }
    }
  }

  @Test
  void whatControlRefusesIsLeftWithItsReason() throws Exception {
    bringAfter(
        Duration.ZERO, (asked, out) -> FakeServer.refuse(out, 409, "refused", "not trusted"));
    assertThat(lines)
        .singleElement()
        .asString()
        .contains("the server says: not trusted; it is left");
    assertThat(settled())
        .singleElement()
        .satisfies(one -> assertThat(one.left()).contains("the server says: not trusted"));
  }

  @Test
  void aClockThatGoesBackPostponesNothing() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    AtomicReference<Instant> now = new AtomicReference<>(Scene.NOW.plus(Duration.ofHours(9)));
    InstantSource clock = now::get;
    Path socket = folder.resolve("control");
    try (FakeServer server =
            FakeServer.on(
                socket,
                (asked, out) -> {
                  tries.incrementAndGet();
                  FakeServer.refuse(out, 404, "unknown-node", "no such node");
                });
        BrokerLog log = BrokerLog.open(file);
        Bringing bringing =
            Bringing.start(
                log,
                ServerClient.open(ServerAccess.of(ServerUrl.parse("unix", socket.toString()))),
                clock.withZone(ZoneOffset.UTC),
                lines::add)) {
      assertThat(server.url()).isNotEmpty();
      assertThat(bringing).isNotNull();
      long end = System.nanoTime() + PATIENCE;
      while (lines.isEmpty() && System.nanoTime() < end) {
        Thread.sleep(5);
      }
      now.set(Scene.NOW);
      while (tries.get() < 2 && System.nanoTime() < end) {
        Thread.sleep(5);
      }
    }
    assertThat(tries).hasValueGreaterThan(1);
  }

  @Test
  void noTextOfControlKeepsASignatureFromWhoeverAsked() throws Exception {
    // The client cuts it within the last character, which leaves half of a pair.
    String text = "x".repeat(499) + "\ud83d\ude00";
    Path socket = folder.resolve("control");
    try (FakeServer server =
            FakeServer.on(
                socket, (asked, out) -> FakeServer.refuse(out, 404, "unknown-node", text));
        BrokerLog log = BrokerLog.open(file);
        Bringing bringing =
            Bringing.start(
                log,
                ServerClient.open(ServerAccess.of(ServerUrl.parse("unix", socket.toString()))),
                Scene.clock(),
                lines::add)) {
      assertThat(server.url()).isNotEmpty();
      String problem = bringing.bring(request, signed).orElseThrow();
      assertThat(problem).contains("\\ud83d; it is tried again").hasLineCount(1);
      assertThat(JsonLine.of(Map.of("notBrought", problem))).isNotEmpty();
    }
  }

  @Test
  void aNodeThatControlDoesNotHaveIsTriedForADay() throws Exception {
    FakeServer.Answering unknown =
        (asked, out) -> FakeServer.refuse(out, 404, "unknown-node", "no such node");
    bringAfter(Duration.ofHours(23), unknown);
    assertThat(lines).singleElement().asString().contains("no such node; it is tried again");
    assertThat(settled()).isEmpty();
    lines.clear();
    bringAfter(Duration.ofHours(25), unknown);
    assertThat(lines).singleElement().asString().contains("no such node; it is left");
    assertThat(settled()).hasSize(1);
  }

  @Test
  void whatIsBroughtIsSettledOnceAndAServerThatCannotAnswerLosesNothing() throws Exception {
    bringAfter(Duration.ofDays(9), (asked, out) -> FakeServer.refuse(out, 500, "", "out of order"));
    assertThat(settled()).isEmpty();
    lines.clear();
    bringAfter(Duration.ofDays(9), (asked, out) -> FakeServer.lines(out, "{}"));
    assertThat(lines).singleElement().asString().startsWith("brought to control: nodekey:");
    assertThat(settled())
        .containsExactly(
            new LogEntry.Settled(
                Scene.TAILNET, request.nodeKey(), signed.voucher(), Optional.empty()));
    try (BrokerLog log = BrokerLog.open(file)) {
      assertThat(log.toBring()).isZero();
    }
  }
}
