package dev.tka.store.state;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An immutable map in the order of its keys. Another one that differs in one entry shares the rest:
 * making it takes time and memory in proportion to the logarithm of the size.
 *
 * @param <K> keys whose order agrees with their equality
 */
public final class OrderedMap<K extends Comparable<K>, V> extends AbstractMap<K, V> {
  private final @Nullable Branch<K, V> root;

  private OrderedMap(@Nullable Branch<K, V> root) {
    this.root = root;
  }

  /** A balanced tree: the heights of both sides differ by one at most. */
  private record Branch<K extends Comparable<K>, V>(
      K key,
      V value,
      @Nullable Branch<K, V> left,
      @Nullable Branch<K, V> right,
      int height,
      int size) {
    Entry<K, V> entry() {
      return Map.entry(key, value);
    }
  }

  /** An empty map. */
  public static <K extends Comparable<K>, V> OrderedMap<K, V> empty() {
    return new OrderedMap<>(null);
  }

  /** This map with a value for a key, in place of the one before if there was one. */
  public OrderedMap<K, V> with(K key, V value) {
    return new OrderedMap<>(with(root, key, value));
  }

  /** This map without a key; the same one if it has no such key. */
  public OrderedMap<K, V> without(Object key) {
    return containsKey(key) ? new OrderedMap<>(without(root, cast(key))) : this;
  }

  /** The value for a key, if there is one. */
  public Optional<V> find(K key) {
    return Optional.ofNullable(get(key));
  }

  @Override
  public int size() {
    return size(root);
  }

  @Override
  public boolean containsKey(Object key) {
    return get(key) != null;
  }

  @Override
  public @Nullable V get(Object key) {
    K wanted = cast(key);
    Branch<K, V> at = root;
    while (at != null) {
      int order = wanted.compareTo(at.key);
      if (order == 0) {
        return at.value;
      }
      at = order < 0 ? at.left : at.right;
    }
    return null;
  }

  /** Keys of another kind fail as those of any map that is sorted by its keys do. */
  @SuppressWarnings("unchecked")
  private K cast(Object key) {
    return (K) key;
  }

  @Override
  public Set<Entry<K, V>> entrySet() {
    return new Entries<>(root, null);
  }

  /** The entries with a key and all that follow it, in order. */
  public Set<Entry<K, V>> from(K first) {
    return new Entries<>(root, first);
  }

  /** The most entries that a search compares. */
  int levels() {
    return height(root);
  }

  private static int height(@Nullable Branch<?, ?> branch) {
    return branch == null ? 0 : branch.height;
  }

  private static int size(@Nullable Branch<?, ?> branch) {
    return branch == null ? 0 : branch.size;
  }

  private static <K extends Comparable<K>, V> Branch<K, V> branch(
      K key, V value, @Nullable Branch<K, V> left, @Nullable Branch<K, V> right) {
    return new Branch<>(
        key,
        value,
        left,
        right,
        1 + Math.max(height(left), height(right)),
        1 + size(left) + size(right));
  }

  /** Joins two sides whose heights differ by two at most. */
  private static <K extends Comparable<K>, V> Branch<K, V> balanced(
      K key, V value, @Nullable Branch<K, V> left, @Nullable Branch<K, V> right) {
    if (left != null && left.height > height(right) + 1) {
      Branch<K, V> inner = left.right;
      return inner == null || height(left.left) >= inner.height
          ? branch(left.key, left.value, left.left, branch(key, value, inner, right))
          : branch(
              inner.key,
              inner.value,
              branch(left.key, left.value, left.left, inner.left),
              branch(key, value, inner.right, right));
    }
    if (right != null && right.height > height(left) + 1) {
      Branch<K, V> inner = right.left;
      return inner == null || height(right.right) >= inner.height
          ? branch(right.key, right.value, branch(key, value, left, inner), right.right)
          : branch(
              inner.key,
              inner.value,
              branch(key, value, left, inner.left),
              branch(right.key, right.value, inner.right, right.right));
    }
    return branch(key, value, left, right);
  }

  private static <K extends Comparable<K>, V> Branch<K, V> with(
      @Nullable Branch<K, V> at, K key, V value) {
    if (at == null) {
      return branch(key, value, null, null);
    }
    int order = key.compareTo(at.key);
    if (order == 0) {
      return branch(key, value, at.left, at.right);
    }
    return order < 0
        ? balanced(at.key, at.value, with(at.left, key, value), at.right)
        : balanced(at.key, at.value, at.left, with(at.right, key, value));
  }

  private static <K extends Comparable<K>, V> @Nullable Branch<K, V> without(
      @Nullable Branch<K, V> at, K key) {
    if (at == null) {
      return null;
    }
    int order = key.compareTo(at.key);
    if (order < 0) {
      return balanced(at.key, at.value, without(at.left, key), at.right);
    }
    if (order > 0) {
      return balanced(at.key, at.value, at.left, without(at.right, key));
    }
    if (at.left == null || at.right == null) {
      return at.left == null ? at.right : at.left;
    }
    Branch<K, V> next = at.right;
    while (next.left != null) {
      next = next.left;
    }
    return balanced(next.key, next.value, at.left, without(at.right, next.key));
  }

  /** All entries, or those from a key on. */
  private static final class Entries<K extends Comparable<K>, V> extends AbstractSet<Entry<K, V>> {
    private final @Nullable Branch<K, V> root;
    private final @Nullable K first;

    Entries(@Nullable Branch<K, V> root, @Nullable K first) {
      this.root = root;
      this.first = first;
    }

    @Override
    public int size() {
      int size = 0;
      Branch<K, V> at = root;
      while (at != null) {
        boolean within = first == null || first.compareTo(at.key) <= 0;
        size += within ? 1 + OrderedMap.size(at.right) : 0;
        at = within ? at.left : at.right;
      }
      return first == null ? OrderedMap.size(root) : size;
    }

    @Override
    public Iterator<Entry<K, V>> iterator() {
      return new Walk<>(root, first);
    }
  }

  /** Goes from the left to the right. */
  private static final class Walk<K extends Comparable<K>, V> implements Iterator<Entry<K, V>> {
    private final Deque<Branch<K, V>> next = new ArrayDeque<>();

    Walk(@Nullable Branch<K, V> root, @Nullable K first) {
      Branch<K, V> at = root;
      while (at != null) {
        boolean within = first == null || first.compareTo(at.key) <= 0;
        if (within) {
          next.push(at);
        }
        at = within ? at.left : at.right;
      }
    }

    @Override
    public boolean hasNext() {
      return !next.isEmpty();
    }

    @Override
    public Entry<K, V> next() {
      if (next.isEmpty()) {
        throw new NoSuchElementException();
      }
      Branch<K, V> here = next.pop();
      for (Branch<K, V> at = here.right; at != null; at = at.left) {
        next.push(at);
      }
      return here.entry();
    }
  }
}
