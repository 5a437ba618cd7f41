package dev.tka.broker;

/** A log that is not as it was written: one line that names the line and what is wrong. */
@SuppressWarnings("serial") // Exceptions are not serialized.
public final class LogException extends Exception {
  private static final long serialVersionUID = 1;

  private final String line;

  LogException(String line) {
    super(line);
    this.line = line;
  }

  @Override
  public String getMessage() {
    return line;
  }
}
