package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TkaException;

/** A well-formed AUM that a state does not accept because of its signers (protocol, section 4). */
public abstract sealed class VerificationException extends TkaException {

  private VerificationException(String message) {
    super(message);
  }

  /** The AUM has no signature. */
  public static final class Unsigned extends VerificationException {

    Unsigned(AumHash hash) {
      super(hash + ": expected at least one signature, found none");
    }
  }

  /** A signature names a key that the state does not trust. */
  public static final class UntrustedSigner extends VerificationException {
    private final Bytes keyId;

    UntrustedSigner(AumHash hash, int index, Bytes keyId) {
      super(
          hash
              + ": signature "
              + index
              + ": expected a trusted key, found "
              + LockPublicKey.textOf(keyId));
      this.keyId = keyId;
    }

    /** The id of the key that the signature names. */
    public Bytes keyId() {
      return keyId;
    }
  }

  /** A signature does not verify over the sig-hash with the key that it names. */
  public static final class InvalidSignature extends VerificationException {
    private final int index;
    private final Bytes keyId;

    InvalidSignature(AumHash hash, int index, Bytes keyId) {
      super(
          hash
              + ": signature "
              + index
              + ": does not verify with key "
              + LockPublicKey.textOf(keyId));
      this.index = index;
      this.keyId = keyId;
    }

    /** The index of the signature, counted from 0. */
    public int index() {
      return index;
    }

    /** The id of the key that the signature names. */
    public Bytes keyId() {
      return keyId;
    }
  }

  /** The AUM would remove the only key, after which nobody could sign. */
  public static final class RemovesOnlyKey extends VerificationException {

    RemovesOnlyKey(AumHash hash, Bytes keyId) {
      super(hash + ": removes " + LockPublicKey.textOf(keyId) + ", the only trusted key");
    }
  }

  /** An authority can only begin with a checkpoint. */
  public static final class BootstrapNotCheckpoint extends VerificationException {

    BootstrapNotCheckpoint(AumHash hash, AumKind found) {
      super(hash + ": an authority begins with a checkpoint, found " + found);
    }
  }
}
