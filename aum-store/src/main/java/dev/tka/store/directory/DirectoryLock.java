package dev.tka.store.directory;

import dev.tka.core.store.StoreException;
import dev.tka.store.Waits;
import dev.tka.store.internal.DurableFiles;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The right to write to a directory, exclusive among all threads and processes of this project. It
 * ends with the process, however that ends; the file stays.
 */
final class DirectoryLock implements AutoCloseable {
  static final String FILE = "tka-lock";

  /** Longer than any commit takes. */
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final long PAUSE_MILLIS = 2;

  /** A file lock belongs to the whole process; these locks exclude other threads. */
  private static final Map<Path, ReentrantLock> IN_PROCESS = new ConcurrentHashMap<>();

  private final ReentrantLock threads;
  private final FileChannel channel;

  private DirectoryLock(ReentrantLock threads, FileChannel channel) {
    this.threads = threads;
    this.channel = channel;
  }

  /**
   * Waits for the lock.
   *
   * @param patience how long to wait
   * @throws StoreException.Busy if others hold the lock for too long, or the thread is interrupted
   * @throws StoreException.Unavailable if the directory cannot be written
   */
  static DirectoryLock take(Path directory, Duration patience) throws StoreException {
    long end = System.nanoTime() + patience.toNanos();
    try {
      ReentrantLock threads =
          IN_PROCESS.computeIfAbsent(directory.toRealPath(), any -> new ReentrantLock());
      if (!threads.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        throw busy(directory);
      }
      boolean taken = false;
      try {
        FileChannel channel = lockFile(directory, end);
        taken = true;
        return new DirectoryLock(threads, channel);
      } finally {
        if (!taken) {
          threads.unlock();
        }
      }
    } catch (InterruptedException | ClosedByInterruptException e) {
      Thread.currentThread().interrupt();
      throw new StoreException.Busy(directory + ": interrupted while waiting for " + FILE);
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    }
  }

  private static FileChannel lockFile(Path directory, long end)
      throws StoreException.Busy, IOException, InterruptedException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(FILE),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            DurableFiles.ownerOnly("rw-------"));
    boolean locked = false;
    try {
      Waits.Wait wait = Waits.begin("another program that is writing to " + directory);
      FileLock lock = channel.tryLock();
      while (lock == null) {
        if (System.nanoTime() > end) {
          throw busy(directory);
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

  private static StoreException.Busy busy(Path directory) {
    return new StoreException.Busy(directory + ": another process is writing and holds " + FILE);
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
