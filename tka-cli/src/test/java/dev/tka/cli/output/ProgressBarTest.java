package dev.tka.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  private final StringWriter err = new StringWriter();
  private long nanos;

  private ProgressBar bar(boolean onTerminal) {
    return new ProgressBar(new PrintWriter(err), "exporting", onTerminal, () -> nanos);
  }

  private long draws() {
    return err.toString().chars().filter(c -> c == '[').count();
  }

  /** A job of many tailnets with many AUMs, 10 microseconds for each. */
  private void run(ProgressBar bar, int tailnets, int aums) {
    for (int tailnet = 0; tailnet < tailnets; tailnet++) {
      bar.part(tailnet, tailnets);
      for (int aum = 1; aum <= aums; aum++) {
        nanos += TimeUnit.MICROSECONDS.toNanos(10);
        bar.done(aum, aums);
      }
    }
  }

  @Test
  void aJobOfManyStepsIsDrawnAFewTimesASecond() {
    try (ProgressBar bar = bar(true)) {
      run(bar, 1000, 1000);
    }

    // 10 seconds; each draw and the end of the line after it have a bracket.
    assertThat(draws()).isLessThanOrEqualTo(2 * 51 + 1);
    assertThat(err.toString())
        .startsWith("\rexporting 1 of 1000 [.........................] 0 %")
        .contains("exporting 980 of 1000 [########################.] 98 %")
        .endsWith("\r\u001b[K");
  }

  @Test
  void whatDoesNotChangeIsNotDrawnAgain() {
    ProgressBar bar = bar(true);
    for (int i = 0; i < 100; i++) {
      nanos += TimeUnit.SECONDS.toNanos(1);
      bar.done(i, 1_000_000);
    }

    assertThat(draws()).isEqualTo(2);
  }

  @Test
  void nothingIsDrawnWhereThereIsNoTerminal() {
    try (ProgressBar bar = bar(false)) {
      run(bar, 10, 1000);
    }

    assertThat(err.toString()).isEmpty();
  }
}
