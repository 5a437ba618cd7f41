package dev.tka.store.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** A state never changes, whatever was decided from it and whoever reads it. */
class AumStateTest {
  private final Chains chains =
      Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C\nB -> X(1)\nB -> Y(1)");

  private AumState add(AumState state, String names, long next) throws StoreException {
    Commit.Builder commit = Commit.on(state.revision());
    for (Aum aum : chains.list(names)) {
      commit.add(aum, Instant.ofEpochSecond(7));
    }
    return state.commit(commit.build(), new Revision(next));
  }

  private String namesIn(AumState state) {
    Set<String> names = new TreeSet<>();
    AumSnapshot snapshot = state.snapshot();
    for (AumEntry entry : snapshot.entries()) {
      names.add(chains.nameOf(entry.hash()));
    }
    assertThat(state.isEmpty()).isEqualTo(names.isEmpty());
    return String.join("", names);
  }

  @Test
  void whatWasThrownAwayIsSeenByNobody() throws Exception {
    AumState base = add(AumState.NONE, "A B", 5);
    AumState thrownAway = add(base, "X", 9);
    assertThat(namesIn(thrownAway)).isEqualTo("ABX");
    AumState kept = add(base, "Y", 7);
    assertThat(namesIn(kept)).isEqualTo("ABY");
    AumState next = add(kept, "C", 8);
    assertThat(namesIn(next)).isEqualTo("ABCY");
    assertThat(namesIn(add(thrownAway, "C", 10))).isEqualTo("ABCX");
    assertThat(namesIn(kept)).isEqualTo("ABY");
    assertThat(namesIn(base)).isEqualTo("AB");
    assertThat(namesIn(AumState.NONE)).isEmpty();
    assertThat(next.snapshot().addedSince(kept.snapshot())).isPresent();
    assertThatThrownBy(() -> kept.commit(Commit.on(base.revision()).build(), new Revision(11)))
        .isInstanceOf(StoreException.Conflict.class)
        .hasMessageContaining("expected the store at revision 5, found 7");
  }

  @Test
  void aDecisionThatNobodyReadsLeavesTheIndexToTheNext() throws Exception {
    AumState base = add(AumState.NONE, "A B", 1);
    add(base, "X", 2);
    AumState kept = add(base, "Y", 3);
    assertThat(kept.snapshot().addedSince(base.snapshot()))
        .as("it grew in place")
        .hasValueSatisfying(added -> assertThat(added).hasSize(1));
  }

  @Test
  void nothingKeepsTheAumsOfNobody() throws Exception {
    assertThat(namesIn(add(AumState.NONE, "A B", 1))).isEqualTo("AB");
    assertThat(AumState.NONE.snapshot().heapBytes()).isZero();
  }

  @Test
  void readersOfManyStatesAtOnceEachSeeTheirOwn() throws Exception {
    AumState base = add(AumState.NONE, "A B", 1);
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      for (int round = 0; round < 50; round++) {
        List<Future<String>> read = new ArrayList<>();
        for (String name : List.of("C", "X", "Y", "C X")) {
          AumState next = add(base, name, 2);
          read.add(pool.submit(() -> namesIn(next)));
        }
        assertThat(read.get(0).get()).isEqualTo("ABC");
        assertThat(read.get(1).get()).isEqualTo("ABX");
        assertThat(read.get(2).get()).isEqualTo("ABY");
        assertThat(read.get(3).get()).isEqualTo("ABCX");
        base = add(AumState.NONE, "A B", 1);
      }
    } finally {
      pool.shutdownNow();
    }
  }
}
