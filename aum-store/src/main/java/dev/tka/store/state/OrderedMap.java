package dev.tka.store.state;

import java.util.AbstractMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * An immutable map in the order of its keys. Another one that differs in one entry shares the rest:
 * making it takes time and memory in proportion to the logarithm of the size.
 *
 * @param <K> keys whose order agrees with their equality
 */
public final class OrderedMap<K extends Comparable<K>, V> extends AbstractMap<K, V> {
  private final TreePMap<K, V> tree;

  private OrderedMap(TreePMap<K, V> tree) {
    this.tree = tree;
  }

  /** An empty map. */
  public static <K extends Comparable<K>, V> OrderedMap<K, V> empty() {
    return new OrderedMap<K, V>(TreePMap.<K, V>empty());
  }

  /** This map with a value for a key, in place of the one before if there was one. */
  public OrderedMap<K, V> with(K key, V value) {
    return new OrderedMap<>(tree.plus(key, value));
  }

  /** This map without a key; the same one if it has no such key. */
  public OrderedMap<K, V> without(K key) {
    TreePMap<K, V> less = tree.minus(key);
    return less.size() == tree.size() ? this : new OrderedMap<>(less);
  }

  /** The value for a key, if there is one. */
  public Optional<V> find(K key) {
    return Optional.ofNullable(tree.get(key));
  }

  /** The entries with a key and all that follow it, in order. */
  public Set<Entry<K, V>> from(K first) {
    return tree.tailMap(first).entrySet();
  }

  @Override
  public int size() {
    return tree.size();
  }

  @Override
  public boolean containsKey(Object key) {
    return tree.containsKey(key);
  }

  @Override
  public @Nullable V get(Object key) {
    return tree.get(key);
  }

  @Override
  public Set<Map.Entry<K, V>> entrySet() {
    return tree.entrySet();
  }
}
