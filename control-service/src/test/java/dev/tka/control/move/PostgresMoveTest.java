package dev.tka.control.move;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.LentStore;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** From a SQLite file to PostgreSQL, and back. */
final class PostgresMoveTest extends MoveContract {
  @RegisterExtension final LentStore lent = new LentStore();
  @TempDir private Path folder;

  @Override
  Tailnets source() throws Exception {
    return SqliteFile.create(folder.resolve("a.db"), Clock.systemUTC());
  }

  @Override
  Tailnets target() throws Exception {
    return PostgresDatabase.create(lent.settings(), Clock.systemUTC());
  }
}
