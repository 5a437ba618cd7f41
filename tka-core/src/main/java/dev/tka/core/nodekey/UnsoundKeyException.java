package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TkaException;
import java.util.Optional;

/**
 * A rotation or wrapping key that anybody can sign for, or that never can (service, section 8).
 * Nodes would accept what is signed with it; we do not make it.
 */
public final class UnsoundKeyException extends TkaException {
  private final LockPublicKey key;
  private final KeyDefect defect;

  private UnsoundKeyException(String role, LockPublicKey key, KeyDefect defect) {
    super(role + " " + key + ": " + defect.reason());
    this.key = key;
    this.defect = defect;
  }

  /**
   * Checks a key.
   *
   * @param role the key's role, for the message
   * @param key of any length; only one of 32 bytes can be unsound
   * @throws UnsoundKeyException if it has a {@link KeyDefect}
   */
  public static void requireSound(String role, Bytes key) throws UnsoundKeyException {
    Optional<KeyDefect> defect = KeyDefect.of(key);
    if (defect.isPresent()) {
      throw new UnsoundKeyException(role, new LockPublicKey(key), defect.get());
    }
  }

  /** The key that is not sound. */
  public LockPublicKey key() {
    return key;
  }

  /** What is wrong with it. */
  public KeyDefect defect() {
    return defect;
  }
}
