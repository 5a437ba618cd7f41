package dev.tka.core;

import java.util.Arrays;

/**
 * What an AUM does: one byte on the wire (protocol, section 2). Kinds that nobody has defined yet
 * are legal; they verify and apply as a no-op, so that old software keeps working.
 *
 * @param code 0 to 255
 */
public record AumKind(int code) {
  private static final int MAX_CODE = 255;

  /** Adds one key. */
  public static final AumKind ADD_KEY = new AumKind(Meaning.ADD_KEY.code);

  /** Removes one key. */
  public static final AumKind REMOVE_KEY = new AumKind(Meaning.REMOVE_KEY.code);

  /** Changes nothing but the head. */
  public static final AumKind NO_OP = new AumKind(Meaning.NO_OP.code);

  /** Changes the votes or the metadata of one key. */
  public static final AumKind UPDATE_KEY = new AumKind(Meaning.UPDATE_KEY.code);

  /** Carries the whole state. */
  public static final AumKind CHECKPOINT = new AumKind(Meaning.CHECKPOINT.code);

  /**
   * What a code means. Code that depends on the kind of an AUM is a switch over this without a
   * default, so that a new meaning does not compile until each has an answer for it.
   */
  public enum Meaning {
    /** {@link AumKind#ADD_KEY}. */
    ADD_KEY(1),
    /** {@link AumKind#REMOVE_KEY}. */
    REMOVE_KEY(2),
    /** {@link AumKind#NO_OP}. */
    NO_OP(3),
    /** {@link AumKind#UPDATE_KEY}. */
    UPDATE_KEY(4),
    /** {@link AumKind#CHECKPOINT}. */
    CHECKPOINT(5),
    /** Any code that nobody has defined. */
    UNKNOWN(0);

    private static final Meaning[] BY_CODE = new Meaning[MAX_CODE + 1];

    static {
      Arrays.fill(BY_CODE, UNKNOWN);
      for (Meaning meaning : values()) {
        BY_CODE[meaning.code] = meaning;
      }
    }

    private final int code;

    Meaning(int code) {
      this.code = code;
    }
  }

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if the code is not 0 to 255
   */
  public AumKind {
    if (code < 0 || code > MAX_CODE) {
      throw new IllegalArgumentException("an AUM kind is 0 to " + MAX_CODE + ", not " + code);
    }
  }

  /** What it means. */
  public Meaning meaning() {
    return Meaning.BY_CODE[code];
  }

  /**
   * True when an AUM of this kind carries the whole state: a store may begin with it, an offer
   * names it, and what comes before it may be forgotten.
   */
  public boolean isCheckpoint() {
    return switch (meaning()) {
      case CHECKPOINT -> true;
      case ADD_KEY, REMOVE_KEY, NO_OP, UPDATE_KEY, UNKNOWN -> false;
    };
  }

  /** True when a genesis may be of this kind beside a checkpoint (protocol, section 4). */
  public boolean isOldGenesis() {
    return switch (meaning()) {
      case NO_OP, ADD_KEY -> true;
      case REMOVE_KEY, UPDATE_KEY, CHECKPOINT, UNKNOWN -> false;
    };
  }

  /**
   * True when it wins over other kinds of equal weight (protocol, section 4, "Fork resolution").
   */
  public boolean winsTies() {
    return switch (meaning()) {
      case REMOVE_KEY -> true;
      case ADD_KEY, NO_OP, UPDATE_KEY, CHECKPOINT, UNKNOWN -> false;
    };
  }

  /** The name that people see: {@code add-key}, {@code checkpoint}, or {@code unknown(9)}. */
  @Override
  public String toString() {
    return switch (meaning()) {
      case ADD_KEY -> "add-key";
      case REMOVE_KEY -> "remove-key";
      case NO_OP -> "no-op";
      case UPDATE_KEY -> "update-key";
      case CHECKPOINT -> "checkpoint";
      case UNKNOWN -> "unknown(" + code + ")";
    };
  }
}
