package dev.tka.control.http;

/** Whom a listener serves; each sees its own rows of the table (service, section 10). */
public enum Role {
  /** A control server that forwards its nodes' requests. */
  FORWARDER("forwarder"),
  /** A node that comes by itself, with a token of its own. */
  NODE("node"),
  /** People and programs that run the service. */
  OPERATOR("operator");

  private final String word;

  Role(String word) {
    this.word = word;
  }

  /** The word for it in settings and messages. */
  @Override
  public String toString() {
    return word;
  }
}
