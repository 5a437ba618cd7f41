package dev.tka.cli.command;

import dev.tka.core.authority.LiveAuthority;
import java.time.Duration;
import picocli.CommandLine.Option;

/** Whether an edit is built again if another writer is first. */
public final class RetryOption {
  @Option(
      names = "--no-retry",
      description =
          "Fail (exit status 5) if another writer is first, instead of building the edit again on"
              + " the new head for up to 30 s.")
  private boolean noRetry;

  Duration patience() {
    return noRetry ? Duration.ZERO : LiveAuthority.EDIT_PATIENCE;
  }
}
