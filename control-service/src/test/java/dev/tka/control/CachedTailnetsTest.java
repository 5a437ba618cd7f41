package dev.tka.control;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.store.AumStore;
import dev.tka.store.Tailnets;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.SqliteFile;
import dev.tka.store.sql.testkit.LentStore;
import dev.tka.store.testkit.TailnetsContract;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tailnets behind the cache fulfil their contract. */
class CachedTailnetsTest {
  private static final long MOST_BYTES = 1 << 20;

  private static Tailnets cached(Tailnets place) {
    return AuthorityCache.over(place, AdmissionPolicy.CONTROL, Clock.systemUTC(), MOST_BYTES);
  }

  /** A directory for each tailnet, made if it is not there. */
  static Tailnets directories(Path directory) throws Exception {
    Map<String, AumStore> stores = new HashMap<>();
    for (String name : TailnetsContract.NAMES) {
      Path path = directory.resolve(name);
      stores.put(
          name,
          Files.exists(path)
              ? NodeDirectory.at(path)
              : NodeDirectory.create(path, Clock.systemUTC()));
    }
    return Tailnets.of(stores);
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
    @RegisterExtension final LentStore lent = new LentStore();

    @Override
    protected Tailnets place() throws Exception {
      return cached(PostgresDatabase.create(lent.settings(), Clock.systemUTC()));
    }
  }

  @Nested
  class OverDirectories extends TailnetsContract {
    @TempDir Path directory;

    @Override
    protected Tailnets place() throws Exception {
      return cached(directories(directory));
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
