package dev.tka.core;

/** An AUM that cannot be applied to a state (protocol, section 4). */
public abstract sealed class ApplyException extends TkaException {

  private ApplyException(String message) {
    super(message);
  }

  private ApplyException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The AUM's parent is not the AUM that the state stands at. */
  public static final class ParentMismatch extends ApplyException {

    ParentMismatch(AumHash hash, String expected, String found) {
      super(hash + ": expected the parent " + expected + ", found " + found);
    }
  }

  /** add-key names a key that is trusted already. */
  public static final class KeyPresent extends ApplyException {

    KeyPresent(AumHash hash, Bytes keyId) {
      super(hash + ": adds key " + LockPublicKey.textOf(keyId) + ", which is trusted already");
    }
  }

  /** remove-key or update-key names a key that is not trusted. */
  public static final class KeyAbsent extends ApplyException {

    KeyAbsent(AumHash hash, AumKind kind, Bytes keyId) {
      super(hash + ": " + kind + " of " + LockPublicKey.textOf(keyId) + ", which is not trusted");
    }
  }

  /** A checkpoint belongs to another authority. */
  public static final class StateIdMismatch extends ApplyException {

    StateIdMismatch(AumHash hash, String expected, String found) {
      super(hash + ": expected a checkpoint of state ids " + expected + ", found " + found);
    }
  }

  /** update-key would leave the key ill-formed. */
  public static final class IllFormedResult extends ApplyException {

    IllFormedResult(AumHash hash, IllFormedException cause) {
      super(hash + ": the updated key is ill-formed: " + cause.getMessage(), cause);
    }
  }

  /**
   * The kind needs a field that the AUM does not have; only an AUM that nobody verified lacks it.
   */
  public static final class FieldAbsent extends ApplyException {

    FieldAbsent(AumHash hash, AumKind kind, String field) {
      super(hash + ": " + kind + " without a " + field);
    }
  }
}
