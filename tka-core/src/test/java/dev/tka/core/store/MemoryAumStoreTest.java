package dev.tka.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.State;
import dev.tka.testkit.AumStoreContract;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MemoryAumStoreTest extends AumStoreContract {
  @Override
  protected AumStore newStore() {
    return new MemoryAumStore();
  }

  @Test
  void aTrailThatDoesNotFollowIsRefusedAndLeavesNothing() throws Exception {
    Chains chains = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B -> C -> D -> E");
    MemoryAumStore store = new MemoryAumStore();
    store.commit(addition(store, chains.get("D")).trail(List.of(entry(chains, "A"))).build());

    Commit hole = addition(store, chains.get("E")).trail(List.of(entry(chains, "C"))).build();
    assertThatThrownBy(() -> store.commit(hole)).isInstanceOf(IllegalArgumentException.class);

    AumSnapshot later = store.commit(addition(store, chains.get("C")).build());
    assertThat(later.find(chains.get("E").hash())).isEmpty();
    assertThat(later.trail().size()).isEqualTo(1);
  }

  private static Commit.Builder addition(MemoryAumStore store, Aum aum) {
    return Commit.on(store.read().revision()).add(aum, Limits.EARLIEST_COMMIT);
  }

  private static TrailEntry entry(Chains chains, String name) {
    State state = chains.stateAt(name);
    return TrailEntry.of(chains.get(name), state, state, Instant.EPOCH, Optional.empty());
  }
}
