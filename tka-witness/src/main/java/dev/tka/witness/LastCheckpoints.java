package dev.tka.witness;

import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.internal.DurableFiles;
import dev.tka.store.internal.ProcessLock;
import dev.tka.tlog.TreeHash;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The last checkpoint of each log that a witness cosigned, in a file that is written before the
 * cosignature is given.
 *
 * <p>The file is lines, to which each change adds one, flushed: a checksum, the size, the root and
 * the origin. A last line that was cut short was never answered, and is cut off; any other line
 * that is not as it was written is an error, since forgetting it would let two trees of one size be
 * cosigned. When most lines are out of date the file is written anew, as a whole, so that it has at
 * most twice as many lines as there are logs, and a hundred.
 *
 * <p>Used by one thread at a time; one process has the folder.
 */
final class LastCheckpoints implements Witness.Keeping {
  static final String FILE = "checkpoints";

  /** The most bytes of an origin. */
  static final int LONGEST_ORIGIN = 1024;

  /** The most logs: what an operator with a key may make a witness keep is bounded. */
  static final int MOST_LOGS = 100_000;

  private static final String HEADER = "tka witness 1\n";
  private static final int SPARE_LINES = 100;
  private static final int LONGEST_LINE = LONGEST_ORIGIN + 128;
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Path file;
  private final ProcessLock lock;
  private final Map<String, Last> last = new HashMap<>();
  private FileChannel channel;
  private long lines;
  private boolean failed;

  /** The last checkpoint of a log. */
  record Last(long size, TreeHash root) {}

  private LastCheckpoints(Path file, ProcessLock lock, FileChannel channel) {
    this.file = file;
    this.lock = lock;
    this.channel = channel;
  }

  /** Whether a folder has one. */
  static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(FILE), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Opens what a folder has, or makes it.
   *
   * @throws IOException if it cannot be read, is not as it was written, or another process has it
   */
  static LastCheckpoints open(Path folder) throws IOException {
    DurableFiles.createFolders(folder);
    Path file = folder.resolve(FILE);
    ProcessLock lock;
    try {
      lock = ProcessLock.take(folder.resolve("lock"), folder, PATIENCE);
    } catch (StoreException e) {
      throw new IOException(e.getMessage(), e);
    }
    try {
      if (!isIn(folder)) {
        DurableFiles.createWhole(file, HEADER.getBytes(StandardCharsets.US_ASCII));
      }
      LastCheckpoints opened = new LastCheckpoints(file, lock, openFile(file));
      boolean read = false;
      try {
        opened.read();
        read = true;
      } finally {
        if (!read) {
          opened.channel.close();
        }
      }
      return opened;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static FileChannel openFile(Path file) throws IOException {
    return FileChannel.open(file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  private void read() throws IOException {
    byte[] all = Files.readAllBytes(file);
    String header =
        new String(all, 0, Math.min(all.length, HEADER.length()), StandardCharsets.US_ASCII);
    if (!header.equals(HEADER)) {
      throw new IOException(file + ": expected what a witness wrote, found something else");
    }
    int at = HEADER.length();
    while (at < all.length) {
      int end = at;
      while (end < all.length && all[end] != '\n') {
        end++;
      }
      if (end == all.length) {
        // Not answered: the answer comes after the whole line is flushed.
        channel.truncate(at);
        channel.force(true);
        break;
      }
      take(new String(all, at, end - at, StandardCharsets.UTF_8));
      at = end + 1;
    }
    channel.position(Math.min(at, channel.size()));
  }

  private void take(String line) throws IOException {
    lines++;
    String[] words = line.length() > LONGEST_LINE ? new String[0] : line.split(" ", 4);
    try {
      if (words.length == 4 && line(words[3], words[1], words[2]).equals(line)) {
        last.put(words[3], new Last(Long.parseLong(words[1]), TreeHash.parse(words[2], "a root")));
        return;
      }
    } catch (TextException | NumberFormatException e) {
      throw new IOException(damaged(), e);
    }
    throw new IOException(damaged());
  }

  private String damaged() {
    return file
        + ": line "
        + (lines + 1)
        + ": expected a line as the witness wrote it, found another: with what is lost, it could"
        + " cosign two trees of one size, so put a whole copy back, or begin with a new key";
  }

  private static String line(String origin, String size, String root) {
    String rest = size + " " + root + " " + origin;
    CRC32C crc = new CRC32C();
    crc.update(rest.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().toHexDigits((int) crc.getValue()) + " " + rest;
  }

  private static byte[] lineOf(String origin, Last last) {
    return (line(origin, Long.toString(last.size()), last.root().toString()) + "\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public Optional<Last> of(String origin) {
    return Optional.ofNullable(last.get(origin));
  }

  @Override
  public boolean hasRoomFor(String origin) {
    return last.containsKey(origin)
        || (last.size() < MOST_LOGS
            && origin.getBytes(StandardCharsets.UTF_8).length <= LONGEST_ORIGIN);
  }

  /** {@inheritDoc} After a failure, nothing is kept any longer by this object. */
  @Override
  public void keep(String origin, Last now) throws IOException {
    if (failed) {
      throw new IOException(file + ": an earlier write failed, so nothing is cosigned");
    }
    failed = true;
    ByteBuffer line = ByteBuffer.wrap(lineOf(origin, now));
    while (line.hasRemaining()) {
      channel.write(line);
    }
    channel.force(false);
    last.put(origin, now);
    lines++;
    if (lines > 2L * last.size() + SPARE_LINES) {
      rewrite();
    }
    failed = false;
  }

  private void rewrite() throws IOException {
    java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
    all.writeBytes(HEADER.getBytes(StandardCharsets.US_ASCII));
    last.forEach((origin, each) -> all.writeBytes(lineOf(origin, each)));
    DurableFiles.replaceWhole(file, all.toByteArray());
    channel.close();
    channel = openFile(file);
    channel.position(channel.size());
    lines = last.size();
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      lock.close();
    }
  }
}
