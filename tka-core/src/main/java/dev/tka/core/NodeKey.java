package dev.tka.core;

import java.util.Base64;
import java.util.List;

/**
 * A node's WireGuard public key: 32 bytes of Curve25519 (protocol, section 1).
 *
 * @param bytes exactly 32
 */
public record NodeKey(Bytes bytes) {
  /** The length in bytes. */
  public static final int SIZE = 32;

  private static final String PREFIX = "nodekey:";
  private static final Bytes ZERO = Bytes.copyOf(new byte[SIZE]);

  /**
   * Checks the length.
   *
   * @throws IllegalArgumentException if there are not 32 bytes
   */
  public NodeKey {
    if (bytes.size() != SIZE) {
      throw new IllegalArgumentException("a node key has 32 bytes, not " + bytes.size());
    }
  }

  /**
   * Parses {@code nodekey:} and 64 hexadecimal digits.
   *
   * @throws TextException if it is anything else
   */
  public static NodeKey parse(String text) throws TextException {
    return new NodeKey(Bytes.copyOf(KeyText.parse("node key", List.of(PREFIX), SIZE, text)));
  }

  /** True for the key that stands for "none". */
  public boolean isZero() {
    return bytes.equals(ZERO);
  }

  /**
   * The short form for people: five characters of base64 in brackets. The zero key, which stands
   * for "none", has the empty string.
   */
  public String toShortText() {
    if (isZero()) {
      return "";
    }
    return "[" + Base64.getEncoder().encodeToString(bytes.toByteArray()).substring(0, 5) + "]";
  }

  /** The text form, {@code nodekey:…}. */
  @Override
  public String toString() {
    return PREFIX + bytes.toHex();
  }
}
