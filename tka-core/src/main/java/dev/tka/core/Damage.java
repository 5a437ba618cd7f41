package dev.tka.core;

import java.util.Optional;

/**
 * Something in a store that cannot be what a store of its kind wrote (section 9). While there is
 * any, an authority over the store is degraded.
 *
 * @param where what to look at: a path, or a row
 * @param hash the AUM that is missing because of it, where its name tells
 * @param problem what is wrong, in words
 * @param kind whether the content is wrong, or could not be read at all
 */
public record Damage(String where, Optional<AumHash> hash, String problem, Kind kind) {
  /** Sorts of damage. */
  public enum Kind {
    /** It was read, and it is not what its name says. */
    CONTENT,
    /** It could not be read. */
    UNREADABLE
  }

  @Override
  public String toString() {
    return where + ": " + problem;
  }
}
