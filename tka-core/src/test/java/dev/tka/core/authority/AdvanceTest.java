package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.OnDemandStore;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What following another writer and opening cost, and what they find. */
class AdvanceTest {
  private static final int CHECKPOINTS_EVERY = 50;

  private static List<Aum> chain(int length) {
    List<Aum> chain = new ArrayList<>(length);
    chain.add(Chains.genesis(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), 1));
    for (int i = 1; i < length; i++) {
      Aum parent = chain.get(i - 1);
      chain.add(
          i % CHECKPOINTS_EVERY == 0
              ? Chains.checkpoint(
                  parent, Chains.stateOf(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1))))
              : Chains.noOp(parent, "n"));
    }
    return chain;
  }

  private static void add(AumStore store, List<Aum> aums) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    aums.forEach(aum -> commit.add(aum, FakeClock.START));
    store.commit(commit.build());
  }

  @Test
  void advancingReadsWhatWasAddedWhateverTheLength() throws TkaException {
    List<List<Long>> counts = new ArrayList<>();
    for (int length : List.of(1_010, 10_010)) {
      List<Aum> chain = chain(length);
      OnDemandStore store = new OnDemandStore();
      add(store, chain);
      Authority opened = Authority.open(store);
      long opening = store.bodiesRead();

      Aum next = Chains.noOp(chain.get(length - 1), "next", 1);
      add(store, List.of(next));
      Authority extended = opened.advanceTo(store.read());
      assertThat(extended.head()).isEqualTo(next.hash());
      long extending = store.bodiesRead();

      // Fifteen back from the head, where it wins.
      Aum fork = Chains.removeKey(chain.get(length - 15), TestKeys.id(2), 1);
      add(store, List.of(fork));
      Authority forked = extended.advanceTo(store.read());
      assertThat(forked.head()).isEqualTo(fork.hash());
      long forking = store.bodiesRead();

      counts.add(List.of(opening, extending, forking));
    }

    assertThat(counts.get(0)).isEqualTo(counts.get(1));
    // The oldest ancestor, and the newest checkpoint with the nine that follow it.
    assertThat(counts.get(0).get(0)).isEqualTo(11);
    assertThat(counts.get(0).get(1)).isEqualTo(1);
    // Its own, its rival's, and those from the checkpoint before up to the fork.
    assertThat(counts.get(0).get(2)).isEqualTo(2 + 46);
  }

  @Test
  void theBodiesOnAPathAreReadTogether() throws TkaException {
    List<Aum> chain = chain(1_010);
    OnDemandStore store = new OnDemandStore();
    add(store, chain);

    Authority authority = Authority.open(store);
    // The oldest ancestor, and what follows the newest checkpoint.
    assertThat(store.requests()).isEqualTo(2);

    for (int index : List.of(1_008, 999, 951, 950, 0)) {
      store.bodiesRead();
      State state = authority.stateAt(chain.get(index).hash());
      assertThat(state)
          .isEqualTo(Authority.open(TestStores.holding(chain.subList(0, index + 1))).state());
      assertThat(store.requests()).as("requests for " + index).isEqualTo(1);
      assertThat(store.bodiesRead()).isEqualTo(index % CHECKPOINTS_EVERY + 1);
    }
    assertThatThrownBy(() -> authority.stateAt(Chains.noOp(chain.get(1), "not stored").hash()))
        .isInstanceOf(StoreException.NoSuchAum.class);
  }

  @Test
  void everyAumIsAppliedWhenBodiesAreInMemory() throws TkaException {
    Aum genesis = Chains.genesis(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), 1);
    Aum broken = Chains.removeKey(genesis, TestKeys.id(7), 1);
    Aum checkpoint = Chains.checkpoint(broken, Chains.stateOf(List.of(TestKeys.key(1, 2))), 1);
    Aum fork = Chains.noOp(broken, "light", 2);
    OnDemandStore store = new OnDemandStore();
    add(store, List.of(genesis, broken));

    assertThatThrownBy(() -> Authority.open(store)).isInstanceOf(OpenException.CannotApply.class);

    // A checkpoint after it holds the whole state: what was there before decides nothing.
    add(store, List.of(checkpoint));
    assertThat(Authority.open(store).head()).isEqualTo(checkpoint.hash());
    assertThatThrownBy(
            () -> Authority.open(TestStores.holding(List.of(genesis, broken, checkpoint))))
        .isInstanceOf(OpenException.CannotApply.class);

    // A fork right after it asks for the state there.
    add(store, List.of(fork));
    assertThatThrownBy(() -> Authority.open(store))
        .isInstanceOf(OpenException.CannotApply.class)
        .hasCauseInstanceOf(ApplyException.KeyAbsent.class);
  }

  @Test
  void aWinningChildThatCannotBeAppliedIsAnErrorWhenAdvancing() throws TkaException {
    Aum genesis = Chains.genesis(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), 1);
    for (AumStore store : List.of(new MemoryAumStore(), new OnDemandStore())) {
      add(store, List.of(genesis, Chains.noOp(genesis, "sound", 2)));
      Authority before = Authority.open(store);
      add(store, List.of(Chains.removeKey(genesis, TestKeys.id(7), 1)));

      assertThatThrownBy(() -> before.advanceTo(store.read()))
          .isInstanceOf(OpenException.CannotApply.class);
      assertThatThrownBy(() -> Authority.open(store)).isInstanceOf(OpenException.CannotApply.class);
    }
  }

  @Test
  void onlyGrowthIsToldAsGrowth() throws TkaException {
    List<Aum> chain = chain(5);
    MemoryAumStore store = new MemoryAumStore();
    add(store, chain.subList(0, 2));
    AumSnapshot two = store.read();
    add(store, chain.subList(2, 3));
    AumSnapshot three = store.read();
    add(store, chain.subList(3, 5));
    AumSnapshot five = store.read();

    assertThat(hashes(three.addedSince(two))).containsExactly(chain.get(2).hash());
    assertThat(hashes(five.addedSince(two)))
        .containsExactlyElementsOf(chain.subList(2, 5).stream().map(Aum::hash).toList());
    assertThat(hashes(five.addedSince(five))).isEmpty();
    assertThat(two.addedSince(five)).isEmpty();

    AumSnapshot purged =
        store.commit(Commit.on(five.revision()).purge(chain.get(4).hash()).build());
    assertThat(purged.addedSince(five)).isEmpty();
    assertThat(new MemoryAumStore().read().addedSince(two)).isEmpty();
  }

  private static List<AumHash> hashes(Optional<List<? extends AumEntry>> added) {
    Stream<? extends AumEntry> entries = added.orElseThrow().stream();
    return entries.map(AumEntry::hash).toList();
  }
}
