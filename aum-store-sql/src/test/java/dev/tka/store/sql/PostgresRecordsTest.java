package dev.tka.store.sql;

import dev.tka.store.sql.testkit.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;

/** Records in a PostgreSQL database. */
class PostgresRecordsTest extends SqlRecordsContract {
  private static final PostgresServer SERVER = PostgresServer.shared();

  private PostgresSettings settings;

  @Override
  protected PostgresDatabase place() throws Exception {
    if (settings == null) {
      settings = SERVER.newDatabase();
    }
    return PostgresDatabase.create(settings, Clock.systemUTC());
  }

  @Override
  Connection connect() throws SQLException {
    Connection connection = SERVER.connect(settings.database());
    connection.setSchema(PostgresDatabase.SCHEMA);
    return connection;
  }
}
