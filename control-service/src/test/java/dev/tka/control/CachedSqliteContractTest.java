package dev.tka.control;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.SqliteFile;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.io.TempDir;

class CachedSqliteContractTest extends CachedContractTest {
  @TempDir Path directory;

  @Override
  Tailnets place() throws Exception {
    return SqliteFile.create(directory.resolve("store.db"), Clock.systemUTC());
  }
}
