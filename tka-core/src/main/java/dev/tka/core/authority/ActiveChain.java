package dev.tka.core.authority;

import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * The active chain, oldest ancestor to head, addressed by height. Immutable: a longer or different
 * chain shares the chunks that it has in common with this one, so that extending the head costs one
 * chunk and a list of chunks, however long the chain.
 *
 * <p>With the height that every entry carries, it answers ancestry without walking: an AUM is on
 * the active chain if the chain has it at its height. The checkpoints form a list from the newest
 * back, which chains also share.
 */
final class ActiveChain {
  private static final int CHUNK = 256;

  private final int baseHeight;
  private final int size;
  private final AumHash[][] chunks;
  private final @Nullable Checkpoint newestCheckpoint;

  private ActiveChain(
      int baseHeight, int size, AumHash[][] chunks, @Nullable Checkpoint newestCheckpoint) {
    this.baseHeight = baseHeight;
    this.size = size;
    this.chunks = chunks;
    this.newestCheckpoint = newestCheckpoint;
  }

  /** A checkpoint of a chain, and through it those before. */
  private static final class Checkpoint {
    final AumHash hash;
    final int height;

    /** The number of checkpoints up to this one. */
    final int count;

    final @Nullable Checkpoint before;

    Checkpoint(AumHash hash, int height, @Nullable Checkpoint before) {
      this.hash = hash;
      this.height = height;
      this.count = before == null ? 1 : before.count + 1;
      this.before = before;
    }
  }

  /** An empty chain whose first AUM will stand at a given height. */
  static ActiveChain beginningAt(int height) {
    return new ActiveChain(height, 0, new AumHash[0][], null);
  }

  /** The height of the oldest ancestor. */
  int baseHeight() {
    return baseHeight;
  }

  /** The height of the head. */
  int headHeight() {
    return baseHeight + size - 1;
  }

  /** The number of AUMs on the chain. */
  int size() {
    return size;
  }

  /** The AUM at a height between that of the oldest ancestor and that of the head. */
  AumHash at(int height) {
    int index = Objects.checkIndex(height - baseHeight, size);
    return chunks[index / CHUNK][index % CHUNK];
  }

  /** True when an AUM is on this chain. */
  boolean contains(AumEntry entry) {
    int index = entry.height() - baseHeight;
    return index >= 0 && index < size && at(entry.height()).equals(entry.hash());
  }

  /** The AUMs above a height, lowest first; a view, which costs nothing until it is read. */
  List<AumHash> above(int height) {
    return new Above(this, Objects.checkIndex(height + 1 - baseHeight, size + 1));
  }

  /** The checkpoints, newest first; the cost is proportional to their number. */
  List<AumHash> checkpoints() {
    AumHash[] newestFirst = new AumHash[newestCheckpoint == null ? 0 : newestCheckpoint.count];
    int i = 0;
    for (Checkpoint at = newestCheckpoint; at != null; at = at.before) {
      newestFirst[i++] = at.hash;
    }
    return List.of(newestFirst);
  }

  /**
   * This chain up to a height, with other AUMs after it.
   *
   * @param checkpoints which of these are checkpoints, by index, ascending
   */
  ActiveChain replaceAfter(int height, List<AumHash> following, List<Integer> checkpoints) {
    int kept = height - baseHeight + 1;
    int newSize = kept + following.size();
    AumHash[][] next = Arrays.copyOf(chunks, (newSize + CHUNK - 1) / CHUNK);
    for (int c = kept / CHUNK; c < next.length; c++) {
      int chunkSize = Math.min(CHUNK, newSize - c * CHUNK);
      int fromOld = Math.max(0, Math.min(CHUNK, kept - c * CHUNK));
      next[c] = fromOld == 0 ? new AumHash[chunkSize] : Arrays.copyOf(chunks[c], chunkSize);
      for (int i = fromOld; i < chunkSize; i++) {
        next[c][i] = following.get(c * CHUNK + i - kept);
      }
    }
    Checkpoint newest = newestCheckpoint;
    while (newest != null && newest.height > height) {
      newest = newest.before;
    }
    for (int index : checkpoints) {
      newest = new Checkpoint(following.get(index), height + 1 + index, newest);
    }
    return new ActiveChain(baseHeight, newSize, next, newest);
  }

  /** The end of a chain. */
  private static final class Above extends AbstractList<AumHash> implements RandomAccess {
    private final ActiveChain chain;
    private final int from;

    Above(ActiveChain chain, int from) {
      this.chain = chain;
      this.from = from;
    }

    @Override
    public AumHash get(int index) {
      return chain.at(chain.baseHeight + from + Objects.checkIndex(index, size()));
    }

    @Override
    public int size() {
      return chain.size - from;
    }
  }
}
