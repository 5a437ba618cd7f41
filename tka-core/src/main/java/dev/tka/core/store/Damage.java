package dev.tka.core.store;

import dev.tka.core.AumHash;
import java.util.Optional;

/**
 * Something in a store that cannot be what a store of its kind wrote (protocol, section 9). While
 * there is any that {@link #degrades}, an authority over the store is degraded.
 *
 * @param where what to look at: a path, or a row
 * @param hash the AUM that is missing because of it, where its name tells
 * @param problem what is wrong, in words
 * @param kind how bad it is
 */
public record Damage(String where, Optional<AumHash> hash, String problem, Kind kind) {
  /** Sorts of damage. */
  public enum Kind {
    /** It was read, and it is not what its name says. */
    CONTENT,
    /** It could not be read. */
    UNREADABLE,
    /** It is out of place, and what it could stand for is in place. */
    HARMLESS
  }

  /** True when what is missing because of it may be the AUM that wins. */
  public boolean degrades() {
    return kind != Kind.HARMLESS;
  }

  @Override
  public String toString() {
    return where + ": " + problem;
  }
}
