package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.AumStore;
import dev.tka.testkit.PageExample;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of a SQLite file in docs/embedding.md compiles, runs, and is the same as here. */
class SqliteReadmeTest {
  @TempDir Path directory;

  @Test
  void theExampleRuns() throws Exception {
    String place = directory.resolve("control.db").toString();

    // begin
    try (SqliteFile file = SqliteFile.create(Path.of(place), Clock.systemUTC())) {
      AumStore store = file.tailnet("example.com");
      System.out.println(store.read().entries().size() + " AUMs");
    }
    // end

    assertThat(Path.of(place)).isNotEmptyFile();
  }

  @Test
  void theExampleIsTheOneInTheReadme() throws Exception {
    PageExample.requireSame(SqliteReadmeTest.class, "aum-store-sql", "docs/embedding.md");
  }
}
