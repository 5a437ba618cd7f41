package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.Poll;
import dev.tka.store.Progress;
import dev.tka.store.RecordsPoll;
import dev.tka.store.RevisionPoll;
import dev.tka.store.Waits;
import dev.tka.store.internal.DurableFiles;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sqlite.BusyHandler;
import org.sqlite.NativeLibraryNotFoundException;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;
import org.sqlite.SQLiteOpenMode;

/**
 * A SQLite file that keeps the AUMs of many tailnets. Each tailnet has its own store: its readers
 * and writers never touch the rows of another. Several instances, in several processes on one
 * machine, may have the file open.
 *
 * <p>If another file takes its place at the path, that one is read and written from then on.
 *
 * <p>The file is in WAL mode, and a commit is flushed before it returns; the files ending in {@code
 * -wal} and {@code -shm} beside it belong to it. Readers do not wait for writers in other
 * processes, nor do those wait for readers; within a process, reading others' commits waits for a
 * commit to the same tailnet that is in progress.
 *
 * <p>Reading needs no permission or room to write, if no commits are left in the file ending in
 * {@code -wal}: none are after the last program that had the file open has closed it.
 *
 * <p>A snapshot keeps everything in memory except bodies, which are read on demand. The bodies of
 * AUMs removed in the meantime stay for {@link #REMOVED_STAY}; after that, an older snapshot no
 * longer has them.
 */
public final class SqliteFile extends SqlTailnets {
  /** The form of the driver's messages: a code, what it means, and the detail. */
  private static final Pattern DETAIL =
      Pattern.compile("\\[SQLITE_\\w+\\] .*?\\((.*)\\)", Pattern.DOTALL);

  /** Identifies our SQLite files: "TKA" and a zero. */
  private static final int APPLICATION_ID = 0x544b4100;

  /** Stays: older versions refuse a higher one, but can go on with the tables for facts beside. */
  private static final int VERSION = 1;

  private static final String TABLES = "sqlite-1.sql";
  private static final String TABLES_FOR_FACTS = "sqlite-1-facts.sql";
  private static final String TABLES_FOR_RECORDS = "sqlite-1-records.sql";
  private static final String COLUMNS_FOR_RESTORED = "sqlite-1-restored.sql";
  private static final String COLUMNS_FOR_FENCE = "sqlite-1-fence.sql";
  private static final String COLUMNS_FOR_VOTES = "sqlite-1-votes.sql";

  /** What the triggers of {@link #COLUMNS_FOR_FENCE} say. */
  private static final String REFUSED = "the tailnet is being moved, or lives elsewhere";

  /** The end of a statement in these; those within triggers begin further in. */
  private static final String END = ";\\s*\\n(?=[a-z])(?!end)";

  /** The number of idle connections kept for reading, and for writing. */
  private static final int MOST_IDLE = 8;

  private static final Duration TRY_AGAIN = Duration.ofMillis(20);

  /** Longer than any commit takes. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** The bits of a code that say what an extended code is about. */
  private static final int PRIMARY = 0xff;

  /** Failures of the file for shared memory. */
  private static final Set<SQLiteErrorCode> SHARED =
      Set.of(
          SQLiteErrorCode.SQLITE_IOERR_SHMOPEN,
          SQLiteErrorCode.SQLITE_IOERR_SHMSIZE,
          SQLiteErrorCode.SQLITE_IOERR_SHMLOCK,
          SQLiteErrorCode.SQLITE_IOERR_SHMMAP);

  /** The end of the name of the file with commits that are not yet in the file itself. */
  static final String WAL = "-wal";

  private final Path file;
  private final Consumer<SQLiteConfig> settings;
  private final Queue<Idle> readers = new ConcurrentLinkedQueue<>();
  private final Queue<Idle> writers = new ConcurrentLinkedQueue<>();
  private final Object writing = new Object();

  /** The watches of this instance, which are told of its commits at once. */
  private final Set<Poll<?>> polls = ConcurrentHashMap.newKeySet();

  private final Marks marks = new SqliteMarks();

  /** Connections to a file that is known to have the columns for fences. */
  private final Set<Connection> withVotes =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  /**
   * A connection that nobody uses.
   *
   * @param to the file that it was opened to
   */
  private record Idle(Connection connection, Optional<Object> to) {}

  private SqliteFile(Path file, Clock clock, Consumer<SQLiteConfig> settings) {
    super(clock);
    this.file = file;
    this.settings = settings;
  }

