package dev.tka.node;

import dev.tka.core.Bytes;
import dev.tka.core.authority.Clocks;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.internal.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A folder on disk, which only its owner can read: the AUMs in {@code aums}, as a shipping node's
 * directory, and our files beside it. A lock keeps a second agent out.
 */
public final class AgentDirectory implements AgentFolder, AutoCloseable {
  private static final String AUMS = "aums";
  private static final String LOCK = "tka-agent-lock";
  private static final String TEMPORARY = ".new";

  /**
   * The folders that this process uses. A file lock belongs to the process, which gives it up when
   * it closes the file anywhere: so nobody else here may as much as open it.
   */
  private static final Set<Path> USED = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final Clock clock;
  private final Path used;
  private final FileChannel locked;
  private @Nullable NodeDirectory aums;

  private AgentDirectory(Path directory, Clock clock, Path used, FileChannel locked) {
    this.directory = directory;
    this.clock = clock;
    this.used = used;
    this.locked = locked;
  }

  /**
   * Opens a folder, made if it does not exist, until it is closed.
   *
   * @throws StoreException.Busy if another agent uses it
   * @throws StoreException if it cannot be read or written
   */
  public static AgentDirectory open(Path directory, Clock clock) throws StoreException {
    try {
      DurableFiles.createFolders(directory);
      Path used = directory.toRealPath();
      if (!USED.add(used)) {
        throw busy(directory);
      }
      Optional<FileChannel> locked = Optional.empty();
      try {
        locked = lock(directory.resolve(LOCK));
      } finally {
        if (locked.isEmpty()) {
          USED.remove(used);
        }
      }
      return new AgentDirectory(directory, clock, used, locked.orElseThrow(() -> busy(directory)));
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    }
  }

  /**
   * Looks at a folder, of which nothing is changed, whether or not an agent uses it: control is not
   * asked.
   *
   * @throws StoreException.Absent if there is none
   * @throws StoreException if it cannot be read
   */
  public static AgentLook look(Path directory, Clocks clocks) throws StoreException {
    requireFolder(directory);
    return NodeAgent.look(new LookedAt(directory, clocks.wall()), clocks);
  }

  /**
   * Reads a file of a folder, whether or not an agent uses it.
   *
   * @return empty if there is none
   * @throws StoreException.Absent if there is no such folder
   * @throws StoreException if it cannot be read
   */
  public static Optional<Bytes> look(Path directory, File file) throws StoreException {
    requireFolder(directory);
    return read(directory, file);
  }

  private static void requireFolder(Path directory) throws StoreException.Absent {
    if (!Files.isDirectory(directory)) {
      throw new StoreException.Absent(directory + ": no such folder");
    }
  }

  /** A folder that is only looked at. */
  private record LookedAt(Path directory, Clock clock) implements AgentFolder {
    @Override
    public AumStore aums() throws StoreException {
      Path aums = directory.resolve(AUMS);
      return Files.isDirectory(aums) ? NodeDirectory.at(aums, clock) : new MemoryAumStore();
    }

    @Override
    public Optional<String> setAumsAside() {
      throw onlyLookedAt();
    }

    @Override
    public Optional<Bytes> read(File file) throws StoreException {
      return AgentDirectory.read(directory, file);
    }

    @Override
    public void write(File file, Bytes content) {
      throw onlyLookedAt();
    }

    @Override
    public void append(File file, Bytes content) {
      throw onlyLookedAt();
    }

    private static IllegalStateException onlyLookedAt() {
      return new IllegalStateException("a folder that is looked at is not changed");
    }
  }

  /** Empty if somebody else has the lock. */
  private static Optional<FileChannel> lock(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            DurableFiles.ownerOnly("rw-------"));
    boolean mine = false;
    try {
      FileLock lock = channel.tryLock();
      mine = lock != null;
    } catch (OverlappingFileLockException e) {
      // The same folder by a name that does not resolve to the other's, such as a second mount.
    } finally {
      if (!mine) {
        channel.close();
      }
    }
    return mine ? Optional.of(channel) : Optional.empty();
  }

  private static StoreException.Busy busy(Path directory) {
    return new StoreException.Busy(directory + ": another agent uses this folder");
  }

  @Override
  public synchronized AumStore aums() throws StoreException {
    NodeDirectory opened = aums;
    if (opened == null || !Files.isDirectory(directory.resolve(AUMS))) {
      opened = NodeDirectory.create(directory.resolve(AUMS), clock);
      aums = opened;
    }
    return opened;
  }

  @Override
  public synchronized Optional<String> setAumsAside() throws StoreException {
    Path from = directory.resolve(AUMS);
    if (!Files.exists(from)) {
      return Optional.empty();
    }
    String when =
        DateTimeFormatter.BASIC_ISO_DATE.format(clock.instant().atZone(java.time.ZoneOffset.UTC))
            + '-'
            + clock.instant().truncatedTo(ChronoUnit.SECONDS).getEpochSecond();
    try {
      Path to = directory.resolve(AUMS + "-damaged-" + when);
      for (int i = 2; Files.exists(to); i++) {
        to = directory.resolve(AUMS + "-damaged-" + when + '-' + i);
      }
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      DurableFiles.flushFolder(directory);
      aums = null;
      return Optional.of(to.toString());
    } catch (IOException e) {
      throw new StoreException.Unavailable(from.toString(), e);
    }
  }

  @Override
  public Optional<Bytes> read(File file) throws StoreException {
    return read(directory, file);
  }

  private static Optional<Bytes> read(Path directory, File file) throws StoreException {
    Path path = directory.resolve(file.fileName());
    try {
      return Optional.of(Bytes.copyOf(Files.readAllBytes(path)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new StoreException.Unavailable(path.toString(), e);
    }
  }

  @Override
  public synchronized void write(File file, Bytes content) throws StoreException {
    Path path = directory.resolve(file.fileName());
    Path fresh = directory.resolve(file.fileName() + TEMPORARY);
    try {
      Files.deleteIfExists(fresh);
      DurableFiles.create(fresh, content.toByteArray());
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
      DurableFiles.flushFolder(directory);
    } catch (IOException e) {
      throw new StoreException.Unavailable(path.toString(), e);
    }
  }

  @Override
  public synchronized void append(File file, Bytes content) throws StoreException {
    Path path = directory.resolve(file.fileName());
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
      ByteBuffer buffer = ByteBuffer.wrap(content.toByteArray());
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(false);
    } catch (IOException e) {
      throw new StoreException.Unavailable(path.toString(), e);
    }
  }

  /** Lets another agent use the folder. */
  @Override
  public synchronized void close() throws StoreException {
    if (!locked.isOpen()) {
      return;
    }
    try {
      locked.close();
    } catch (IOException e) {
      throw new StoreException.Unavailable(directory.toString(), e);
    } finally {
      USED.remove(used);
    }
  }
}
