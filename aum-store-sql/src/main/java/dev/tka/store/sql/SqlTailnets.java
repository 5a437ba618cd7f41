package dev.tka.store.sql;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.Waits;
import dev.tka.store.Watches;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.UnderFence;
import dev.tka.store.records.ControlRecords;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Tailnets in a database with the tables described in {@code sqlite-1.sql}. Subclasses handle the
 * differences between databases; {@link SqlAumStore} handles the meaning of the rows. {@code
 * toString} names the place, for error messages.
 */
abstract class SqlTailnets implements Tailnets {
  /**
   * The number of low bits of a revision that come from the checksum: enough that two histories of
   * the same length do not look alike by chance, and the others count any number of commits.
   */
  static final int CHECKSUM_BITS = 24;

  private final Clock clock;
  private final Watches watches = new Watches();
  private final SqlRecords records = new SqlRecords(this, Optional.empty());

  SqlTailnets(Clock clock) {
    this.clock = clock;
  }

  /** Work on a connection. It may run again after a collision with other writers. */
  @FunctionalInterface
  interface Work<T> {
    T run(Connection connection) throws SQLException, StoreException;
  }

  /** Reads with one statement; several statements would not see the same state. */
  abstract <T> T read(Work<T> work) throws StoreException;

  /** Reads with several statements, all of which see the same state. */
  abstract <T> T readTogether(Work<T> work) throws StoreException;

  /**
   * Performs all of the work, or nothing. A select that ends with {@link #lock}, and everything
   * read after it, sees the last commit, and nobody else writes those rows in the meantime.
   *
   * @throws StoreException.InDoubt if the outcome is unknown
   * @throws StoreException.Fenced if the database refuses it; the tailnet and its place are not
   *     said
   */
  abstract <T> T write(Work<T> work) throws StoreException;

  /**
   * Performs all of the work on a store, or nothing.
   *
   * @param store its name, or that of the tailnet whose record is changed
   * @param held the fence under which a move does it
   * @throws StoreException.Fenced if the fence of its tailnet does not allow it; says why
   */
  final <T> T write(String store, Optional<Fences.Held> held, Work<T> work) throws StoreException {
    try {
      return write(
          connection ->
              held.isEmpty()
                  ? work.run(connection)
                  : records.holding(connection, store, held, work));
    } catch (StoreException.Fenced e) {
      throw e.tailnet().isEmpty() ? read(connection -> records.fenced(connection, store, held)) : e;
    }
  }

  /**
   * Whether the tables and columns of {@code sqlite-1-facts.sql} are there; within {@link #write}
   * they always are.
   */
  abstract boolean keepsFacts(Connection connection) throws SQLException;

  /**
   * Whether the tables and columns of {@code sqlite-1-records.sql} are there; within {@link #write}
   * they always are.
   */
  abstract boolean keepsRecords(Connection connection) throws SQLException;

  /**
   * Whether the columns of {@code sqlite-1-restored.sql} are there, and so those of {@link
   * #keepsRecords}; within {@link #write} they always are.
   */
  abstract boolean keepsRestored(Connection connection) throws SQLException;

  /**
   * Whether the columns of {@code sqlite-1-fence.sql} are there, and so those of {@link
   * #keepsRestored}; within {@link #write} they always are.
   */
  abstract boolean keepsFence(Connection connection) throws SQLException;

  /**
   * Waits, within {@link #write}, until nobody else writes to a tailnet. Who begins to write to it
   * later waits for the end of this transaction.
   */
  abstract void drain(Connection connection, String tailnet) throws SQLException, StoreException;

  /**
   * What stands before the name of a table: no session is relied on to have a search path, since a
   * pooler may give each transaction another one.
   */
  abstract String schema();

  /** The end of a select within {@link #write} that keeps others from writing its rows. */
  abstract String lock();

  /** The end of a select within {@link #write} that locks rows, where rows are locked. */
  abstract String lock(RowLock strength);

  /** How this database tells what changed. */
  abstract Marks marks();

