package dev.tka.core.nodekey;

import dev.tka.core.TkaException;

/** A text that is not a deep link, or not one of this authority (protocol, section 7). */
public abstract sealed class DeepLinkException extends TkaException {
  /** Enough to recognize what was found, however long it is. */
  private static final int QUOTED = 40;

  private DeepLinkException(String message) {
    super("deep link: " + message);
  }

  private static String quote(String found) {
    return '"'
        + (found.length() > QUOTED
            ? found.substring(0, found.offsetByCodePoints(0, QUOTED / 2)) + "..."
            : found)
        + '"';
  }

  /** The text is longer than any link. */
  public static final class TooLong extends DeepLinkException {
    private final int limit;
    private final int found;

    TooLong(int limit, int found) {
      super("expected at most " + limit + " characters, found " + found);
      this.limit = limit;
      this.found = found;
    }

    /** The number of characters that is allowed. */
    public int limit() {
      return limit;
    }

    /** The number of characters found. */
    public int found() {
      return found;
    }
  }

  /** The text is not a URL: it has a character or an escape that no URL has. */
  public static final class NotAUrl extends DeepLinkException {

    NotAUrl(String expected, String found) {
      super("expected " + expected + ", found " + found);
    }
  }

  /** The scheme, host, path or version is not that of a link to sign a device. */
  public static final class WrongAddress extends DeepLinkException {
    private final String part;
    private final String expected;
    private final String found;

    WrongAddress(String part, String expected, String found) {
      super(part + ": expected " + expected + ", found " + quote(found));
      this.part = part;
      this.expected = expected;
      this.found = found;
    }

    /** {@code scheme}, {@code host}, {@code path} or {@code version}. */
    public String part() {
      return part;
    }

    /** The expected value. */
    public String expected() {
      return expected;
    }

    /** The value found; empty if the part is missing. */
    public String found() {
      return found;
    }
  }

  /** A field is missing or empty. */
  public static final class MissingField extends DeepLinkException {
    private final String field;

    MissingField(String field, String meaning) {
      super(field + ": expected " + meaning + ", found nothing");
      this.field = field;
    }

    /** The field's name in the link. */
    public String field() {
      return field;
    }
  }

  /** A field is not text. */
  public static final class NotText extends DeepLinkException {
    private final String field;

    NotText(String field) {
      super(field + ": expected UTF-8 text, found other bytes");
      this.field = field;
    }

    /** The field's name in the link. */
    public String field() {
      return field;
    }
  }

  /** A key does not begin with the prefix of its type. */
  public static final class WrongPrefix extends DeepLinkException {

    WrongPrefix(String field, String expected, String found) {
      super(field + ": expected to begin with " + expected + ", found " + quote(found));
    }
  }

  /** The link's HMAC does not have the form of one. */
  public static final class NotAnHmac extends DeepLinkException {

    NotAnHmac(int digits, String found) {
      super("hm: expected " + digits + " hexadecimal digits, found " + quote(found));
    }
  }

  /** The fields were changed, or the link belongs to another authority. */
  public static final class WrongHmac extends DeepLinkException {

    // The right one is not given, so that asking about a link does not tell how to forge it.
    WrongHmac() {
      super(
          "hm: expected the HMAC of its fields under this authority's state id 1, found another:"
              + " the link was changed, or is of another tailnet");
    }
  }
}
