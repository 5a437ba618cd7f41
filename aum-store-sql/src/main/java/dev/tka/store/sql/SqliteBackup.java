package dev.tka.store.sql;

import dev.tka.core.store.StoreException;
import dev.tka.store.Progress;
import dev.tka.store.internal.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import org.sqlite.SQLiteConnection;
import org.sqlite.SQLiteErrorCode;

/** Copies a SQLite file in use: under a temporary name, then checked, flushed and renamed. */
final class SqliteBackup {
  /** A few megabytes. */
  private static final int PAGES_AT_A_TIME = 1000;

  private static final int TRY_AGAIN_AFTER_MILLIS = 100;
  private static final int TRIES = 10;

  private final SqliteFile source;
  private final Path target;

  SqliteBackup(SqliteFile source, Path target) {
    this.source = source;
    this.target = target;
  }

  /** See {@link SqliteFile#backup}. */
  void run(Progress progress) throws StoreException, IOException {
    DurableFiles.<Path, StoreException>createWhole(target, part -> copied(part, progress));
  }

  private Path copied(Path copy, Progress progress) throws StoreException, IOException {
    try {
      int code = source.readTogether(connection -> copy(connection, copy, progress));
      if (code != SQLiteErrorCode.SQLITE_OK.code) {
        throw new IOException(
            target + ": the copy was not written: " + SQLiteErrorCode.getErrorCode(code));
      }
      requireSound(copy);
      return copy;
    } finally {
      Files.deleteIfExists(beside(copy, "-journal"));
      Files.deleteIfExists(beside(copy, "-wal"));
      Files.deleteIfExists(beside(copy, "-shm"));
    }
  }

  private static Path beside(Path copy, String suffix) {
    return copy.resolveSibling(copy.getFileName() + suffix);
  }

  /** Copies within a transaction that has read something, so that the copy is consistent. */
  private static int copy(Connection connection, Path copy, Progress progress) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select count(*) from sqlite_master")) {
      result.next();
    }
    return connection
        .unwrap(SQLiteConnection.class)
        .getDatabase()
        .backup(
            "main",
            copy.toString(),
            (remaining, all) -> progress.done(all - remaining, all),
            TRY_AGAIN_AFTER_MILLIS,
            TRIES,
            PAGES_AT_A_TIME);
  }

  private void requireSound(Path copy) throws StoreException, IOException {
    String found;
    try (SqliteFile opened = SqliteFile.at(copy, Clock.systemUTC())) {
      found =
          opened.read(
              connection -> {
                try (Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery("pragma integrity_check(1)")) {
                  result.next();
                  return result.getString(1);
                }
              });
    } catch (StoreException.Damaged e) {
      found = e.getMessage();
    }
    if (!found.equals("ok")) {
      throw new StoreException.Damaged(
          source
              + ": the copy is damaged and was not kept: "
              + found.lines().findFirst().orElse("").replace(copy + ": ", ""));
    }
  }
}
