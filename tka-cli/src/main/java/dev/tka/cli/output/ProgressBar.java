package dev.tka.cli.output;

import dev.tka.store.Progress;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Shows the progress of long work, and disappears when closed. It is shown only if the launcher
 * {@code tka} found that standard error is a terminal, which Java cannot tell.
 */
public final class ProgressBar implements Progress, AutoCloseable {
  /** Set by the launcher. */
  private static final String ON_TERMINAL = "tka.stderr.terminal";

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
   * @param doing the name of the work
   */
  public static ProgressBar of(CommandSpec spec, String doing) {
    return new ProgressBar(spec.commandLine().getErr(), doing, isShown());
  }

  /** Whether a bar would be shown. */
  public static boolean isShown() {
    return Boolean.getBoolean(ON_TERMINAL);
  }

  @Override
  public void done(long done, long of) {
    long percent = of == 0 ? PERCENT : PERCENT * done / of;
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
    hide();
  }

  /** Hides the bar until there is more progress to show. */
  public void hide() {
    if (last >= 0) {
      last = -1;
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
