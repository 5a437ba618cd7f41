package dev.tka.store.etcd;

import dev.tka.core.Bytes;

/**
 * A key of etcd with its value.
 *
 * @param key each character stands for one byte; ours are in ASCII
 * @param value the value
 * @param modified the revision of the change that put it
 */
record KeyValue(String key, Bytes value, long modified) {}
