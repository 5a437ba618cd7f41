package dev.tka.store;

import dev.tka.store.testkit.TailnetsContract;

class MemoryTailnetsTest extends TailnetsContract {
  private final Tailnets place = new MemoryTailnets();

  @Override
  protected Tailnets place() {
    return place;
  }
}
