package dev.tka.core;

/**
 * Bytes that are not the canonical encoding of the expected value (protocol, section 2). Each
 * message names the byte.
 */
public abstract sealed class DecodeException extends TkaException {
  private final long offset;

  private DecodeException(long offset, String message) {
    super("byte " + offset + ": " + message);
    this.offset = offset;
  }

  /** The byte at which decoding stopped, counted from 0. */
  public long offset() {
    return offset;
  }

  /** The bytes are not CBOR, end too early, or use what no canonical encoding uses. */
  public static final class Malformed extends DecodeException {

    /** Made by decoders. */
    public Malformed(long offset, String what) {
      super(offset, what);
    }
  }

  /** A field holds a value of the wrong type. */
  public static final class WrongType extends DecodeException {

    /** Made by decoders. */
    public WrongType(long offset, String field, String expected, String found) {
      super(offset, field + ": expected " + expected + ", found " + found);
    }
  }

  /** A field's value is outside the range that can be decoded. */
  public static final class OutOfRange extends DecodeException {

    /** Made by decoders. */
    public OutOfRange(long offset, String field, String expected, String found) {
      super(offset, field + ": expected " + expected + ", found " + found);
    }
  }

  /** A map has a field that its type does not know. */
  public static final class UnknownField extends DecodeException {

    /** Made by decoders. */
    public UnknownField(long offset, String type, String field) {
      super(offset, type + ": unknown field " + field);
    }
  }

  /** A map's keys are out of order, or one is repeated. */
  public static final class FieldOrder extends DecodeException {

    /** Made by decoders. */
    public FieldOrder(long offset, String type, String field, String previous) {
      super(offset, type + ": field " + field + " must not follow field " + previous);
    }
  }

  /** A field that is always present is absent. */
  public static final class MissingField extends DecodeException {

    /** Made by decoders. */
    public MissingField(long offset, String type, String field) {
      super(offset, type + ": field " + field + " is missing");
    }
  }

  /** Too many elements, pairs or levels (protocol, section 2 names the limits). */
  public static final class LimitExceeded extends DecodeException {

    /** Made by decoders. */
    public LimitExceeded(long offset, String what, int limit) {
      super(offset, what + ": more than " + limit);
    }
  }

  /** The value was understood, but its canonical encoding is not these bytes. */
  public static final class NotCanonical extends DecodeException {

    /** Made by decoders. */
    public NotCanonical(long offset, String type, String expected, String found) {
      super(offset, type + " is not canonical: expected " + expected + ", found " + found);
    }
  }
}
