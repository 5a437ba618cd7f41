package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;

/**
 * The reason why one signer of an AUM bars the AUM from rewriting history (protocol, section 10,
 * "Who may not rewrite"): its key was since taken away or lowered. The author can take the
 * signature off; nobody has to sign again.
 *
 * @param signer the id of its key
 * @param votes the votes that it has at the fork
 * @param by the AUM that took the key away or lowered its votes; possibly one of a branch that was
 *     displaced itself
 * @param left the votes that it left; 0 if it took the key away, negative if that is not known
 * @param isFinal true if that is final; false if that AUM is not outweighed
 */
public record Bar(Bytes signer, long votes, AumHash by, long left, boolean isFinal) {
  /** The AUM that took the key away or lowered it, and the reason why that counts, in words. */
  public String cause() {
    // Older versions did not note how many votes were left.
    String to = left > 0 ? " lowered it to " + left : " lowered it";
    return by
        + (left == 0 ? " removed it" : to)
        + (isFinal ? " for good" : ", and is not outweighed");
  }

  @Override
  public String toString() {
    return signer.toHex() + " (" + votes + " votes): " + cause();
  }
}
