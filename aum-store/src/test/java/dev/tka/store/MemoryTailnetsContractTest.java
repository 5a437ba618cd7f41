package dev.tka.store;

import dev.tka.core.store.AumStore;
import dev.tka.testkit.AumStoreContract;

/** Each tailnet in memory fulfils the contract of every store. */
class MemoryTailnetsContractTest extends AumStoreContract {
  private final Tailnets place = new MemoryTailnets();
  private int stores;

  @Override
  protected AumStore newStore() {
    stores++;
    return place.tailnet("tailnet " + stores);
  }
}
