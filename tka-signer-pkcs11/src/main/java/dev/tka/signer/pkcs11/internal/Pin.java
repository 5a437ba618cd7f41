package dev.tka.signer.pkcs11.internal;

import dev.tka.core.SigningException;
import dev.tka.store.KeyFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A PIN in a file that only its owner can read. */
final class Pin {
  /** Far more than any token takes, in bytes. */
  private static final int MAX_SIZE = 1024;

  private Pin() {}

  /**
   * Reads one: the file without the line end at its end. The caller wipes it.
   *
   * @throws SigningException if others can read or write the file, or it does not hold a PIN; the
   *     message never shows any of its content
   * @throws IOException if the file does not exist or cannot be read
   */
  static char[] read(Path file) throws SigningException, IOException {
    KeyFile.requirePrivate(file, "PIN file");
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_SIZE + 1);
    }
    try {
      int end = content.length;
      while (end > 0 && (content[end - 1] == '\n' || content[end - 1] == '\r')) {
        end--;
      }
      if (end == 0 || end > MAX_SIZE) {
        throw new SigningException(
            "PIN file " + file + ": expected a PIN, found " + (end == 0 ? "nothing" : "far more"));
      }
      CharBuffer text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content, 0, end));
      char[] pin = new char[text.remaining()];
      text.duplicate().get(pin);
      while (text.hasRemaining()) {
        text.put('\0');
      }
      return pin;
    } catch (CharacterCodingException e) {
      throw new SigningException("PIN file " + file + ": expected UTF-8 text, found other bytes");
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }
}
