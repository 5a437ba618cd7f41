package dev.tka.tlog;

import dev.tka.core.Bytes;
import java.util.ArrayList;
import java.util.List;

/** RFC 6962, 2.1, word for word, over a list of entries: slow, and a second opinion. */
final class NaiveTree {
  private NaiveTree() {}

  static TreeHash hash(List<Bytes> entries) {
    int n = entries.size();
    if (n == 0) {
      return TreeHash.EMPTY;
    }
    if (n == 1) {
      return TreeHash.ofEntry(entries.get(0));
    }
    int k = largestPowerBelow(n);
    return TreeHash.of(hash(entries.subList(0, k)), hash(entries.subList(k, n)));
  }

  static List<TreeHash> path(int m, List<Bytes> entries) {
    int n = entries.size();
    if (n == 1) {
      return List.of();
    }
    int k = largestPowerBelow(n);
    List<TreeHash> path = new ArrayList<>();
    if (m < k) {
      path.addAll(path(m, entries.subList(0, k)));
      path.add(hash(entries.subList(k, n)));
    } else {
      path.addAll(path(m - k, entries.subList(k, n)));
      path.add(hash(entries.subList(0, k)));
    }
    return path;
  }

  static List<TreeHash> proof(int m, List<Bytes> entries) {
    return m == 0 ? List.of() : subproof(m, entries, true);
  }

  private static List<TreeHash> subproof(int m, List<Bytes> entries, boolean known) {
    int n = entries.size();
    if (m == n) {
      return known ? List.of() : List.of(hash(entries));
    }
    int k = largestPowerBelow(n);
    List<TreeHash> proof = new ArrayList<>();
    if (m <= k) {
      proof.addAll(subproof(m, entries.subList(0, k), known));
      proof.add(hash(entries.subList(k, n)));
    } else {
      proof.addAll(subproof(m - k, entries.subList(k, n), false));
      proof.add(hash(entries.subList(0, k)));
    }
    return proof;
  }

  private static int largestPowerBelow(int n) {
    int k = 1;
    while (k * 2 < n) {
      k *= 2;
    }
    return k;
  }
}
