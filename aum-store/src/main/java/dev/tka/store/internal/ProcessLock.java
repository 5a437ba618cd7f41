package dev.tka.store.internal;

import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import dev.tka.store.Waits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The right to write to a place in the file system, exclusive among all threads and processes of
 * this project. It ends with the process, however that ends; the file, in which is nothing but a
 * note of who held it last, does not: whoever deletes it lets others in.
 */
public final class ProcessLock implements AutoCloseable {
  private static final long PAUSE_MILLIS = 2;
  private static final int LONGEST_NOTE = 256;

  /** A file lock belongs to the whole process; these locks exclude other threads. */
  private static final Map<Path, ReentrantLock> IN_PROCESS = new ConcurrentHashMap<>();

  private final ReentrantLock threads;
  private final FileChannel channel;

  private ProcessLock(ReentrantLock threads, FileChannel channel) {
    this.threads = threads;
    this.channel = channel;
  }

  /**
   * Waits for the lock.
   *
   * @param file the file to lock, made if it is not there
   * @param place what is written to, for messages
   * @param patience how long to wait
   * @throws StoreException.Busy if others hold the lock for too long, or the thread is interrupted
   * @throws StoreException.Unavailable if the file cannot be made
   */
  public static ProcessLock take(Path file, Path place, Duration patience) throws StoreException {
    long end = System.nanoTime() + patience.toNanos();
    Path name = Objects.requireNonNull(file.getFileName());
    try {
      Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent()).toRealPath();
      ReentrantLock threads =
          IN_PROCESS.computeIfAbsent(folder.resolve(name), any -> new ReentrantLock());
      if (!threads.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        throw busy(place, name);
      }
      boolean taken = false;
      try {
        FileChannel channel = lockFile(file, place, name, end);
        taken = true;
        return new ProcessLock(threads, channel);
      } finally {
        if (!taken) {
          threads.unlock();
        }
      }
    } catch (InterruptedException | ClosedByInterruptException e) {
      Thread.currentThread().interrupt();
      throw new StoreException.Busy(place + ": interrupted while waiting for " + name);
    } catch (IOException e) {
      throw new StoreException.Unavailable(place.toString(), e);
    }
  }

  private static FileChannel lockFile(Path file, Path place, Path name, long end)
      throws StoreException.Busy, IOException, InterruptedException {
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            DurableFiles.ownerOnly("rw-------"));
    boolean locked = false;
    try {
      Waits.Wait wait = Waits.begin("another program that is writing to " + place);
      FileLock lock = channel.tryLock();
      while (lock == null) {
        if (System.nanoTime() > end) {
          throw busy(place, name);
        }
        wait.goesOn();
        Thread.sleep(PAUSE_MILLIS);
        lock = channel.tryLock();
      }
      locked = true;
      return channel;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
  }

  private static StoreException.Busy busy(Path place, Path name) {
    return new StoreException.Busy(place + ": another process is writing and holds " + name);
  }

  /** The last {@link #note} of whoever held it; empty if there is none. */
  public Bytes noted() throws IOException {
    ByteBuffer note = ByteBuffer.allocate(LONGEST_NOTE);
    int read = channel.read(note, 0);
    return Bytes.copyOf(Arrays.copyOf(note.array(), Math.max(0, read)));
  }

  /**
   * Leaves a note for whoever holds it next. It is not flushed: after a crash of the machine an
   * older one may be found.
   *
   * @param note at most 256 bytes
   */
  public void note(Bytes note) throws IOException {
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(note.toByteArray()), 0);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The lock ends with the channel, and the work done under it is complete.
    } finally {
      threads.unlock();
    }
  }
}
