package dev.tka.store.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A copy of a place as it was at some moment, which can be put back while programs use it. */
@FunctionalInterface
public interface Backup {
  /** Makes the place what it was; may be repeated. */
  void putBack() throws Exception;

  /**
   * Copies a folder, and puts it back as {@code cp -a} does.
   *
   * @param copy a path where nothing is
   */
  static Backup ofFolder(Path folder, Path copy) throws IOException {
    copy(folder, copy);
    return () -> {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
          if (!each.equals(folder)) {
            Files.delete(each);
          }
        }
      }
      copy(copy, folder);
    };
  }

  private static void copy(Path from, Path to) throws IOException {
    List<Path> found;
    try (Stream<Path> all = Files.walk(from)) {
      found = all.sorted().toList();
    }
    Files.createDirectories(to);
    for (Path each : found) {
      if (!each.equals(from)) {
        Files.copy(
            each, to.resolve(from.relativize(each).toString()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    // Copying into a folder changed its time.
    for (Path each : found) {
      if (Files.isDirectory(each)) {
        Files.setLastModifiedTime(
            to.resolve(from.relativize(each).toString()), Files.getLastModifiedTime(each));
      }
    }
  }
}
