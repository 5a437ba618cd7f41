package dev.tka.store.etcd;

import dev.tka.core.Bytes;
import java.util.Optional;

/**
 * A condition of a transaction: what a key holds.
 *
 * @param modified the revision of the change that put it; 0 if it must not be there
 * @param value its value, in place of the revision: an etcd that was put back may come to the same
 *     revision with another value
 */
record Condition(String key, long modified, Optional<Bytes> value) {
  /** The revision of the change that put a key. */
  Condition(String key, long modified) {
    this(key, modified, Optional.empty());
  }

  /** About how many bytes it adds to a request. */
  int size() {
    return 64 + key.length() + value.map(Bytes::size).orElse(0);
  }

  /** A root, as it was read. */
  static Condition of(String key, Root.Kept root) {
    return new Condition(
        key, root.modified(), Optional.of(root.value()).filter(any -> root.modified() != 0));
  }
}
