package example.folder;

import dev.tka.store.Tailnets;
import dev.tka.store.testkit.Backup;
import dev.tka.store.testkit.DatabaseContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Processes that share a folder lose nothing. */
class FolderDatabaseTest extends DatabaseContract {
  @TempDir Path folder;

  @TempDir Path elsewhere;

  @Override
  protected Backup backUp() throws Exception {
    return Backup.ofFolder(folder, elsewhere.resolve("copy"));
  }

  @Override
  protected Tailnets create() throws Exception {
    return opened(FolderTailnets.create(folder));
  }

  @Override
  protected Tailnets at() throws Exception {
    return opened(FolderTailnets.at(folder));
  }
}
