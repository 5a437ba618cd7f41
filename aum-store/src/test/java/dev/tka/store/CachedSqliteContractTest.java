package dev.tka.store;

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
