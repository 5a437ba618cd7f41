package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The whole content of a store at one revision. Later commits do not change it. Safe for use by
 * many threads.
 *
 * <p>The methods without {@code throws} answer from memory.
 */
public interface AumSnapshot {
  /** Estimated heap bytes per AUM, body included, for stores that do not measure it. */
  long TYPICAL_HEAP_BYTES = 400;

  /**
   * How many bodies to ask for at once, where more are needed: asking for more saves little time
   * and takes more memory. {@link BodyReader} keeps to it.
   */
  int BODIES_AT_ONCE = 128;

  /** The revision of the store that this snapshot shows. */
  Revision revision();

  /** Every AUM, in no particular order. */
  Collection<? extends AumEntry> entries();

  /** One AUM, if it is stored. */
  Optional<? extends AumEntry> find(AumHash hash);

  /** The stored children of an AUM, in no particular order. */
  List<? extends AumEntry> children(AumHash parent);

  /**
   * The canonical encoding of a stored AUM, as it was committed.
   *
   * @throws StoreException.NoSuchAum if the AUM is not stored
   * @throws StoreException if the body cannot be read
   */
  Bytes encoded(AumHash hash) throws StoreException;

  /**
   * The canonical encodings of stored AUMs, in the order of their hashes, with few requests to the
   * medium. All of them are in memory at once; for a list without a limit see {@link BodyReader}.
   *
   * @param hashes in any order; one that is there twice is answered twice
   * @throws StoreException as {@link #encoded} throws it for the first AUM that it cannot return
   */
  default List<Bytes> encodedAll(List<AumHash> hashes) throws StoreException {
    List<Bytes> encoded = new ArrayList<>(hashes.size());
    for (AumHash hash : hashes) {
      encoded.add(encoded(hash));
    }
    return encoded;
  }

  /**
   * The oldest AUM of the active chain as last recorded (protocol, section 4); empty if it never
   * was.
   */
  Optional<AumHash> lastActiveAncestor();

  /** The memory of the AUMs that were purged from the active chain (protocol, section 10). */
  Trail trail();

  /**
   * A purged AUM that the store could give back whole: ready to be added again, with the time at
   * which it was first committed. Empty for a stored AUM, and in stores that forget what they
   * purge.
   */
  default Optional<Commit.Addition> purged(AumHash hash) {
    return Optional.empty();
  }

  /** The notes beside AUMs and the trail (protocol, section 10). */
  Notes notes();

  /** The notes on own AUMs (protocol, section 10). */
  default OwnAums ownAums() {
    return notes().ownAums();
  }

  /**
   * The AUMs that this snapshot has and an older snapshot of the same store lacks, in the order in
   * which they were committed. The cost is proportional to their number.
   *
   * @return empty if they are not known, or if more changed than additions, the record, the trail,
   *     the notes and the damage: heights may then have moved, too
   */
  default Optional<List<? extends AumEntry>> addedSince(AumSnapshot older) {
    return Optional.empty();
  }

  /** True when bodies are held in memory, so that reading all of them needs no I/O. */
  default boolean hasBodiesInMemory() {
    return true;
  }

  /**
   * Approximate heap bytes of this snapshot, including everything it shares with other snapshots of
   * the same store. For caches, which have to weigh their entries.
   */
  default long heapBytes() {
    return entries().size() * TYPICAL_HEAP_BYTES;
  }

  /** The damage found in the store; empty if there is none. */
  List<Damage> damage();

  /**
   * The parent of an AUM that is stored or in the trail; empty for a genesis and for an unknown
   * AUM.
   */
  default Optional<AumHash> parentOf(AumHash hash) {
    return find(hash)
        .map(AumEntry::parent)
        .orElseGet(() -> trail().find(hash).flatMap(TrailEntry::parent));
  }

  /**
   * A stored AUM and all stored AUMs after it, each before its children.
   *
   * @param root the hash of a stored AUM
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
   * @throws StoreException.NoSuchAum if the AUM is not stored
   * @throws StoreException if the body cannot be read
   */
  default Aum get(AumHash hash) throws StoreException {
    return BodyReader.decode(hash, encoded(hash));
  }

  /**
   * Stored AUMs, read together like {@link #encodedAll}.
   *
   * @throws StoreException as {@link #encodedAll} throws it, or as {@link #get} does for the first
   *     body that is not an AUM
   */
  default List<Aum> getAll(List<AumHash> hashes) throws StoreException {
    List<Bytes> encoded = encodedAll(hashes);
    List<Aum> aums = new ArrayList<>(hashes.size());
    for (int i = 0; i < hashes.size(); i++) {
      aums.add(BodyReader.decode(hashes.get(i), encoded.get(i)));
    }
    return aums;
  }
}
