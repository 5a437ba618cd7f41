package dev.tka.control.move;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.SqliteFile;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.io.TempDir;

final class SqliteMoveTest extends MoveContract {
  @TempDir private Path folder;

  @Override
  Tailnets source() throws Exception {
    return SqliteFile.create(folder.resolve("a.db"), Clock.systemUTC());
  }

  @Override
  Tailnets target() throws Exception {
    return SqliteFile.create(folder.resolve("b.db"), Clock.systemUTC());
  }
}
