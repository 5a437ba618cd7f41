package dev.tka.tlog;

import dev.tka.core.TextException;
import java.util.OptionalInt;

/**
 * What a log serves of its tree: a tile of hashes, or a bundle of entries (C2SP, tlog-tiles).
 *
 * @param level of the hashes; empty for a bundle of entries
 * @param index among those of its level
 * @param width how many hashes or entries it has: 1 to 256
 */
public record TilePath(OptionalInt level, long index, int width) {
  /** How many hashes or entries a full one has. */
  public static final int FULL = 256;

  private static final String WHAT = "path of a tile";
  private static final int MOST_LEVEL = 63;

  /** What is below it has as many entries as a tree can have. */
  private static final long MOST_INDEX = Long.MAX_VALUE / FULL;

  /**
   * Takes what can be one.
   *
   * @throws IllegalArgumentException if there is no such tile
   */
  public TilePath {
    if ((level.isPresent() && (level.getAsInt() < 0 || level.getAsInt() > MOST_LEVEL))
        || index < 0
        || index > MOST_INDEX
        || width < 1
        || width > FULL) {
      throw new IllegalArgumentException("no tile");
    }
  }

  /** The tile of hashes of a tree that holds one of them. */
  static TilePath ofHash(int level, long hash, long size) {
    int shift = 8 * level;
    long count = shift > 62 ? 0 : size >> shift;
    return of(OptionalInt.of(level), hash, count);
  }

  /**
   * The bundle of entries of a tree that holds one of them.
   *
   * @param size the number of entries of the tree
   */
  public static TilePath ofEntry(long entry, long size) {
    return of(OptionalInt.empty(), entry, size);
  }

  private static TilePath of(OptionalInt level, long at, long count) {
    java.util.Objects.checkIndex(at, count);
    long index = at / FULL;
    return new TilePath(level, index, (int) Math.min(FULL, count - index * FULL));
  }

  /** The first hash or entry that it has, among those of its level. */
  public long from() {
    return index * FULL;
  }

  /**
   * Whether a tree of a size has it: at least as many hashes or entries, or all that are there.
   *
   * @param size the number of entries of the tree
   */
  public boolean isIn(long size) {
    int shift = 8 * level.orElse(0);
    long count = shift > 62 ? 0 : size >> shift;
    return from() + width <= count;
  }

  /**
   * Reads a path.
   *
   * @param path without a slash before it
   * @throws TextException if it is not one
   */
  public static TilePath parse(String path) throws TextException {
    String[] parts = path.split("/", -1);
    if (parts.length < 3 || parts.length > 12 || !parts[0].equals("tile")) {
      throw wrong();
    }
    OptionalInt level = OptionalInt.empty();
    if (!parts[1].equals("entries")) {
      long number = NoteText.number(parts[1]).orElse(-1);
      if (number < 0 || number > MOST_LEVEL) {
        throw wrong();
      }
      level = OptionalInt.of((int) number);
    }
    int end = parts.length;
    int width = FULL;
    if (parts[end - 2].endsWith(".p")) {
      long number = NoteText.number(parts[end - 1]).orElse(0);
      if (number < 1 || number >= FULL) {
        throw wrong();
      }
      width = (int) number;
      end--;
      parts[end - 1] = parts[end - 1].substring(0, parts[end - 1].length() - 2);
    }
    long index = 0;
    for (int i = 2; i < end; i++) {
      String digits = parts[i];
      if (i < end - 1) {
        if (!digits.startsWith("x")) {
          throw wrong();
        }
        digits = digits.substring(1);
      }
      if (digits.length() != 3
          || !digits.chars().allMatch(c -> c >= '0' && c <= '9')
          || index > MOST_INDEX / 1000) {
        throw wrong();
      }
      index = index * 1000 + Integer.parseInt(digits);
    }
    if (end <= 2 || index > MOST_INDEX) {
      throw wrong();
    }
    TilePath read = new TilePath(level, index, width);
    if (!read.toString().equals(path)) {
      throw wrong();
    }
    return read;
  }

  private static TextException wrong() {
    return NoteText.bad(WHAT, "tile/<level>/<index>, or tile/entries/<index>", "another path");
  }

  /** The path, without a slash before it. */
  @Override
  public String toString() {
    String number = String.format("%03d", index % 1000);
    for (long rest = index / 1000; rest > 0; rest /= 1000) {
      number = String.format("x%03d/", rest % 1000) + number;
    }
    return "tile/"
        + (level.isPresent() ? Integer.toString(level.getAsInt()) : "entries")
        + "/"
        + number
        + (width < FULL ? ".p/" + width : "");
  }
}
