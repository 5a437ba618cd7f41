package dev.tka.store.etcd;

import dev.tka.core.Bytes;

/** A part of a transaction. */
sealed interface Operation {
  /** Puts a value. */
  record Put(String key, Bytes value) implements Operation {}

  /**
   * Deletes the keys of a range.
   *
   * @param end the first key after it
   */
  record Delete(String from, String end) implements Operation {
    /** Deletes one key. */
    static Delete of(String key) {
      return new Delete(key, key + "\0");
    }

    /** Deletes all keys that begin alike. */
    static Delete prefix(String prefix) {
      return new Delete(prefix, Gateway.afterPrefix(prefix));
    }
  }

  /** Reads one key. */
  record Get(String key) implements Operation {}

  /**
   * Reads the first key of a range.
   *
   * @param end the first key after it
   */
  record Any(String from, String end) implements Operation {}
}
