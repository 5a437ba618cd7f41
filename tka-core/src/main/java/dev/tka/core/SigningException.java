package dev.tka.core;

/**
 * A key that cannot sign now: its file cannot be read, or its agent or device does not answer, or
 * answers with something else. Thrown by signers, which never name a secret in it.
 */
public final class SigningException extends TkaException {
  /** Says which key, and what is wrong. */
  public SigningException(String what) {
    super(what);
  }

  /** Says which key, and what is wrong; the cause must not name a secret either. */
  public SigningException(String what, Throwable cause) {
    super(what, cause);
  }
}
