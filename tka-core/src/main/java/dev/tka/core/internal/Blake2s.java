package dev.tka.core.internal;

import org.bouncycastle.crypto.digests.Blake2sDigest;

/** BLAKE2s-256, the one hash of the protocol (protocol, section 1). */
public final class Blake2s {
  /** The length of a digest in bytes. */
  public static final int SIZE = 32;

  private final Blake2sDigest digest = new Blake2sDigest(8 * SIZE);

  /** A digest over no data yet. */
  public Blake2s() {}

  /** Adds data. */
  public void update(byte[] data) {
    digest.update(data, 0, data.length);
  }

  /** The digest of all data so far; ends the work. */
  public byte[] finish() {
    byte[] out = new byte[SIZE];
    digest.doFinal(out, 0);
    return out;
  }

  /** The digest of {@code data}. */
  public static byte[] hash(byte[] data) {
    Blake2s whole = new Blake2s();
    whole.update(data);
    return whole.finish();
  }
}
