package dev.tka.core;

/**
 * A value that decodes but breaks a rule of well-formedness (protocol, section 3). There are many
 * small rules of one shape, so they share one class: the field, what it must be, what it is.
 */
public final class IllFormedException extends TkaException {
  private final String field;
  private final String expected;
  private final String found;

  IllFormedException(String field, String expected, String found) {
    super(field + ": expected " + expected + ", found " + found);
    this.field = field;
    this.expected = expected;
    this.found = found;
  }

  /** The same finding, with {@code prefix} before the field. */
  IllFormedException within(String prefix) {
    return new IllFormedException(prefix + field, expected, found);
  }

  /** The field, in words. */
  public String field() {
    return field;
  }

  /** The rule's requirement. */
  public String expected() {
    return expected;
  }

  /** The value found. */
  public String found() {
    return found;
  }
}
