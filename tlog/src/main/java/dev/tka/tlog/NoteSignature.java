package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.nio.ByteBuffer;

/**
 * A signature line of a note (C2SP, signed-note), verified or not.
 *
 * @param name the name of the key
 * @param keyId the short hash of the key
 * @param signature what the key's kind says
 */
public record NoteSignature(String name, int keyId, Bytes signature) {
  private static final String DASH = "\u2014 ";
  private static final String WHAT = "signature line";

  /**
   * Takes a name that a key can have.
   *
   * @throws IllegalArgumentException if the name is not one
   */
  public NoteSignature {
    if (!NoteText.isKeyName(name)) {
      throw new IllegalArgumentException("no name of a key");
    }
  }

  /**
   * Reads a line.
   *
   * @param line without its line feed
   * @throws TextException if it is not a signature line
   */
  public static NoteSignature parse(String line) throws TextException {
    int space = line.indexOf(' ', DASH.length());
    if (!line.startsWith(DASH) || space < 0) {
      throw NoteText.bad(WHAT, "an em dash, a name and base64", "another line");
    }
    String name = line.substring(DASH.length(), space);
    if (!NoteText.isKeyName(name)) {
      throw NoteText.bad(WHAT, "a name without spaces and plus signs", "another one");
    }
    byte[] bytes = NoteText.base64(line.substring(space + 1), WHAT);
    if (bytes.length <= Integer.BYTES) {
      throw NoteText.bad(WHAT, "a key's hash and a signature", bytes.length + " bytes");
    }
    return new NoteSignature(
        name, ByteBuffer.wrap(bytes).getInt(), Bytes.copyOf(bytes, Integer.BYTES, bytes.length));
  }

  /** The line, without its line feed. */
  public String line() {
    return DASH
        + name
        + " "
        + NoteText.base64(
            ByteBuffer.allocate(Integer.BYTES + signature.size())
                .putInt(keyId)
                .put(signature.toByteArray())
                .array());
  }
}