  /**
   * The file at a path.
   *
   * @param clock tells when AUMs are removed
   * @throws StoreException.Absent if there is no file there, or an empty one
   * @throws StoreException.Newer if a newer version wrote it
   * @throws StoreException.Damaged if it is another program's file, or not a SQLite file
   * @throws StoreException.Unavailable if it cannot be read
   */
  public static SqliteFile at(Path file, Clock clock) throws StoreException {
    return at(file, clock, settings -> {});
  }

  /** The file at a path, with connection settings for tests. */
  static SqliteFile at(Path file, Clock clock, Consumer<SQLiteConfig> settings)
      throws StoreException {
    requireFile(file);
    SqliteFile opened = new SqliteFile(file, clock, settings);
    try {
      if (!opened.readTogether(opened::isOurs)) {
        throw new StoreException.Absent(file + ": expected a store, found an empty file");
      }
      return opened;
    } catch (StoreException e) {
      opened.close();
      throw e;
    }
  }

  private static void requireFile(Path file) throws StoreException.Absent {
    if (!Files.exists(file)) {
      throw new StoreException.Absent(file + ": no such file");
    }
    if (Files.isDirectory(file)) {
      throw new StoreException.Absent(file + ": expected a file, found a directory");
    }
  }

  /**
   * The file at a path, created if it does not exist or is empty; only its owner can read a new
   * file.
   *
   * @param clock tells when AUMs are removed
   * @throws StoreException.Absent if there is a directory there
   * @throws StoreException.Newer if a newer version wrote it
   * @throws StoreException.Damaged if it is another program's file, or not a SQLite file
   * @throws StoreException.Unavailable if it cannot be made
   */
  public static SqliteFile create(Path file, Clock clock) throws StoreException {
    try {
      DurableFiles.create(file, new byte[0]);
      DurableFiles.flushFolder(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    } catch (FileAlreadyExistsException e) {
      // Then it is opened, or completed if an earlier process stopped right here.
    } catch (IOException e) {
      throw new StoreException.Unavailable(file.toString(), e);
    }
    requireFile(file);
    SqliteFile created = new SqliteFile(file, clock, settings -> {});
    try {
      created.makeTablesUnlessThere();
      return created;
    } catch (StoreException e) {
      created.close();
      throw e;
    }
  }

  /** True for one of our files, false for an empty one. */
  private boolean isOurs(Connection connection) throws SQLException, StoreException {
    Drivers.warnOfSqlite(connection);
    try (Statement statement = connection.createStatement()) {
      boolean isEmpty = Files.size(file) == 0;
      long application = number(statement, "pragma application_id");
      long version = number(statement, "pragma user_version");
      if (application == 0
          && version == 0
          && number(statement, "select count(*) from sqlite_master") == 0
          // SQLite treats a file of a few bytes as empty.
          && (isEmpty || number(statement, "pragma page_count") > 0)) {
        return false;
      }
      if (application != APPLICATION_ID) {
        throw new StoreException.Damaged(file + ": expected a store, found another program's file");
      }
      if (version > VERSION) {
        throw new StoreException.Newer(file.toString(), VERSION, version);
      }
      return true;
    } catch (IOException e) {
      throw new StoreException.Unavailable(file.toString(), e);
    }
  }

  private static long number(Statement statement, String query) throws SQLException {
    try (ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getLong(1);
    }
  }

  /** SQLite does not wait while another connection changes the journal mode, so this retries. */
  private void makeTablesUnlessThere() throws StoreException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    Waits.Wait wait = Waits.begin("another program that is writing to " + file);
    while (true) {
      try {
        if (!readTogether(this::isOurs)) {
          makeTables();
        }
        return;
      } catch (StoreException.Busy e) {
        if (System.nanoTime() - end >= 0) {
          throw e;
        }
        wait.goesOn();
        LockSupport.parkNanos(TRY_AGAIN.toNanos());
      }
    }
  }

