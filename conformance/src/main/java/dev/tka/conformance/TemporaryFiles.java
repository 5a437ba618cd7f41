package dev.tka.conformance;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Temporary folders of a command. */
public final class TemporaryFiles {
  private TemporaryFiles() {}

  /** The path of a name inside a folder; empty if the name leads out of it or is invalid. */
  public static Optional<Path> inside(Path folder, String name) {
    Path normalized = folder.normalize();
    try {
      return Optional.of(normalized.resolve(name).normalize())
          .filter(path -> path.startsWith(normalized) && !path.equals(normalized));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /** Deletes a folder with its content, without following links. */
  public static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
