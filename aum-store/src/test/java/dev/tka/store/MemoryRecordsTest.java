package dev.tka.store;

import dev.tka.store.testkit.ControlRecordsContract;

/** Records in memory. */
class MemoryRecordsTest extends ControlRecordsContract {
  private final Tailnets place = new MemoryTailnets();

  @Override
  protected Tailnets place() {
    return place;
  }
}
