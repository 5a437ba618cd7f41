package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.ControlSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TailnetLimitsTest {
  private final AtomicLong time = new AtomicLong();
  private final Queue<Runnable> executor = new ArrayDeque<>();
  private final ServerSettings.Limits limits =
      new ServerSettings.Limits(
          10,
          20,
          1_000,
          2,
          3,
          Duration.ofSeconds(20),
          1_000,
          2_000,
          Duration.ofSeconds(30),
          100,
          Duration.ofSeconds(5),
          100);
  private final TailnetLimits turns = new TailnetLimits(limits, executor::add, time::get);
  private final List<String> done = new ArrayList<>();

  @Test
  void aTailnetOverItsRateIsToldWhenToTryAgainAndOthersAreNot() throws HttpFailure {
    for (int i = 0; i < 20; i++) {
      turns.count("a");
    }
    assertThatThrownBy(() -> turns.count("a"))
        .isInstanceOfSatisfying(
            HttpFailure.class,
            failure -> {
              assertThat(failure.status()).isEqualTo(429);
              assertThat(failure.retryAfter()).contains(Duration.ofMillis(100));
            });
    turns.count("b");
    time.addAndGet(Duration.ofMillis(100).toNanos());
    turns.count("a");
    assertThatThrownBy(() -> turns.count("a")).isInstanceOf(HttpFailure.class);
  }

  @Test
  void bytesCountAsRequestsDo() throws HttpFailure {
    turns.countBytes("a", 2_000);
    turns.count("a");
    turns.countBytes("a", 500);
    assertThatThrownBy(() -> turns.count("a"))
        .isInstanceOfSatisfying(
            HttpFailure.class,
            failure -> assertThat(failure.retryAfter()).contains(Duration.ofMillis(500)));
    turns.count("b");
  }

  @Test
  void whoseTurnComesWhenTheBytesAreUsedUpIsRefused() throws HttpFailure {
    turns.run(
        "a",
        1,
        work(
            "first",
            () ->
                turns.run(
                    "a",
                    2,
                    work(
                        "second",
                        () -> {
                          turns.run("a", 3, work("third", () -> {}));
                          turns.countBytes("a", 2_500);
                        }))));
    drain();
    assertThat(done).containsExactly("first", "second", "429 third");
    time.addAndGet(Duration.ofMillis(500).toNanos());
    turns.count("a");
  }

  @Test
  void bodiesAndAnswersCountAsBytesWhetherTheyAreShortOrLong(@TempDir Path folder)
      throws IOException {
    try (Kit kit =
        new Kit(
            folder,
            ControlSettings.DEFAULTS,
            Kit.sockets(folder).withLimits(withBytes(1, 50_000)))) {
      putNodes(kit, "short", 50);
      putNodes(kit, "long", 400);
      String nodes = "/v1/tailnets/%s/nodes";
      RawHttp.Reply reply = kit.ask(Role.FORWARDER, "GET", nodes.formatted("long"), "");
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.body().length()).isBetween(33_000, 50_000);
      assertThat(kit.ask(Role.FORWARDER, "GET", nodes.formatted("long"), "").status())
          .isEqualTo(429);
      int answered = 0;
      int bytes = 0;
      while (bytes < 200_000) {
        reply = kit.ask(Role.FORWARDER, "GET", nodes.formatted("short"), "");
        if (reply.status() != 200) {
          break;
        }
        answered++;
        bytes += reply.body().length();
      }
      assertThat(reply.status()).isEqualTo(429);
      assertThat(answered).isGreaterThan(5);
    }
  }

  private ServerSettings.Limits withBytes(long eachSecond, int largestList) {
    ServerSettings.Limits usual = ServerSettings.Limits.STANDARD;
    return new ServerSettings.Limits(
        usual.requestsPerSecond(),
        usual.requestBurst(),
        eachSecond,
        usual.running(),
        usual.waiting(),
        usual.patience(),
        usual.largestBody(),
        largestList,
        usual.idle(),
        usual.slowest(),
        usual.head(),
        usual.connections());
  }

  private static void putNodes(Kit kit, String tailnet, int count) throws IOException {
    StringBuilder list = new StringBuilder();
    for (int node = 1; node <= count; node++) {
      list.append("{\"node\":\"%d\",\"nodeKey\":\"nodekey:%064x\"}%n".formatted(node, node));
    }
    String path = "/v1/tailnets/" + tailnet + "/nodes";
    assertThat(kit.ask(Role.FORWARDER, "PUT", path, list.toString()).status()).isEqualTo(204);
  }

  @Test
  void whatIsOverTheBulkheadWaitsWithoutAThreadUntilItsTurn() {
    // The first two run; the rest waits, and is given to the executor one by one.
    turns.run(
        "a",
        1,
        work(
            "first",
            () -> {
              turns.run(
                  "a",
                  2,
                  work(
                      "second",
                      () -> {
                        turns.run("a", 3, work("third", () -> {}));
                        turns.run("a", 4, work("fourth", () -> {}));
                        assertThat(turns.waiting()).isEqualTo(2);
                        turns.run("b", 1, work("of another", () -> {}));
                      }));
            }));
    assertThat(done).containsExactly("first", "second", "of another");
    drain();
    assertThat(done).containsExactly("first", "second", "of another", "third", "fourth");
    assertThat(turns.running()).isZero();
    assertThat(turns.waiting()).isZero();
  }

  @Test
  void whoWaitsTooLongOrFindsTooManyWaitingIsRefused() {
    turns.run(
        "a",
        1,
        work(
            "first",
            () ->
                turns.run(
                    "a",
                    2,
                    work(
                        "second",
                        () -> {
                          for (int i = 3; i < 7; i++) {
                            turns.run("a", i, work("w" + i, () -> {}));
                          }
                          assertThat(done).containsExactly("first", "second", "429 w6");
                          time.addAndGet(Duration.ofSeconds(21).toNanos());
                        }))));
    drain();
    assertThat(done).containsExactly("first", "second", "429 w6", "429 w3", "429 w4", "429 w5");
    assertThat(turns.running()).isZero();
  }

  @Test
  void oneNodeCannotFillItsTailnetsQueue() {
    TailnetLimits wide =
        new TailnetLimits(
            ServerSettings.Limits.STANDARD.with(10, 1_000, 1), executor::add, time::get);
    wide.run(
        "a",
        9,
        work(
            "first",
            () -> {
              for (int i = 1; i < TailnetLimits.OF_ONE_NODE; i++) {
                wide.run("a", 9, work("w", () -> {}));
              }
              wide.run("a", 9, work("one too many", () -> {}));
              wide.run("a", 8, work("another node", () -> {}));
            }));
    assertThat(done).containsExactly("first", "429 one too many");
    drain();
    assertThat(done).hasSize(18).endsWith("another node");
  }

  @Test
  void namesThatAreMadeUpDoNotGrowMemory() throws HttpFailure {
    for (int i = 0; i < TailnetLimits.REMEMBERED + 1_000; i++) {
      turns.count("made up " + i);
    }
    assertThat(turns.remembered()).isEqualTo(TailnetLimits.REMEMBERED);
  }

  private void drain() {
    for (Runnable next = executor.poll(); next != null; next = executor.poll()) {
      next.run();
    }
  }

  private TailnetLimits.Work work(String name, Runnable what) {
    return new TailnetLimits.Work() {
      @Override
      public void run() {
        done.add(name);
        what.run();
      }

      @Override
      public void refused(HttpFailure why) {
        done.add(why.status() + " " + name);
      }
    };
  }
}
