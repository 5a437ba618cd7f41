package dev.tka.store;

import dev.tka.store.testkit.FenceContract;

/** Records in memory. */
class MemoryRecordsTest extends FenceContract {
  private final Tailnets place = new MemoryTailnets();

  @Override
  protected Tailnets place() {
    return place;
  }
}
