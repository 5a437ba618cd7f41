package dev.tka.store.sql;

import dev.tka.store.Tailnets;
import dev.tka.store.testkit.TailnetsContract;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.io.TempDir;

class SqliteTailnetsTest extends TailnetsContract {
  @TempDir Path directory;

  @Override
  protected Tailnets place() throws Exception {
    return SqliteFile.create(directory.resolve("store.db"), Clock.systemUTC());
  }
}
