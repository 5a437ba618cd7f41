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

/**
 * A store behind the cache fulfils the contract of every store. The cache passes every call on, and
 * knows two kinds of places: those that keep bodies in memory, and those that read them on demand.
 * The contract is tried on one of each; {@link CachedTailnetsTest} has what the cache itself does,
 * on all.
 */
abstract class CachedContractTest extends AumStoreContract {
  /** The tailnets that a place must have from the start, if it cannot create them on request. */
  static final List<String> NAMES = List.of("one", "two", "three", "four", "five");

  private static final long MOST_BYTES = 1 << 20;

  private final Map<AumStore, String> names = new HashMap<>();
  private final List<AuthorityCache> open = new ArrayList<>();

  /**
   * A place that no other test sees, with an empty tailnet for each of {@link #NAMES}. A second
   * call opens the same place as another process would.
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
