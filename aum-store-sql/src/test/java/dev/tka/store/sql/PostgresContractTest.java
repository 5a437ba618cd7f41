package dev.tka.store.sql;

import dev.tka.core.store.AumStore;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.testkit.AumStoreContract;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;

/** Each tailnet of a PostgreSQL database fulfils the contract of every store. */
class PostgresContractTest extends AumStoreContract {
  private final Map<AumStore, String> names = new HashMap<>();
  private final List<PostgresDatabase> open = new ArrayList<>();
  private PostgresSettings settings;

  @Override
  protected AumStore newStore() throws Exception {
    if (settings == null) {
      settings = PostgresServer.shared().newDatabase();
    }
    // All in one database, among others.
    AumStore store = open().tailnet("tailnet " + names.size());
    names.put(store, "tailnet " + names.size());
    return store;
  }

  @Override
  protected AumStore reopen(AumStore store) throws Exception {
    return open().tailnet(names.get(store));
  }

  private PostgresDatabase open() throws Exception {
    PostgresDatabase database = PostgresDatabase.create(settings, Clock.systemUTC());
    open.add(database);
    return database;
  }

  @AfterEach
  void close() {
    open.forEach(PostgresDatabase::close);
  }
}
