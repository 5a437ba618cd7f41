package dev.tka.control;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeSighting;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * When nodes came, until that is written: in batches, since it is for people alone (service,
 * section 2).
 */
final class Sightings {
  /** What is kept before it is written; more is dropped. */
  private static final int MOST = 200_000;

  private final ControlRecords records;
  private final Object writing = new Object();
  private Map<String, Map<Long, NodeSighting>> noted = new HashMap<>();
  private int count;

  Sightings(ControlRecords records) {
    this.records = records;
  }

  synchronized void note(String tailnet, NodeSighting sighting) {
    if (count < MOST
        && noted.computeIfAbsent(tailnet, any -> new HashMap<>()).put(sighting.node(), sighting)
            == null) {
      count++;
    }
  }

  private synchronized Map<String, Map<Long, NodeSighting>> taken() {
    Map<String, Map<Long, NodeSighting>> taken = noted;
    noted = new HashMap<>();
    count = 0;
    return taken;
  }

  /**
   * Writes what was noted; that of tailnets that are moved meanwhile is dropped. One caller after
   * the other, so that nothing is written over by what was noted earlier.
   *
   * @throws StoreException if some of it cannot be written; it is kept for the next time
   */
  void flush() throws StoreException {
    synchronized (writing) {
      Map<String, Map<Long, NodeSighting>> left = taken();
      try {
        for (String tailnet : List.copyOf(left.keySet())) {
          try {
            records.noteSightings(tailnet, left.getOrDefault(tailnet, Map.of()).values());
          } catch (StoreException.Fenced e) {
            // The nodes come again, here or where it lives.
          }
          left.remove(tailnet);
        }
      } finally {
        keep(left);
      }
    }
  }

  /** Keeps what was not written, below what was noted since. */
  private synchronized void keep(Map<String, Map<Long, NodeSighting>> left) {
    for (Map.Entry<String, Map<Long, NodeSighting>> each : left.entrySet()) {
      Map<Long, NodeSighting> since = noted.getOrDefault(each.getKey(), Map.of());
      for (NodeSighting sighting : each.getValue().values()) {
        if (!since.containsKey(sighting.node())) {
          note(each.getKey(), sighting);
        }
      }
    }
  }
}
