package dev.tka.store;

import dev.tka.store.testkit.ControlRecordsProperties;
import java.util.List;

/** Random changes of records in memory. */
class MemoryRecordsProperties extends ControlRecordsProperties {
  private final Tailnets place = new MemoryTailnets();

  @Override
  protected List<Tailnets> handles() {
    return List.of(place, place);
  }
}
