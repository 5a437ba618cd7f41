package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is known of a chain is the same wherever a purge cut it, as far as it can be had. */
class HistoryTest {
  private static final List<String> CHAIN = List.of("A", "B", "C", "D", "E", "F", "G", "H");

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3](1) -> C[checkpoint] -> D[remove:2](1) -> E -> F[checkpoint] -> G -> H
          F -> X(3) -> Y
          """);

  private final Authority whole = open(TestStores.holding(chains.all()));

  private static Authority open(AumStore store) {
    try {
      return Authority.open(store);
    } catch (TkaException e) {
      throw new AssertionError(e);
    }
  }

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  /** The same, where what lies before an AUM was purged and is remembered. */
  private Authority cutAt(String name) throws TkaException {
    AumStore store = TestStores.holding(chains.all());
    Commit.Builder commit =
        Commit.on(store.read().revision())
            .trail(whole.entriesBefore(hash(name)))
            .lastActiveAncestor(hash(name));
    CHAIN.subList(0, CHAIN.indexOf(name)).forEach(purged -> commit.purge(hash(purged)));
    store.commit(commit.build());
    return Authority.open(store);
  }

  @Test
  void theChainIsTheSameWhereverItWasCut() throws TkaException {
    for (String oldest : List.of("A", "C", "F")) {
      History history = History.of(cutAt(oldest));

      assertThat(history.oldest()).isEqualTo(hash("A"));
      for (int i = 0; i < CHAIN.size(); i++) {
        AumHash hash = hash(CHAIN.get(i));
        assertThat(history.isOnChain(hash)).isTrue();
        assertThat(history.isRemembered(hash)).isEqualTo(i < CHAIN.indexOf(oldest));
        assertThat(history.next(hash))
            .isEqualTo(
                i + 1 < CHAIN.size() ? Optional.of(hash(CHAIN.get(i + 1))) : Optional.empty());
        State state = chains.stateAt(CHAIN.get(i));
        assertThat(history.follower(hash, state))
            .isEqualTo(History.of(whole).follower(hash, state));
        assertThat(names(history.after(hash))).isEqualTo(CHAIN.subList(i + 1, CHAIN.size()));
        assertThat(history.after(hash)).isEqualTo(History.of(whole).after(hash));
      }
      for (String off : List.of("X", "Y")) {
        assertThat(history.isStored(hash(off))).isTrue();
        assertThat(history.isOnChain(hash(off))).isFalse();
        assertThat(history.next(hash(off))).isEmpty();
        assertThatThrownBy(() -> history.after(hash(off)))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  private List<String> names(List<TrailEntry> entries) {
    return entries.stream().map(entry -> chains.nameOf(entry.hash())).toList();
  }

  @Test
  void ofWhatAStoreForgotTheCheckpointsCanBeHadAndTheStatesThere() throws TkaException {
    History history = History.of(cutAt("F"));

    for (String name : List.of("A", "C", "F", "G", "H", "X", "Y")) {
      assertThat(history.findAum(hash(name))).contains(chains.get(name));
      assertThat(history.findState(hash(name))).contains(chains.stateAt(name));
    }
    for (String name : List.of("B", "D", "E")) {
      assertThat(history.findAum(hash(name))).isEmpty();
      assertThat(history.findState(hash(name))).isEmpty();
      assertThatThrownBy(() -> history.getAum(hash(name)))
          .isInstanceOf(StoreException.NoSuchAum.class);
      assertThatThrownBy(() -> history.getState(hash(name)))
          .isInstanceOf(StoreException.NoSuchAum.class);
    }
  }

  @Test
  void theStoredPartAloneEndsAtTheOldestAncestor() throws TkaException {
    History history = History.ofStored(cutAt("C"));

    assertThat(history.oldest()).isEqualTo(hash("C"));
    assertThat(history.isOnChain(hash("B"))).isFalse();
    assertThat(history.next(hash("B"))).isEmpty();
    assertThat(history.findState(hash("A"))).isEmpty();
    assertThat(names(history.after(hash("C")))).isEqualTo(List.of("D", "E", "F", "G", "H"));
  }
}
