package dev.tka.cli.output;

import java.util.List;

/** A command that cannot continue, with the line to print, the exit status, and what to do. */
public final class CommandFailure extends Exception {
  private final int exitCode;
  private final String message;
  private final transient List<Advice> advice;

  /** A failure for which there is advice, or none. */
  public CommandFailure(int exitCode, String message, Advice... advice) {
    super(message);
    this.exitCode = exitCode;
    this.message = message;
    this.advice = List.of(advice);
  }

  @Override
  public String getMessage() {
    return message;
  }

  public int exitCode() {
    return exitCode;
  }

  /** What to do about it. */
  public List<Advice> advice() {
    return advice;
  }
}
