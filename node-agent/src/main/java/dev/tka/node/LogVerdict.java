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
  /** Takes what can be noted and shown. */
  public LogVerdict {
    at = at.truncatedTo(ChronoUnit.SECONDS);
    outcome = new HeadWatch.Outcome(outcome.kind(), PlainLine.of(outcome.detail()));
  }
}
