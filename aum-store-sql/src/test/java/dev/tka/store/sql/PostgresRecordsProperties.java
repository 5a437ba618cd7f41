package dev.tka.store.sql;

import dev.tka.store.Tailnets;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.ControlRecordsProperties;
import java.time.Clock;
import java.util.List;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Random changes of records in a PostgreSQL database. */
@PropertyDefaults(tries = 60)
class PostgresRecordsProperties extends ControlRecordsProperties {
  private static List<PostgresDatabase> handles = List.of();

  @BeforeContainer
  static void open() throws Exception {
    PostgresSettings settings = PostgresServer.shared().newDatabase();
    handles =
        List.of(
            PostgresDatabase.create(settings, Clock.systemUTC()),
            PostgresDatabase.create(settings, Clock.systemUTC()));
  }

  @AfterContainer
  static void close() {
    handles.forEach(PostgresDatabase::close);
  }

  @Override
  protected List<Tailnets> handles() {
    return List.copyOf(handles);
  }
}
