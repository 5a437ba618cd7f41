package dev.tka.store.sql;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.PgBouncer;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.FenceContract;
import java.time.Clock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/** Records behind PgBouncer, which gives each transaction another session. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PgBouncerRecordsTest extends FenceContract {
  private static final PostgresServer SERVER = PostgresServer.shared();

  private PgBouncer pooler;
  private PostgresSettings settings;

  @BeforeAll
  void start() throws Exception {
    assumeTrue(PgBouncer.isInstalled());
    pooler = PgBouncer.start(SERVER, "transaction");
  }

  @AfterAll
  void stop() {
    if (pooler != null) {
      pooler.close();
    }
  }

  @BeforeEach
  void newDatabase() throws Exception {
    settings = pooler.settings(SERVER.newDatabase().database());
  }

  @Override
  protected Tailnets place() throws Exception {
    return PostgresDatabase.create(settings, Clock.systemUTC());
  }
}
