package dev.tka.control;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.tka.core.AumHash;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.util.List;
import java.util.Optional;

/**
 * Finds the retired authority that an AUM is of. Its AUMs never change any more, so they are read
 * once, as long as memory suffices.
 */
final class RetiredAuthorities {
  private static final long MOST_BYTES = 64L << 20;

  private final Tailnets place;
  private final Cache<String, AumSnapshot> held =
      Caffeine.newBuilder()
          .maximumWeight(MOST_BYTES)
          .weigher(
              (String store, AumSnapshot aums) ->
                  (int) Math.min(Integer.MAX_VALUE, aums.heapBytes()))
          .executor(Runnable::run)
          .build();

  RetiredAuthorities(Tailnets place) {
    this.place = place;
  }

  /** The newest retired authority that holds an AUM, or has forgotten it. */
  Optional<RetiredAuthority> holding(TailnetRecord record, AumHash aum) throws StoreException {
    List<RetiredAuthority> retired = record.retired();
    for (int i = retired.size() - 1; i >= 0; i--) {
      if (holds(retired.get(i), aum)) {
        return Optional.of(retired.get(i));
      }
    }
    return Optional.empty();
  }

  boolean holds(RetiredAuthority authority, AumHash aum) throws StoreException {
    if (authority.name().genesis().equals(aum)) {
      return true;
    }
    AumSnapshot aums = held.getIfPresent(authority.store());
    if (aums == null) {
      aums = place.tailnet(authority.store()).read();
      held.put(authority.store(), aums);
    }
    return aums.find(aum).isPresent() || aums.trail().contains(aum);
  }
}
