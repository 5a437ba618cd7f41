package dev.tka.store.export;

import dev.tka.core.TkaException;
import dev.tka.store.internal.DurableFiles;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a file that is complete or absent, and that only its owner can read. */
public final class ExportFile {
  private ExportFile() {}

  /**
   * Writes a file's content.
   *
   * @param <T> the result
   */
  @FunctionalInterface
  public interface Writing<T> {
    /** Writes everything. */
    T to(OutputStream out) throws TkaException, IOException;
  }

  /**
   * Writes a file under a temporary name, flushes it, and renames it.
   *
   * @throws FileAlreadyExistsException if something exists at the target, which stays
   * @throws IOException if the file cannot be written; then no file is left
   * @throws TkaException if {@code writing} throws it; then no file is left
   */
  public static <T> T write(Path target, Writing<T> writing) throws TkaException, IOException {
    return DurableFiles.<T, TkaException>createWhole(
        target,
        part -> {
          try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part))) {
            return writing.to(out);
          }
        });
  }
}
