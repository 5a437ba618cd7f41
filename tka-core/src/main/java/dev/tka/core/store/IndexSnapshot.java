package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A snapshot of a store that keeps its AUMs in an {@link AumIndex}. Immutable, although the index
 * may keep growing.
 *
 * @param index the index, which may also hold newer AUMs
 * @param limit the sequence number of the last commit that this snapshot shows
 * @param bodies reads the bodies of stored AUMs
 * @param purgedBodies finds purged AUMs that could be given back
 * @param remembered supplies the trail, the same at every call; it may be computed at the first
 * @param <B> the index's way to find a body
 */
public record IndexSnapshot<B>(
    AumIndex<B> index,
    long limit,
    Revision revision,
    Optional<AumHash> lastActiveAncestor,
    Bodies<B> bodies,
    Function<AumHash, Optional<Commit.Addition>> purgedBodies,
    Supplier<Trail> remembered,
    Notes notes,
    List<Damage> damage)
    implements AumSnapshot {
  /** The purged bodies of a store that keeps none. */
  private enum Forgotten implements Function<AumHash, Optional<Commit.Addition>> {
    ALL;

    @Override
    public Optional<Commit.Addition> apply(AumHash hash) {
      return Optional.empty();
    }
  }

  /** Reads bodies. */
  @FunctionalInterface
  public interface Bodies<B> {
    /** Reads the bodies that the index itself holds. */
    Bodies<Bytes> IN_MEMORY =
        new Bodies<>() {
          @Override
          public Bytes read(AumHash hash, Bytes body) {
            return body;
          }

          @Override
          public boolean areInMemory() {
            return true;
          }
        };

    /** True if reading a body costs nothing. */
    default boolean areInMemory() {
      return false;
    }

    /**
     * The encoding of an AUM.
     *
     * @param body the index's way to find it
     * @throws StoreException if it cannot be read
     */
    Bytes read(AumHash hash, B body) throws StoreException;

    /**
     * The encodings of several AUMs, in the same order.
     *
     * @param bodies the index's ways to find them, one for each hash
     * @throws StoreException as {@link #read} throws it for the first that cannot be read
     */
    default List<Bytes> readAll(List<AumHash> hashes, List<B> bodies) throws StoreException {
      List<Bytes> read = new ArrayList<>(hashes.size());
      for (int i = 0; i < hashes.size(); i++) {
        read.add(read(hashes.get(i), bodies.get(i)));
      }
      return read;
    }
  }

  /**
   * A snapshot of a store that forgets what it purges. The parameters are those of the record
   * without {@code purgedBodies}.
   */
  public IndexSnapshot(
      AumIndex<B> index,
      long limit,
      Revision revision,
      Optional<AumHash> lastActiveAncestor,
      Bodies<B> bodies,
      Supplier<Trail> remembered,
      Notes notes,
      List<Damage> damage) {
    this(
        index,
        limit,
        revision,
        lastActiveAncestor,
        bodies,
        Forgotten.ALL,
        remembered,
        notes,
        damage);
  }

  /** This snapshot with another trail. */
  public IndexSnapshot<B> withTrail(Supplier<Trail> other) {
    return new IndexSnapshot<>(
        index, limit, revision, lastActiveAncestor, bodies, purgedBodies, other, notes, damage);
  }

  /** The body of an AUM, or the way to find it; empty if the AUM is not stored. */
  public Optional<B> body(AumHash hash) {
    return index.body(hash, limit);
  }

  @Override
  public Optional<List<? extends AumEntry>> addedSince(AumSnapshot older) {
    return older instanceof IndexSnapshot<?> before
            && before.index == index
            && before.limit <= limit
        ? Optional.of(index.addedBetween(before.limit, limit))
        : Optional.empty();
  }

  @Override
  public boolean hasBodiesInMemory() {
    return bodies.areInMemory();
  }

  @Override
  public long heapBytes() {
    // A store that could give back what it purged computes its trail when somebody asks for it.
    return index.heapBytes() + (purgedBodies == Forgotten.ALL ? trail().heapBytes() : 0);
  }

  @Override
  public Optional<Commit.Addition> purged(AumHash hash) {
    return purgedBodies.apply(hash);
  }

  @Override
  public Trail trail() {
    return remembered.get();
  }

  @Override
  public Collection<AumEntry> entries() {
    return index.entries(limit);
  }

  @Override
  public Optional<AumEntry> find(AumHash hash) {
    return index.find(hash, limit);
  }

  @Override
  public List<AumEntry> children(AumHash parent) {
    return index.children(parent, limit);
  }

  @Override
  public Bytes encoded(AumHash hash) throws StoreException {
    Optional<B> body = body(hash);
    if (body.isEmpty()) {
      throw new StoreException.NoSuchAum(hash);
    }
    return bodies.read(hash, body.get());
  }

  @Override
  public List<Bytes> encodedAll(List<AumHash> hashes) throws StoreException {
    List<B> found = new ArrayList<>(hashes.size());
    for (AumHash hash : hashes) {
      Optional<B> body = body(hash);
      if (body.isEmpty()) {
        // One before it may be damaged, which is then the first error.
        bodies.readAll(hashes.subList(0, found.size()), found);
        throw new StoreException.NoSuchAum(hash);
      }
      found.add(body.get());
    }
    return bodies.readAll(hashes, found);
  }
}
