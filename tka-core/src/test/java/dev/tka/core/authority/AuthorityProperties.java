package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumSource;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FailingAumStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.RandomDag;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/**
 * Protocol, section 4 on random trees: everyone who has the same AUMs agrees, however they came.
 */
class AuthorityProperties {
  private final FakeClock clock = new FakeClock();

  @Provide
  Arbitrary<RandomDag> dags() {
    return RandomDag.arbitrary();
  }

  @Provide
  Arbitrary<RandomDag> dagsWithUpdates() {
    return dags().filter(dag -> dag.aums().size() > 1);
  }

  private LiveAuthority over(AumStore store) throws TkaException {
    return LiveAuthority.open(store, AdmissionPolicy.REFERENCE, clock);
  }

  private static void assertSame(Authority actual, Authority expected) {
    assertThat(actual.head()).isEqualTo(expected.head());
    assertThat(actual.state()).isEqualTo(expected.state());
    assertThat(actual.oldestAncestor()).isEqualTo(expected.oldestAncestor());
    assertThat(actual.newestFirst(actual.length()))
        .isEqualTo(expected.newestFirst(expected.length()));
    for (AumEntry entry : expected.snapshot().entries()) {
      assertThat(actual.isActive(entry.hash())).isEqualTo(expected.isActive(entry.hash()));
    }
    assertIndexed(actual);
  }

  /** What the index of the active chain answers is what walking it finds. */
  private static void assertIndexed(Authority authority) {
    List<AumHash> newestFirst = authority.newestFirst(authority.length());
    List<AumHash> checkpoints =
        newestFirst.stream()
            .filter(
                hash ->
                    authority.snapshot().find(hash).orElseThrow().kind().equals(AumKind.CHECKPOINT))
            .toList();
    assertThat(authority.checkpoints()).isEqualTo(checkpoints);
    List<AumHash> oldestFirst = new ArrayList<>(newestFirst);
    Collections.reverse(oldestFirst);
    for (AumEntry entry : authority.snapshot().entries()) {
      int at = oldestFirst.indexOf(entry.hash());
      Optional<List<AumHash>> after =
          at < 0 ? Optional.empty() : Optional.of(oldestFirst.subList(at + 1, oldestFirst.size()));
      assertThat(authority.activeAfter(entry.hash())).isEqualTo(after);
    }
  }

  /** Everything but the revision. */
  private static Map<AumHash, List<Object>> contentOf(AumSource store) throws StoreException {
    AumSnapshot snapshot = store.read();
    return snapshot.entries().stream()
        .collect(
            Collectors.toMap(
                AumEntry::hash,
                entry ->
                    List.of(entry.committedAt(), entry.height(), snapshot.lastActiveAncestor())));
  }

  @Property
  void theOrderAndTheBatchesDoNotMatter(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    Authority opened = Authority.open(TestStores.holding(dag.aums()));
    int reorganised = 0;

    for (int run = 0; run < 2; run++) {
      LiveAuthority live = over(TestStores.holding(List.of(dag.genesis())));
      for (List<Aum> batch : RandomDag.cut(dag.shuffled(random), random)) {
        Authority before = live.current();
        live.inform(batch);
        reorganised += live.current().isActive(before.head()) ? 0 : 1;
      }
      assertSame(live.current(), opened);
      assertThat(live.current().snapshot().entries()).hasSize(dag.aums().size());
    }
    Statistics.label("reorganised").collect(reorganised > 0);
  }

  @Property
  void oneByOneIsTheSameAsOpeningAtEveryStep(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    LiveAuthority live = over(TestStores.holding(List.of(dag.genesis())));

    for (Aum aum : dag.shuffled(random)) {
      live.inform(List.of(aum));
      assertSame(live.current(), Authority.open(live.current().snapshot()));
    }
  }

  @Property
  void openingAgreesWithTheNaiveResolver(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    List<Aum> shuffled = new ArrayList<>(dag.aums());
    Collections.shuffle(shuffled, random);
    Authority authority = Authority.open(TestStores.holding(shuffled));
    NaiveAuthority naive = new NaiveAuthority(shuffled);

    List<AumHash> expected = naive.activeChain();
    Collections.reverse(expected);
    assertThat(authority.newestFirst(Integer.MAX_VALUE)).isEqualTo(expected);
    assertThat(authority.head()).isEqualTo(expected.get(0));
    Statistics.label("share of AUMs on the active chain")
        .collect(4 * authority.length() / (dag.aums().size() + 1));
  }

  @Property
  void theStateAtEveryAumIsWhatAReplayFromTheGenesisGives(@ForAll("dags") RandomDag dag)
      throws TkaException {
    Authority authority = Authority.open(TestStores.holding(dag.aums()));
    NaiveAuthority naive = new NaiveAuthority(dag.aums());

    for (Aum aum : dag.aums()) {
      NaiveAuthority.Trusted expected = naive.trustedAt(aum);
      State actual = authority.stateAt(aum.hash());
      assertThat(expected.describes(actual)).as("%s, expected %s", actual, expected).isTrue();
    }
  }

