package dev.tka.store.sql.internal;

import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.Progress;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.Drivers;
import dev.tka.store.sql.SqliteFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A SQLite file: {@code sqlite:PATH}. */
public final class SqliteKind implements StoreKind {
  private static final String SCHEME = "sqlite";

  /** What other programs read as settings; the value may be a secret. */
  private static final Pattern SETTINGS =
      Pattern.compile("(?s)[^?]*\\?([a-zA-Z][a-zA-Z0-9_.-]{0,49})=.*");

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
    Path path = StoreKind.path(form(), rest);
    Matcher settings = SETTINGS.matcher(rest);
    // A file may have such a name, but a new one does not get it by mistake.
    if (settings.matches() && !Files.exists(path)) {
      throw new TextException.BadUrl(
          form(), "a setting after the path, where there are none: " + settings.group(1));
    }
    return new Place(path);
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
      return SqliteFile.at(file, clock);
    }

    @Override
    public Tailnets create(Clock clock) throws StoreException {
      return SqliteFile.create(file, clock);
    }

    @Override
    public Optional<Outdated> outdated() {
      return Drivers.sqlite();
    }

    @Override
    public Backup backup() {
      return new Backup.Online(this::copyTo);
    }

    @Override
    public Restore restore() {
      return new Restore.Here(
          Place::new,
          (copy, progress) -> SqliteFile.restore(copy, file, Clock.systemUTC(), progress));
    }

    private StorePlace copyTo(Path target, Progress progress) throws StoreException, IOException {
      try (SqliteFile opened = SqliteFile.at(file, Clock.systemUTC())) {
        opened.backup(target, progress);
      }
      return new Place(target);
    }
  }
}
