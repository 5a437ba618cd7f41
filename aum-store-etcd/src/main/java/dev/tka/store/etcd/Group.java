package dev.tka.store.etcd;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one revision of etcd changed of one tailnet's rows.
 *
 * @param revision that revision
 * @param put the values that were put, by key
 * @param deleted the keys that were deleted
 */
record Group(long revision, SortedMap<String, KeyValue> put, List<String> deleted) {
  Group(long revision) {
    this(revision, new TreeMap<>(), new ArrayList<>());
  }

  void add(Messages.Event event) {
    if (event.deleted()) {
      deleted.add(event.change().key());
    } else {
      put.put(event.change().key(), event.change());
    }
  }
}
