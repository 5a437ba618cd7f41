package example.folder;

import dev.tka.core.store.AumStore;
import dev.tka.testkit.AumStoreContract;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Each tailnet of a folder owes what every store owes. */
class FolderStoreTest extends AumStoreContract {
  @TempDir Path folder;

  private final Map<AumStore, String> names = new HashMap<>();

  @Override
  protected AumStore newStore() throws Exception {
    String name = "tailnet " + names.size();
    AumStore store = FolderTailnets.create(folder).tailnet(name);
    names.put(store, name);
    return store;
  }

  @Override
  protected AumStore reopen(AumStore store) throws Exception {
    return FolderTailnets.at(folder).tailnet(names.get(store));
  }
}
