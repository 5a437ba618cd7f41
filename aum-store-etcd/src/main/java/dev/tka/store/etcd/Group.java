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

  /**
   * Adds a large change that is committed by this revision. Where it deletes all rows below a
   * prefix, they are not named: their number, in the root, tells that they are gone.
   */
  void addLarge(List<Operation> operations) {
    Batches.lay(operations, put, revision);
    for (Operation each : operations) {
      if (each instanceof Operation.Delete delete && !delete.from().endsWith("/")) {
        deleted.add(delete.from());
      }
    }
  }
}
