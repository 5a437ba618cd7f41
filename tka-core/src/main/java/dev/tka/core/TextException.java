package dev.tka.core;

/**
 * A text form that does not parse (protocol, section 1). Messages never quote the text: it may be a
 * private key, or half of one.
 */
public abstract sealed class TextException extends TkaException {

  private TextException(String message) {
    super(message);
  }

  private TextException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The text does not begin as its type does. */
  public static final class WrongPrefix extends TextException {

    WrongPrefix(String type, String expected) {
      super(type + ": expected to begin with " + expected);
    }
  }

  /** The text has the wrong number of characters. */
  public static final class WrongLength extends TextException {
    private final int expected;
    private final int found;

    WrongLength(String type, int expected, int found) {
      super(type + ": expected " + expected + " characters, found " + found);
      this.expected = expected;
      this.found = found;
    }

    /** The number of characters expected. */
    public int expected() {
      return expected;
    }

    /** The number of characters found. */
    public int found() {
      return found;
    }
  }

  /** A character is outside the alphabet. */
  public static final class BadCharacter extends TextException {
    private final int index;

    BadCharacter(String type, String alphabet, int index) {
      super(type + ": expected " + alphabet + ", found another character at index " + index);
      this.index = index;
    }

    /** The index of the character, counted from 0. */
    public int index() {
      return index;
    }
  }

  /** The last character of a base32 text carries bits beyond the value, and they are not zero. */
  public static final class SpareBits extends TextException {

    private final AumHash withoutSpareBits;

    SpareBits(String type, char last, AumHash withoutSpareBits) {
      super(type + ": expected zero spare bits in the last character, found '" + last + "'");
      this.withoutSpareBits = withoutSpareBits;
    }

    /** The hash that the text spells if the spare bits are ignored, as the reference does. */
    public AumHash withoutSpareBits() {
      return withoutSpareBits;
    }
  }

  /** A list has more texts than are allowed. */
  public static final class TooMany extends TextException {
    private final int limit;
    private final int found;

    /** Made by readers of lists of texts. */
    public TooMany(String list, int limit, int found) {
      super(list + ": expected at most " + limit + ", found " + found);
      this.limit = limit;
      this.found = found;
    }

    /** The number that is allowed. */
    public int limit() {
      return limit;
    }

    /** The number found. */
    public int found() {
      return found;
    }
  }

  /** One text of a list does not parse. */
  public static final class Element extends TextException {
    private final int index;

    /** Made by readers of lists of texts. */
    public Element(String list, int index, TextException cause) {
      super(list + " " + index + ": " + cause.getMessage(), cause);
      this.index = index;
    }

    /** The index of the text, counted from 0. */
    public int index() {
      return index;
    }
  }

  /** The text is not an even number of hexadecimal digits. */
  public static final class NotHex extends TextException {

    NotHex(int length) {
      super(
          "expected hexadecimal digits, two a byte, found other text of " + length + " characters");
    }
  }

  /**
   * The public half of a private key does not belong to its seed. The value found is not given:
   * with the halves swapped, it is the seed.
   */
  public static final class WrongPublicHalf extends TextException {
    private final LockPublicKey expected;

    WrongPublicHalf(LockPublicKey expected) {
      super("private key: expected the public half of its seed, found another");
      this.expected = expected;
    }

    /** The public key of the seed. */
    public LockPublicKey expected() {
      return expected;
    }
  }

  /** The text is not a URL of the required kind. */
  public static final class BadUrl extends TextException {

    /** Made by readers of URLs; neither argument quotes a possible secret. */
    public BadUrl(String expected, String found) {
      super("expected " + expected + ", found " + found);
    }
  }

  /** The text is not JSON of the required form. */
  public static final class BadJson extends TextException {

    /** Made by readers of JSON; neither argument quotes the text. */
    public BadJson(String expected, String found) {
      super("expected " + expected + ", found " + found);
    }
  }

  /** A field of a JSON object is not as required. */
  public static final class BadField extends TextException {
    private final String field;

    /** Made by readers of JSON; no argument quotes the text. */
    public BadField(String field, String expected, String found) {
      super(field + ": expected " + expected + ", found " + found);
      this.field = field;
    }

    /** Made by readers of JSON, for a field whose text does not parse. */
    public BadField(String field, TextException cause) {
      super(field + ": " + cause.getMessage(), cause);
      this.field = field;
    }

    /** The name of the field. */
    public String field() {
      return field;
    }
  }
}
