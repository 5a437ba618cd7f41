package dev.tka.node;

import dev.tka.tlog.heads.HeadWatch;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * What a look at control's log of heads found.
 *
 * @param at when, in whole seconds
 * @param outcome what it is; its detail has no control characters, and is not long
 */
public record LogVerdict(Instant at, HeadWatch.Outcome outcome) {
  private static final String SILENT = ", and no log was shown since";

  /** Takes what can be noted and shown. */
  public LogVerdict {
    at = at.truncatedTo(ChronoUnit.SECONDS);
    outcome = new HeadWatch.Outcome(outcome.kind(), PlainLine.of(outcome.detail()));
  }

  /**
   * What stands after another look. Where that met no log, an accusation stands: whoever is accused
   * does not get rid of it by showing none.
   */
  LogVerdict then(LogVerdict next) {
    if (!outcome.kind().accuses() || next.outcome.kind() != HeadWatch.Kind.UNREACHABLE) {
      return next;
    }
    return outcome.detail().endsWith(SILENT)
        ? this
        : new LogVerdict(at, new HeadWatch.Outcome(outcome.kind(), outcome.detail() + SILENT));
  }
}
