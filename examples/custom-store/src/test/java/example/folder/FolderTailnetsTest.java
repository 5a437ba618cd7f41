package example.folder;

import dev.tka.store.Tailnets;
import dev.tka.store.testkit.TailnetsContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FolderTailnetsTest extends TailnetsContract {
  @TempDir Path folder;

  @Override
  protected Tailnets place() throws Exception {
    return FolderTailnets.create(folder);
  }
}
