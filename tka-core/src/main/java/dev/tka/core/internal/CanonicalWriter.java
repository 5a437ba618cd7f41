package dev.tka.core.internal;

import dev.tka.core.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes CTAP2-canonical CBOR: definite lengths and shortest integers (protocol, section 2). The
 * order of map keys is up to the caller.
 *
 * <p>Our own, because the library's generator writes unsigned numbers above 2^63 as bignums and
 * cannot splice encoded bytes into a map.
 */
public final class CanonicalWriter {
  private static final int UNSIGNED = 0;
  private static final int BYTES = 2;
  private static final int TEXT = 3;
  private static final int ARRAY = 4;
  private static final int MAP = 5;
  private static final int NULL = 0xf6;
  private static final int MAX_HEAD = 9;

  private byte[] buffer;
  private int size;

  /**
   * An empty writer.
   *
   * @param expectedSize a guess, in bytes
   */
  public CanonicalWriter(int expectedSize) {
    buffer = new byte[Math.max(expectedSize, MAX_HEAD)];
  }

  /** Begins a map of {@code pairs} pairs. */
  public CanonicalWriter map(int pairs) {
    return head(MAP, pairs);
  }

  /** Begins an array of {@code elements} elements. */
  public CanonicalWriter array(int elements) {
    return head(ARRAY, elements);
  }

  /** An integer; all 64 bits count, unsigned. */
  public CanonicalWriter unsigned(long value) {
    return head(UNSIGNED, value);
  }

  /** A byte string. */
  public CanonicalWriter bytes(Bytes value) {
    head(BYTES, value.size());
    reserve(value.size());
    value.copyTo(buffer, size);
    size += value.size();
    return this;
  }

  /** A byte string, from an array. */
  public CanonicalWriter bytes(byte[] value) {
    head(BYTES, value.length);
    return raw(value);
  }

  /** A text string. */
  public CanonicalWriter text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    head(TEXT, utf8.length);
    return raw(utf8);
  }

  /** The value null. */
  public CanonicalWriter nil() {
    reserve(1);
    buffer[size++] = (byte) NULL;
    return this;
  }

  /** Bytes that are encoded already. */
  public CanonicalWriter raw(byte[] encoded) {
    reserve(encoded.length);
    System.arraycopy(encoded, 0, buffer, size, encoded.length);
    size += encoded.length;
    return this;
  }

  /** All that was written, in a fresh array. */
  public byte[] toByteArray() {
    return Arrays.copyOf(buffer, size);
  }

  private CanonicalWriter head(int majorType, long argument) {
    reserve(MAX_HEAD);
    int major = majorType << 5;
    if (argument >= 0 && argument < 24) {
      buffer[size++] = (byte) (major | argument);
    } else if (argument >>> 8 == 0) {
      buffer[size++] = (byte) (major | 24);
      bigEndian(argument, 1);
    } else if (argument >>> 16 == 0) {
      buffer[size++] = (byte) (major | 25);
      bigEndian(argument, 2);
    } else if (argument >>> 32 == 0) {
      buffer[size++] = (byte) (major | 26);
      bigEndian(argument, 4);
    } else {
      buffer[size++] = (byte) (major | 27);
      bigEndian(argument, 8);
    }
    return this;
  }

  private void bigEndian(long value, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      buffer[size++] = (byte) (value >>> shift);
    }
  }

  private void reserve(int more) {
    if (buffer.length - size < more) {
      buffer = Arrays.copyOf(buffer, Math.max(2 * buffer.length, size + more));
    }
  }
}
