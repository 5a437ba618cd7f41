package dev.tka.cli;

import dev.tka.core.StoreException;
import dev.tka.store.SqliteFile;
import dev.tka.store.Tailnets;
import java.time.Clock;

/** Opens stores of many tailnets, of every kind. */
final class Stores {
  private Stores() {}

  /**
   * Opens a store that is there.
   *
   * @throws StoreException.Absent if there is none
   * @throws CommandFailure if it is a directory
   */
  static Tailnets open(StoreUrl url) throws StoreException, CommandFailure {
    if (url instanceof StoreUrl.Sqlite sqlite) {
      return SqliteFile.at(sqlite.path(), Clock.systemUTC());
    }
    throw neither(url);
  }

  /**
   * Opens a store, which is made if there is none.
   *
   * @throws CommandFailure if it is a directory
   */
  static Tailnets create(StoreUrl url) throws StoreException, CommandFailure {
    if (url instanceof StoreUrl.Sqlite sqlite) {
      return SqliteFile.create(sqlite.path(), Clock.systemUTC());
    }
    throw neither(url);
  }

  private static CommandFailure neither(StoreUrl url) {
    return url instanceof StoreUrl.Directory
        ? new CommandFailure(
            ExitCode.USAGE,
            url
                + ": expected sqlite:PATH or postgresql://..., found the path of a directory, which"
                + " holds one tailnet")
        : new CommandFailure(ExitCode.USAGE, "this version does not know PostgreSQL yet");
  }
}
