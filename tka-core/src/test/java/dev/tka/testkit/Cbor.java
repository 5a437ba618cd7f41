package dev.tka.testkit;

import dev.tka.core.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * CBOR, spelled out by hand: an encoder that shares nothing with the library's, and that can write
 * what the library must refuse. Chains of calls append; map keys come in the order of the calls.
 *
 * <pre>{@code
 * // {1: 3, 2: null}
 * byte[] aum = new Cbor().map(2).uint(1).uint(3).uint(2).nil().toByteArray();
 * }</pre>
 */
public final class Cbor {
  private static final int UNSIGNED = 0x00;
  private static final int NEGATIVE = 0x20;
  private static final int BYTES = 0x40;
  private static final int TEXT = 0x60;
  private static final int ARRAY = 0x80;
  private static final int MAP = 0xa0;
  private static final int TAG = 0xc0;
  private static final int NULL = 0xf6;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** The head of a map of so many pairs. */
  public Cbor map(long pairs) {
    return head(MAP, pairs);
  }

  /** The head of an array of so many elements. */
  public Cbor array(long elements) {
    return head(ARRAY, elements);
  }

  /** An unsigned integer of 64 bits, in its shortest form. */
  public Cbor uint(long value) {
    return head(UNSIGNED, value);
  }

  /** The integer −1−n, in its shortest form. */
  public Cbor negative(long n) {
    return head(NEGATIVE, n);
  }

  /** An unsigned integer in a form that is too long. */
  public Cbor longUint(int value) {
    return hex("1b").raw(new byte[4]).raw(bigEndian(value, 4));
  }

  /** A byte string. */
  public Cbor bytes(byte[] value) {
    return head(BYTES, value.length).raw(value);
  }

  /** A byte string. */
  public Cbor bytes(Bytes value) {
    return bytes(value.toByteArray());
  }

  /** The head of a byte string that claims a length. */
  public Cbor bytesHead(long length) {
    return head(BYTES, length);
  }

  /** A text string. */
  public Cbor text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return head(TEXT, utf8.length).raw(utf8);
  }

  /** The head of a text string that claims a length. */
  public Cbor textHead(long length) {
    return head(TEXT, length);
  }

  /** A tag for the value that follows. */
  public Cbor tag(long number) {
    return head(TAG, number);
  }

  /** The value null. */
  public Cbor nil() {
    out.write(NULL);
    return this;
  }

  /** Bytes as they are. */
  public Cbor raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  /** Bytes as they are, in hexadecimal. */
  public Cbor hex(String hex) {
    return raw(HexFormat.of().parseHex(hex));
  }

  /** What another encoder wrote. */
  public Cbor append(Cbor other) {
    return raw(other.toByteArray());
  }

  /** Everything so far. */
  public byte[] toByteArray() {
    return out.toByteArray();
  }

  private Cbor head(int major, long argument) {
    if (Long.compareUnsigned(argument, 24) < 0) {
      out.write(major + (int) argument);
      return this;
    }
    int log = 0;
    while (log < 3 && Long.compareUnsigned(argument, 1L << (8 << log)) >= 0) {
      log++;
    }
    out.write(major + 24 + log);
    return raw(bigEndian(argument, 1 << log));
  }

  private static byte[] bigEndian(long value, int width) {
    byte[] bytes = new byte[width];
    for (int i = 0; i < width; i++) {
      bytes[i] = (byte) (value >>> (8 * (width - 1 - i)));
    }
    return bytes;
  }
}
