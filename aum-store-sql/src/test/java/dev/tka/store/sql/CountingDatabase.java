package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/** Tailnets in a real database, with the statements that read them counted. */
final class CountingDatabase extends SqlTailnets {
  private final SqlTailnets behind;
  private final AtomicLong statements = new AtomicLong();
  private final LongConsumer before;

  CountingDatabase(SqlTailnets behind) {
    this(behind, any -> {});
  }

  /**
   * Counts, and tells of each statement first.
   *
   * @param before called with the number of the statement that comes, from 1
   */
  CountingDatabase(SqlTailnets behind, LongConsumer before) {
    super(Clock.systemUTC());
    this.behind = behind;
    this.before = before;
  }

  /** How many statements there were since this was last called. */
  long statements() {
    return statements.getAndSet(0);
  }

  private <T> Work<T> counted(Work<T> work) {
    return connection ->
        work.run(
            (Connection)
                Proxy.newProxyInstance(
                    Connection.class.getClassLoader(),
                    new Class<?>[] {Connection.class},
                    (proxy, method, arguments) -> {
                      if (method.getName().equals("prepareStatement")) {
                        before.accept(statements.incrementAndGet());
                      }
                      try {
                        return method.invoke(connection, arguments);
                      } catch (InvocationTargetException e) {
                        throw e.getCause();
                      }
                    }));
  }

  @Override
  <T> T read(Work<T> work) throws StoreException {
    return behind.read(counted(work));
  }

  @Override
  <T> T readTogether(Work<T> work) throws StoreException {
    return behind.readTogether(counted(work));
  }

  @Override
  <T> T write(Work<T> work) throws StoreException {
    return behind.write(counted(work));
  }

  @Override
  boolean keepsFacts(Connection connection) throws SQLException {
    return behind.keepsFacts(connection);
  }

  @Override
  boolean keepsRecords(Connection connection) throws SQLException {
    return behind.keepsRecords(connection);
  }

  @Override
  boolean keepsRestored(Connection connection) throws SQLException {
    return behind.keepsRestored(connection);
  }

  @Override
  boolean keepsFence(Connection connection) throws SQLException {
    return behind.keepsFence(connection);
  }

  @Override
  boolean keepsVotes(Connection connection) throws SQLException {
    return behind.keepsVotes(connection);
  }

  @Override
  void drain(Connection connection, String tailnet) throws SQLException, StoreException {
    behind.drain(connection, tailnet);
  }

  @Override
  String lock(RowLock strength) {
    return behind.lock(strength);
  }

  @Override
  Marks marks() {
    return behind.marks();
  }

  @Override
  Watch begin(ControlRecords.Watcher watcher) {
    return behind.begin(watcher);
  }

  @Override
  String schema() {
    return behind.schema();
  }

  @Override
  String lock() {
    return behind.lock();
  }

  @Override
  String newNumber() {
    return behind.newNumber();
  }

  @Override
  String lockOrSkip() {
    return behind.lockOrSkip();
  }

  @Override
  Watch begin(Watcher watcher) {
    return behind.begin(watcher);
  }

  @Override
  void disconnect() {
    behind.disconnect();
  }
}
