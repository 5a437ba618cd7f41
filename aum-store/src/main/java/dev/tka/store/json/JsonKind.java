package dev.tka.store.json;

import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.Progress;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** One JSON file: {@code json:PATH}. */
public final class JsonKind implements StoreKind {
  private static final String SCHEME = "json";

  /** Made by the service loader. */
  public JsonKind() {}

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

  private record Place(Path file) implements StorePlace.OfMany {
    @Override
    public String url() {
      return SCHEME + ":" + file;
    }

    @Override
    public String noun() {
      return "file";
    }

    @Override
    public Optional<Path> path() {
      return Optional.of(file);
    }

    @Override
    public Tailnets open(Clock clock) throws StoreException {
      return JsonFile.at(file);
    }

    @Override
    public Tailnets create(Clock clock) throws StoreException {
      return JsonFile.create(file);
    }

    @Override
    public Optional<String> warning() {
      try {
        return JsonFile.warning(file, Files.size(file));
      } catch (IOException e) {
        // Opening it says what is wrong.
        return Optional.empty();
      }
    }

    @Override
    public Backup backup() {
      return new Backup.Online(this::copyTo);
    }

    private StorePlace copyTo(Path target, Progress progress) throws StoreException, IOException {
      JsonFile.copy(file, target);
      progress.done(1, 1);
      return new Place(target);
    }

    @Override
    public Restore restore() {
      return new Restore.Here(
          Place::new,
          (copy, progress) -> JsonFile.restore(copy, file, Clock.systemUTC(), progress));
    }
  }
}
