package dev.tka.store.sql;

import dev.tka.store.testkit.ControlRecordsContract;
import java.sql.Connection;
import java.sql.SQLException;

/** What records in a database owe beyond the contract of all. */
abstract class SqlRecordsContract extends ControlRecordsContract {
  @Override
  protected abstract SqlTailnets place() throws Exception;

  /** A connection to the database, with the tables in scope. */
  abstract Connection connect() throws SQLException;
}
