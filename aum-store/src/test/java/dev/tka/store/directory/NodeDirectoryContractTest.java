package dev.tka.store.directory;

import dev.tka.core.Aum;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumStore;
import dev.tka.testkit.AumStoreContract;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

/** A node's directory fulfils the contract of every store. */
class NodeDirectoryContractTest extends AumStoreContract {
  @TempDir Path directory;

  private final Map<AumStore, Path> paths = new HashMap<>();

  @Override
  protected AumStore newStore() throws Exception {
    Path path = directory.resolve("store " + paths.size());
    NodeDirectory store = NodeDirectory.create(path, Clock.systemUTC());
    paths.put(store, path);
    return store;
  }

  /** Those that can matter, and without what the AUM itself says. */
  @Override
  protected Optional<AumFacts> kept(Aum aum, AumFacts noted) {
    return keptByDirectories(aum, noted);
  }

  @Override
  protected AumStore reopen(AumStore store) throws Exception {
    return NodeDirectory.at(paths.get(store));
  }
}
