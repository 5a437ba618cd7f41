package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.TextException;
import dev.tka.store.StoreKinds;
import dev.tka.store.StorePlace;
import java.nio.file.Files;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A store as named by an argument: a URL of any installed kind, or a directory's path. */
public final class StoreText implements ITypeConverter<StorePlace> {
  /** Looked for when a text is read, which the help does not do. */
  private static final class Kinds {
    static final StoreKinds INSTALLED = StoreKinds.installed();
  }

  /**
   * Reads it.
   *
   * @throws TypeConversionException if it names no store; its message does not repeat what may be a
   *     password
   */
  @Override
  public StorePlace convert(String text) {
    try {
      Optional<StorePlace> path = StoreKinds.ofPath(text);
      return path.isPresent() ? path.get() : Kinds.INSTALLED.parse(text);
    } catch (TextException.BadUrl e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  /** Whether a text begins like the URL of a store. */
  public static boolean isUrl(String text) {
    return Kinds.INSTALLED.isUrl(text);
  }

  /**
   * For commands that go through many tailnets.
   *
   * @throws CommandFailure if the place holds only one
   */
  public static StorePlace.OfMany requireMany(StorePlace place) throws CommandFailure {
    if (place instanceof StorePlace.OfMany many) {
      return many;
    }
    String hint = hint(place);
    throw new CommandFailure(
        ExitCode.USAGE,
        place.url()
            + ": expected a store of many tailnets, found "
            + (place.path().isPresent() ? "the path of a " : "a ")
            + (hint.isEmpty() ? place.noun() + ", which holds one tailnet" : "file" + hint));
  }

  /** A hint at the likely intention, if a path names a file that is not a store of one tailnet. */
  static String hint(StorePlace place) {
    return place
        .path()
        .filter(path -> place instanceof StorePlace.OfOne && Files.isRegularFile(path))
        .map(path -> "; for a SQLite file, write sqlite:" + path)
        .orElse("");
  }
}
