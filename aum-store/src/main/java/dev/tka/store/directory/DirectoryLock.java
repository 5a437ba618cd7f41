package dev.tka.store.directory;

import dev.tka.core.store.StoreException;
import dev.tka.store.internal.DurableFiles;
import dev.tka.store.internal.ProcessLock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The right to write to a directory, exclusive among all threads and processes of this project. It
 * ends with the process, however that ends; the file stays.
 *
 * <p>A second file holds two things, which the holder notes before it changes what others see, and
 * which matter only until the machine stops: the number of commits so far, from which readers see
 * that a commit happened while they read, and the folder whose names are being flushed. If the
 * holder is killed then, its commit is seen, but a loss of power could still undo it; so the next
 * writer, who builds on it, flushes that folder first.
 */
final class DirectoryLock implements AutoCloseable {
  static final String FILE = "tka-lock";

  /**
   * Not in the locked file: a process that closes a file, such as after reading it, gives up every
   * lock that it has on it.
   */
  static final String NOTE_FILE = "tka-commits";

  /** Longer than any commit takes. */
  static final Duration PATIENCE = Duration.ofSeconds(20);

  /** The content, always of this length: a full disk is in the way of the first note only. */
  private static final int NOTE_LENGTH = 40;

  private static final Pattern NOTE =
      Pattern.compile("commit ([0-9]{1,18})(?: flushing ([A-Z2-7]{2}|\\.))? *\\n");

  private final Path directory;
  private final ProcessLock lock;

  private DirectoryLock(Path directory, ProcessLock lock) {
    this.directory = directory;
    this.lock = lock;
  }

  /**
   * Waits for the lock.
   *
   * @param patience how long to wait
   * @throws StoreException.Busy if others hold the lock for too long, or the thread is interrupted
   * @throws StoreException.Unavailable if the directory cannot be written
   */
  static DirectoryLock take(Path directory, Duration patience) throws StoreException {
    return new DirectoryLock(
        directory, ProcessLock.take(directory.resolve(FILE), directory, patience));
  }

  /**
   * What the second file says.
   *
   * @param commits the number of commits so far; 0 if it is not known
   * @param flushing the folder that was being flushed
   */
  record Note(long commits, Optional<String> flushing) {
    static final Note NONE = new Note(0, Optional.empty());

    private static Note parse(byte[] content) {
      Matcher note = NOTE.matcher(new String(content, StandardCharsets.US_ASCII));
      return note.matches()
          ? new Note(Long.parseLong(note.group(1)), Optional.ofNullable(note.group(2)))
          : NONE;
    }

    private byte[] encode() {
      String text = "commit " + commits + flushing.map(folder -> " flushing " + folder).orElse("");
      return String.format(Locale.ROOT, "%-" + (NOTE_LENGTH - 1) + "s\n", text)
          .getBytes(StandardCharsets.US_ASCII);
    }
  }

  /** The note of the last writer; after a loss of power it may be an older one, or lost. */
  static Note note(Path directory) {
    try (InputStream in = Files.newInputStream(directory.resolve(NOTE_FILE))) {
      return Note.parse(in.readNBytes(NOTE_LENGTH));
    } catch (IOException e) {
      return Note.NONE;
    }
  }

  /**
   * Notes something for others, as long as this machine runs.
   *
   * @throws IOException if it cannot be written
   */
  void write(Note note) throws IOException {
    ByteBuffer content = ByteBuffer.wrap(note.encode());
    try (FileChannel file =
        FileChannel.open(
            directory.resolve(NOTE_FILE),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            DurableFiles.ownerOnly("rw-------"))) {
      while (content.hasRemaining()) {
        file.write(content, content.position());
      }
    }
  }

  @Override
  public void close() {
    lock.close();
  }
}
