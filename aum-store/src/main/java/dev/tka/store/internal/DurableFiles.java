package dev.tka.store.internal;

import dev.tka.core.TkaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Files and folders that only their owner can read, and that survive a power failure. */
public final class DurableFiles {
  /** The number of concurrent flushes: a file system combines those requested together. */
  private static final int PARALLEL = 16;

  private static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private DurableFiles() {}

  /** An action on a file. */
  @FunctionalInterface
  public interface Action<T> {
    void to(T item) throws IOException;
  }

  /**
   * Writes a new file, and flushes it.
   *
   * @throws IOException if the file already exists, and then stays, or cannot be written; then no
   *     file is left
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

  /** Makes a folder, unless it exists. */
  public static void createFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, ownerOnly("rwx------"));
    }
  }

  /** Makes a folder and those above it, unless they exist, and flushes the names of those made. */
  public static void createFolders(Path folder) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    for (@Nullable Path each = folder.toAbsolutePath();
        each != null && !Files.isDirectory(each);
        each = each.getParent()) {
      missing.push(each);
    }
    for (Path each : missing) {
      createFolder(each);
      flushFolder(Objects.requireNonNull(each.getParent()));
    }
  }

  /** Flushes a folder's entries. */
  public static void flushFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * Writes a file's content.
   *
   * @param <T> the result
   * @param <E> an exception it may throw besides {@link IOException}
   */
  @FunctionalInterface
  public interface Making<T, E extends TkaException> {
    /** Writes everything to a file that exists and is empty. */
    T at(Path part) throws E, IOException;
  }

  /**
   * Makes a file under a temporary name, flushes it, and renames it. Nothing else is left, whatever
   * happens, unless the process is killed outright; then the next call for that target deletes it.
   *
   * @throws FileAlreadyExistsException if something exists at the target, which stays
   * @throws NoSuchFileException if the target's folder does not exist
   * @throws IOException if the file cannot be made
   */
  public static <T, E extends TkaException> T createWhole(Path target, Making<T, E> making)
      throws E, IOException {
    Path folder = requireNew(target);
    Path part = Parts.begin(target);
    try {
      // Only its owner can read it.
      Files.createFile(part, ownerOnly("rw-------"));
      T made = making.at(part);
      flushFile(part);
      renameToNew(part, target);
      flushFolder(folder);
      return made;
    } catch (FileSystemException e) {
      throw naming(target, part, e);
    } finally {
      Parts.end(part);
    }
  }

  /** A failure at the temporary name, as one at the name that was asked for. */
  private static FileSystemException naming(Path target, Path part, FileSystemException failure) {
    if (failure.getFile() == null || !failure.getFile().startsWith(part.toString())) {
      return failure;
    }
    FileSystemException named =
        failure instanceof AccessDeniedException
            ? new AccessDeniedException(target.toString(), null, failure.getReason())
            : new FileSystemException(
                target.toString(),
                null,
                Objects.requireNonNullElse(failure.getReason(), "it cannot be made there"));
    named.initCause(failure);
    return named;
  }

  /**
   * Makes a folder with its content under a temporary name, flushes everything, and renames it, as
   * {@link #createWhole} does with a file.
   *
   * @param making gets a folder that exists and is empty
   * @throws FileAlreadyExistsException if something exists at the target, which stays
   * @throws NoSuchFileException if the target's folder does not exist
   * @throws IOException if the folder cannot be made
   */
  public static <T, E extends TkaException> T createWholeFolder(Path target, Making<T, E> making)
      throws E, IOException {
    Path folder = requireNew(target);
    Path part = Parts.begin(target);
    try {
      Files.createDirectory(part, ownerOnly("rwx------"));
      T made = making.at(part);
      List<Path> all;
      try (Stream<Path> walk = Files.walk(part)) {
        all = walk.filter(path -> !Files.isSymbolicLink(path)).toList();
      }
      forAll(
          all,
          path -> {
            if (Files.isDirectory(path)) {
              flushFolder(path);
            } else if (Files.isRegularFile(path)) {
              flushFile(path);
            }
          });
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        throw new FileAlreadyExistsException(target.toString());
      }
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      flushFolder(folder);
      return made;
    } catch (FileSystemException e) {
      throw naming(target, part, e);
    } finally {
      Parts.end(part);
    }
  }

  /**
   * Makes a file with some content in the same way.
   *
   * @throws IOException as there
   */
  public static void createWhole(Path target, byte[] content) throws IOException {
    Path folder = requireNew(target);
    Path part = Parts.begin(target);
    try {
      create(part, content);
      renameToNew(part, target);
      flushFolder(folder);
    } catch (FileSystemException e) {
      throw naming(target, part, e);
    } finally {
      Parts.end(part);
    }
  }

  /** A file is in its place, and it is not known whether it survives a loss of power. */
  public static final class Unflushed extends IOException {
    private static final long serialVersionUID = 1;

    private Unflushed(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /**
   * Puts other content in place of a file's, all of it or nothing: readers see the one or the
   * other. The file's owner stays.
   *
   * @param target a file that exists, and no link
   * @throws Unflushed if the content is there, and may be lost with the machine's power
   * @throws IOException if it cannot be written; the file is as it was
   */
  public static void replaceWhole(Path target, byte[] content) throws IOException {
    Path folder = Objects.requireNonNullElse(target.toAbsolutePath().getParent(), target);
    Path part = Parts.begin(target);
    try {
      create(part, content);
      keepOwner(target, part);
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      throw naming(target, part, e);
    } finally {
      Parts.end(part);
    }
    try {
      flushFolder(folder);
    } catch (IOException e) {
      throw new Unflushed(e);
    }
  }

  /** Its owner could not read it any longer if it became somebody else's. */
  private static void keepOwner(Path target, Path part) throws IOException {
    if (!POSIX) {
      return;
    }
    UserPrincipal owner = Files.getOwner(target);
    if (!owner.equals(Files.getOwner(part))) {
      try {
        Files.setOwner(part, owner);
      } catch (FileSystemException e) {
        throw new AccessDeniedException(
            target.toString(), null, "it belongs to " + owner + ": run this as " + owner);
      }
    }
  }

  private static Path requireNew(Path target) throws IOException {
    Path folder = Objects.requireNonNullElse(target.toAbsolutePath().getParent(), target);
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(target.toString(), null, "its folder does not exist");
    }
    return folder;
  }

  /** Flushes a file that may be read, on systems that can do so for others' files, too. */
  private static void flushFile(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, flushing())) {
      channel.force(true);
    }
  }

  private static StandardOpenOption flushing() {
    return POSIX ? StandardOpenOption.READ : StandardOpenOption.WRITE;
  }

  /**
   * Renames a complete file, never over something that appeared at the target in the meantime.
   *
   * @throws FileAlreadyExistsException if something did
   */
  private static void renameToNew(Path whole, Path target) throws IOException {
    try {
      Files.createLink(target, whole);
      // The caller deletes the temporary name.
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      // The file system does not support links.
      if (Files.exists(target)) {
        throw new FileAlreadyExistsException(target.toString());
      }
      Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** The attributes of new files and folders. */
  public static FileAttribute<?>[] ownerOnly(String permissions) {
    Set<PosixFilePermission> set = PosixFilePermissions.fromString(permissions);
    return POSIX
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(set)}
        : new FileAttribute<?>[0];
  }

  /**
   * Performs an action on each item, many at a time.
   *
   * @throws IOException the first one thrown, in the order of the items, after all have been tried
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
          // An interrupt must not leave a commit half done.
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
