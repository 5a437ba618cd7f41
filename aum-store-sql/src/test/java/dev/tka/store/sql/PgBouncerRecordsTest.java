package dev.tka.store.sql;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.LentStore;
import dev.tka.store.sql.testkit.PgBouncer;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.FenceContract;
import java.time.Clock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Records behind PgBouncer, which gives each transaction another session. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PgBouncerRecordsTest extends FenceContract {
  private static final PostgresServer SERVER = PostgresServer.shared();

  @RegisterExtension final LentStore lent = new LentStore();
  private PgBouncer pooler;

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

  @Override
  protected Tailnets place() throws Exception {
    return PostgresDatabase.create(pooler.settings(lent.settings().database()), Clock.systemUTC());
  }
}
