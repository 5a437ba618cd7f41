package dev.tka.store;

import dev.tka.core.AumStore;
import dev.tka.core.Revision;
import dev.tka.core.StoreException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tailnets in a database with the tables that {@code sqlite-1.sql} describes. What databases do
 * differently is in the classes that extend this; what the rows mean is in {@link SqlAumStore}. Its
 * text names the place, for errors.
 */
abstract class SqlTailnets implements Tailnets {
  private final Clock clock;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

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
    if (name.isEmpty() || name.length() > LONGEST_NAME) {
      throw new IllegalArgumentException(
          "a tailnet's name has 1 to " + LONGEST_NAME + " characters, not " + name.length());
    }
    // One database would refuse them, and the other give two tailnets one name.
    if (name.indexOf('\0') >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw new IllegalArgumentException(
          "a tailnet's name has no zero character and no half of a surrogate pair");
    }
    return new SqlAumStore(this, name, clock);
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    return read(SqlTailnets::revisions);
  }

  /** Every tailnet's revision, by name. */
  static SortedMap<String, Revision> revisions(Connection connection) throws SQLException {
    SortedMap<String, Revision> revisions = new TreeMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select name, revision from tailnet")) {
      while (result.next()) {
        revisions.put(result.getString(1), new Revision(result.getLong(2)));
      }
    }
    return revisions;
  }

  @Override
  public Watch watch(Watcher watcher) {
    requireOpen();
    Watch watch = begin(watcher);
    watches.add(watch);
    if (closed) {
      watch.close();
    }
    return () -> {
      watches.remove(watch);
      watch.close();
    };
  }

  final void requireOpen() {
    if (closed) {
      throw new IllegalStateException(this + " was closed");
    }
  }

  final boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
    watches.forEach(Watch::close);
    disconnect();
  }
}
