package dev.tka.core;

import java.util.List;

/**
 * The public half of a tailnet-lock key: 32 bytes of Ed25519 (protocol, section 1). For kind 25519
 * these bytes are the key id, too.
 *
 * @param bytes exactly 32
 */
public record LockPublicKey(Bytes bytes) {
  /** The length in bytes. */
  public static final int SIZE = 32;

  private static final String WIRE_PREFIX = "nlpub:";
  private static final String PEOPLE_PREFIX = "tlpub:";
  private static final int SHORT_DIGITS = 8;

  /**
   * Checks the length.
   *
   * @throws IllegalArgumentException if there are not 32 bytes
   */
  public LockPublicKey {
    if (bytes.size() != SIZE) {
      throw new IllegalArgumentException("a lock key has 32 bytes, not " + bytes.size());
    }
  }

  /**
   * Parses {@code nlpub:} or {@code tlpub:} and 64 hexadecimal digits.
   *
   * @throws TextException if it is anything else
   */
  public static LockPublicKey parse(String text) throws TextException {
    return new LockPublicKey(
        Bytes.copyOf(KeyText.parse("lock key", List.of(PEOPLE_PREFIX, WIRE_PREFIX), SIZE, text)));
  }

  /** The human-readable text of a key id of any length, {@code tlpub:…}. */
  public static String textOf(Bytes keyId) {
    return PEOPLE_PREFIX + keyId.toHex();
  }

  /** The beginning of that text: enough to tell keys apart at a glance. */
  public static String shortTextOf(Bytes keyId) {
    String digits = keyId.toHex();
    return PEOPLE_PREFIX + digits.substring(0, Math.min(SHORT_DIGITS, digits.length()));
  }

  /** The text form used on the wire, {@code nlpub:…}. */
  public String toWireText() {
    return WIRE_PREFIX + bytes.toHex();
  }

  /** The human-readable text, {@code tlpub:…}. */
  @Override
  public String toString() {
    return textOf(bytes);
  }
}
