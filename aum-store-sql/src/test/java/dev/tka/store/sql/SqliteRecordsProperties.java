package dev.tka.store.sql;

import dev.tka.store.Tailnets;
import dev.tka.store.testkit.ControlRecordsProperties;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Random changes of records in a SQLite file. */
@PropertyDefaults(tries = 200)
class SqliteRecordsProperties extends ControlRecordsProperties {
  private static Path file;
  private static List<SqliteFile> handles = List.of();

  @BeforeContainer
  static void open() throws Exception {
    file = Files.createTempFile("records", ".db");
    handles =
        List.of(
            SqliteFile.create(file, Clock.systemUTC()), SqliteFile.create(file, Clock.systemUTC()));
  }

  @AfterContainer
  static void close() throws Exception {
    handles.forEach(SqliteFile::close);
    for (String suffix : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(file.resolveSibling(file.getFileName() + suffix));
    }
  }

  @Override
  protected List<Tailnets> handles() {
    return List.copyOf(handles);
  }
}
