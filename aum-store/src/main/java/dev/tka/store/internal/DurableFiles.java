package dev.tka.store.internal;

import dev.tka.core.TkaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Files and folders that only their owner can read, and that outlast a loss of power. */
public final class DurableFiles {
  /** Flushes at a time: a file system makes one of those that it is asked for together. */
  private static final int PARALLEL = 16;

  private static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private DurableFiles() {}

  /** Something that is done to a file. */
  @FunctionalInterface
  public interface Action<T> {
    void to(T item) throws IOException;
  }

  /**
   * Writes a file that is not there yet, and flushes it.
   *
   * @throws IOException if there is one, which stays, or it cannot be written; then none is left
   */
  public static void create(Path file, byte[] content) throws IOException {
    Set<StandardOpenOption> options =
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try (FileChannel channel = FileChannel.open(file, options, ownerOnly("rw-------"))) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  /** Makes a folder, unless it is there. */
  public static void createFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, ownerOnly("rwx------"));
    }
  }

  /** Flushes the names in a folder. */
  public static void flushFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * What makes a file.
   *
   * @param <T> what is known after it
   * @param <E> what else may go wrong
   */
  @FunctionalInterface
  public interface Making<T, E extends TkaException> {
    /** Writes it all to a file that is there, and empty. */
    T at(Path part) throws E, IOException;
  }

  /**
   * Makes a file under another name, flushes it, and gives it its name.
   *
   * @throws FileAlreadyExistsException if there is something at its place, which stays
   * @throws NoSuchFileException if its folder is not there
   * @throws IOException if it cannot be made
   */
  public static <T, E extends TkaException> T createWhole(Path target, Making<T, E> making)
      throws E, IOException {
    Path folder = Objects.requireNonNullElse(target.toAbsolutePath().getParent(), target);
    if (Files.exists(target)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(folder.toString());
    }
    // Only its owner can read it.
    Path part = Files.createTempFile(folder, target.getFileName() + ".", ".part");
    try {
      T made = making.at(part);
      try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      renameToNew(part, target);
      flushFolder(folder);
      return made;
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /**
   * Gives a file that is whole its name, never over something that came there meanwhile.
   *
   * @throws FileAlreadyExistsException if something did
   */
  private static void renameToNew(Path whole, Path target) throws IOException {
    try {
      Files.createLink(target, whole);
      // Whoever made it deletes its first name.
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      // The file system knows no links.
      if (Files.exists(target)) {
        throw new FileAlreadyExistsException(target.toString());
      }
      Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** The attributes with which files and folders are made. */
  public static FileAttribute<?>[] ownerOnly(String permissions) {
    Set<PosixFilePermission> set = PosixFilePermissions.fromString(permissions);
    return POSIX
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(set)}
        : new FileAttribute<?>[0];
  }

  /**
   * Does something to each item, many at a time.
   *
   * @throws IOException the first that was thrown, in the order of the items; all are done by then
   */
  public static <T> void forAll(Collection<T> items, Action<T> action) throws IOException {
    if (items.size() <= 1) {
      for (T item : items) {
        action.to(item);
      }
      return;
    }
    ExecutorService pool = Executors.newFixedThreadPool(Math.min(PARALLEL, items.size()));
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (T item : items) {
        futures.add(
            pool.submit(
                () -> {
                  action.to(item);
                  return null;
                }));
      }
      awaitAll(futures);
    } finally {
      pool.shutdown();
    }
  }

  private static void awaitAll(List<Future<?>> futures) throws IOException {
    List<Throwable> failures = new ArrayList<>();
    boolean interrupted = false;
    for (Future<?> future : futures) {
      boolean done = false;
      while (!done) {
        try {
          future.get();
          done = true;
        } catch (ExecutionException e) {
          failures.add(e.getCause());
          done = true;
        } catch (InterruptedException e) {
          // A commit is not left half-way because its caller is in a hurry.
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!failures.isEmpty()) {
      if (failures.get(0) instanceof IOException first) {
        throw first;
      }
      throw new IllegalStateException(failures.get(0));
    }
  }
}
