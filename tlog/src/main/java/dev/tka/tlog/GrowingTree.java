package dev.tka.tlog;

import java.util.ArrayList;
import java.util.List;

/**
 * What is needed of a tree to add entries to it: the hashes of its whole parts, one for each bit of
 * its size.
 *
 * @param size the number of entries
 * @param parts the hashes of {@link MerkleTree#parts}
 */
public record GrowingTree(long size, List<TreeHash> parts) {
  /** A tree without entries. */
  public static final GrowingTree EMPTY = new GrowingTree(0, List.of());

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if there is not one hash for each bit of the size
   */
  public GrowingTree {
    parts = List.copyOf(parts);
    if (size < 0 || Long.bitCount(size) != parts.size()) {
      throw new IllegalArgumentException("a tree has a hash for each bit of its size");
    }
  }

  /** The hash of the tree. */
  public TreeHash root() {
    return MerkleTree.root(parts);
  }

  /** Two parts that became one. */
  public record Joined(TreeHash whole, TreeHash left, TreeHash right) {}

  /**
   * A tree with one more entry.
   *
   * @param joined the parts that became whole with it, the smallest first
   */
  public record Grown(GrowingTree tree, List<Joined> joined) {}

  /** Adds an entry. */
  public Grown with(TreeHash entry) {
    List<TreeHash> now = new ArrayList<>(parts);
    List<Joined> joined = new ArrayList<>();
    TreeHash hash = entry;
    for (long bits = size; (bits & 1) == 1; bits >>= 1) {
      TreeHash left = now.remove(now.size() - 1);
      TreeHash whole = TreeHash.of(left, hash);
      joined.add(new Joined(whole, left, hash));
      hash = whole;
    }
    now.add(hash);
    return new Grown(new GrowingTree(size + 1, now), joined);
  }
}
