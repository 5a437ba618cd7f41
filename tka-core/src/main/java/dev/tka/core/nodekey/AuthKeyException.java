package dev.tka.core.nodekey;

import dev.tka.core.DecodeException;
import dev.tka.core.TkaException;

/**
 * A text that is not an auth key: it cannot be one, or the text after its mark of a wrapping is not
 * a valid wrapping (protocol, section 7). Messages never quote the text: all of it may be secret.
 */
public abstract sealed class AuthKeyException extends TkaException {

  private AuthKeyException(String message) {
    super(message);
  }

  private AuthKeyException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The text is longer than any auth key. */
  public static final class TooLong extends AuthKeyException {
    private final int limit;
    private final int found;

    TooLong(int limit, int found) {
      super("auth key: expected at most " + limit + " characters, found " + found);
      this.limit = limit;
      this.found = found;
    }

    /** The number of characters that is allowed. */
    public int limit() {
      return limit;
    }

    /** The number of characters that there are, or would be. */
    public int found() {
      return found;
    }
  }

  /** The text holds half of a character. */
  public static final class NotUnicode extends AuthKeyException {

    NotUnicode() {
      super("auth key: expected Unicode text, found half of a surrogate pair");
    }
  }

  /** Nothing separates the credential from the private key. */
  public static final class NoDelimiter extends AuthKeyException {

    NoDelimiter() {
      super("wrapped auth key: expected a credential, '-' and a private key, found no '-'");
    }
  }

  /** A part is not canonical base64. */
  public static final class NotBase64 extends AuthKeyException {
    private final String part;

    NotBase64(String part) {
      super(
          "wrapped auth key: "
              + part
              + ": expected standard base64 without padding, line breaks or spare bits, found"
              + " something else");
      this.part = part;
    }

    /** {@code credential} or {@code private key}. */
    public String part() {
      return part;
    }
  }

  /** The credential is not the canonical encoding of a node-key signature; the cause says where. */
  public static final class BadSignature extends AuthKeyException {

    BadSignature(DecodeException cause) {
      super("wrapped auth key: credential: " + cause.getMessage(), cause);
    }
  }

  /** The signature is not of the kind that lets another key sign. */
  public static final class NotACredential extends AuthKeyException {
    private final String found;

    NotACredential(String found) {
      super("wrapped auth key: expected a credential, found a signature of kind " + found);
      this.found = found;
    }

    /** The name of its kind. */
    public String found() {
      return found;
    }
  }

  /** The private key does not have the length of a seed and its public half. */
  public static final class WrongKeyLength extends AuthKeyException {
    private final int expected;
    private final int found;

    WrongKeyLength(int expected, int found) {
      super("wrapped auth key: private key: expected " + expected + " bytes, found " + found);
      this.expected = expected;
      this.found = found;
    }

    /** The right number of bytes. */
    public int expected() {
      return expected;
    }

    /** The number of bytes found. */
    public int found() {
      return found;
    }
  }

  /** The public half of the private key is not the one that belongs to its seed. */
  public static final class WrongPublicHalf extends AuthKeyException {

    WrongPublicHalf() {
      super(
          "wrapped auth key: private key: expected the public half that belongs to its seed, found"
              + " another");
    }
  }
}