  /**
   * Executes a select that ends with {@link #lock}, or an insert of a name, and tells it ({@link
   * Waits}) if another writer has the rows.
   */
  <T> T waiting(Work<T> statement, Connection connection) throws SQLException, StoreException {
    return statement.run(connection);
  }

  /** Like {@link #lock}, but skips rows that others have locked. */
  abstract String lockOrSkip();

  /**
   * An expression for the number of a new tailnet. It is no number of a deleted one while AUMs of
   * that are left for older snapshots.
   */
  abstract String newNumber();

  /** Begins to watch. */
  abstract Watch begin(Watcher watcher);

  /** Begins to watch what is kept for a control server. */
  abstract Watch begin(ControlRecords.Watcher watcher);

  /** Closes all connections; no more will be requested. */
  abstract void disconnect();

  @Override
  public AumStore tailnet(String name) {
    Tailnets.requireName(name);
    return store(name, Optional.empty());
  }

  @Override
  public void delete(String name, Revision base) throws StoreException {
    Tailnets.requireName(name);
    store(name, Optional.empty()).delete(base);
  }

  @Override
  public Optional<ControlRecords> records() {
    return Optional.of(records);
  }

  final SqlRecords sqlRecords() {
    return records;
  }

  /** The store that keeps a tailnet's AUMs, as a move uses it that holds a fence. */
  final SqlAumStore store(String name, Optional<Fences.Held> held) {
    return new SqlAumStore(this, name, clock, held);
  }

  /** This place, for the move that holds a tailnet's fence. */
  final Tailnets under(Fences.Held held) {
    return new Under(Optional.of(held));
  }

  /** This place, for a move. */
  private final class Under extends UnderFence {
    private final Optional<Fences.Held> held;

    Under(Optional<Fences.Held> held) {
      super(SqlTailnets.this);
      this.held = held;
    }

    @Override
    public AumStore tailnet(String name) {
      Tailnets.requireName(name);
      return store(name, held);
    }

    @Override
    public void readAll(Reading reading) throws StoreException {
      SqlAumStore.readAll(SqlTailnets.this, clock, held, reading);
    }

    @Override
    public Optional<ControlRecords> records() {
      return Optional.of(new SqlRecords(SqlTailnets.this, held));
    }

    @Override
    public void delete(String name, Revision base) throws StoreException {
      Tailnets.requireName(name);
      store(name, held).delete(base);
    }
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    return read(connection -> revisions(connection, schema()));
  }

  @Override
  public void readAll(Reading reading) throws StoreException {
    SqlAumStore.readAll(this, clock, Optional.empty(), reading);
  }

  /**
   * The revision shown to others: the row's revision number, and some bits of its checksum. So the
   * same number is a different revision after a database was restored to an older state and
   * continued from there.
   */
  static Revision revision(long number, long checksum) {
    return new Revision((number << CHECKSUM_BITS) | (checksum & ((1L << CHECKSUM_BITS) - 1)));
  }

  /**
   * Every tailnet's revision, by name.
   *
   * @param schema as {@link #schema} says
   * @throws StoreException.Damaged if a row is not valid
   */
  static SortedMap<String, Revision> revisions(Connection connection, String schema)
      throws SQLException, StoreException.Damaged {
    SortedMap<String, Revision> revisions = new TreeMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("select name, revision, checksum from " + schema + "tailnet")) {
      while (result.next()) {
        Row row = Row.read("tailnet", result);
        String name = row.optionalText(0).orElse("");
        if (!Tailnets.isName(name) || row.number(1) < 1) {
          throw row.damaged(0, "a tailnet's name and its revision", "something else");
        }
        revisions.put(name, revision(row.number(1), row.number(2)));
      }
    }
    return revisions;
  }

  @Override
  public Watch watch(Watcher watcher) {
    requireOpen();
    return watches.add(begin(watcher));
  }

  final Watch watch(ControlRecords.Watcher watcher) {
    requireOpen();
    return watches.add(begin(watcher));
  }

  final void requireOpen() {
    if (isClosed()) {
      throw new IllegalStateException(this + " is closed");
    }
  }

  final boolean isClosed() {
    return watches.areClosed();
  }

  @Override
  public void close() {
    watches.close();
    disconnect();
  }
}