  @Property
  void aWholeTreePassesTheAudit(@ForAll("dags") RandomDag dag) throws TkaException {
    Authority authority = Authority.open(TestStores.holding(dag.aums()));

    ChainAudit audit = ChainAudit.of(authority.snapshot());

    assertThat(audit.problem()).isEmpty();
    assertThat(audit.verified()).isEqualTo(dag.aums().size());
  }

  @Property
  void informIsAllOrNothingWhicheverCallFails(
      @ForAll("dagsWithUpdates") RandomDag dag, @ForAll Random random) throws TkaException {
    List<Aum> order = dag.shuffled(random);
    int stored = random.nextInt(order.size());
    List<Aum> before = new ArrayList<>(List.of(dag.genesis()));
    before.addAll(order.subList(0, stored));
    List<Aum> updates = order.subList(stored, order.size());
    FailingAumStore whole = new FailingAumStore(TestStores.holding(before));
    LiveAuthority expected = over(whole);
    whole.failAt(0);
    expected.inform(updates);
    int calls = whole.calls();

    FailingAumStore store = new FailingAumStore(TestStores.holding(before));
    LiveAuthority live = over(store);
    Authority authority = live.current();
    Map<AumHash, List<Object>> content = contentOf(store);
    Revision revision = store.read().revision();
    // The last call is the commit, which is worth failing more often than one of the reads.
    int failing = random.nextInt(4) == 0 ? calls : 1 + random.nextInt(calls);
    store.failAt(failing);
    assertThatThrownBy(() -> live.inform(updates)).isInstanceOf(StoreException.Unavailable.class);

    assertThat(live.current()).isSameAs(authority);
    assertThat(contentOf(store)).isEqualTo(content);
    assertThat(store.read().revision()).isEqualTo(revision);
    live.inform(updates);
    assertSame(live.current(), expected.current());
    assertThat(contentOf(store)).isEqualTo(contentOf(whole));
    Statistics.label("calls").collect(Math.min(calls, 10));
  }

  @Property
  void oneBadUpdateKeepsOutAllOfThem(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    List<Aum> updates = new ArrayList<>(dag.shuffled(random));
    int at = random.nextInt(updates.size() + 1);
    Aum parent = random.nextBoolean() || at == 0 ? dag.genesis() : updates.get(at - 1);
    Aum unsigned = Chains.noOp(parent, "bad");
    Aum bad = random.nextBoolean() ? unsigned : TestKeys.signBadly(unsigned, 1 + random.nextInt(3));
    updates.add(at, bad);
    AumStore store = TestStores.holding(List.of(dag.genesis()));
    LiveAuthority live = over(store);
    Authority authority = live.current();

    assertThatThrownBy(() -> live.inform(updates))
        .isInstanceOfSatisfying(
            InformException.Invalid.class, e -> assertThat(e.index()).isEqualTo(at));

    assertThat(live.current()).isSameAs(authority);
    assertThat(store.read().entries()).hasSize(1);
  }

  // More tries, because those where nothing opens do not count.
  @Property
  void restoringPurgedAumsEqualsOpening(
      @ForAll("dagsWithUpdates") RandomDag dag, @ForAll Random random) throws TkaException {
    List<Aum> purged = new ArrayList<>();
    List<Aum> kept = new ArrayList<>();
    dag.aums().forEach(aum -> (random.nextInt(4) == 0 ? purged : kept).add(aum));
    Collections.shuffle(kept, random);
    LiveAuthority live = afterPurging(purged, kept);
    boolean linked = false;

    for (Aum aum : purged) {
      AumHash oldest = live.current().oldestAncestor();
      try {
        live.inform(List.of(aum));
      } catch (InformException.UnknownGenesis
          | InformException.UnknownParent
          | OpenException.OldestWithoutState e) {
        // Its parent is lost, or in a tree whose state is.
        continue;
      }
      assertSame(live.current(), Authority.open(live.current().snapshot()));
      linked |= !live.current().oldestAncestor().equals(oldest);
    }
    Statistics.label("oldest ancestor moved").collect(linked);
  }

  /** An authority over what was kept; the record names the first AUM with which that opens. */
  private LiveAuthority afterPurging(List<Aum> purged, List<Aum> kept) throws StoreException {
    List<Aum> all = new ArrayList<>(kept);
    all.addAll(purged);
    for (Aum recorded : kept) {
      AumStore store = TestStores.holding(all);
      Commit.Builder purge = Commit.on(store.read().revision()).lastActiveAncestor(recorded.hash());
      purged.forEach(aum -> purge.purge(aum.hash()));
      store.commit(purge.build());
      try {
        return LiveAuthority.open(store, AdmissionPolicy.REFERENCE, clock);
      } catch (OpenException e) {
        // It begins with neither a checkpoint nor a genesis: the next may begin better.
      }
    }
    Assume.that(false);
    throw new AssertionError("an assumption that does not hold ends the try");
  }
}
