package dev.tka.core.store;

import dev.tka.core.AumHash;
import java.util.Optional;

/**
 * Something in a store that a store of its kind cannot have written (protocol, section 9). While
 * there is any that {@link #degrades}, an authority over the store is degraded.
 *
 * @param where the place of the damage: a path, or a row
 * @param hash the AUM that is missing because of it, if its name is known
 * @param problem what is wrong, in words
 * @param kind how bad it is
 */
public record Damage(String where, Optional<AumHash> hash, String problem, Kind kind) {
  /** The kinds of damage. */
  public enum Kind {
    /** The content was read, but does not match its name. */
    CONTENT,
    /** The content could not be read. */
    UNREADABLE,
    /** Something is out of place, but what it could stand for is in place. */
    HARMLESS
  }

  /** True if the AUM that is missing because of it may be the one that wins. */
  public boolean degrades() {
    return kind != Kind.HARMLESS;
  }

  @Override
  public String toString() {
    return where + ": " + problem;
  }
}
