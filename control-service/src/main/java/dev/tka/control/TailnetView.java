package dev.tka.control;

import dev.tka.store.records.NodeRecord;
import java.util.List;
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
  /**
   * Decides what each node is told.
   *
   * @param general what most nodes are told
   * @param toldApart the nodes with something else noted
   */
  static TailnetView of(Announcement general, List<NodeRecord> toldApart) {
    SortedMap<Long, Announcement> apart = new TreeMap<>();
    for (NodeRecord node : toldApart) {
      Announcement own = announcement(general, node.told());
      if (!own.equals(general)) {
        apart.put(node.id(), own);
      }
    }
    return new TailnetView(general, apart);
  }

  /** What one node is told; nobody is told apart while the lock is off. */
  private static Announcement announcement(Announcement general, Optional<NodeRecord.Told> told) {
    if (told.isEmpty() || !(general instanceof Announcement.Enabled)) {
      return general;
    }
    if (told.get() instanceof NodeRecord.Told.CatchingUp catchingUp) {
      return new Announcement.Enabled(catchingUp.last());
    }
    return new Announcement.Disabled();
  }

  /** What a node is told, known or not. */
  Announcement of(long node) {
    return Optional.ofNullable(apart.get(node)).orElse(general);
  }
}
