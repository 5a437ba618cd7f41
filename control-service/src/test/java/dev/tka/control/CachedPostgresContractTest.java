package dev.tka.control;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.testkit.PostgresServer;
import java.time.Clock;

class CachedPostgresContractTest extends CachedContractTest {
  private PostgresSettings settings;

  @Override
  Tailnets place() throws Exception {
    if (settings == null) {
      settings = PostgresServer.shared().newDatabase();
    }
    return PostgresDatabase.create(settings, Clock.systemUTC());
  }
}
