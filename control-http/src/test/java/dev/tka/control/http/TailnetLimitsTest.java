package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

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
