package dev.tka.tlog;

import java.util.List;

/**
 * Knows the hashes of the whole parts of a tree.
 *
 * @param <E> thrown if they cannot be read
 */
@FunctionalInterface
public interface Hashes<E extends Exception> {
  /**
   * Reads hashes, all at once: the number of calls is the number of times that somebody waits.
   *
   * @param parts parts that are in the tree
   * @return their hashes, in the same order
   */
  List<TreeHash> read(List<Subtree> parts) throws E;
}
