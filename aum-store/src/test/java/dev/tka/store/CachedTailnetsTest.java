package dev.tka.store;

import dev.tka.core.authority.AdmissionPolicy;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Tailnets with the cache in front owe what they owe without. */
class CachedTailnetsTest {
  private static final long MOST_BYTES = 1 << 20;

  private static Tailnets cached(Tailnets place) {
    return AuthorityCache.over(place, AdmissionPolicy.CONTROL, Clock.systemUTC(), MOST_BYTES);
  }

  @Nested
  class OverSqlite extends TailnetsContract {
    @TempDir Path directory;

    @Override
    Tailnets place() throws Exception {
      return cached(SqliteFile.create(directory.resolve("store.db"), Clock.systemUTC()));
    }
  }

  @Nested
  class OverPostgres extends TailnetsContract {
    private final PostgresTailnetsTest database = new PostgresTailnetsTest();

    @Override
    Tailnets place() throws Exception {
      return cached(database.place());
    }
  }

  @Nested
  class OverDirectories extends TailnetsContract {
    @TempDir Path directory;

    @Override
    Tailnets place() throws Exception {
      return cached(CachedDirectoryContractTest.at(directory));
    }
  }

  @Nested
  class OverMemory extends TailnetsContract {
    private final CachedMemoryContractTest stores = new CachedMemoryContractTest();

    @Override
    Tailnets place() {
      return cached(stores.place());
    }
  }
}
