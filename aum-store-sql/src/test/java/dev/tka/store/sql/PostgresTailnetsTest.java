package dev.tka.store.sql;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.LentStore;
import dev.tka.store.testkit.TailnetsContract;
import java.time.Clock;
import org.junit.jupiter.api.extension.RegisterExtension;

class PostgresTailnetsTest extends TailnetsContract {
  @RegisterExtension final LentStore lent = new LentStore();

  @Override
  protected Tailnets place() throws Exception {
    return PostgresDatabase.create(lent.settings(), Clock.systemUTC());
  }
}
