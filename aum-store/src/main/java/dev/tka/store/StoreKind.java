package dev.tka.store;

import dev.tka.core.TextException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * A kind of store, known by the scheme of its URLs. An implementation is listed as a service (in
 * {@code module-info}, and in {@code META-INF/services} for the class path); the command then opens
 * it by its URLs like any other. It has a public constructor without arguments, which loads nothing
 * heavy: all kinds are asked for their schemes, and most of them for nothing else.
 */
public interface StoreKind {
  /** The schemes of its URLs, in lower case. No other kind may have any of them. */
  List<String> schemes();

  /** The form of its URLs, for errors and help, such as {@code sqlite:PATH}. */
  String form();

  /**
   * Reads a URL. Nothing is opened, and the place need not be there.
   *
   * @param scheme one of {@link #schemes}
   * @param rest what follows the colon
   * @throws TextException.BadUrl if it names no place; its message does not quote what may be a
   *     secret
   */
  StorePlace parse(String scheme, String rest) throws TextException.BadUrl;

  /**
   * Reads the rest of a URL that is a path, for kinds that lie in the file system.
   *
   * @param form what to expect, for the error
   * @throws TextException.BadUrl if it is not a path; the message quotes it
   */
  static Path path(String form, String rest) throws TextException.BadUrl {
    if (rest.isEmpty()) {
      throw new TextException.BadUrl(form, "no path");
    }
    try {
      return Path.of(rest);
    } catch (InvalidPathException e) {
      throw new TextException.BadUrl(
          form,
          rest.indexOf('\ufffd') < 0
              ? "no path: " + e.getMessage()
              : "bytes that the encoding of the locale does not know: set LC_ALL");
    }
  }
}
