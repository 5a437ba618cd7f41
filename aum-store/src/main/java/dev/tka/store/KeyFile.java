package dev.tka.store;

import dev.tka.core.LockPrivateKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.store.internal.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A private lock key in a file: its text form, {@code nlpriv:…}, on one line. A file that anyone
 * but its owner can read or write is refused, and only the owner can access the files made here.
 */
public final class KeyFile {
  /** Enough for the text and white space around it. */
  private static final int MAX_SIZE = 1024;

  private KeyFile() {}

  /**
   * Reads a key.
   *
   * @throws SigningException if others can read or write the file, or it does not hold a key; the
   *     message never shows any of its content
   * @throws IOException if the file does not exist or cannot be read
   */
  public static LockPrivateKey read(Path file) throws SigningException, IOException {
    requirePrivate(file, "key file");
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, "key file " + file);
    }
  }

  /**
   * Reads a key from a stream to its end.
   *
   * @param name the stream's name in error messages
   * @throws SigningException if the stream does not hold a key; the message never shows any of its
   *     content
   * @throws IOException if the stream cannot be read
   */
  public static LockPrivateKey read(InputStream in, String name)
      throws SigningException, IOException {
    byte[] content = in.readNBytes(MAX_SIZE + 1);
    try {
      if (content.length > MAX_SIZE) {
        throw new SigningException(
            name + ": expected one private key, found more than " + MAX_SIZE + " bytes");
      }
      String text = new String(content, StandardCharsets.ISO_8859_1).strip();
      if (text.isEmpty()) {
        throw new SigningException(name + ": expected a private key, found nothing");
      }
      return LockPrivateKey.parse(text);
    } catch (TextException e) {
      throw new SigningException(name + ": " + e.getMessage());
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }

  /**
   * Writes a key to a new file, flushed to the disk.
   *
   * @throws IOException if the file already exists, and then stays as it is, or cannot be written
   */
  public static void create(Path file, LockPrivateKey key) throws IOException {
    byte[] content = (key.exposeText() + "\n").getBytes(StandardCharsets.US_ASCII);
    try {
      @Nullable Path folder = file.toAbsolutePath().getParent();
      if (folder == null || file.toString().isEmpty()) {
        throw new IOException("key file: expected the path of a file, found \"" + file + "\"");
      }
      DurableFiles.createWhole(file, content);
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }

  /**
   * Refuses a secret's file that others can read or write, because they may have done so.
   *
   * @param name the file's name in error messages
   * @throws SigningException if others can read or write it, or it is not a regular file
   * @throws IOException if the file does not exist or cannot be examined
   */
  public static void requirePrivate(Path file, String name) throws SigningException, IOException {
    @Nullable PosixFileAttributeView view =
        Files.getFileAttributeView(file, PosixFileAttributeView.class);
    if (view == null) {
      return;
    }
    PosixFileAttributes attributes = view.readAttributes();
    if (!attributes.isRegularFile()) {
      throw new SigningException(name + " " + file + ": expected a file, found something else");
    }
    Set<PosixFilePermission> owners =
        EnumSet.of(
            PosixFilePermission.OWNER_READ,
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.OWNER_EXECUTE);
    if (!owners.containsAll(attributes.permissions())) {
      throw new SigningException(
          name
              + " "
              + file
              + ": expected a file that only its owner can read (rw-------), found "
              + PosixFilePermissions.toString(attributes.permissions())
              + "; run chmod 600, and consider its content compromised");
    }
  }
}
