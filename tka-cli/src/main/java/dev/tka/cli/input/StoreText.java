package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.TextException;
import dev.tka.store.StoreKinds;
import dev.tka.store.StorePlace;
import java.nio.file.Files;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A store as an argument names it: a URL of any kind that is installed, or a directory's path. */
public final class StoreText implements ITypeConverter<StorePlace> {
  private static final StoreKinds KINDS = StoreKinds.installed();

  /**
   * Reads it.
   *
   * @throws TypeConversionException if it names no store; its message does not repeat what may be a
   *     password
   */
  @Override
  public StorePlace convert(String text) {
    try {
      return KINDS.parse(text);
    } catch (TextException.BadUrl e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  /** Whether a text begins as the URL of a store does. */
  public static boolean isUrl(String text) {
    return KINDS.isUrl(text);
  }

  /**
   * For what goes through many tailnets.
   *
   * @throws CommandFailure if the place holds one
   */
  public static StorePlace.OfMany requireMany(StorePlace place) throws CommandFailure {
    if (place instanceof StorePlace.OfMany many) {
      return many;
    }
    String hint = hint(place);
    throw new CommandFailure(
        ExitCode.USAGE,
        place.url()
            + ": expected a store of many tailnets, found the path of a "
            + (hint.isEmpty() ? place.noun() + ", which holds one tailnet" : "file" + hint));
  }

  /** What else may have been meant, where a path names a file that is no store of one tailnet. */
  static String hint(StorePlace place) {
    return place
        .path()
        .filter(path -> place instanceof StorePlace.OfOne && Files.isRegularFile(path))
        .map(path -> "; a file of SQLite is sqlite:" + path)
        .orElse("");
  }
}
