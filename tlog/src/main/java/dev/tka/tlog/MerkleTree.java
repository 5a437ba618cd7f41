package dev.tka.tlog;

import java.util.ArrayList;
import java.util.List;

/**
 * The tree of a log and its proofs (RFC 6962, 2.1; the checks follow RFC 9162, 2.1.3.2 and
 * 2.1.4.2).
 *
 * <p>A proof is a list of hashes of ranges of entries. Each such range is a few whole parts of the
 * tree, so making a proof reads as many hashes as the tree has levels, twice, and no entry.
 */
public final class MerkleTree {
  /** A proof of a tree that can be here has no more hashes. */
  public static final int MOST_HASHES = 63;

  private MerkleTree() {}

  /** The entries from one on, up to another. */
  private record Range(long from, long to) {
    /** The whole parts that it consists of, from left to right. */
    List<Subtree> parts() {
      List<Subtree> parts = new ArrayList<>();
      long at = from;
      while (at < to) {
        int level = 63 - Long.numberOfLeadingZeros(to - at);
        parts.add(new Subtree(level, at >> level));
        at += 1L << level;
      }
      return parts;
    }
  }

  /** The largest power of two below a number that is at least 2. */
  private static long split(long size) {
    return Long.highestOneBit(size - 1);
  }

  /** The whole parts of a tree of a size, from left to right, each smaller than the one before. */
  public static List<Subtree> parts(long size) {
    return new Range(0, size).parts();
  }

  /**
   * The hash of a tree, from those of its whole parts.
   *
   * @param parts the hashes of {@link #parts}
   */
  public static TreeHash root(List<TreeHash> parts) {
    if (parts.isEmpty()) {
      return TreeHash.EMPTY;
    }
    TreeHash root = parts.get(parts.size() - 1);
    for (int i = parts.size() - 2; i >= 0; i--) {
      root = TreeHash.of(parts.get(i), root);
    }
    return root;
  }

  /**
   * The hash of a tree.
   *
   * @throws E if hashes cannot be read
   */
  public static <E extends Exception> TreeHash root(long size, Hashes<E> hashes) throws E {
    return root(hashes.read(parts(size)));
  }

  /**
   * Proves that an entry is in a tree.
   *
   * @throws E if hashes cannot be read
   * @throws IndexOutOfBoundsException if the tree has no such entry
   */
  public static <E extends Exception> List<TreeHash> inclusion(
      long index, long size, Hashes<E> hashes) throws E {
    java.util.Objects.checkIndex(index, size);
    List<Range> path = new ArrayList<>();
    long from = 0;
    long to = size;
    while (to - from > 1) {
      long middle = from + split(to - from);
      if (index < middle) {
        path.add(0, new Range(middle, to));
        to = middle;
      } else {
        path.add(0, new Range(from, middle));
        from = middle;
      }
    }
    return read(path, hashes);
  }

  /**
   * Proves that a tree continues a smaller one. Nothing needs a proof if the smaller one is empty,
   * or has the same size.
   *
   * @throws E if hashes cannot be read
   * @throws IllegalArgumentException if the other tree is larger, or has a negative size
   */
  public static <E extends Exception> List<TreeHash> consistency(
      long size, long larger, Hashes<E> hashes) throws E {
    if (size < 0 || size > larger) {
      throw new IllegalArgumentException("a tree continues a smaller one");
    }
    List<Range> path = new ArrayList<>();
    if (size > 0 && size < larger) {
      long from = 0;
      long to = larger;
      while (to != size) {
        long middle = from + split(to - from);
        if (size <= middle) {
          path.add(0, new Range(middle, to));
          to = middle;
        } else {
          path.add(0, new Range(from, middle));
          from = middle;
        }
      }
      if (from > 0) {
        // The smaller tree is no part of its own here, so that its hash is not known from it.
        path.add(0, new Range(from, to));
      }
    }
    return read(path, hashes);
  }

  private static <E extends Exception> List<TreeHash> read(List<Range> ranges, Hashes<E> hashes)
      throws E {
    List<Subtree> wanted = new ArrayList<>();
    ranges.forEach(each -> wanted.addAll(each.parts()));
    List<TreeHash> read = wanted.isEmpty() ? List.of() : hashes.read(wanted);
    List<TreeHash> proof = new ArrayList<>();
    int at = 0;
    for (Range each : ranges) {
      int count = each.parts().size();
      proof.add(root(read.subList(at, at + count)));
      at += count;
    }
    return proof;
  }

  /** Whether a proof shows that an entry is in a tree. */
  public static boolean isIncluded(
      TreeHash entry, long index, long size, List<TreeHash> proof, TreeHash root) {
    if (index < 0 || index >= size) {
      return false;
    }
    long at = index;
    long last = size - 1;
    TreeHash hash = entry;
    for (TreeHash each : proof) {
      if (last == 0) {
        return false;
      }
      if ((at & 1) == 1 || at == last) {
        hash = TreeHash.of(each, hash);
        while ((at & 1) == 0 && at != 0) {
          at >>= 1;
          last >>= 1;
        }
      } else {
        hash = TreeHash.of(hash, each);
      }
      at >>= 1;
      last >>= 1;
    }
    return last == 0 && hash.equals(root);
  }

  /** Whether a proof shows that a tree continues a smaller one. */
  public static boolean isConsistent(
      long size, TreeHash root, long larger, TreeHash largerRoot, List<TreeHash> proof) {
    if (size < 0 || size > larger) {
      return false;
    }
    if (size == larger) {
      return proof.isEmpty() && root.equals(largerRoot);
    }
    if (size == 0) {
      return proof.isEmpty() && root.equals(TreeHash.EMPTY);
    }
    List<TreeHash> path = new ArrayList<>(proof);
    if (Long.bitCount(size) == 1) {
      path.add(0, root);
    }
    if (path.isEmpty()) {
      return false;
    }
    long at = size - 1;
    long last = larger - 1;
    while ((at & 1) == 1) {
      at >>= 1;
      last >>= 1;
    }
    TreeHash small = path.get(0);
    TreeHash large = path.get(0);
    for (TreeHash each : path.subList(1, path.size())) {
      if (last == 0) {
        return false;
      }
      if ((at & 1) == 1 || at == last) {
        small = TreeHash.of(each, small);
        large = TreeHash.of(each, large);
        while ((at & 1) == 0 && at != 0) {
          at >>= 1;
          last >>= 1;
        }
      } else {
        large = TreeHash.of(large, each);
      }
      at >>= 1;
      last >>= 1;
    }
    return last == 0 && small.equals(root) && large.equals(largerRoot);
  }
}
