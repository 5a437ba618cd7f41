package dev.tka.store.sql;

import dev.tka.core.store.AumStore;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.testkit.AumStoreContract;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** Each tailnet of a PostgreSQL database fulfils the contract of every store. */
class PostgresContractTest extends AumStoreContract {
  /** All stores of all tests are in one database, among others. */
  private static PostgresSettings settings;

  private static final AtomicInteger STORES = new AtomicInteger();

  private final Map<AumStore, String> names = new HashMap<>();
  private final List<PostgresDatabase> open = new ArrayList<>();

  @BeforeAll
  static void newDatabase() throws Exception {
    settings = PostgresServer.shared().newDatabase();
  }

  @Override
  protected AumStore newStore() throws Exception {
    String name = "tailnet " + STORES.incrementAndGet();
    AumStore store = open().tailnet(name);
    names.put(store, name);
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
