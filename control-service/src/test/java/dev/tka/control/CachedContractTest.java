package dev.tka.control;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.store.AumStore;
import dev.tka.store.Tailnets;
import dev.tka.testkit.AumStoreContract;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;

/** A store with the cache in front owes what it owes without. */
abstract class CachedContractTest extends AumStoreContract {
  /** Every tailnet of a place that cannot make them when it is asked. */
  static final List<String> NAMES = List.of("one", "two", "three", "four", "five");

  private static final long MOST_BYTES = 1 << 20;

  private final Map<AumStore, String> names = new HashMap<>();
  private final List<AuthorityCache> open = new ArrayList<>();

  /**
   * A place that no other test sees, with an empty tailnet for each of {@link #NAMES}; when it is
   * called again, the same as another process would open it.
   */
  abstract Tailnets place() throws Exception;

  @Override
  protected AumStore newStore() throws Exception {
    String name = NAMES.get(names.size());
    AumStore store = cache().tailnet(name);
    names.put(store, name);
    return store;
  }

  @Override
  protected AumStore reopen(AumStore store) throws Exception {
    return cache().tailnet(names.get(store));
  }

  private AuthorityCache cache() throws Exception {
    AuthorityCache cache =
        AuthorityCache.over(place(), AdmissionPolicy.NODE, Clock.systemUTC(), MOST_BYTES);
    open.add(cache);
    return cache;
  }

  @AfterEach
  void close() {
    open.forEach(AuthorityCache::close);
  }
}
