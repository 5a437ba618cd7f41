package dev.tka.core.internal;

import org.bouncycastle.crypto.digests.Blake2sDigest;

/** BLAKE2s-256, the one hash of the protocol (section 1). */
public final class Blake2s {
  /** The length of a digest in bytes. */
  public static final int SIZE = 32;

  private Blake2s() {}

  /** The digest of {@code data}. */
  public static byte[] hash(byte[] data) {
    Blake2sDigest digest = new Blake2sDigest(8 * SIZE);
    digest.update(data, 0, data.length);
    byte[] out = new byte[SIZE];
    digest.doFinal(out, 0);
    return out;
  }
}
