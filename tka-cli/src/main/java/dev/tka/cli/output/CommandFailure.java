package dev.tka.cli.output;

/** A command that cannot continue, with the one line to print and the exit status. */
public final class CommandFailure extends Exception {
  private final int exitCode;
  private final String message;

  public CommandFailure(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
    this.message = message;
  }

  @Override
  public String getMessage() {
    return message;
  }

  public int exitCode() {
    return exitCode;
  }
}
