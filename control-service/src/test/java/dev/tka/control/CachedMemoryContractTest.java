package dev.tka.control;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.store.Tailnets;
import java.util.Map;
import java.util.stream.Collectors;

class CachedMemoryContractTest extends CachedContractTest {
  private final Map<String, AumStore> stores =
      NAMES.stream().collect(Collectors.toMap(name -> name, name -> new MemoryAumStore()));

  @Override
  Tailnets place() {
    return Tailnets.of(stores);
  }
}
