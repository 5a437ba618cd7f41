package dev.tka.store.sql.testkit;

import dev.tka.store.sql.PostgresSettings;
import java.sql.SQLException;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A PostgreSQL database for one test, with the tables of a store and nothing in them, for tests
 * that do not ask how the tables are made. It goes to another test when this one has closed what it
 * opened. A test may change the tables: then nobody gets them.
 */
public final class LentStore implements AfterEachCallback {
  private Optional<PostgresSettings> settings = Optional.empty();

  /** The superuser's settings, the same ones for the whole test. */
  public PostgresSettings settings() throws SQLException {
    if (settings.isEmpty()) {
      settings = Optional.of(PostgresServer.shared().lendStore());
    }
    return settings.get();
  }

  @Override
  public void afterEach(ExtensionContext context) throws SQLException {
    if (settings.isPresent()) {
      PostgresServer.shared().giveBackStore(settings.get().database());
      settings = Optional.empty();
    }
  }
}
