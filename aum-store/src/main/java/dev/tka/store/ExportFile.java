package dev.tka.store;

import dev.tka.core.TkaException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

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
    Path folder = Objects.requireNonNullElse(target.toAbsolutePath().getParent(), target);
    if (Files.exists(target)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(folder.toString());
    }
    // Only its owner can read it.
    Path part = Files.createTempFile(folder, target.getFileName() + ".", ".part");
    try {
      T written;
      try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel));
        written = writing.to(out);
        out.flush();
        channel.force(true);
      }
      DurableFiles.renameToNew(part, target);
      DurableFiles.flushFolder(folder);
      return written;
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
