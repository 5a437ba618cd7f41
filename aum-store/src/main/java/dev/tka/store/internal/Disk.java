package dev.tka.store.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The changes to files and folders whose order decides what a loss of power leaves. A file's
 * content is there after it was flushed; a name, new, moved or deleted, after its folder was
 * flushed; anything else may be there or not. A test takes the place of {@link #REAL} to see that
 * order.
 */
public interface Disk {
  /** The file systems of this machine. */
  Disk REAL = new Disk() {};

  /**
   * Writes a new file that only its owner can read, and flushes its content.
   *
   * @throws IOException if the file already exists, and then stays, or cannot be written; then no
   *     file is left
   */
  default void create(Path file, byte[] content) throws IOException {
    DurableFiles.create(file, content);
  }

  /** Makes a folder, unless it exists. */
  default void createFolder(Path folder) throws IOException {
    DurableFiles.createFolder(folder);
  }

  /** Moves a file, over another if there is one. */
  default void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Deletes a file, if it exists. */
  default void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  /** Flushes the names in a folder. */
  default void flushFolder(Path folder) throws IOException {
    DurableFiles.flushFolder(folder);
  }
}
