package dev.tka.conformance;

import dev.tka.core.Bytes;
import java.math.BigInteger;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The map around an AUM in a shipping node's file (protocol, section 9), read byte by byte.
 *
 * @param aum field 2
 * @param committedAt field 3; 0 if absent
 * @param purgedAt field 4; 0 if absent
 */
record NaiveEnvelope(Optional<Bytes> aum, long committedAt, long purgedAt) {
  private static final int NULL = 0xf6;
  private static final int DEEPEST = 64;

  /** The bits of a time or a length; twice as many still fit a number. */
  private static final int LONGEST = 62;

  /** The file is not such a map. */
  static final class Unreadable extends Exception {}

  static NaiveEnvelope read(Bytes content) throws Unreadable {
    Reader in = new Reader(content.toByteArray());
    if (in.peek() == NULL) {
      return new NaiveEnvelope(Optional.empty(), 0, 0);
    }
    long pairs = in.head(5);
    Optional<Bytes> aum = Optional.empty();
    long committedAt = 0;
    long purgedAt = 0;
    Set<String> keys = new HashSet<>();
    for (long i = 0; i < pairs; i++) {
      int major = in.peek() >> 5;
      String key = major <= 1 ? Long.toString(in.number()) : in.skip(DEEPEST).toHex();
      if (!keys.add((major <= 1) + " " + key)) {
        throw new Unreadable();
      }
      boolean absent = in.peek() == NULL;
      if (major > 1 || absent) {
        in.skip(DEEPEST);
      } else if (key.equals("2")) {
        aum = Optional.of(in.skip(DEEPEST));
      } else if (key.equals("3")) {
        committedAt = in.number();
      } else if (key.equals("4")) {
        purgedAt = in.number();
      } else {
        in.skip(DEEPEST);
      }
    }
    return new NaiveEnvelope(aum, committedAt, purgedAt);
  }

  /** Bytes and a position in them. */
  private static final class Reader {
    private final byte[] bytes;
    private int at;

    Reader(byte[] bytes) {
      this.bytes = bytes;
    }

    int peek() throws Unreadable {
      if (at >= bytes.length) {
        throw new Unreadable();
      }
      return bytes[at] & 0xff;
    }

    /** The length at the beginning of an item of a major type. */
    long head(int major) throws Unreadable {
      if (peek() >> 5 != major) {
        throw new Unreadable();
      }
      return length();
    }

    /** An integer of either sign. */
    long number() throws Unreadable {
      int major = peek() >> 5;
      if (major > 1) {
        throw new Unreadable();
      }
      long value = length();
      return major == 0 ? value : -1 - value;
    }

    /** The bytes of the next item. */
    Bytes skip(int deepest) throws Unreadable {
      int start = at;
      int major = peek() >> 5;
      long length = major >= 2 && major <= 5 ? length() : argument().signum();
      long nested =
          switch (major) {
            case 4 -> length;
            case 5 -> 2 * length;
            case 6 -> 1;
            default -> 0;
          };
      if (nested > 0 && deepest == 0) {
        throw new Unreadable();
      }
      if (major == 2 || major == 3) {
        if (length > bytes.length - at) {
          throw new Unreadable();
        }
        at += (int) length;
      }
      for (long i = 0; i < nested; i++) {
        skip(deepest - 1);
      }
      byte[] item = new byte[at - start];
      System.arraycopy(bytes, start, item, 0, item.length);
      return Bytes.copyOf(item);
    }

    private long length() throws Unreadable {
      BigInteger value = argument();
      if (value.bitLength() > LONGEST) {
        throw new Unreadable();
      }
      return value.longValue();
    }

    private BigInteger argument() throws Unreadable {
      int low = peek() & 0x1f;
      at++;
      if (low < 24) {
        return BigInteger.valueOf(low);
      }
      // 31 is an indefinite length, and 28 to 30 mean nothing.
      if (low > 27 || bytes.length - at < 1 << (low - 24)) {
        throw new Unreadable();
      }
      int length = 1 << (low - 24);
      byte[] digits = new byte[length];
      System.arraycopy(bytes, at, digits, 0, length);
      at += length;
      return new BigInteger(1, digits);
    }
  }
}
