package dev.tka.control;

import dev.tka.core.Aum;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumStore;
import dev.tka.store.Tailnets;
import dev.tka.store.directory.NodeDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

class CachedDirectoryContractTest extends CachedContractTest {
  @TempDir Path directory;

  @Override
  Tailnets place() throws Exception {
    return at(directory);
  }

  /** Those that can matter, as without the cache. */
  @Override
  protected Optional<AumFacts> kept(Aum aum, AumFacts noted) {
    return keptByDirectories(aum, noted);
  }

  static Tailnets at(Path directory) throws Exception {
    Map<String, AumStore> stores = new HashMap<>();
    for (String name : NAMES) {
      Path path = directory.resolve(name);
      stores.put(
          name,
          Files.exists(path)
              ? NodeDirectory.at(path)
              : NodeDirectory.create(path, Clock.systemUTC()));
    }
    return Tailnets.of(stores);
  }
}
