package dev.tka.signer;

import dev.tka.core.TextException;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The kinds of signers that are on the module path or the class path. Immutable. */
public final class SignerKinds {
  private static final Pattern URL = Pattern.compile("(?s)([a-zA-Z][a-zA-Z0-9+.-]+):(.*)");

  private final Map<String, SignerKind> byScheme;

  private SignerKinds(Map<String, SignerKind> byScheme) {
    this.byScheme = byScheme;
  }

  /**
   * Looks for them, as {@link ServiceLoader} does for the thread's class loader.
   *
   * @throws ServiceConfigurationError if one of them cannot be loaded, or two have one scheme
   */
  public static SignerKinds installed() {
    Map<String, SignerKind> byScheme = new TreeMap<>();
    for (SignerKind kind : ServiceLoader.load(SignerKind.class)) {
      for (String scheme : kind.schemes()) {
        SignerKind other = byScheme.putIfAbsent(scheme, kind);
        if (other != null) {
          throw new ServiceConfigurationError(
              "two kinds of signers have the scheme " + scheme + ": " + other + " and " + kind);
        }
      }
    }
    return new SignerKinds(byScheme);
  }

  /** Whether a kind has this scheme, in lower case. */
  public boolean has(String scheme) {
    return byScheme.containsKey(scheme);
  }

  /**
   * Reads a URL.
   *
   * @throws TextException.BadUrl if it names no key; its message does not quote what may be a
   *     secret
   */
  public SignerPlace parse(String text) throws TextException.BadUrl {
    Matcher url = URL.matcher(text);
    if (!url.matches()) {
      throw new TextException.BadUrl(forms(), "other text");
    }
    String scheme = url.group(1).toLowerCase(Locale.ROOT);
    @Nullable SignerKind kind = byScheme.get(scheme);
    if (kind == null) {
      throw new TextException.BadUrl(forms(), scheme + ":...");
    }
    return kind.parse(scheme, url.group(2));
  }

  private String forms() {
    String kinds =
        byScheme.values().stream()
            .map(SignerKind::form)
            .distinct()
            .collect(Collectors.joining(", "));
    return kinds.replaceFirst(", (?=[^,]*$)", " or ");
  }
}
