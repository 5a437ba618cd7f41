package dev.tka.store.sql;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.TailnetsContract;
import java.time.Clock;

class PostgresTailnetsTest extends TailnetsContract {
  private PostgresSettings settings;

  @Override
  protected Tailnets place() throws Exception {
    if (settings == null) {
      settings = PostgresServer.shared().newDatabase();
    }
    return PostgresDatabase.create(settings, Clock.systemUTC());
  }
}
