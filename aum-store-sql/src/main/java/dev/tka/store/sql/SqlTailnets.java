package dev.tka.store.sql;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.Watches;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Tailnets in a database with the tables that {@code sqlite-1.sql} describes. What databases do
 * differently is in the classes that extend this; what the rows mean is in {@link SqlAumStore}. Its
 * text names the place, for errors.
 */
abstract class SqlTailnets implements Tailnets {
  /** The low bits of a revision, which are those of the checksum. */
  static final int CHECKSUM_BITS = 16;

  private final Clock clock;
  private final Watches watches = new Watches();

  SqlTailnets(Clock clock) {
    this.clock = clock;
  }

  /** What is done with a connection. It may be done again, when others were in the way. */
  @FunctionalInterface
  interface Work<T> {
    T run(Connection connection) throws SQLException, StoreException;
  }

  /** Reads by one statement; several of them are not of one moment. */
  abstract <T> T read(Work<T> work) throws StoreException;

  /** Reads by several statements, all of one moment. */
  abstract <T> T readTogether(Work<T> work) throws StoreException;

  /**
   * Writes all that the work says, or nothing. What a select reads that ends with {@link #lock},
   * and what is found after it, is what was committed last, and nobody else writes those rows
   * meanwhile.
   *
   * @throws StoreException.InDoubt if it is not known which
   */
  abstract <T> T write(Work<T> work) throws StoreException;

  /** Ends a select within {@link #write}: nobody else may write its rows meanwhile. */
  abstract String lock();

  /** The same, and leaves out rows that others have locked. */
  abstract String lockOrSkip();

  /** Begins to watch. */
  abstract Watch begin(Watcher watcher);

  /** Ends all connections, now that none is asked for any more. */
  abstract void disconnect();

  @Override
  public AumStore tailnet(String name) {
    Tailnets.requireName(name);
    return new SqlAumStore(this, name, clock);
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    return read(SqlTailnets::revisions);
  }

  /**
   * What a revision is to others: the row's number, and something of its checksum. Where a database
   * was put back to an older state and went on from there, the same number is another revision.
   */
  static Revision revision(long number, long checksum) {
    return new Revision((number << CHECKSUM_BITS) | (checksum & ((1L << CHECKSUM_BITS) - 1)));
  }

  /**
   * Every tailnet's revision, by name.
   *
   * @throws StoreException.Damaged if a row holds something else
   */
  static SortedMap<String, Revision> revisions(Connection connection)
      throws SQLException, StoreException.Damaged {
    SortedMap<String, Revision> revisions = new TreeMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select name, revision, checksum from tailnet")) {
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

  final void requireOpen() {
    if (isClosed()) {
      throw new IllegalStateException(this + " was closed");
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
