package dev.tka.store.sql.internal;

import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.Drivers;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/**
 * A database of a PostgreSQL server: {@code postgresql://USER@HOST:PORT/DATABASE}, or {@code
 * postgres://}.
 */
public final class PostgresKind implements StoreKind {
  private static final String SCHEME = "postgresql";

  private static final String SHORT = "postgres";

  @Override
  public List<String> schemes() {
    return List.of(SCHEME, SHORT);
  }

  @Override
  public String form() {
    return SCHEME + "://...";
  }

  @Override
  public StorePlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new Place(PostgresSettings.parse(scheme + ":" + rest));
  }

  private record Place(PostgresSettings settings) implements StorePlace.OfMany {
    @Override
    public String url() {
      return settings.toString();
    }

    @Override
    public String noun() {
      return "database";
    }

    @Override
    public Tailnets open(Clock clock) throws StoreException {
      return PostgresDatabase.at(withPassword(), clock);
    }

    @Override
    public Tailnets create(Clock clock) throws StoreException {
      return PostgresDatabase.create(withPassword(), clock);
    }

    /** As PostgreSQL's own programs do; without it, the driver looks into {@code ~/.pgpass}. */
    private PostgresSettings withPassword() {
      String password = System.getenv("PGPASSWORD");
      return password == null ? settings : settings.withPassword(password);
    }

    @Override
    public Optional<Outdated> outdated() {
      return Drivers.postgresql();
    }

    @Override
    public Backup backup() {
      return new Backup.Elsewhere("copy a database with pg_dump");
    }

    @Override
    public Restore restore() {
      return new Restore.ByHand("put a database back with pg_restore, or psql");
    }
  }
}
