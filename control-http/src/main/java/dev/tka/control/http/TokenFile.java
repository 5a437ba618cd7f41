package dev.tka.control.http;

import dev.tka.control.http.page.PageSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bearer tokens in a file, one a line (service, section 5). Two may be valid, so that one can be
 * replaced while clients still use the other; the file is read again when it changes. Comparing
 * takes the same time wherever the texts differ.
 */
final class TokenFile {
  /** Tokens in the file at one time. */
  static final int MOST = 2;

  /** The length of the shortest token that cannot be guessed, in characters. */
  static final int SHORTEST = 16;

  private static final Logger LOG = LoggerFactory.getLogger(TokenFile.class);

  private final Path file;
  private Stamp stamp;
  private List<byte[]> hashes;

  /** What tells that a file has changed. */
  private record Stamp(FileTime modified, long size, Object key) {
    static Stamp of(Path file) throws IOException {
      var attributes =
          Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class);
      return new Stamp(
          attributes.lastModifiedTime(), attributes.size(), String.valueOf(attributes.fileKey()));
    }
  }

  private TokenFile(Path file, Stamp stamp, List<byte[]> hashes) {
    this.file = file;
    this.stamp = stamp;
    this.hashes = hashes;
  }

  /**
   * Reads a file of tokens.
   *
   * @throws IOException if it cannot be read, or holds no token, more than two, or a short one; the
   *     message says so and quotes none
   */
  static TokenFile read(Path file) throws IOException {
    Stamp stamp = Stamp.of(file);
    return new TokenFile(file, stamp, hashesIn(file));
  }

  /** Whether a text is one of the tokens in the file now. */
  boolean holds(String token) {
    byte[] hash = sha256(token);
    return any(each -> MessageDigest.isEqual(each, hash));
  }

  /** Whether a session was begun with one of the tokens that are in the file now. */
  boolean holds(PageSession session, Instant now) {
    return any(each -> session.isOf(each, now));
  }

  /** Begins a session with a token; empty if it is not in the file now. */
  Optional<PageSession> begin(String token, Instant now) {
    return holds(token) ? Optional.of(PageSession.begin(sha256(token), now)) : Optional.empty();
  }

  /** Looks at each, whichever it is. */
  private synchronized boolean any(Predicate<byte[]> test) {
    refresh();
    boolean found = false;
    for (byte[] each : hashes) {
      found |= test.test(each);
    }
    return found;
  }

  /** A file that is broken or gone for a moment leaves the tokens as they were. */
  private void refresh() {
    try {
      Stamp now = Stamp.of(file);
      if (!now.equals(stamp)) {
        hashes = hashesIn(file);
        stamp = now;
      }
    } catch (IOException e) {
      LOG.warn("tokens stay as they were: {}", e.getMessage());
    }
  }

  private static List<byte[]> hashesIn(Path file) throws IOException {
    List<byte[]> hashes = new ArrayList<>();
    for (String line : Files.readString(file, StandardCharsets.UTF_8).split("\n", -1)) {
      String token = line.strip();
      if (token.isEmpty()) {
        continue;
      }
      if (token.length() < SHORTEST) {
        throw new IOException(
            file
                + ": expected tokens of at least "
                + SHORTEST
                + " characters, found a shorter one");
      }
      hashes.add(sha256(token));
    }
    if (hashes.isEmpty() || hashes.size() > MOST) {
      throw new IOException(
          file + ": expected one or two lines with a token each, found " + hashes.size());
    }
    return List.copyOf(hashes);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
