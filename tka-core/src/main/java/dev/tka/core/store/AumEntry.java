package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import java.time.Instant;
import java.util.Optional;

/**
 * The facts about a stored AUM that need no read of its body. Immutable as far as these methods go.
 *
 * <p>Heights count AUMs from the oldest one of the same tree: a child's is its parent's plus one.
 * Where they begin is up to the store.
 */
public interface AumEntry {
  /** The AUM's hash. */
  AumHash hash();

  /** The hash of its parent, stored or not; empty for a genesis. */
  Optional<AumHash> parent();

  /** The kind of change that it makes. */
  AumKind kind();

  /** Its height in its tree. */
  int height();

  /** The size of its encoding, in bytes. */
  int size();

  /** The time at which this store first took it in, by the wall clock, to the second. */
  Instant committedAt();

  /**
   * The facts that were noted when it was taken in; empty if an older version or another program
   * took it in.
   */
  Optional<AumFacts> facts();
}
