package dev.tka.store;

import dev.tka.core.TextException;
import dev.tka.store.internal.DirectoryKind;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The kinds of stores that are on the module path or the class path. Immutable. */
public final class StoreKinds {
  /** A drive of Windows has one letter. */
  private static final Pattern URL = Pattern.compile("(?s)([a-zA-Z][a-zA-Z0-9+.-]+):(.*)");

  private final Map<String, StoreKind> byScheme;

  private StoreKinds(Map<String, StoreKind> byScheme) {
    this.byScheme = byScheme;
  }

  /**
   * Looks for them, as {@link ServiceLoader} does for the thread's class loader.
   *
   * @throws ServiceConfigurationError if one of them cannot be loaded, or two have one scheme
   */
  public static StoreKinds installed() {
    Map<String, StoreKind> byScheme = new TreeMap<>();
    for (StoreKind kind : ServiceLoader.load(StoreKind.class)) {
      for (String scheme : kind.schemes()) {
        StoreKind other = byScheme.putIfAbsent(scheme, kind);
        if (other != null) {
          throw new ServiceConfigurationError(
              "two kinds of stores have the scheme " + scheme + ": " + other + " and " + kind);
        }
      }
    }
    return new StoreKinds(byScheme);
  }

  /**
   * Reads a text that cannot be a URL: the path of a node's directory. It does not look for kinds,
   * which takes some milliseconds.
   *
   * @return empty if the text may be a URL
   * @throws TextException.BadUrl if it is not a path either
   */
  public static Optional<StorePlace> ofPath(String text) throws TextException.BadUrl {
    return URL.matcher(text).matches()
        ? Optional.empty()
        : Optional.of(new DirectoryKind().parse(DirectoryKind.SCHEME, text));
  }

  /**
   * Reads the text that names a place: a URL, or the path of a node's directory. A path that begins
   * as a URL with an unknown scheme does is one only where something is there, since it may be a
   * misspelt scheme.
   *
   * @throws TextException.BadUrl if it names no place; its message does not quote what may be a
   *     secret
   */
  public StorePlace parse(String text) throws TextException.BadUrl {
    Matcher url = URL.matcher(text);
    if (url.matches()) {
      Optional<StoreKind> kind = find(url);
      if (kind.isPresent()) {
        return kind.get().parse(scheme(url), url.group(2));
      }
      if (url.group(2).contains("//") || !exists(text)) {
        throw new TextException.BadUrl(forms(), url.group(1) + ":...");
      }
    }
    return new DirectoryKind().parse(DirectoryKind.SCHEME, text);
  }

  /** True for a text that begins with the scheme of a kind. */
  public boolean isUrl(String text) {
    Matcher url = URL.matcher(text);
    return url.matches() && find(url).isPresent();
  }

  private Optional<StoreKind> find(Matcher url) {
    return Optional.ofNullable(byScheme.get(scheme(url)));
  }

  private static String scheme(Matcher url) {
    return url.group(1).toLowerCase(Locale.ROOT);
  }

  private static boolean exists(String path) {
    try {
      return Files.exists(Path.of(path));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private String forms() {
    String kinds =
        byScheme.values().stream()
            .map(StoreKind::form)
            .distinct()
            .collect(Collectors.joining(", "));
    return "DIR, " + kinds.replaceFirst(", (?=[^,]*$)", " or ");
  }
}
