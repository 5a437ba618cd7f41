package dev.tka.store.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Files and folders that are being made, under temporary names beside their places. A name tells
 * which process makes it: {@code TARGET.PROCESS-NUMBER.part}. When that process ends, also by a
 * signal, it deletes them; what a process left that was killed outright is deleted by the next one
 * that makes the same target.
 */
final class Parts {
  private static final Pattern SUFFIX = Pattern.compile("\\.([0-9]{1,18})-[0-9]{1,9}\\.part.*");

  private static final Set<Path> MAKING = ConcurrentHashMap.newKeySet();
  private static final AtomicInteger NUMBER = new AtomicInteger();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> MAKING.forEach(Parts::end), "tka-parts"));
  }

  private Parts() {}

  /** A name at which to make something for a target. Nothing exists there. */
  static Path begin(Path target) {
    Path absolute = target.toAbsolutePath();
    try {
      deleteLeftovers(absolute);
    } catch (IOException e) {
      // A folder that may be written may still not be listed.
    }
    Path part =
        absolute.resolveSibling(
            absolute.getFileName()
                + "."
                + ProcessHandle.current().pid()
                + "-"
                + NUMBER.incrementAndGet()
                + ".part");
    MAKING.add(part);
    return part;
  }

  /** Deletes what is left at such a name, and beside it, where databases keep their journals. */
  static void end(Path part) {
    try {
      for (Path each : startingWith(part)) {
        delete(each);
      }
    } catch (IOException e) {
      // The next one that makes the same target tries again.
    } finally {
      MAKING.remove(part);
    }
  }

  private static void deleteLeftovers(Path target) throws IOException {
    for (Path each : startingWith(target)) {
      String rest =
          each.getFileName().toString().substring(target.getFileName().toString().length());
      Matcher suffix = SUFFIX.matcher(rest);
      if (suffix.matches() && !isMaking(Long.parseLong(suffix.group(1)), each)) {
        try {
          delete(each);
        } catch (IOException e) {
          // It may be somebody else's; it is in nobody's way.
        }
      }
    }
  }

  private static boolean isMaking(long process, Path part) {
    return process == ProcessHandle.current().pid()
        ? MAKING.stream().anyMatch(each -> part.toString().startsWith(each.toString()))
        : ProcessHandle.of(process).isPresent();
  }

  private static List<Path> startingWith(Path path) throws IOException {
    String name = path.getFileName().toString();
    Path folder = Objects.requireNonNull(path.getParent());
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(folder, each -> each.getFileName().toString().startsWith(name))) {
      List<Path> list = new ArrayList<>();
      found.forEach(list::add);
      return list;
    }
  }

  private static void delete(Path path) throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    }
  }
}
