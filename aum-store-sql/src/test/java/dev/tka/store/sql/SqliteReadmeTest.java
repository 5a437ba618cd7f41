package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.AumStore;
import dev.tka.testkit.GoldenData;
import java.nio.file.Files;
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
    Path root = GoldenData.root();
    String source =
        Files.readString(
            root.resolve("aum-store-sql/src/test/java/dev/tka/store/sql/SqliteReadmeTest.java"));
    String page = Files.readString(root.resolve("docs/embedding.md"));
    String after = page.substring(page.indexOf("SqliteReadmeTest"));

    assertThat(between(after, "```java\n", "```"))
        .isEqualTo(between(source, "// begin\n", "    // end").indent(-4));
  }

  private static String between(String text, String begin, String end) {
    int from = text.indexOf(begin) + begin.length();
    return text.substring(from, text.indexOf(end, from));
  }
}
