package dev.tka.store;

import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.store.internal.DurableFiles;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/**
 * The file of keys that sign notes, for its owner alone: a log's or a witness's, each {@code
 * PRIVATE+KEY+...} on a line of its own. A log has two while one replaces the other, and signs with
 * both.
 */
public final class NoteKeyFile {
  private static final int MAX_SIZE = 8192;
  private static final int MOST = 2;
  private static final int RANDOM_BYTES = 16;

  private NoteKeyFile() {}

  /** A name that says nothing: what begins with it, a slash and 32 random hexadecimal digits. */
  public static String randomName(String prefix) {
    byte[] random = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(random);
    return prefix + "/" + HexFormat.of().formatHex(random);
  }

  /**
   * Reads the keys.
   *
   * @return one or two, of one kind and name
   * @throws SigningException if others can read or write the file, or it does not hold such keys;
   *     the message never shows any of its content
   * @throws IOException if the file does not exist or cannot be read
   */
  public static List<SignerKey> read(Path file, VerifierKey.Kind kind)
      throws SigningException, IOException {
    KeyFile.requirePrivate(file, "key file");
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_SIZE + 1);
    }
    List<SignerKey> keys = new ArrayList<>();
    try {
      for (String line : new String(content, StandardCharsets.UTF_8).split("\n", -1)) {
        if (!line.isBlank()) {
          keys.add(SignerKey.parse(line.strip()));
        }
      }
    } catch (TextException e) {
      throw new SigningException("key file " + file + ": " + e.getMessage());
    } finally {
      Arrays.fill(content, (byte) 0);
    }
    if (keys.isEmpty()
        || keys.size() > MOST
        || keys.stream()
            .anyMatch(
                each ->
                    each.verifier().kind() != kind
                        || !each.verifier().name().equals(keys.get(0).verifier().name()))) {
      throw new SigningException(
          "key file "
              + file
              + ": expected one or two keys of type "
              + (kind == VerifierKey.Kind.NOTE ? 1 : 4)
              + " with one name, found "
              + keys.size()
              + " keys");
    }
    return keys;
  }

  /**
   * Reads the keys of control's logs, and makes the file with a new one first if it is not there. A
   * new one has a name that says nothing.
   *
   * @throws SigningException as {@link #read}
   * @throws IOException if the file cannot be read or made
   */
  public static List<SignerKey> readOrCreateLogKeys(Path file)
      throws SigningException, IOException {
    return readOrCreate(file, VerifierKey.Kind.NOTE, randomName("tka-log"));
  }

  /**
   * Reads the keys, and makes the file with a new one first if it is not there.
   *
   * @param name of a new key
   * @throws SigningException as {@link #read}
   * @throws IOException if the file cannot be read or made
   */
  public static List<SignerKey> readOrCreate(Path file, VerifierKey.Kind kind, String name)
      throws SigningException, IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      DurableFiles.createFolders(
          Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file));
      byte[] content = content(List.of(SignerKey.generate(name, kind, new SecureRandom())));
      try {
        DurableFiles.createWhole(file, content);
      } catch (FileAlreadyExistsException e) {
        // Another server that shares it was first.
      } finally {
        Arrays.fill(content, (byte) 0);
      }
    }
    return read(file, kind);
  }

  /**
   * Puts other keys in place of those in a file.
   *
   * @throws IOException if it cannot be written
   */
  public static void replace(Path file, List<SignerKey> keys) throws IOException {
    byte[] content = content(keys);
    try {
      DurableFiles.replaceWhole(file, content);
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }

  private static byte[] content(List<SignerKey> keys) {
    StringBuilder text = new StringBuilder();
    keys.forEach(each -> text.append(each.exposeText()).append('\n'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
