package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import java.time.Instant;
import java.util.Optional;

/**
 * What a store knows of an AUM without reading its body. Immutable as far as these methods go.
 *
 * <p>Heights count AUMs from the oldest one of the same tree: a child's is its parent's plus one.
 * Where they begin is up to the store.
 */
public interface AumEntry {
  /** The AUM's hash. */
  AumHash hash();

  /** The AUM that it follows, stored or not; empty for a genesis. */
  Optional<AumHash> parent();

  /** What it does. */
  AumKind kind();

  /** Its place in its tree. */
  int height();

  /** When this store first took it in, to the second. */
  Instant committedAt();
}
