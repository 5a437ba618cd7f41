package dev.tka.store;

import dev.tka.store.testkit.PostgresServer;
import java.time.Clock;

class PostgresTailnetsTest extends TailnetsContract {
  private PostgresSettings settings;

  @Override
  Tailnets place() throws Exception {
    if (settings == null) {
      settings = PostgresServer.shared().newDatabase();
    }
    return PostgresDatabase.create(settings, Clock.systemUTC());
  }
}
