package dev.tka.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FailingAumStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Protocol, section 6, rule by rule. In the drawings key 1 outvotes key 2, so AUMs signed by key 2
 * lose. All AUMs are old except those named young.
 */
class CompactionPlanTest {
  private static final Duration MIN_AGE = Duration.ofDays(14);
  private static final Instant NOW = FakeClock.START;

  /** Exactly the minimum age, which counts as old. */
  private static final Instant OLD = NOW.minus(MIN_AGE);

  private static final Instant YOUNG = OLD.plusSeconds(1);

  private static Chains draw(String drawing) {
    return Chains.draw(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), drawing);
  }

  private static AumStore holding(Collection<Aum> aums, Collection<Aum> young, AumHash recorded)
      throws StoreException {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision()).lastActiveAncestor(recorded);
    aums.forEach(aum -> commit.add(aum, young.contains(aum) ? YOUNG : OLD));
    store.commit(commit.build());
    return store;
  }

  private static CompactionPlan plan(AumStore store, int minChain) throws TkaException {
    return CompactionPlan.of(Authority.open(store), new CompactionPolicy(minChain, MIN_AGE), NOW);
  }

  /** The plan for a whole drawing. */
  private static CompactionPlan plan(Chains chains, int minChain, String young)
      throws TkaException {
    Collection<Aum> youngAums = young.isEmpty() ? List.of() : chains.list(young);
    return plan(holding(chains.all(), youngAums, chains.all().get(0).hash()), minChain);
  }

  /** The plan for a drawing of which only an AUM, its descendants and some others are stored. */
  private static CompactionPlan planOfCut(Chains chains, String stored, int minChain, String young)
      throws TkaException {
    List<Aum> aums = chains.list(stored);
    Collection<Aum> youngAums = young.isEmpty() ? List.of() : chains.list(young);
    return plan(holding(aums, youngAums, aums.get(0).hash()), minChain);
  }

  /** The kept AUMs by reason, in the order of the drawing, as in {@code A B YOUNG, C PATH}. */
  private static String kept(Chains chains, CompactionPlan plan) {
    CompactionPlan.Decided decided = (CompactionPlan.Decided) plan;
    List<String> reasons = new ArrayList<>();
    for (KeepReason reason : KeepReason.values()) {
      String names =
          chains.all().stream()
              .filter(aum -> decided.kept().get(aum.hash()) == reason)
              .map(aum -> chains.nameOf(aum.hash()))
              .collect(Collectors.joining(" "));
      if (!names.isEmpty()) {
        reasons.add(names + " " + reason);
      }
    }
    return String.join(", ", reasons);
  }

  private static String oldest(Chains chains, CompactionPlan plan) {
    return chains.nameOf(((CompactionPlan.Decided) plan).oldestAncestor());
  }

  @Test
  void theDefaultIsThePolicyOfShippingNodes() {
    assertThat(CompactionPolicy.DEFAULT).isEqualTo(new CompactionPolicy(24, Duration.ofDays(14)));
  }

  @Test
  void zeroIsAnErrorForEither() {
    assertThatThrownBy(() -> new CompactionPolicy(0, MIN_AGE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected 1 or more, found 0");
    assertThatThrownBy(() -> new CompactionPolicy(1, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected more than zero, found PT0S");
    assertThatThrownBy(() -> new CompactionPolicy(1, Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void rule1KeepsYoungAumsAnywhereAndExactlyTheMinimumAgeIsOld() throws Exception {
    Chains chains =
        draw(
            """
            A -> B[checkpoint] -> C -> D[checkpoint] -> E -> F
            B -> X(2) -> Y(2)
            """);

    assertThat(kept(chains, plan(chains, 1, "")))
        .isEqualTo("F MINIMUM_CHAIN, D E UP_TO_CHECKPOINT");
    assertThat(kept(chains, plan(chains, 1, "Y"))).startsWith("Y YOUNG");
    assertThat(kept(chains, plan(chains, 1, "F"))).startsWith("F YOUNG");
  }

  @Test
  void rule1CountsFutureCommitsAsYoung() {
    CompactionPolicy policy = new CompactionPolicy(1, MIN_AGE);

    assertThat(policy.isYoung(NOW.plusSeconds(1), NOW)).isTrue();
    assertThat(policy.isYoung(Instant.MIN, Instant.MAX)).isFalse();
    assertThat(policy.isYoung(Instant.MAX, Instant.MIN)).isTrue();
  }

  @Test
  void rule2SearchesForTheCandidateBeyondTheMinimumChain() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C[checkpoint] -> D -> E[checkpoint] -> F -> G");

    // The third from the head is within a minimum of three, and just beyond a minimum of two.
    CompactionPlan three = plan(chains, 3, "");
    assertThat(kept(chains, three)).isEqualTo("E F G MINIMUM_CHAIN, C D UP_TO_CHECKPOINT");
    assertThat(oldest(chains, three)).isEqualTo("C");
    CompactionPlan two = plan(chains, 2, "");
    assertThat(kept(chains, two)).isEqualTo("F G MINIMUM_CHAIN, E UP_TO_CHECKPOINT");
    assertThat(oldest(chains, two)).isEqualTo("E");
  }

  @Test
  void rule2SkipsYoungCheckpoints() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C -> D[checkpoint] -> E -> F");

    CompactionPlan plan = plan(chains, 2, "D E F");

    assertThat(kept(chains, plan)).isEqualTo("D E F YOUNG, B C UP_TO_CHECKPOINT");
    assertThat(oldest(chains, plan)).isEqualTo("B");
  }

  @Test
  void rule2LeavesAChainThatEndsWithinTheMinimumWhole() throws Exception {
    Chains chains =
        draw(
            """
            A -> B -> C[checkpoint] -> D
            B -> X(2) -> Y(2)
            """);

    CompactionPlan plan = plan(chains, 4, "");

    assertThat(kept(chains, plan)).isEqualTo("A B C D MINIMUM_CHAIN, X Y DESCENDANT");
    assertThat(oldest(chains, plan)).isEqualTo("A");
    assertThat(((CompactionPlan.Decided) plan).purged()).isEmpty();
  }

  @Test
  void rule2TakesTheOldestAumOfAShortChainWhateverItIs() throws Exception {
    List<Aum> aums = oldFormChain(4);

    CompactionPlan plan = plan(holding(aums, List.of(), aums.get(0).hash()), 4);

    assertThat(((CompactionPlan.Decided) plan).oldestAncestor()).isEqualTo(aums.get(0).hash());
    assertThat(((CompactionPlan.Decided) plan).purged()).isEmpty();
  }

  @Test
  void rule2EndsAtAGenesisCheckpointWhateverItsAge() throws Exception {
    Chains chains = draw("A -> B -> C -> D");

    CompactionPlan plan = plan(chains, 2, "A B C D");

    assertThat(kept(chains, plan)).isEqualTo("A B C D YOUNG");
    assertThat(oldest(chains, plan)).isEqualTo("A");
  }

  @Test
  void rule3KeepsDescendantsOfKeptAums() throws Exception {
    Chains chains =
        draw(
            """
            A -> B -> C[checkpoint] -> D -> E -> F
            C -> X(2) -> Y(2)
            X -> Z(2)
            B -> V(2)
            """);

    CompactionPlan plan = plan(chains, 2, "");

    assertThat(kept(chains, plan))
        .isEqualTo("E F MINIMUM_CHAIN, C D UP_TO_CHECKPOINT, X Y Z DESCENDANT");
  }

  @Test
  void rule3IsAppliedOnceAndNotToThePathsOfRule4() throws Exception {
    Chains chains =
        draw(
            """
            A -> B[checkpoint] -> C -> D[checkpoint] -> E -> F
            C -> X(2) -> Y(2) -> Z(2)
            X -> V(2)
            Z -> W(2)
            """);

    CompactionPlan plan = plan(chains, 1, "Z");

    assertThat(kept(chains, plan))
        .isEqualTo(
            "Z YOUNG, F MINIMUM_CHAIN, D E UP_TO_CHECKPOINT, W DESCENDANT, X Y PATH, B C STRETCH");
  }

  @Test
  void rule4MovesTheCandidateToTheCheckpointBeforeTheMeetingPoint() throws Exception {
    Chains chains =
        draw(
            """
            A -> B[checkpoint] -> C -> D -> E[checkpoint] -> F -> G
            C -> X(2)
            D -> V(2)
            B -> W(2)
            """);

    CompactionPlan plan = plan(chains, 1, "X");

    // V and W, side branches of the stretch, are purged.
    assertThat(kept(chains, plan))
        .isEqualTo("X YOUNG, G MINIMUM_CHAIN, E F UP_TO_CHECKPOINT, B C D STRETCH");
    assertThat(oldest(chains, plan)).isEqualTo("B");
  }

  @Test
  void rule4TakesTheMeetingPointItselfIfItIsACheckpoint() throws Exception {
    Chains chains =
        draw(
            """
            A -> B[checkpoint] -> C[checkpoint] -> D -> E[checkpoint] -> F -> G
            C -> X(2)
            """);

    assertThat(oldest(chains, plan(chains, 1, "X"))).isEqualTo("C");
  }

  @Test
  void rule4TakesTheLowestOfSeveralMeetingPoints() throws Exception {
    Chains chains =
        draw(
            """
            A -> B[checkpoint] -> C -> D[checkpoint] -> E -> F[checkpoint] -> G -> H
            C -> X(2)
            E -> Y(2)
            """);

    CompactionPlan plan = plan(chains, 1, "X Y");

    assertThat(kept(chains, plan))
        .isEqualTo("X Y YOUNG, H MINIMUM_CHAIN, F G UP_TO_CHECKPOINT, B C D E STRETCH");
    assertThat(oldest(chains, plan)).isEqualTo("B");
  }

  @Test
  void rule4MeetsTheChainAtTheParentOfAYoungAumOnIt() throws Exception {
    Chains chains =
        draw("A -> B[checkpoint] -> C -> D[checkpoint] -> E -> F[checkpoint] -> G -> H");

    CompactionPlan plain = plan(chains, 1, "E");
    assertThat(oldest(chains, plain)).isEqualTo("D");
    assertThat(kept(chains, plain))
        .isEqualTo("E YOUNG, H MINIMUM_CHAIN, F G UP_TO_CHECKPOINT, D STRETCH");
    // A young checkpoint is not enough for itself.
    assertThat(oldest(chains, plan(chains, 1, "D"))).isEqualTo("B");
  }

  @Test
  void everythingElseIsPurgedEvenUnrelatedAums() throws Exception {
    Chains chains =
        draw(
            """
            A -> B -> C[checkpoint] -> D -> E
            B -> X(2) -> Y(2)
            """);
    Aum stranger = Chains.genesis(List.of(TestKeys.key(3, 1)), 3);
    List<Aum> stored = new ArrayList<>(chains.list("A B C D E Y"));
    stored.add(stranger);

    CompactionPlan plan = plan(holding(stored, List.of(), chains.get("A").hash()), 1);

    assertThat(kept(chains, plan)).isEqualTo("E MINIMUM_CHAIN, C D UP_TO_CHECKPOINT");
    assertThat(((CompactionPlan.Decided) plan).purged())
        .isEqualTo(hashes(List.of(chains.get("A"), chains.get("B"), chains.get("Y"), stranger)));
  }

  @Test
  void nothingIsPurgedIfACutStoreHasNoOldCheckpoint() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C -> D -> E");

    assertThat(planOfCut(chains, "B C D E", 2, "B C D E"))
        .isEqualTo(new CompactionPlan.NoCheckpoint(chains.get("C").hash()));
  }

  @Test
  void nothingIsPurgedIfAGenesisOfTheOldFormIsReached() throws Exception {
    List<Aum> aums = oldFormChain(5);

    assertThat(plan(holding(aums, List.of(), aums.get(0).hash()), 4))
        .isEqualTo(new CompactionPlan.NoCheckpoint(aums.get(0).hash()));
  }

  @Test
  void nothingIsPurgedIfTheMeetingPointHasNoCheckpointBeforeIt() throws Exception {
    List<Aum> aums = new ArrayList<>(oldFormChain(3));
    Aum meeting = aums.get(1);
    // The old form gives state ids of 0, and a checkpoint must agree.
    Bytes value = Bytes.copyOf(new byte[State.DISABLEMENT_VALUE_SIZE]);
    State state = State.of(List.of(value), List.of(TestKeys.key(1, 2)), 0, 0);
    Aum checkpoint = Chains.checkpoint(aums.get(2), state, 1);
    Aum young = Chains.noOp(meeting, "young");
    aums.addAll(List.of(checkpoint, Chains.noOp(checkpoint, "head", 1), young));
    AumStore store = holding(aums, List.of(young), aums.get(0).hash());
    assertThat(Authority.open(store).isActive(young.hash())).isFalse();

    assertThat(plan(store, 1)).isEqualTo(new CompactionPlan.NoCheckpoint(meeting.hash()));
  }

  @Test
  void nothingIsPurgedIfOnlyTheOldestAncestorIsYoung() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C -> D");
    AumHash oldest = chains.get("A").hash();

    assertThat(plan(chains, 1, "A")).isEqualTo(new CompactionPlan.Unconnected(oldest, oldest));
  }

  @Test
  void nothingIsPurgedIfAYoungAumIsConnectedToNothing() throws Exception {
    Chains chains =
        draw(
            """
            A -> B -> C[checkpoint] -> D -> E
            A -> X(2) -> Y(2) -> Z(2)
            """);
    AumHash young = chains.get("Z").hash();

    assertThat(planOfCut(chains, "C D E Y Z", 1, "Z"))
        .isEqualTo(new CompactionPlan.Unconnected(young, chains.get("Y").hash()));
    Aum stranger = Chains.genesis(List.of(TestKeys.key(3, 1)), 3);
    List<Aum> stored = new ArrayList<>(chains.list("C D E"));
    stored.add(stranger);
    assertThat(plan(holding(stored, List.of(stranger), chains.get("C").hash()), 1))
        .isEqualTo(new CompactionPlan.Unconnected(stranger.hash(), stranger.hash()));
  }

  @Test
  void nothingIsPurgedFromADegradedStore() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C -> D");
    List<AumIndex.Item<Bytes>> items =
        chains.all().stream().map(aum -> AumIndex.Item.of(aum, OLD.getEpochSecond())).toList();

    for (Damage.Kind kind : Damage.Kind.values()) {
      Damage damage = new Damage("file", Optional.empty(), "truncated", kind);
      AumSnapshot snapshot =
          new IndexSnapshot<>(
              AumIndex.of(items),
              0,
              new Revision(1),
              Optional.empty(),
              IndexSnapshot.Bodies.IN_MEMORY,
              hash -> Optional.empty(),
              () -> Trail.EMPTY,
              Notes.NONE,
              List.of(damage));
      CompactionPlan plan =
          CompactionPlan.of(Authority.open(snapshot), new CompactionPolicy(1, MIN_AGE), NOW);
      assertThat(plan instanceof CompactionPlan.Degraded).isEqualTo(damage.degrades());
    }
  }

  @Test
  void theReasonToPurgeNothingIsASentenceThatNamesTheAums() throws Exception {
    Chains chains = draw("A -> B");
    AumHash one = chains.get("A").hash();
    AumHash other = chains.get("B").hash();

    assertThat(new CompactionPlan.Degraded().reason()).contains("damaged");
    assertThat(new CompactionPlan.NoCheckpoint(one).reason()).contains(one.toString());
    assertThat(new CompactionPlan.Unconnected(one, other).reason())
        .contains(one.toString(), other.toString());
  }

  @Test
  void planningDecodesNothingAndApplyingIsOneCommit() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C -> D");
    FailingAumStore store =
        new FailingAumStore(holding(chains.all(), List.of(), chains.get("A").hash()));
    Authority authority = Authority.open(store);
    store.failAt(0);

    CompactionPlan plan = CompactionPlan.of(authority, new CompactionPolicy(1, MIN_AGE), NOW);
    assertThat(store.calls()).isZero();
    AumSnapshot after = ((CompactionPlan.Decided) plan).applyTo(store, AdmissionPolicy.REFERENCE);

    assertThat(store.calls()).isEqualTo(1);
    assertThat(hashesOf(after)).isEqualTo(hashes(chains.list("B C D")));
    assertThat(after.lastActiveAncestor()).contains(chains.get("B").hash());
  }

  @Test
  void theOldestAncestorIsRecordedEvenIfNothingIsPurged() throws Exception {
    Chains chains = draw("A -> B -> C");
    AumStore store = holding(chains.all(), List.of(), chains.get("C").hash());

    CompactionPlan.Decided plan = (CompactionPlan.Decided) plan(store, 24);

    assertThat(plan.purged()).isEmpty();
    assertThat(plan.changesStore()).isTrue();
    assertThat(plan.applyTo(store, AdmissionPolicy.NODE).lastActiveAncestor())
        .contains(chains.get("A").hash());
    assertThat(hashesOf(store.read())).isEqualTo(hashes(chains.all()));
  }

  @Test
  void aChangeSinceThePlanIsAConflict() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C -> D -> E");
    AumStore store = holding(chains.list("A B C D"), List.of(), chains.get("A").hash());
    CompactionPlan.Decided plan = (CompactionPlan.Decided) plan(store, 1);
    store.commit(Commit.on(store.read().revision()).add(chains.get("E"), NOW).build());

    assertThatThrownBy(() -> plan.applyTo(store, AdmissionPolicy.NODE))
        .isInstanceOf(StoreException.Conflict.class);

    assertThat(hashesOf(store.read())).isEqualTo(hashes(chains.all()));
    assertThat(store.read().lastActiveAncestor()).contains(chains.get("A").hash());
  }

  @Test
  void aLiveAuthorityFollowsWhenItIsRefreshed() throws Exception {
    Chains chains = draw("A -> B[checkpoint] -> C -> D");
    AumStore store = holding(chains.all(), List.of(), chains.get("A").hash());
    LiveAuthority live = LiveAuthority.open(store, AdmissionPolicy.REFERENCE, new FakeClock());
    Authority before = live.current();

    ((CompactionPlan.Decided) plan(store, 1)).applyTo(store, AdmissionPolicy.NODE);

    assertThat(live.current()).isSameAs(before);
    assertThat(live.refresh().oldestAncestor()).isEqualTo(chains.get("B").hash());
    assertThat(live.current().head()).isEqualTo(before.head());
    assertThat(live.current().state()).isEqualTo(before.state());
    // The old snapshot still shows the same.
    assertThat(before.snapshot().get(chains.get("A").hash())).isEqualTo(chains.get("A"));
  }

  /** A chain that begins with a genesis of the old form: no checkpoint. Key 1 is trusted. */
  private static List<Aum> oldFormChain(int length) {
    List<Aum> aums = new ArrayList<>();
    aums.add(TestKeys.sign(Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(1, 2)).build(), 1));
    while (aums.size() < length) {
      aums.add(Chains.noOp(aums.get(aums.size() - 1), "n" + aums.size(), 1));
    }
    return aums;
  }

  private static Set<AumHash> hashes(Collection<Aum> aums) {
    return aums.stream().map(Aum::hash).collect(Collectors.toSet());
  }

  private static Set<AumHash> hashesOf(AumSnapshot snapshot) {
    return snapshot.entries().stream().map(AumEntry::hash).collect(Collectors.toSet());
  }
}
