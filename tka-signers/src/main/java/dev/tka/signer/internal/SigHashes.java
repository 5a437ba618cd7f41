package dev.tka.signer.internal;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;

/** What a signer may be asked to sign. */
public final class SigHashes {
  private SigHashes() {}

  /**
   * Refuses anything but a sig-hash: no other message is ever signed with a lock key.
   *
   * @throws IllegalArgumentException if there are not 32 bytes
   */
  public static void require(Bytes sigHash) {
    if (sigHash.size() != Aum.SIG_HASH_SIZE) {
      throw new IllegalArgumentException(
          "a sig-hash has " + Aum.SIG_HASH_SIZE + " bytes, not " + sigHash.size());
    }
  }
}
