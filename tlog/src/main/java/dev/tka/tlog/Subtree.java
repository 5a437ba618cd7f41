package dev.tka.tlog;

/**
 * A whole part of a tree: the entries from {@code index * 2^level} on, {@code 2^level} of them.
 *
 * @param level 0 for a single entry
 * @param index among the parts of that level
 */
public record Subtree(int level, long index) {
  /**
   * Takes a part of a tree of at most 2^63-1 entries.
   *
   * @throws IllegalArgumentException if there is no such part
   */
  public Subtree {
    if (level < 0 || level > 62 || index < 0 || index > (Long.MAX_VALUE >> level)) {
      throw new IllegalArgumentException("no part of a tree");
    }
  }

  /** The first entry. */
  long from() {
    return index << level;
  }
}
