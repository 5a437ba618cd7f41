package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * All that a store holds at one revision. Later commits do not change it. Safe for use by many
 * threads.
 *
 * <p>The methods without {@code throws} answer from what the store keeps in memory.
 */
public interface AumSnapshot {
  /** What an AUM takes up in memory, its body included, where nobody counted. */
  long TYPICAL_HEAP_BYTES = 400;

  /** Which state of the store this is. */
  Revision revision();

  /** Every AUM, in no particular order. */
  Collection<? extends AumEntry> entries();

  /** One AUM, if it is stored. */
  Optional<? extends AumEntry> find(AumHash hash);

  /** The stored AUMs whose parent this is, in no particular order. */
  List<? extends AumEntry> children(AumHash parent);

  /**
   * The canonical encoding of a stored AUM, as it was committed.
   *
   * @throws StoreException.NoSuchAum if it is not stored
   * @throws StoreException if it cannot be read
   */
  Bytes encoded(AumHash hash) throws StoreException;

  /**
   * The oldest AUM of the active chain when it was last recorded (protocol, section 4), if any was.
   */
  Optional<AumHash> lastActiveAncestor();

  /**
   * What is remembered of the AUMs that were purged from the active chain (protocol, section 10).
   */
  Trail trail();

  /**
   * An AUM that was purged and that the store could give back whole: ready to be added again, with
   * the time at which it was first committed. Empty for one that is stored, and in stores that
   * forget what they purge.
   */
  default Optional<Commit.Addition> purged(AumHash hash) {
    return Optional.empty();
  }

  /** What is noted about own AUMs (protocol, section 10). */
  Marks marks();

  /**
   * What this has that an older snapshot of the same store lacks, each AUM after those that it was
   * committed after. Costs what was added.
   *
   * @return empty when that is not known, or more happened than that AUMs were added and the
   *     record, the trail, the notes or the damage changed: then heights may have moved, too
   */
  default Optional<List<? extends AumEntry>> addedSince(AumSnapshot older) {
    return Optional.empty();
  }

  /** True when bodies are in memory, so that looking at all of them is no matter of the medium. */
  default boolean hasBodiesInMemory() {
    return true;
  }

  /**
   * About how many bytes of memory this takes up, with what it shares with other snapshots of the
   * same store. For caches, which have to weigh what they hold.
   */
  default long heapBytes() {
    return entries().size() * TYPICAL_HEAP_BYTES;
  }

  /** What in the store is damaged; empty when all is well. */
  List<Damage> damage();

  /**
   * The AUM that one follows, which is stored or in the trail; empty for a genesis and a stranger.
   */
  default Optional<AumHash> parentOf(AumHash hash) {
    return find(hash)
        .map(AumEntry::parent)
        .orElseGet(() -> trail().find(hash).flatMap(TrailEntry::parent));
  }

  /**
   * A stored AUM and all that is stored after it, each before its children.
   *
   * @param root an AUM that is stored
   */
  default List<AumHash> tree(AumHash root) {
    List<AumHash> tree = new ArrayList<>(List.of(root));
    for (int i = 0; i < tree.size(); i++) {
      children(tree.get(i)).forEach(child -> tree.add(child.hash()));
    }
    return tree;
  }

  /**
   * A stored AUM.
   *
   * @throws StoreException.NoSuchAum if it is not stored
   * @throws StoreException if it cannot be read
   */
  default Aum get(AumHash hash) throws StoreException {
    try {
      return Aum.decodeStored(hash, encoded(hash));
    } catch (DecodeException e) {
      throw new StoreException.Damaged("stored AUM " + hash + ": " + e.getMessage());
    }
  }
}
