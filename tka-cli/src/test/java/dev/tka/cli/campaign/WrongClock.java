package dev.tka.cli.campaign;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A clock of a process that jumps, with libfaketime. */
final class WrongClock implements AutoCloseable {
  private static final List<Path> LIBRARIES =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
          Path.of("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"));

  private static final Path SHARED = Path.of("/dev/shm");

  private final Path file;
  private final Path library;

  /** By how much it is wrong. */
  private int offset;

  private WrongClock(Path file, Path library) {
    this.file = file;
    this.library = library;
  }

  /** One that is right at first; empty where the library is not installed. */
  static Optional<WrongClock> at(Path file) throws IOException {
    Optional<Path> library = LIBRARIES.stream().filter(Files::exists).findFirst();
    if (library.isPresent()) {
      Files.writeString(file, "+0\n");
    }
    return library.map(found -> new WrongClock(file, found));
  }

  /** What a process must have in its environment. */
  Map<String, String> environment() {
    return Map.of(
        "LD_PRELOAD",
        library.toString(),
        "FAKETIME_TIMESTAMP_FILE",
        file.toString(),
        "FAKETIME_CACHE_DURATION",
        "1",
        "FAKETIME_DONT_FAKE_MONOTONIC",
        "1",
        // Otherwise every wait of Java returns at once, since its deadline is of the other clock.
        "FAKETIME_FORCE_MONOTONIC_FIX",
        "0");
  }

  /** Has it jump by some days from where it is. */
  void jump(int days) throws IOException {
    offset += days;
    // Written beside and moved, because it is read at every look at the clock.
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.writeString(next, (offset < 0 ? "" : "+") + offset + "d\n");
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Deletes what the library leaves of processes that were killed. */
  @Override
  public void close() throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(SHARED, "*faketime_s*_*")) {
      for (Path each : left) {
        String name = each.getFileName().toString();
        long process = Long.parseLong(name.substring(name.lastIndexOf('_') + 1));
        if (ProcessHandle.of(process).isEmpty()) {
          Files.deleteIfExists(each);
        }
      }
    }
  }
}
