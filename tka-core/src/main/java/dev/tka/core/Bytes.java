package dev.tka.core;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * An immutable byte string. Copies on the way in and on the way out, so that no value of this
 * package can be changed through an array kept by its creator.
 *
 * <p>Ordered bytewise, unsigned.
 */
public final class Bytes implements Comparable<Bytes> {
  private static final Bytes EMPTY = new Bytes(new byte[0]);

  private final byte[] value;

  private Bytes(byte[] value) {
    this.value = value;
  }

  /** The byte string of length zero. */
  public static Bytes empty() {
    return EMPTY;
  }

  /** A copy of a whole array. */
  public static Bytes copyOf(byte[] source) {
    return source.length == 0 ? EMPTY : new Bytes(source.clone());
  }

  /**
   * A copy of part of an array.
   *
   * @param from the first index, inclusive
   * @param to the last index, exclusive
   * @throws IndexOutOfBoundsException if the range does not lie in the array
   */
  public static Bytes copyOf(byte[] source, int from, int to) {
    java.util.Objects.checkFromToIndex(from, to, source.length);
    return from == to ? EMPTY : new Bytes(Arrays.copyOfRange(source, from, to));
  }

  /**
   * Parses hexadecimal digits of either case, two per byte, without separators.
   *
   * @throws TextException.NotHex if there is any other character or an odd number of them
   */
  public static Bytes parseHex(String hex) throws TextException {
    try {
      byte[] parsed = HexFormat.of().parseHex(hex);
      return parsed.length == 0 ? EMPTY : new Bytes(parsed);
    } catch (IllegalArgumentException e) {
      // The library's message may quote the text, which may be half of a secret.
      throw new TextException.NotHex(hex.length());
    }
  }

  /** The number of bytes. */
  public int size() {
    return value.length;
  }

  /** True if there are no bytes. */
  public boolean isEmpty() {
    return value.length == 0;
  }

  /** The byte at an index, as it stands (signed). */
  public byte get(int index) {
    return value[index];
  }

  /** A fresh copy. */
  public byte[] toByteArray() {
    return value.clone();
  }

  /** Writes all bytes into {@code target}, beginning at {@code offset}. */
  public void copyTo(byte[] target, int offset) {
    System.arraycopy(value, 0, target, offset, value.length);
  }

  /** Lower-case hexadecimal, two digits per byte. */
  public String toHex() {
    return HexFormat.of().formatHex(value);
  }

  @Override
  public int compareTo(Bytes other) {
    return Arrays.compareUnsigned(value, other.value);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes that && Arrays.equals(value, that.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  /** The same as {@link #toHex}. Secrets have a type of their own, which prints nothing. */
  @Override
  public String toString() {
    return toHex();
  }
}
