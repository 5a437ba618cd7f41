package dev.tka.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Temporary folders in memory, for tests that write many small files and do not ask what a disk
 * does with them: a disk would flush each. Elsewhere than on Linux they are ordinary ones. It is
 * the default factory of {@code @TempDir}.
 */
public final class MemoryFolders implements TempDirFactory {
  private static final Path MEMORY = Path.of("/dev/shm");

  /** Containers often have no more than 64 MiB there, which other tests may need. */
  private static final long LEAST_BYTES = 256 << 20;

  /** Called by JUnit. */
  public MemoryFolders() {}

  /** A new folder, which the caller deletes. */
  public static Path create(String prefix) throws IOException {
    boolean roomy =
        Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() >= LEAST_BYTES;
    return roomy ? Files.createTempDirectory(MEMORY, prefix) : Files.createTempDirectory(prefix);
  }

  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext test)
      throws IOException {
    return create("tka-");
  }
}
