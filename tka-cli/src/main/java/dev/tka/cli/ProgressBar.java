package dev.tka.cli;

import dev.tka.store.AumExport;
import java.io.PrintWriter;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;

/** Shows how far long work has come, on a terminal only; gone when it is closed. */
final class ProgressBar implements AumExport.Progress, AutoCloseable {
  private static final int PERCENT = 100;
  private static final int PERCENT_PER_CELL = 4;

  private final PrintWriter err;
  private final String doing;
  private final boolean shown;
  private long last = -1;

  private ProgressBar(PrintWriter err, String doing, boolean shown) {
    this.err = err;
    this.doing = doing;
    this.shown = shown;
  }

  /**
   * A bar on standard error.
   *
   * @param doing what the work is
   */
  static ProgressBar of(CommandSpec spec, String doing) {
    return new ProgressBar(spec.commandLine().getErr(), doing, Ansi.AUTO.enabled());
  }

  @Override
  public void done(long aums, long of) {
    long percent = of == 0 ? PERCENT : PERCENT * aums / of;
    if (!shown || percent == last) {
      return;
    }
    last = percent;
    int cells = (int) (percent / PERCENT_PER_CELL);
    String bar = "#".repeat(cells) + ".".repeat(PERCENT / PERCENT_PER_CELL - cells);
    err.print("\r" + doing + " [" + bar + "] " + percent + " %\u001b[K");
    err.flush();
  }

  @Override
  public void close() {
    if (last >= 0) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
