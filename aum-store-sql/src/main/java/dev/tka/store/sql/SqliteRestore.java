package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.Progress;
import dev.tka.store.internal.DurableFiles;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteOpenMode;

/**
 * Puts a copy in the place of a SQLite file. SQLite would take a {@code -wal} that is left beside
 * the copy for the copy's own, and mix its pages in; nothing in it says which file it belongs to.
 * So what the old file's log holds is first taken into the old file, and then all old files get
 * other names. At each moment there is a whole store at the place: the old one or the copy.
 */
final class SqliteRestore {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  /** The bytes that SQLite locks: whoever has a file in WAL mode open holds some of them. */
  private static final long FIRST_LOCKED = 0x40000000L;

  private static final long LOCKED = 512;

  private final Path copy;
  private final Path file;
  private final Clock clock;

  SqliteRestore(Path copy, Path file, Clock clock) {
    this.copy = copy;
    this.file = file;
    this.clock = clock;
  }

  /** See {@link SqliteFile#restore}. */
  Optional<Path> run(Progress progress) throws StoreException, IOException {
    Path next = beside(".restoring");
    try (SqliteFile source = SqliteFile.at(copy, clock)) {
      // An earlier process may have stopped after making it.
      delete(next);
      source.backup(next, progress);
    } catch (NoSuchFileException e) {
      throw new NoSuchFileException(file.toString(), null, e.getReason());
    } catch (AccessDeniedException e) {
      throw new AccessDeniedException(file.toString(), null, e.getReason());
    } catch (FileSystemException e) {
      throw new FileSystemException(file.toString(), null, e.getReason());
    }
    try {
      requireSound(next);
      return replace(next);
    } finally {
      delete(next);
    }
  }

  private static void delete(Path next) throws IOException {
    for (String suffix : List.of("", SqliteFile.WAL, "-shm")) {
      Files.deleteIfExists(next.resolveSibling(next.getFileName() + suffix));
    }
  }

  private Path beside(String suffix) {
    return file.resolveSibling(file.getFileName() + suffix);
  }

  /** Checks what SQLite cannot: that the rows are as written. */
  private void requireSound(Path next) throws StoreException {
    try (SqliteFile opened = SqliteFile.at(next, clock)) {
      for (String tailnet : opened.revisions().keySet()) {
        opened.sqlRecords().asItStands(tailnet).tailnet(tailnet).read();
      }
      opened.sqlRecords().requireSound();
    } catch (StoreException.Damaged e) {
      throw new StoreException.Damaged(e.getMessage().replace(next.toString(), copy.toString()));
    }
  }

