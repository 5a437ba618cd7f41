package dev.tka.cli.command;

import dev.tka.cli.output.ExitCode;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** What commands have in common that work until they are told to end. */
final class Foreground {
  private Foreground() {}

  /** Lines to standard error, each with its time. */
  static Consumer<String> lines(PrintWriter err) {
    return line -> {
      err.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + line);
      err.flush();
    };
  }

  /**
   * Has this done when the process is told to end, which then exits with {@link ExitCode#OK}. To be
   * called before anybody hears that the command is up, and may end it.
   */
  static void atEnd(Runnable last) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  last.run();
                  // Java would exit with the number of the signal.
                  Runtime.getRuntime().halt(ExitCode.OK);
                }));
  }

  /** Waits until the process ends. */
  static int untilTold() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return ExitCode.OK;
  }
}
