package dev.tka.store.etcd;

/**
 * A condition of a transaction: the revision of the change that put a key.
 *
 * @param modified that revision; 0 if the key must not be there
 */
record Condition(String key, long modified) {}
