package dev.tka.store.export;

import dev.tka.core.TkaException;
import dev.tka.store.internal.DurableFiles;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that is there whole or not at all, and that only its owner can read. */
public final class ExportFile {
  private ExportFile() {}

  /**
   * What is written to a file.
   *
   * @param <T> what is known after it
   */
  @FunctionalInterface
  public interface Writing<T> {
    /** Writes it all. */
    T to(OutputStream out) throws TkaException, IOException;
  }

  /**
   * Writes a file under another name, flushes it, and gives it its name.
   *
   * @throws FileAlreadyExistsException if there is something at its place, which stays
   * @throws IOException if it cannot be written; then none is left
   * @throws TkaException as the writing does; then none is left
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
