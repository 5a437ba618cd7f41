package dev.tka.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Protocol, section 10: the trail that compaction leaves, and the compaction of own AUMs. */
class TrailTest {
  private static final Duration MIN_AGE = Duration.ofDays(14);

  private final FakeClock clock = new FakeClock();
  private final AumStore store = new MemoryAumStore();

  private static Chains draw(String drawing) {
    return Chains.draw(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), drawing);
  }

  private LiveAuthority node(Chains chains, String names) throws TkaException {
    List<Aum> aums = chains.list(names);
    LiveAuthority node =
        LiveAuthority.bootstrap(store, aums.get(0), AdmissionPolicy.NODE, clock.clocks());
    node.inform(aums.subList(1, aums.size()));
    return node;
  }

  private AumSnapshot compact(LiveAuthority node, int minChain, AdmissionPolicy admission)
      throws TkaException {
    CompactionPlan plan =
        CompactionPlan.of(node.refresh(), new CompactionPolicy(minChain, MIN_AGE), clock.instant());
    AumSnapshot after = ((CompactionPlan.Decided) plan).applyTo(store, admission);
    AumHash head = node.current().head();
    assertThat(node.refresh().head()).isEqualTo(head);
    return after;
  }

  private AumSnapshot compact(LiveAuthority node, int minChain) throws TkaException {
    return compact(node, minChain, AdmissionPolicy.NODE);
  }

  private static String stored(AumSnapshot snapshot, Chains chains) {
    return snapshot.entries().stream()
        .map(entry -> chains.nameOf(entry.hash()))
        .sorted()
        .collect(Collectors.joining(" "));
  }

  private static String names(Trail trail, Chains chains) {
    return trail.entries().stream()
        .map(entry -> chains.nameOf(entry.hash()))
        .collect(Collectors.joining(" "));
  }

  @Test
  void anAumPurgedFromTheActiveChainLeavesAnEntry() throws TkaException {
    Chains chains =
        draw(
            """
            A -> B[add:3*1] -> C[checkpoint] -> D[remove:2](1,3) -> E[checkpoint](1) -> F -> G
            B -> L(2)
            """);
    LiveAuthority node = node(chains, "A B");
    clock.advance(Duration.ofDays(1));
    node.inform(chains.list("C D E F L"));
    node.inform(chains.list("G"));
    clock.advance(MIN_AGE);

    Trail trail = compact(node, 1).trail();

    assertThat(stored(store.read(), chains)).isEqualTo("E F G");
    Instant dayAfter = FakeClock.START.plus(Duration.ofDays(1));
    assertThat(trail.entries())
        .containsExactly(
            new TrailEntry(
                chains.get("A").hash(),
                Optional.empty(),
                AumKind.CHECKPOINT,
                FakeClock.START,
                Optional.of(FakeClock.START),
                Optional.empty(),
                List.of(TestKeys.id(1)),
                List.of(),
                Optional.of(chains.get("A").encoded())),
            new TrailEntry(
                chains.get("B").hash(),
                Optional.of(chains.get("A").hash()),
                AumKind.ADD_KEY,
                FakeClock.START,
                Optional.of(FakeClock.START),
                Optional.empty(),
                List.of(TestKeys.id(1)),
                List.of(new KeyChange(TestKeys.id(3), 0, 1)),
                Optional.empty()),
            new TrailEntry(
                chains.get("C").hash(),
                Optional.of(chains.get("B").hash()),
                AumKind.CHECKPOINT,
                dayAfter,
                Optional.of(dayAfter),
                Optional.empty(),
                List.of(TestKeys.id(1)),
                List.of(),
                Optional.of(chains.get("C").encoded())),
            new TrailEntry(
                chains.get("D").hash(),
                Optional.of(chains.get("C").hash()),
                AumKind.REMOVE_KEY,
                dayAfter,
                Optional.of(dayAfter),
                Optional.empty(),
                List.of(TestKeys.id(1), TestKeys.id(3)),
                List.of(new KeyChange(TestKeys.id(2), 1, 0)),
                Optional.empty()));
    assertThat(trail.checkpoints()).containsExactly(chains.get("C").hash(), chains.get("A").hash());
  }

  @Test
  void aRemovingCheckpointIsRememberedAsSuchIfItIsTheOldestAncestor() throws TkaException {
    Chains chains =
        draw(
            """
            A -> B[add:3*1] -> C[checkpoint] -> D -> E[revoke:2] -> F -> G[checkpoint] -> H -> I
            """);
    LiveAuthority node = node(chains, "A B C D E F G H I");
    clock.advance(MIN_AGE);
    compact(node, 4);
    assertThat(stored(store.read(), chains)).isEqualTo("E F G H I");

    Trail trail = compact(node, 1).trail();

    assertThat(names(trail, chains)).isEqualTo("A B C D E F");
    TrailEntry entry = trail.find(chains.get("E").hash()).orElseThrow();
    assertThat(entry.takenAway()).containsExactly(TestKeys.id(2));
    assertThat(entry.added()).isEmpty();
  }

  @Test
  void theReferencePolicyRemembersNothing() throws TkaException {
    Chains chains = draw("A -> B -> C[checkpoint] -> D");
    LiveAuthority node = node(chains, "A B C D");
    clock.advance(MIN_AGE);

    assertThat(compact(node, 1, AdmissionPolicy.REFERENCE).trail().size()).isZero();
    assertThat(stored(store.read(), chains)).isEqualTo("C D");
  }

  @Test
  void theTrailContinuesStepByStep() throws TkaException {
    Chains chains =
        draw("A -> B -> C[checkpoint] -> D -> E[checkpoint] -> F -> G[checkpoint] -> H -> I");
    LiveAuthority node = node(chains, "A B C D E F G H I");
    clock.advance(MIN_AGE);

    assertThat(names(compact(node, 6).trail(), chains)).isEqualTo("A B");
    assertThat(names(compact(node, 6).trail(), chains)).isEqualTo("A B");
    assertThat(names(compact(node, 4).trail(), chains)).isEqualTo("A B C D");
    assertThat(names(compact(node, 1).trail(), chains)).isEqualTo("A B C D E F");
    assertThat(stored(store.read(), chains)).isEqualTo("G H I");
  }

  @Test
  void anUnsentAumOnALosingBranchStaysUntilItsAcknowledgementIsOld() throws TkaException {
    Chains chains = draw("A -> B -> C[checkpoint] -> D -> E[checkpoint] -> F\nD -> U(2)");
    LiveAuthority node = node(chains, "A B C D");
    node.informOn(node.current(), chains.list("U"));
    List<Aum> control = chains.list("E F");
    node.informFromControl(control, control.stream().map(Aum::hash).toList());
    clock.advance(Duration.ofDays(400));

    compact(node, 1);
    assertThat(stored(store.read(), chains)).isEqualTo("C D E F U");
    node.settle(chains.get("U").hash(), List.of(), List.of());
    clock.advance(MIN_AGE.minusSeconds(1));
    compact(node, 1);
    assertThat(stored(store.read(), chains)).isEqualTo("C D E F U");
    clock.advance(Duration.ofSeconds(1));
    compact(node, 1);
    assertThat(stored(store.read(), chains)).isEqualTo("E F");
  }

  @Test
  void anUnsentCheckpointIsNotAnOldestAncestorUntilItsAcknowledgementIsOld() throws TkaException {
    Chains chains = draw("A -> B -> C[checkpoint] -> D -> E[checkpoint] -> F -> G");
    LiveAuthority node = node(chains, "A B C");
    node.informOn(node.current(), chains.list("D E F G"));
    clock.advance(Duration.ofDays(400));

    compact(node, 1);
    assertThat(stored(store.read(), chains)).isEqualTo("C D E F G");
    node.settle(chains.get("G").hash(), List.of(), List.of());
    clock.advance(MIN_AGE.minusSeconds(1));
    compact(node, 1);
    assertThat(stored(store.read(), chains)).isEqualTo("C D E F G");
    clock.advance(Duration.ofSeconds(1));
    compact(node, 1);
    assertThat(stored(store.read(), chains)).isEqualTo("E F G");
    assertThat(names(store.read().trail(), chains)).isEqualTo("A B C D");
  }

  @Test
  void ownAumsBelowTheOldestAncestorAreRememberedLikeTheRest() throws TkaException {
    Chains chains = draw("A -> B -> C[checkpoint] -> D");
    LiveAuthority node = node(chains, "A B");
    node.informOn(node.current(), chains.list("C D"));
    node.settle(chains.get("D").hash(), List.of(), List.of());
    clock.advance(MIN_AGE);

    compact(node, 1);

    // The notes stay, so the AUMs are never made again.
    List<AumHash> own = new ArrayList<>(store.read().ownAums().own().keySet());
    assertThat(own).containsExactlyInAnyOrder(chains.get("C").hash(), chains.get("D").hash());
    assertThat(names(store.read().trail(), chains)).isEqualTo("A B");
  }
}
