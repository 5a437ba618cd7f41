package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.SigningException;
import dev.tka.store.KeyFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;

/** A file of bearer tokens, one or two, so that one can replace the other: as those of control. */
final class TokenFile {
  private static final int MOST = 2;
  private static final int SHORTEST = 16;
  private static final int LARGEST_FILE = 4096;

  private TokenFile() {}

  /**
   * Reads one.
   *
   * @throws IOException if it cannot be read, others than its owner can read it, or it holds no
   *     token, more than two, or a short one; the message quotes none
   */
  static List<String> read(Path file) throws IOException {
    try {
      KeyFile.requirePrivate(file, "token file");
    } catch (SigningException e) {
      throw new IOException(e.getMessage(), e);
    }
    List<String> tokens;
    try (InputStream in = Files.newInputStream(file)) {
      tokens =
          new String(in.readNBytes(LARGEST_FILE), StandardCharsets.ISO_8859_1)
              .lines()
              .map(String::strip)
              .filter(line -> !line.isEmpty())
              .toList();
    }
    if (tokens.isEmpty() || tokens.size() > MOST) {
      throw new IOException(
          file + ": expected one or two lines with a token each, found " + tokens.size());
    }
    if (tokens.stream().anyMatch(token -> token.length() < SHORTEST)) {
      throw new IOException(
          file + ": expected tokens of at least " + SHORTEST + " characters, found a shorter one");
    }
    return tokens;
  }

  /** Whether a text is one of the tokens that are in the file now. */
  static boolean holds(Path file, String given) throws IOException {
    Bytes hash = Hashes.of(given);
    boolean found = false;
    for (String each : read(file)) {
      found |= MessageDigest.isEqual(Hashes.of(each).toByteArray(), hash.toByteArray());
    }
    return found;
  }
}