  private Optional<Path> replace(Path next) throws StoreException, IOException {
    Path aside = beside(".replaced-" + TIME.format(clock.instant()));
    boolean replacing = Files.exists(file);
    if (!replacing) {
      moveLog(aside);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
      flush();
      return Optional.empty();
    }
    boolean whole = takeInLog();
    if (whole) {
      keepFences(next);
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      requireUnused(channel);
      if (whole && SqliteFile.hasLog(file)) {
        throw inUse();
      }
      keepOwner(next);
      moveLog(aside);
      try {
        Files.createLink(aside, file);
      } catch (UnsupportedOperationException | FileSystemException e) {
        // The file system does not support links; or something is there, which then stays.
        Files.move(file, aside);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
      flush();
    }
    return Optional.of(aside);
  }

  /** A tailnet that was moved away since the copy was made stays so: it must live at one place. */
  private void keepFences(Path next) throws StoreException, IOException {
    Map<String, Fence> found = fences();
    if (found.isEmpty()) {
      return;
    }
    try (SqliteFile restored = SqliteFile.at(next, clock)) {
      ControlRecords records = restored.sqlRecords();
      for (Map.Entry<String, Fence> each : found.entrySet()) {
        Fence copied = records.fence(each.getKey());
        Optional<Fence> kept = each.getValue().keptOver(copied);
        while (kept.isPresent() && copied.epoch() < kept.get().epoch()) {
          Fence step = new Fence(copied.epoch() + 1, kept.get().move(), kept.get().standing());
          records.fence(each.getKey(), copied, step);
          copied = step;
        }
      }
    }
    if (SqliteFile.hasLog(next)) {
      throw new StoreException.Busy(next + ": another process has it open");
    }
  }

  /** The fences of the file that are not open, as far as they can be read. */
  private Map<String, Fence> fences() throws StoreException {
    Map<String, Fence> found = new TreeMap<>();
    try (SqliteFile old = SqliteFile.at(file, clock)) {
      ControlRecords records = old.sqlRecords();
      for (String tailnet : records.tailnets()) {
        Fence fence = readable(records, tailnet);
        if (!fence.isOpen()) {
          found.put(tailnet, fence);
        }
      }
    } catch (StoreException.Busy e) {
      throw inUse();
    } catch (StoreException.Damaged e) {
      return found;
    } catch (StoreException.Newer e) {
      return found;
    }
    return found;
  }

  /** Whoever compares the two says which are damaged: such a file can be replaced, too. */
  private static Fence readable(ControlRecords records, String tailnet) throws StoreException {
    try {
      return records.fence(tailnet);
    } catch (StoreException.Damaged e) {
      return Fence.NONE;
    }
  }

  private void moveLog(Path aside) throws IOException {
    for (String suffix : List.of(SqliteFile.WAL, "-shm")) {
      if (Files.exists(beside(suffix))) {
        Files.move(beside(suffix), aside.resolveSibling(aside.getFileName() + suffix));
      }
    }
  }

  private void flush() throws IOException {
    DurableFiles.flushFolder(Objects.requireNonNull(file.toAbsolutePath().getParent()));
  }

  private StoreException inUse() {
    return new StoreException.Busy(file + ": another process has it open; stop that first");
  }

  /**
   * Takes the commits in the log into the file.
   *
   * @return false if that is not possible, because the file or the log is damaged: then both are
   *     only moved
   * @throws StoreException.Busy if another process has the file open
   */
  private boolean takeInLog() throws StoreException {
    SQLiteConfig config = new SQLiteConfig();
    config.resetOpenMode(SQLiteOpenMode.CREATE);
    config.setBusyTimeout(0);
    config.setLockingMode(SQLiteConfig.LockingMode.EXCLUSIVE);
    try (Connection connection = config.createConnection(SqliteFile.url(file));
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("pragma wal_checkpoint(truncate)")) {
      if (result.next() && result.getLong(1) != 0) {
        throw inUse();
      }
      return true;
    } catch (SQLException e) {
      if ((e.getErrorCode() & 0xff) == SQLiteErrorCode.SQLITE_BUSY.code) {
        throw inUse();
      }
      return false;
    }
  }

  /** Locks what SQLite locks, until the channel is closed. */
  private void requireUnused(FileChannel channel) throws StoreException {
    FileLock lock;
    try {
      lock = channel.tryLock(FIRST_LOCKED, LOCKED, false);
    } catch (OverlappingFileLockException e) {
      // Somebody in this process locks it, such as another restoration. Java says so of its own
      // locks alone: SQLite's in this process it does not see.
      throw new StoreException.Busy(file + ": this process has it open");
    } catch (IOException e) {
      // The file system has no locks, so that nobody can be noticed.
      return;
    }
    if (lock == null) {
      throw inUse();
    }
  }

  /** A server that runs as another user can still open it. */
  private void keepOwner(Path next) throws IOException {
    PosixFileAttributeView view = Files.getFileAttributeView(next, PosixFileAttributeView.class);
    if (view == null) {
      return;
    }
    PosixFileAttributes old = Files.readAttributes(file, PosixFileAttributes.class);
    PosixFileAttributes now = view.readAttributes();
    if (!old.owner().equals(now.owner())) {
      view.setOwner(old.owner());
    }
    if (!old.group().equals(now.group())) {
      view.setGroup(old.group());
    }
    view.setPermissions(old.permissions());
  }
}
