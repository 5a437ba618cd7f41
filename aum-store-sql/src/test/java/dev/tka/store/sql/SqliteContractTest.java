package dev.tka.store.sql;

import dev.tka.core.store.AumStore;
import dev.tka.testkit.AumStoreContract;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/** Each tailnet of a SQLite file owes what every store owes. */
class SqliteContractTest extends AumStoreContract {
  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  private final Map<AumStore, String> names = new HashMap<>();
  private final List<SqliteFile> open = new ArrayList<>();

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

  private SqliteFile open() throws Exception {
    SqliteFile file = SqliteFile.create(directory.resolve("store.db"), Clock.systemUTC());
    open.add(file);
    return file;
  }

  @AfterEach
  void close() {
    open.forEach(SqliteFile::close);
  }
}
