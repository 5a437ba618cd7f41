package dev.tka.cli.output;

import dev.tka.store.Progress;
import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Shows the progress of a whole job, and disappears when closed. It is drawn a few times a second,
 * and only when it changed, however many steps there are. It is shown only if the launcher {@code
 * tka} found that standard error is a terminal, which Java cannot tell.
 */
public final class ProgressBar implements Progress, AutoCloseable {
  /** Set by the launcher. */
  private static final String ON_TERMINAL = "tka.stderr.terminal";

  /** More than this no eye can follow, and over a slow line it would hold the job up. */
  private static final long BETWEEN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final int PERCENT = 100;
  private static final int PERCENT_PER_CELL = 4;

  private final PrintWriter err;
  private final String doing;
  private final boolean shown;
  private final LongSupplier nanos;
  private long part;
  private long parts = 1;
  private String last = "";
  private long nextAt;

  ProgressBar(PrintWriter err, String doing, boolean shown, LongSupplier nanos) {
    this.err = err;
    this.doing = doing;
    this.shown = shown;
    this.nanos = nanos;
    this.nextAt = nanos.getAsLong();
  }

  /**
   * A bar on standard error.
   *
   * @param doing the name of the work
   */
  public static ProgressBar of(CommandSpec spec, String doing) {
    return new ProgressBar(spec.commandLine().getErr(), doing, isShown(), System::nanoTime);
  }

  /** Whether a bar would be shown. */
  public static boolean isShown() {
    return Boolean.getBoolean(ON_TERMINAL);
  }

  /**
   * Begins one of the parts of the job, such as a tailnet; what is done from now on is done of it.
   *
   * @param before the number of parts that are done
   * @param of the number of all parts
   */
  public ProgressBar part(long before, long of) {
    part = before;
    parts = of;
    done(0, 1);
    return this;
  }

  @Override
  public void done(long done, long of) {
    if (!shown || nanos.getAsLong() - nextAt < 0) {
      return;
    }
    long ofPart = of == 0 ? PERCENT : PERCENT * done / of;
    long percent = (PERCENT * part + ofPart) / parts;
    int cells = (int) (percent / PERCENT_PER_CELL);
    String bar = "#".repeat(cells) + ".".repeat(PERCENT / PERCENT_PER_CELL - cells);
    String text =
        doing
            + (parts > 1 ? " " + (part + 1) + " of " + parts : "")
            + (" [" + bar + "] " + percent + " %");
    if (!text.equals(last)) {
      last = text;
      nextAt = nanos.getAsLong() + BETWEEN_NANOS;
      err.print("\r" + text + "\u001b[K");
      err.flush();
    }
  }

  @Override
  public void close() {
    hide();
  }

  /** Hides the bar until there is more progress to show. */
  public void hide() {
    if (!last.isEmpty()) {
      last = "";
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
