package dev.tka.store;

import dev.tka.core.TextException;
import dev.tka.tlog.LogPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file of the logs and witnesses that are believed, or known. */
public final class LogPolicyFile {
  private LogPolicyFile() {}

  /**
   * Reads it.
   *
   * @throws TextException if it is none; the message names the file and the line
   * @throws IOException if it cannot be read
   */
  public static LogPolicy read(Path file) throws TextException, IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return LogPolicy.parse(in.readNBytes(LogPolicy.MOST_BYTES + 1));
    } catch (TextException e) {
      throw new TextException.BadField(file.toString(), e);
    }
  }
}
