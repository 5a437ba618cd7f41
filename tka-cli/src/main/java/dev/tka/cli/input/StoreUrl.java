package dev.tka.cli.input;

import dev.tka.core.TextException;
import dev.tka.store.sql.PostgresSettings;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Where AUMs are kept, as a command is told. */
public sealed interface StoreUrl {
  /**
   * A node's directory, of one tailnet.
   *
   * @param path of the directory
   */
  record Directory(Path path) implements StoreUrl {
    /** The path alone, where that is read as a path again. */
    @Override
    public String toString() {
      return path.toString().indexOf(':') < 0 ? path.toString() : Text.DIRECTORY + ":" + path;
    }
  }

  /**
   * A file of SQLite, of many tailnets.
   *
   * @param path of the file
   */
  record Sqlite(Path path) implements StoreUrl {
    @Override
    public String toString() {
      return Text.SQLITE + ":" + path;
    }
  }

  /**
   * A database of a PostgreSQL server, of many tailnets.
   *
   * @param settings have no password
   */
  record Postgresql(PostgresSettings settings) implements StoreUrl {
    @Override
    public String toString() {
      return settings.toString();
    }
  }

  /** Reads the text of a URL, or a plain path of a directory; any text is one or an error. */
  final class Text implements ITypeConverter<StoreUrl> {
    private static final String DIRECTORY = "dir";
    private static final String SQLITE = "sqlite";
    private static final String POSTGRESQL = "postgresql";

    /** A drive of Windows has one letter. */
    private static final Pattern SCHEME = Pattern.compile("(?s)([a-zA-Z][a-zA-Z0-9+.-]+):(.*)");

    private static final String FORMS = "expected DIR, dir:PATH, sqlite:PATH or postgresql://...";

    /**
     * Reads it. What it says of a URL that it refuses does not repeat what may be a password.
     *
     * @throws TypeConversionException if it is none
     */
    @Override
    public StoreUrl convert(String text) {
      Matcher url = SCHEME.matcher(text);
      if (!url.matches()) {
        return new Directory(path(text));
      }
      String rest = url.group(2);
      return switch (url.group(1).toLowerCase(Locale.ROOT)) {
        case DIRECTORY -> new Directory(path(rest));
        case SQLITE -> new Sqlite(path(rest));
        case POSTGRESQL -> postgresql(rest);
        default -> {
          // A folder's name may have a colon; one that is to be made may be a misspelt scheme.
          Path path = path(text);
          if (rest.contains("//") || !Files.exists(path)) {
            throw new TypeConversionException(FORMS + ", found " + url.group(1) + ":...");
          }
          yield new Directory(path);
        }
      };
    }

    /** Whether a text begins as a URL of a store does, or is meant to. */
    public static boolean hasKnownScheme(String text) {
      Matcher url = SCHEME.matcher(text);
      return url.matches()
          && List.of(DIRECTORY, SQLITE, POSTGRESQL, "postgres")
              .contains(url.group(1).toLowerCase(Locale.ROOT));
    }

    private static Path path(String text) {
      if (text.isEmpty()) {
        throw new TypeConversionException(FORMS + ", found no path");
      }
      try {
        return Path.of(text);
      } catch (InvalidPathException e) {
        throw new TypeConversionException("expected a path, found none: " + e.getMessage());
      }
    }

    private static Postgresql postgresql(String rest) {
      try {
        return new Postgresql(PostgresSettings.parse(POSTGRESQL + ":" + rest));
      } catch (TextException.BadUrl e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
