package dev.tka.control;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.TailnetsContract;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Tailnets behind the cache fulfil their contract. */
class CachedTailnetsTest {
  private static final long MOST_BYTES = 1 << 20;

  private static Tailnets cached(Tailnets place) {
    return AuthorityCache.over(place, AdmissionPolicy.CONTROL, Clock.systemUTC(), MOST_BYTES);
  }

  @Nested
  class OverSqlite extends TailnetsContract {
    @TempDir Path directory;

    @Override
    protected Tailnets place() throws Exception {
      return cached(SqliteFile.create(directory.resolve("store.db"), Clock.systemUTC()));
    }
  }

  @Nested
  class OverPostgres extends TailnetsContract {
    private PostgresSettings settings;

    @Override
    protected Tailnets place() throws Exception {
      if (settings == null) {
        settings = PostgresServer.shared().newDatabase();
      }
      return cached(PostgresDatabase.create(settings, Clock.systemUTC()));
    }
  }

  @Nested
  class OverDirectories extends TailnetsContract {
    @TempDir Path directory;

    @Override
    protected Tailnets place() throws Exception {
      return cached(CachedDirectoryContractTest.at(directory));
    }
  }

  @Nested
  class OverMemory extends TailnetsContract {
    private final CachedMemoryContractTest stores = new CachedMemoryContractTest();

    @Override
    protected Tailnets place() {
      return cached(stores.place());
    }
  }
}
