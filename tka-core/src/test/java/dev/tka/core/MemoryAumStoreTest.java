package dev.tka.core;

import dev.tka.testkit.AumStoreContract;

class MemoryAumStoreTest extends AumStoreContract {
  @Override
  protected AumStore newStore() {
    return new MemoryAumStore();
  }
}