  private void makeTables() throws StoreException {
    // The mode stays with the file, and cannot be changed within a transaction.
    read(
        connection -> {
          try (Statement statement = connection.createStatement();
              ResultSet mode = statement.executeQuery("pragma journal_mode = wal")) {
            // Without shared memory SQLite silently keeps the old mode; only this result shows it.
            if (!mode.next() || !mode.getString(1).equals("wal")) {
              throw new SQLException("its file system does not support write-ahead logging");
            }
            return true;
          }
        });
    writeAsIs(
        connection -> {
          // Another process may have been first.
          if (isOurs(connection)) {
            return false;
          }
          execute(connection, TABLES);
          execute(connection, TABLES_FOR_FACTS);
          execute(connection, TABLES_FOR_RECORDS);
          execute(connection, COLUMNS_FOR_RESTORED);
          execute(connection, COLUMNS_FOR_FENCE);
          execute(connection, COLUMNS_FOR_VOTES);
          try (Statement statement = connection.createStatement()) {
            statement.execute("pragma application_id = " + APPLICATION_ID);
            return statement.execute("pragma user_version = " + VERSION);
          }
        });
  }

  /** Executes all statements of a resource. */
  private static void execute(Connection connection, String resource) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String each : text(resource).split(END, -1)) {
        if (!each.isBlank()) {
          statement.execute(each);
        }
      }
    }
  }

  private static String text(String resource) {
    try (InputStream in = Objects.requireNonNull(SqliteFile.class.getResourceAsStream(resource))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).replaceAll("--[^\n]*", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  Watch begin(Watcher watcher) {
    OwnConnection own = own();
    RevisionReader reader = new RevisionReader(own, schema());
    return begin(
        RevisionPoll.begin(() -> looking(own, reader::read), RevisionPoll.INTERVAL, watcher), own);
  }

  @Override
  Watch begin(ControlRecords.Watcher watcher) {
    OwnConnection own = own();
    RecordsReader reader = new RecordsReader(own, sqlRecords());
    return begin(
        RecordsPoll.begin(
            new RecordsPoll.Source() {
              @Override
              public Changes.Position position() throws StoreException {
                return looking(own, reader::position);
              }

              @Override
              public Changes changesAfter(Changes.Position position, int most)
                  throws StoreException {
                return looking(own, () -> reader.changesAfter(position, most));
              }
            },
            RevisionPoll.INTERVAL,
            watcher),
        own);
  }

  private Watch begin(Poll<?> poll, OwnConnection own) {
    polls.add(poll);
    // What was committed since the poll began is told now.
    poll.hint();
    return () -> {
      polls.remove(poll);
      poll.close();
      own.close();
    };
  }

  private OwnConnection own() {
    return new OwnConnection(() -> connect(false), "pragma data_version", this::translate);
  }

  /** Looks at the file that is at the path now. */
  private <T> T looking(OwnConnection own, Asking<T> asking) throws StoreException {
    own.requireTo(identity());
    return asking.ask();
  }

  /** A look. */
  @FunctionalInterface
  private interface Asking<T> {
    T ask() throws StoreException;
  }

  /**
   * Copies the file's current content to a new file, while others read and write. The copy is
   * checked page by page and flushed before it gets its name; only its owner can read it.
   *
   * @param target the path of the copy
   * @param progress receives the number of pages that are copied
   * @throws FileAlreadyExistsException if something exists there; it stays
   * @throws StoreException.Damaged if this file is damaged
   * @throws StoreException if this file cannot be read
   * @throws IOException if the copy cannot be written; then no copy is left
   */
  public void backup(Path target, Progress progress) throws StoreException, IOException {
    new SqliteBackup(this, target).run(progress);
  }

  /**
   * Puts a copy in the place of a file. The copy is checked page by page and row by row, and
   * flushed, before it takes the place at once. What was there, with the files beside it, is kept
   * under another name. No instance may have the file open, in this process or another.
   *
   * <p>A tailnet that was moved away from the file, or is being moved, stays so (service, section
   * 7): its fence is kept, as far as the file can be read.
   *
   * @param copy as {@link #backup} makes it
   * @param file where to put it; it need not exist
   * @param clock names what is kept
   * @param progress receives the number of pages that are copied
   * @return what was there, under its new name; empty if nothing was
   * @throws StoreException.Busy if another process has the file open
   * @throws StoreException.Absent if there is no copy
   * @throws StoreException.Damaged if the copy is damaged, or no store
   * @throws StoreException if the copy cannot be read
   * @throws IOException if the file cannot be written
   */
  public static Optional<Path> restore(Path copy, Path file, Clock clock, Progress progress)
      throws StoreException, IOException {
    return new SqliteRestore(copy, file, clock).run(progress);
  }

  @Override
  <T> T read(Work<T> work) throws StoreException {
    try {
      return run(readers, work);
    } catch (SQLException e) {
      if (!cannotWriteBeside(e)) {
        throw translate(e);
      }
      return readStill(work, e);
    }
  }

  @Override
  <T> T readTogether(Work<T> work) throws StoreException {
    return read(
        connection -> {
          connection.setAutoCommit(false);
          T result = work.run(connection);
          connection.setAutoCommit(true);
          return result;
        });
  }

  /**
   * {@inheritDoc} SQLite has one writer at a time, so rows need no lock. In a file of an older
   * version, the first commit also makes the tables that are missing.
   */
  @Override
  <T> T write(Work<T> work) throws StoreException {
    return writeAsIs(
        connection -> {
          if (!keepsVotes(connection)) {
            makeWhatIsMissing(connection);
          }
          return work.run(connection);
        });
  }

  private void makeWhatIsMissing(Connection connection) throws SQLException {
    if (!keepsFacts(connection)) {
      execute(connection, TABLES_FOR_FACTS);
    }
    if (!keepsRecords(connection)) {
      execute(connection, TABLES_FOR_RECORDS);
    }
    if (!keepsRestored(connection)) {
      execute(connection, COLUMNS_FOR_RESTORED);
    }
    if (!keepsFence(connection)) {
      execute(connection, COLUMNS_FOR_FENCE);
    }
    execute(connection, COLUMNS_FOR_VOTES);
  }

  private <T> T writeAsIs(Work<T> work) throws StoreException {
    // Threads queue here; between processes, SQLite polls.
    synchronized (writing) {
      try {
        return run(
            writers,
            connection -> {
              connection.setAutoCommit(false);
              T result = work.run(connection);
              commit(connection);
              return result;
            });
      } catch (SQLException e) {
        throw translate(e);
      } finally {
        polls.forEach(Poll::hint);
      }
    }
  }

  /**
   * Whether SQLite could not read because it could not write: beside a file in WAL mode it keeps
   * shared memory in another one.
   */
  private static boolean cannotWriteBeside(SQLException failure) {
    int code = failure.getErrorCode() & PRIMARY;
    if (code == SQLiteErrorCode.SQLITE_IOERR.code) {
      return failure instanceof SQLiteException shared && SHARED.contains(shared.getResultCode());
    }
    return code == SQLiteErrorCode.SQLITE_CANTOPEN.code
        || code == SQLiteErrorCode.SQLITE_READONLY.code
        || code == SQLiteErrorCode.SQLITE_FULL.code;
  }

  /**
   * Reads where nothing can be written: on a full disk, in a folder or a file system that is
   * read-only. SQLite is told that nobody changes the file, and whether that was so is checked
   * afterwards.
   *
   * @param why reading as usual failed
   */
  private <T> T readStill(Work<T> work, SQLException why) throws StoreException {
    requireReadable();
    List<Object> before = state();
    try {
      if (hasLog(file)) {
        throw new StoreException.Unavailable(file.toString(), new IOException(unreadLog(), why));
      }
    } catch (IOException e) {
      throw new StoreException.Unavailable(file.toString(), e);
    }
    T result;
    SQLiteConfig config = new SQLiteConfig();
    config.setReadOnly(true);
    try (Connection connection = config.createConnection(url(file) + "?immutable=1")) {
      result = work.run(connection);
    } catch (SQLException e) {
      throw translate(e);
    }
    if (!state().equals(before)) {
      throw new StoreException.Busy(file + ": another process is writing");
    }
    return result;
  }

  private void requireReadable() throws StoreException {
    try (InputStream in = Files.newInputStream(file)) {
      in.read();
    } catch (IOException e) {
      throw new StoreException.Unavailable(file.toString(), e);
    }
  }

  private String unreadLog() {
    return log(file).getFileName()
        + " may hold commits, and SQLite cannot read them without writing beside it: give write"
        + " permission and room to its folder; or copy both files to a folder that has them, and"
        + " read the copy";
  }

  /** What changes when somebody writes the file. */
  private List<Object> state() throws StoreException {
    try {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return List.of(identity(), now.size(), now.lastModifiedTime(), hasLog(file));
    } catch (IOException e) {
      throw new StoreException.Unavailable(file.toString(), e);
    }
  }

  /** The file with commits that are not yet in a file itself. */
  private static Path log(Path file) {
    return file.resolveSibling(file.getFileName() + WAL);
  }

  /** Whether there may be commits that are not yet in a file itself. */
  static boolean hasLog(Path file) throws IOException {
    return Files.exists(log(file)) && Files.size(log(file)) > 0;
  }

  /** {@inheritDoc} Another file may have taken this one's place, so this asks each time. */
  @Override
  boolean keepsFacts(Connection connection) throws SQLException {
    return has("trail_facts", connection);
  }

  /** {@inheritDoc} Another file may have taken this one's place, so this asks each time. */
  @Override
  boolean keepsRecords(Connection connection) throws SQLException {
    return has("place", connection);
  }

  @Override
  boolean keepsRestored(Connection connection) throws SQLException {
    return hasInRecord("restored", connection);
  }

  @Override
  boolean keepsFence(Connection connection) throws SQLException {
    return keepsVotes(connection) || hasInRecord("epoch", connection);
  }

  /**
   * {@inheritDoc} A connection stays with its file, and nobody takes columns away: so it is asked
   * until they are there.
   */
  @Override
  boolean keepsVotes(Connection connection) throws SQLException {
    if (withVotes.contains(connection)) {
      return true;
    }
    boolean found = hasInRecord("votes", connection);
    if (found && connection.getAutoCommit()) {
      withVotes.add(connection);
    }
    return found;
  }

  private static boolean hasInRecord(String column, Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      String query =
          "select count(*) from pragma_table_info('record') where name = '" + column + "'";
      return number(statement, query) > 0;
    }
  }

  /** {@inheritDoc} SQLite has one writer at a time. */
  @Override
  void drain(Connection connection, String tailnet) {
    // Others have ended.
  }

  private static boolean has(String table, Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      String query = "select count(*) from sqlite_master where name = '" + table + "'";
      return number(statement, query) > 0;
    }
  }

  @Override
  String schema() {
    return "";
  }

  @Override
  String lock() {
    return "";
  }

  @Override
  String lock(RowLock strength) {
    return "";
  }

  @Override
  Marks marks() {
    return marks;
  }

  @Override
  String newNumber() {
    return "(select coalesce(max(number), 0) + 1 from"
        + " (select number from tailnet union all select tailnet from removal))";
  }

  @Override
  String lockOrSkip() {
    return "";
  }

  /**
   * Commits without the driver's commit(), which would begin the next transaction and block others.
   */
  private void commit(Connection connection) throws SQLException, StoreException.InDoubt {
    try {
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      if ((e.getErrorCode() & PRIMARY) == SQLiteErrorCode.SQLITE_IOERR.code) {
        // The commit may still be there after a crash, although it could not be flushed.
        throw new StoreException.InDoubt(file.toString(), e);
      }
      throw e;
    }
  }

  /**
   * Tells the file at the path from others that were or will be there; empty where the file system
   * cannot tell. A connection goes on reading, and writing, the file that it was opened to.
   */
  private Optional<Object> identity() throws StoreException {
    try {
      return Optional.ofNullable(Files.readAttributes(file, BasicFileAttributes.class).fileKey());
    } catch (IOException e) {
      throw new StoreException.Unavailable(file.toString(), e);
    }
  }

  private <T> T run(Queue<Idle> idle, Work<T> work) throws SQLException, StoreException {
    requireOpen();
    Optional<Object> to = identity();
    Connection connection = connection(idle, to);
    boolean done = false;
    try {
      T result = work.run(connection);
      done = true;
      return result;
    } finally {
      // Closing rolls back an uncommitted transaction.
      if (!done || isClosed()) {
        closeQuietly(connection);
      } else {
        idle.add(new Idle(connection, to));
        if (idle.size() > MOST_IDLE) {
          Optional.ofNullable(idle.poll()).ifPresent(each -> closeQuietly(each.connection));
        }
        if (isClosed()) {
          disconnect();
        }
      }
    }
  }

  private Connection connection(Queue<Idle> idle, Optional<Object> to) throws SQLException {
    for (Idle next = idle.poll(); next != null; next = idle.poll()) {
      if (next.to.equals(to)) {
        return next.connection;
      }
      closeQuietly(next.connection);
    }
    return connect(idle == writers);
  }

  private Connection connect(boolean writer) throws SQLException {
    SQLiteConfig config = new SQLiteConfig();
    // Where the file is gone, no other is made.
    config.resetOpenMode(SQLiteOpenMode.CREATE);
    config.setBusyTimeout((int) PATIENCE.toMillis());
    if (writer) {
      config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
      config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    }
    settings.accept(config);
    Connection connection = config.createConnection(url(file));
    BusyHandler.setHandler(
        connection,
        new Patience(config.getBusyTimeout(), "another program that is writing to " + file));
    return connection;
  }

  /** As a URI, because the driver treats text after a question mark in a path as settings. */
  static String url(Path file) {
    return "jdbc:sqlite:" + file.toUri().toASCIIString();
  }

  /** Waits for other writers as SQLite itself would, and tells it. */
  private static final class Patience extends BusyHandler {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final long nanos;
    private final String what;
    private Waits.Wait wait;
    private long end;

    Patience(long millis, String what) {
      this.nanos = TimeUnit.MILLISECONDS.toNanos(millis);
      this.what = what;
      this.wait = Waits.begin(what);
    }

    @Override
    protected int callback(int before) {
      if (before == 0) {
        wait = Waits.begin(what);
        end = System.nanoTime() + nanos;
      }
      wait.goesOn();
      LockSupport.parkNanos(PAUSE_NANOS);
      return System.nanoTime() - end < 0 && !Thread.currentThread().isInterrupted() ? 1 : 0;
    }
  }

  /** Marks are numbers of commits in the file. */
  private final class SqliteMarks extends Marks {
    private static final Pattern MOMENT = Pattern.compile("\\d{1,18}");

    @Override
    void advance(Connection connection) throws SQLException {
      Statements.execute(connection, "update place set number = number + 1");
    }

    @Override
    String now() {
      return "(select number from place)";
    }

    /** {@inheritDoc} The copy of a file is another place. */
    @Override
    String identity() throws StoreException {
      String path = SqliteFile.this.identity().map(Object::toString).orElse("");
      return "hex(id) || '-" + Integer.toHexString(path.hashCode()) + "'";
    }

    @Override
    String moment() {
      return "cast(number as text)";
    }

    @Override
    Optional<String> after(String moment) {
      return MOMENT.matcher(moment).matches()
          ? Optional.of("%s > " + Long.parseLong(moment))
          : Optional.empty();
    }

    @Override
    String cannotTell(String moment) {
      return "number < " + Long.parseLong(moment);
    }
  }

  private StoreException translate(SQLException failure) {
    int code = failure.getErrorCode() & PRIMARY;
    if (code == SQLiteErrorCode.SQLITE_BUSY.code || code == SQLiteErrorCode.SQLITE_LOCKED.code) {
      return new StoreException.Busy(file + ": another process is writing");
    }
    if (failure instanceof SQLiteException refused
        && refused.getResultCode() == SQLiteErrorCode.SQLITE_CONSTRAINT_TRIGGER
        && words(failure).equals(REFUSED)) {
      return new StoreException.Fenced("", file + ": " + REFUSED);
    }
    // An error in a statement or a broken constraint: the tables are not as created.
    if (code == SQLiteErrorCode.SQLITE_CORRUPT.code
        || code == SQLiteErrorCode.SQLITE_NOTADB.code
        || code == SQLiteErrorCode.SQLITE_ERROR.code
        || code == SQLiteErrorCode.SQLITE_CONSTRAINT.code) {
      return new StoreException.Damaged(file + ": " + words(failure));
    }
    if (code == SQLiteErrorCode.SQLITE_CANTOPEN.code) {
      return new StoreException.Unavailable(
          file + ": SQLite cannot open it, or cannot create the -wal and -shm files beside it",
          new SQLException(words(failure), failure));
    }
    // Only the cause shows that the driver's library was not loaded.
    Throwable cause = failure.getCause();
    if (cause instanceof NativeLibraryNotFoundException) {
      cause =
          new IOException(
              "SQLite's library was not loaded: there is none for this platform, or no room or"
                  + " permission to unpack it in "
                  + System.getProperty("org.sqlite.tmpdir", System.getProperty("java.io.tmpdir"))
                  + " (JAVA_TOOL_OPTIONS=-Dorg.sqlite.tmpdir=DIR names another folder)",
              cause);
    }
    return new StoreException.Unavailable(
        file.toString(), cause == null ? new SQLException(words(failure), failure) : cause);
  }

  /** The detail in a message of SQLite, without the name of its code. */
  private static String words(SQLException failure) {
    String message = String.valueOf(failure.getMessage());
    Matcher detail = DETAIL.matcher(message);
    return detail.matches() ? detail.group(1) : message;
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // Commits are flushed already; nothing else matters.
    }
  }

  @Override
  void disconnect() {
    for (Queue<Idle> idle : List.of(readers, writers)) {
      for (Idle next = idle.poll(); next != null; next = idle.poll()) {
        closeQuietly(next.connection);
      }
    }
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
