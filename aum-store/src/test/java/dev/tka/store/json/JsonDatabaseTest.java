package dev.tka.store.json;

import dev.tka.store.Tailnets;
import dev.tka.store.testkit.Backup;
import dev.tka.store.testkit.DatabaseContract;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.io.TempDir;

/** One JSON file, and several handles of it. */
class JsonDatabaseTest extends DatabaseContract {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("store.json");
  }

  @Override
  protected Tailnets create() throws Exception {
    return opened(JsonFile.create(file()));
  }

  @Override
  protected Tailnets at() throws Exception {
    return opened(JsonFile.at(file()));
  }

  @Override
  protected Backup backUp() throws Exception {
    Path copy = Files.copy(file(), directory.resolve("copy.json"));
    return () -> {
      Path next = Files.copy(copy, directory.resolve("next.json"));
      Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE);
    };
  }
}
