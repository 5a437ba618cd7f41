package dev.tka.testkit;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Stores in memory that hold AUMs which nobody verified, committed at {@link FakeClock#START}. */
public final class TestStores {
  private TestStores() {}

  /** A store with AUMs and no record of a last-active ancestor. */
  public static AumStore holding(Collection<Aum> aums) {
    return commit(aums, null);
  }

  /** A store with AUMs and a record of the last-active ancestor. */
  public static AumStore holding(Collection<Aum> aums, AumHash lastActiveAncestor) {
    return commit(aums, lastActiveAncestor);
  }

  private static AumStore commit(Collection<Aum> aums, @Nullable AumHash lastActiveAncestor) {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    aums.forEach(aum -> commit.add(aum, FakeClock.START));
    if (lastActiveAncestor != null) {
      commit.lastActiveAncestor(lastActiveAncestor);
    }
    try {
      store.commit(commit.build());
    } catch (StoreException e) {
      throw new AssertionError("nobody else writes to a new store, and this is within limits", e);
    }
    return store;
  }
}
