package dev.tka.control;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeSighting;
import java.util.HashMap;
import java.util.Map;

/**
 * When nodes came, until that is written: in batches, since it is for people alone (service,
 * section 2).
 */
final class Sightings {
  /** What is kept before it is written; more is dropped. */
  private static final int MOST = 200_000;

  private final ControlRecords records;
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

  /** Writes what was noted; that of tailnets that are moved meanwhile is dropped. */
  void flush() throws StoreException {
    for (Map.Entry<String, Map<Long, NodeSighting>> each : taken().entrySet()) {
      try {
        records.noteSightings(each.getKey(), each.getValue().values());
      } catch (StoreException.Fenced e) {
        // The nodes come again, here or where it lives.
      }
    }
  }
}
