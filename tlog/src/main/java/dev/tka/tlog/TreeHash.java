package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The hash of a tree, a part of one, or an entry (RFC 6962, 2.1): SHA-256.
 *
 * @param bytes 32 bytes
 */
public record TreeHash(Bytes bytes) {
  /** The length in bytes. */
  public static final int SIZE = 32;

  /** The hash of the tree without entries. */
  public static final TreeHash EMPTY = new TreeHash(Bytes.copyOf(sha256().digest()));

  private static final byte LEAF = 0;
  private static final byte NODE = 1;

  /**
   * Takes 32 bytes.
   *
   * @throws IllegalArgumentException if there are more or fewer
   */
  public TreeHash {
    if (bytes.size() != SIZE) {
      throw new IllegalArgumentException("a hash has " + SIZE + " bytes, not " + bytes.size());
    }
  }

  /** The hash of a tree whose one entry this is. */
  public static TreeHash ofEntry(Bytes entry) {
    MessageDigest digest = sha256();
    digest.update(LEAF);
    return new TreeHash(Bytes.copyOf(digest.digest(entry.toByteArray())));
  }

  /** The hash of a tree of two parts. */
  public static TreeHash of(TreeHash left, TreeHash right) {
    MessageDigest digest = sha256();
    digest.update(NODE);
    digest.update(left.bytes.toByteArray());
    return new TreeHash(Bytes.copyOf(digest.digest(right.bytes.toByteArray())));
  }

  /**
   * Reads base64.
   *
   * @param what names it in the message
   * @throws TextException if it is not the base64 of 32 bytes
   */
  public static TreeHash parse(String text, String what) throws TextException {
    byte[] bytes = NoteText.base64(text, what);
    if (bytes.length != SIZE) {
      throw NoteText.bad(what, SIZE + " bytes in base64", bytes.length + " bytes");
    }
    return new TreeHash(Bytes.copyOf(bytes));
  }

  /** Base64. */
  @Override
  public String toString() {
    return NoteText.base64(bytes);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
