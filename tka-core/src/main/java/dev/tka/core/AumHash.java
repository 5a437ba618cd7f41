package dev.tka.core;

import dev.tka.core.internal.Blake2s;
import java.nio.ByteBuffer;
import org.bouncycastle.util.encoders.Base32;

/**
 * The name of an AUM: BLAKE2s-256 of its canonical encoding, signatures included (protocol, section
 * 1). 32 bytes; as text, 52 characters of upper-case base32 without padding.
 *
 * <p>Ordered bytewise, unsigned, which is the last rule of fork resolution.
 */
public final class AumHash implements Comparable<AumHash> {
  /** The length of a hash in bytes. */
  public static final int SIZE = 32;

  /** The length of its text in characters. */
  public static final int TEXT_LENGTH = 52;

  private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  /** Bits of the last character beyond the 256. */
  private static final int SPARE_BITS = 0xf;

  // Four words instead of an array: a store holds one of these for every AUM.
  private final long word0;
  private final long word1;
  private final long word2;
  private final long word3;

  private AumHash(ByteBuffer source) {
    word0 = source.getLong();
    word1 = source.getLong();
    word2 = source.getLong();
    word3 = source.getLong();
  }

  /**
   * A hash from its 32 bytes.
   *
   * @throws IllegalArgumentException if there are not exactly 32; check data from outside first
   */
  public static AumHash of(byte[] bytes) {
    if (bytes.length != SIZE) {
      throw new IllegalArgumentException("an AUM hash has 32 bytes, not " + bytes.length);
    }
    return new AumHash(ByteBuffer.wrap(bytes));
  }

  /**
   * The hash of an AUM with a given canonical encoding. The bytes are not checked, which makes this
   * the cheap way to find out whether an AUM is known.
   */
  public static AumHash ofEncoding(Bytes encoded) {
    return of(Blake2s.hash(encoded.toByteArray()));
  }

  /**
   * Parses the text form. A hash has exactly one text, so lower case, padding, line breaks and
   * spare bits that are not zero are refused (protocol, section 1).
   *
   * @throws TextException.WrongLength if there are not 52 characters
   * @throws TextException.BadCharacter if one is outside the alphabet
   * @throws TextException.SpareBits if the last character carries bits beyond the 256
   */
  public static AumHash parse(String text) throws TextException {
    if (text.length() != TEXT_LENGTH) {
      throw new TextException.WrongLength("AUM hash", TEXT_LENGTH, text.length());
    }
    for (int i = 0; i < TEXT_LENGTH; i++) {
      if (ALPHABET.indexOf(text.charAt(i)) < 0) {
        throw new TextException.BadCharacter("AUM hash", "upper-case base32", i);
      }
    }
    AumHash hash = of(Base32.decode(text + "===="));
    char last = text.charAt(TEXT_LENGTH - 1);
    if ((ALPHABET.indexOf(last) & SPARE_BITS) != 0) {
      throw new TextException.SpareBits("AUM hash", last, hash);
    }
    return hash;
  }

  /** The 32 bytes. */
  public Bytes bytes() {
    return Bytes.copyOf(toByteArray());
  }

  /** A fresh array of the 32 bytes. */
  public byte[] toByteArray() {
    byte[] out = new byte[SIZE];
    ByteBuffer.wrap(out).putLong(word0).putLong(word1).putLong(word2).putLong(word3);
    return out;
  }

  @Override
  public int compareTo(AumHash other) {
    int order = Long.compareUnsigned(word0, other.word0);
    if (order == 0) {
      order = Long.compareUnsigned(word1, other.word1);
    }
    if (order == 0) {
      order = Long.compareUnsigned(word2, other.word2);
    }
    if (order == 0) {
      order = Long.compareUnsigned(word3, other.word3);
    }
    return order;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AumHash that
        && word0 == that.word0
        && word1 == that.word1
        && word2 == that.word2
        && word3 == that.word3;
  }

  @Override
  public int hashCode() {
    return (int) (word0 ^ (word0 >>> 32));
  }

  /** The text form. */
  @Override
  public String toString() {
    return Base32.toBase32String(toByteArray()).substring(0, TEXT_LENGTH);
  }
}
