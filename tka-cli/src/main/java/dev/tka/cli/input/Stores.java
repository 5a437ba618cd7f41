package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.SqliteFile;
import java.nio.file.Files;
import java.time.Clock;

/** Opens stores of many tailnets, of every kind. */
public final class Stores {
  private Stores() {}

  /**
   * Opens a store that is there.
   *
   * @throws StoreException.Absent if there is none
   * @throws CommandFailure if it is a directory
   */
  public static Tailnets open(StoreUrl url) throws StoreException, CommandFailure {
    if (url instanceof StoreUrl.Sqlite sqlite) {
      return SqliteFile.at(sqlite.path(), Clock.systemUTC());
    }
    if (url instanceof StoreUrl.Postgresql database) {
      return PostgresDatabase.at(withPassword(database.settings()), Clock.systemUTC());
    }
    throw ofOne(url);
  }

  /**
   * Opens a store, which is made if there is none.
   *
   * @throws CommandFailure if it is a directory
   */
  public static Tailnets create(StoreUrl url) throws StoreException, CommandFailure {
    if (url instanceof StoreUrl.Sqlite sqlite) {
      return SqliteFile.create(sqlite.path(), Clock.systemUTC());
    }
    if (url instanceof StoreUrl.Postgresql database) {
      return PostgresDatabase.create(withPassword(database.settings()), Clock.systemUTC());
    }
    throw ofOne(url);
  }

  /** As PostgreSQL's own programs do; without it, the driver looks into {@code ~/.pgpass}. */
  private static PostgresSettings withPassword(PostgresSettings settings) {
    String password = System.getenv("PGPASSWORD");
    return password == null ? settings : settings.withPassword(password);
  }

  private static CommandFailure ofOne(StoreUrl url) {
    boolean file =
        url instanceof StoreUrl.Directory directory && Files.isRegularFile(directory.path());
    return new CommandFailure(
        ExitCode.USAGE,
        url
            + ": expected sqlite:PATH or postgresql://..., found the path of a "
            + (file
                ? "file; a file of SQLite is sqlite:" + url
                : "directory, which holds one tailnet"));
  }
}
