package example.folder;

import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** Finds stores by {@code folder:PATH}. */
public final class FolderKind implements StoreKind {
  private static final String SCHEME = "folder";

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public String form() {
    return SCHEME + ":PATH";
  }

  @Override
  public StorePlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new Place(StoreKind.path(form(), rest));
  }

  private record Place(Path folder) implements StorePlace.OfMany {
    @Override
    public String url() {
      return SCHEME + ":" + folder;
    }

    @Override
    public String noun() {
      return "folder";
    }

    @Override
    public Optional<Path> path() {
      return Optional.of(folder);
    }

    @Override
    public Tailnets open(Clock clock) throws StoreException {
      return FolderTailnets.at(folder);
    }

    @Override
    public Tailnets create(Clock clock) throws StoreException {
      return FolderTailnets.create(folder);
    }

    @Override
    public Backup backup() {
      return new Backup.Elsewhere("copy a folder with 'cp -a'");
    }
  }
}
