package dev.tka.control;

import dev.tka.sync.rpc.Announcement;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the nodes of a tailnet are told (service, section 4).
 *
 * @param general what most of them are told
 * @param apart what the others are told, by their numbers
 */
record TailnetView(Announcement general, SortedMap<Long, Announcement> apart) {
  /** Of a tailnet that does not exist. */
  static final TailnetView NONE =
      new TailnetView(new Announcement.Never(), Collections.emptySortedMap());

  /** Copies the map. */
  TailnetView {
    apart = Collections.unmodifiableSortedMap(new TreeMap<>(apart));
  }

  /** What a node is told, known or not. */
  Announcement of(long node) {
    return Optional.ofNullable(apart.get(node)).orElse(general);
  }
}
