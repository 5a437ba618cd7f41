package dev.tka.store.sql;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import org.junit.jupiter.api.io.TempDir;

/** Records in a SQLite file. */
class SqliteRecordsTest extends SqlRecordsContract {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("store.db");
  }

  @Override
  protected SqlTailnets place() throws Exception {
    return SqliteFile.create(file(), Clock.systemUTC());
  }

  @Override
  Connection connect() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file());
  }
}
