package dev.tka.store.json;

import dev.tka.core.store.AumStore;
import dev.tka.store.Tailnets;
import dev.tka.testkit.AumStoreContract;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Each tailnet of a JSON file fulfils the contract of every store. */
class JsonContractTest extends AumStoreContract {
  @TempDir Path directory;

  private final Map<AumStore, String> names = new HashMap<>();

  @Override
  protected AumStore newStore() throws Exception {
    // All in one file, among others.
    AumStore store = open().tailnet("tailnet " + names.size());
    names.put(store, "tailnet " + names.size());
    return store;
  }

  @Override
  protected AumStore reopen(AumStore store) throws Exception {
    return open().tailnet(names.get(store));
  }

  private Tailnets open() throws Exception {
    return JsonFile.create(directory.resolve("store.json"));
  }
}
