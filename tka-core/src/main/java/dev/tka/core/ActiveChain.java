package dev.tka.core;

import java.util.Arrays;
import java.util.List;

/**
 * The active chain, oldest ancestor to head, addressed by height. Immutable: a longer or another
 * chain shares the chunks that it has in common with this one, so that extending the head costs one
 * chunk and a list of chunks, whatever the length.
 *
 * <p>With the height that every entry carries, it answers ancestry without walking: an AUM is on
 * the active chain when the chain has it at its height.
 */
final class ActiveChain {
  private static final int CHUNK = 256;

  private final int baseHeight;
  private final int size;
  private final AumHash[][] chunks;

  private ActiveChain(int baseHeight, int size, AumHash[][] chunks) {
    this.baseHeight = baseHeight;
    this.size = size;
    this.chunks = chunks;
  }

  /** The chain of no AUM, whose first will stand at a height. */
  static ActiveChain beginningAt(int height) {
    return new ActiveChain(height, 0, new AumHash[0][]);
  }

  /** The height of the oldest ancestor. */
  int baseHeight() {
    return baseHeight;
  }

  /** The height of the head. */
  int headHeight() {
    return baseHeight + size - 1;
  }

  /** How many AUMs it has. */
  int size() {
    return size;
  }

  /** The AUM at a height between that of the oldest ancestor and that of the head. */
  AumHash at(int height) {
    int index = java.util.Objects.checkIndex(height - baseHeight, size);
    return chunks[index / CHUNK][index % CHUNK];
  }

  /** True when an AUM is on this chain. */
  boolean contains(AumEntry entry) {
    int index = entry.height() - baseHeight;
    return index >= 0 && index < size && at(entry.height()).equals(entry.hash());
  }

  /** This chain up to a height, with other AUMs after it. */
  ActiveChain replaceAfter(int height, List<AumHash> following) {
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
    return new ActiveChain(baseHeight, newSize, next);
  }
}
