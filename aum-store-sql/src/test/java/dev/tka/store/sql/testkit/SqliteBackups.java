package dev.tka.store.sql.testkit;

import dev.tka.store.sql.SqliteFile;
import dev.tka.store.testkit.Backup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;

/** Copies of SQLite files, put back in the two ways that SQLite allows while programs run. */
public final class SqliteBackups {
  private SqliteBackups() {}

  /** A copy that replaces the file: the old one goes with the files beside it. */
  public static Backup replacing(Path file, Path copy) throws Exception {
    make(file, copy);
    return () -> {
      Path next = Files.copy(copy, copy.resolveSibling(copy.getFileName() + "-next"));
      for (String suffix : new String[] {"", "-wal", "-shm"}) {
        Files.deleteIfExists(file.resolveSibling(file.getFileName() + suffix));
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    };
  }

  /** A copy whose pages are written over those of the file, in one transaction. */
  public static Backup overwriting(Path file, Path copy) throws Exception {
    make(file, copy);
    return () -> {
      try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
          Statement statement = connection.createStatement()) {
        statement.executeUpdate("restore from '" + copy + "'");
      }
    };
  }

  private static void make(Path file, Path copy) throws Exception {
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      place.backup(copy, (done, all) -> {});
    }
  }
}
