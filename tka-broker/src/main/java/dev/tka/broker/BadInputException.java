package dev.tka.broker;

/** A text that is not what was expected: one line that names the place and the member. */
@SuppressWarnings("serial") // Exceptions are not serialized.
public final class BadInputException extends Exception {
  private static final long serialVersionUID = 1;

  private final String line;

  BadInputException(String line) {
    super(line);
    this.line = line;
  }

  @Override
  public String getMessage() {
    return line;
  }
}
