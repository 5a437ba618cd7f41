package dev.tka.core.internal;

import java.security.MessageDigest;

/**
 * Bytes that must not be seen: compared in constant time, printed as a placeholder, and exposed
 * only by a method named for it.
 */
public final class SecretBytes {
  private final byte[] value;

  private SecretBytes(byte[] value) {
    this.value = value;
  }

  /** A copy of {@code source}; wiping the original is up to the caller. */
  public static SecretBytes copyOf(byte[] source) {
    return new SecretBytes(source.clone());
  }

  /** The number of bytes, which is not a secret. */
  public int size() {
    return value.length;
  }

  /** A fresh copy of the secret, for the one place that needs it. */
  public byte[] exposeToByteArray() {
    return value.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SecretBytes that && MessageDigest.isEqual(value, that.value);
  }

  /** The same for all secrets of a length: a hash code ends up in logs and heap dumps. */
  @Override
  public int hashCode() {
    return value.length;
  }

  @Override
  public String toString() {
    return "SecretBytes(" + value.length + " bytes)";
  }
}
