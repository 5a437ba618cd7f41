package dev.tka.store.json;

import dev.tka.store.Tailnets;
import dev.tka.store.testkit.TailnetsContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class JsonTailnetsTest extends TailnetsContract {
  @TempDir Path directory;

  @Override
  protected Tailnets place() throws Exception {
    return JsonFile.create(directory.resolve("store.json"));
  }
}
