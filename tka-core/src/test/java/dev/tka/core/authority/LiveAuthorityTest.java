package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FailingAumStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The current authority over a store: how it begins, and several writers. */
class LiveAuthorityTest {
  private static final int MAX_ATTEMPTS = 16;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          "A -> B -> C -> D\n A -> X(1,2) -> Y[checkpoint]");
  private final FakeClock clock = new FakeClock();

  private LiveAuthority over(AumStore store) throws TkaException {
    return LiveAuthority.open(store, AdmissionPolicy.REFERENCE, clock);
  }

  @Test
  void aWrongClockStoresNothingAndSaysSo() throws TkaException {
    FakeClock wrong = new FakeClock(Instant.parse("1969-12-31T23:00:00Z"));
    AumStore store = new MemoryAumStore();
    assertThatThrownBy(
            () -> LiveAuthority.bootstrap(store, chains.get("A"), AdmissionPolicy.NODE, wrong))
        .isInstanceOf(StoreException.OverLimit.class)
        .hasMessageContaining("found 1969-12-31T23:00:00Z: the clock is wrong");
    assertThat(store.read().entries()).isEmpty();

    LiveAuthority live =
        LiveAuthority.bootstrap(store, chains.get("A"), AdmissionPolicy.NODE, clock);
    Authority before = live.current();
    LiveAuthority late = LiveAuthority.open(store, AdmissionPolicy.NODE, wrong);
    assertThatThrownBy(() -> late.inform(chains.list("B")))
        .isInstanceOf(StoreException.OverLimit.class);
    assertThat(store.read().revision()).isEqualTo(before.snapshot().revision());
  }

  @Test
  void controlBeginsWithNoCheckpointOfMoreThan512KiB() throws TkaException {
    List<Key> keys = new ArrayList<>(List.of(TestKeys.key(1, 1)));
    // A public key may have any length.
    keys.add(new Key(Key.KIND_25519, 1, Optional.of(Bytes.copyOf(new byte[512 << 10])), Map.of()));
    Aum large = Chains.genesis(keys, 1);

    assertThatThrownBy(
            () ->
                LiveAuthority.bootstrap(
                    new MemoryAumStore(), large, AdmissionPolicy.CONTROL, clock))
        .isInstanceOf(InformException.TooLong.class);
    assertThat(
            LiveAuthority.bootstrap(new MemoryAumStore(), large, AdmissionPolicy.NODE, clock)
                .current()
                .head())
        .isEqualTo(large.hash());
  }

  private LiveAuthority bootstrap(AumStore store, Aum checkpoint) throws TkaException {
    return LiveAuthority.bootstrap(store, checkpoint, AdmissionPolicy.REFERENCE, clock);
  }

  @Test
  void anAuthorityBeginsInAnEmptyStoreWithItsGenesis() throws TkaException {
    MemoryAumStore store = new MemoryAumStore();
    clock.advance(Duration.ofMillis(1500));

    LiveAuthority live = bootstrap(store, chains.get("A"));

    assertThat(chains.nameOf(live.current().head())).isEqualTo("A");
    assertThat(live.current().state()).isEqualTo(chains.stateAt("A"));
    assertThat(store.read().lastActiveAncestor()).contains(chains.get("A").hash());
    assertThat(store.read().find(chains.get("A").hash()))
        .get()
        .extracting(AumEntry::committedAt)
        .isEqualTo(FakeClock.START.plusSeconds(1));
    live.inform(chains.list("B C"));
    assertThat(chains.nameOf(live.current().head())).isEqualTo("C");
  }

  @Test
  void anAuthorityBeginsWithALaterCheckpointToo() throws TkaException {
    LiveAuthority live = bootstrap(new MemoryAumStore(), chains.get("Y"));

    assertThat(chains.nameOf(live.current().oldestAncestor())).isEqualTo("Y");
    live.inform(List.of(Chains.noOp(chains.get("Y"), "n", 2)));
    assertThat(live.current().length()).isEqualTo(2);
  }

  @Test
  void anAuthorityDoesNotBeginWhereThereAreAums() {
    AumStore store = TestStores.holding(chains.list("A"));

    assertThatThrownBy(() -> bootstrap(store, chains.get("A")))
        .isInstanceOf(InformException.AlreadyBegun.class);
  }

  @Test
  void anAuthorityDoesNotBeginWithWhatItsOwnStateDoesNotAccept() {
    MemoryAumStore store = new MemoryAumStore();
    List<Key> keys = List.of(TestKeys.key(1, 1));

    for (Aum bad :
        List.of(
            chains.get("B"),
            Chains.genesis(keys),
            Chains.genesis(keys, 2),
            TestKeys.signBadly(Chains.genesis(keys), 1),
            Chains.genesis(List.of(), 1))) {
      assertThatThrownBy(() -> bootstrap(store, bad))
          .asInstanceOf(type(InformException.Invalid.class))
          .extracting(InformException.Refused::index)
          .isEqualTo(0);
    }
    assertThat(store.read().entries()).isEmpty();
    assertThat(store.read().revision()).isEqualTo(new MemoryAumStore().read().revision());
  }

  @Test
  void aWriterWhoWasSecondStartsOverOnWhatTheFirstLeft() throws TkaException {
    AumStore store = TestStores.holding(chains.list("A B"));
    LiveAuthority first = over(store);
    LiveAuthority second = over(store);
    first.inform(chains.list("X"));

    InformResult result = second.inform(chains.list("C"));

    assertThat(chains.nameOf(result.before().head())).isEqualTo("X");
    assertThat(chains.nameOf(result.after().head())).isEqualTo("X");
    assertThat(result.added()).containsExactly(chains.get("C").hash());
    assertThat(store.read().entries()).hasSize(4);
  }

  @Test
  void aWriterWhoWasSecondWithTheSameUpdatesHasNothingToDo() throws TkaException {
    AumStore store = TestStores.holding(chains.list("A B"));
    LiveAuthority first = over(store);
    LiveAuthority second = over(store);
    first.inform(chains.list("C D"));
    Revision revision = store.read().revision();

    InformResult result = second.inform(chains.list("C D"));

    assertThat(result.added()).isEmpty();
    assertThat(chains.nameOf(second.current().head())).isEqualTo("D");
    assertThat(store.read().revision()).isEqualTo(revision);
  }

  @Test
  void aWriterGivesUpAfterManyConflicts() throws TkaException {
    FailingAumStore store = new FailingAumStore(TestStores.holding(chains.list("A B")));
    LiveAuthority live = over(store);

    store.conflictAtNextCommits(MAX_ATTEMPTS - 1);
    live.inform(chains.list("C"));
    assertThat(chains.nameOf(live.current().head())).isEqualTo("C");

    store.conflictAtNextCommits(MAX_ATTEMPTS);
    assertThatThrownBy(() -> live.inform(chains.list("D")))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(chains.nameOf(live.current().head())).isEqualTo("C");
    live.inform(chains.list("D"));
    assertThat(chains.nameOf(live.current().head())).isEqualTo("D");
  }

  @Test
  void aCommitWhoseAnswerIsLostIsFoundByTheNextTry() throws TkaException {
    FailingAumStore store = new FailingAumStore(TestStores.holding(chains.list("A B")));
    LiveAuthority live = over(store);

    store.loseAnswerOfNextCommit();
    assertThatThrownBy(() -> live.inform(chains.list("C D")))
        .isInstanceOf(StoreException.Unavailable.class);
    assertThat(chains.nameOf(live.current().head())).isEqualTo("B");

    InformResult result = live.inform(chains.list("C X"));
    assertThat(result.known()).isEqualTo(1);
    assertThat(chains.nameOf(live.current().head())).isEqualTo("X");
    assertThat(store.read().entries()).hasSize(5);
  }

  @Test
  void refreshSeesOtherWritersCommits() throws TkaException {
    AumStore store = TestStores.holding(chains.list("A B"));
    LiveAuthority one = over(store);
    LiveAuthority other = over(store);
    Authority before = one.current();

    assertThat(one.refresh()).isSameAs(before);
    other.inform(chains.list("C"));
    assertThat(one.current()).isSameAs(before);
    assertThat(chains.nameOf(one.refresh().head())).isEqualTo("C");
    assertThat(one.current()).isSameAs(one.refresh());
  }

  @Test
  void aBatchThatBuildsOnAnotherWritersCommitIsDecidedAgain() throws TkaException {
    AumStore store = TestStores.holding(chains.list("A"));
    LiveAuthority stale = over(store);
    over(store).inform(chains.list("B"));

    assertThat(stale.inform(chains.list("C")).added()).containsExactly(chains.get("C").hash());
    assertThat(chains.nameOf(stale.current().head())).isEqualTo("C");
  }

  @Test
  void anEditIsForTheHeadThatItWasBuiltOn() throws TkaException {
    AumStore store = TestStores.holding(chains.list("A"));
    LiveAuthority one = over(store);
    LiveAuthority other = over(store);
    Authority seen = one.current();

    other.inform(chains.list("B"));
    assertThatThrownBy(() -> one.informOn(seen, chains.list("B C")))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(store.read().entries()).hasSize(2);
    assertThatThrownBy(() -> other.informOn(seen, chains.list("C")))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(store.read().entries()).hasSize(2);

    assertThat(other.informOn(other.current(), chains.list("C")).added()).hasSize(1);
    assertThat(chains.nameOf(other.current().head())).isEqualTo("C");
    one.informOn(one.refresh(), chains.list("D"));
    assertThat(chains.nameOf(one.current().head())).isEqualTo("D");
  }

  @Test
  void aStoreLeftUnopenableIsAnErrorAndTheOldAuthorityStays() throws TkaException {
    AumStore store = TestStores.holding(chains.list("A B"));
    LiveAuthority live = over(store);
    Authority before = live.current();
    store.wipe();

    assertThatThrownBy(live::refresh).isInstanceOf(OpenException.EmptyStore.class);
    assertThatThrownBy(() -> live.inform(chains.list("C")))
        .isInstanceOf(OpenException.EmptyStore.class);
    assertThat(live.current()).isSameAs(before);
    assertThat(before.isActive(chains.get("B").hash())).isTrue();
  }

  @Test
  void writersOfOneStoreLoseNothing() throws Exception {
    int writers = 2;
    int updates = 25;
    AumStore store = TestStores.holding(chains.list("A"));
    ExecutorService pool = Executors.newFixedThreadPool(writers);
    try {
      List<Future<Integer>> results = new ArrayList<>();
      for (int writer = 1; writer <= writers; writer++) {
        int key = writer;
        LiveAuthority live = over(store);
        results.add(
            pool.submit(
                () -> {
                  int added = 0;
                  Aum last = chains.get("A");
                  for (int i = 0; i < updates; i++) {
                    last = Chains.noOp(last, "n" + i, key);
                    added += live.inform(List.of(last)).added().size();
                  }
                  return added;
                }));
      }
      for (Future<Integer> result : results) {
        assertThat(result.get(60, TimeUnit.SECONDS)).isEqualTo(updates);
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(store.read().entries()).hasSize(1 + writers * updates);
    assertThat(Authority.open(store).length()).isEqualTo(1 + updates);
  }
}
