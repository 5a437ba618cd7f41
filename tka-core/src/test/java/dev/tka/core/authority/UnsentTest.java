package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Protocol, section 10, "Unsent": what a node made, and what becomes of it. */
class UnsentTest {
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 3), TestKeys.key(2, 1));

  /** U, V and W are made here; R is a revocation; the others are control's. */
  private final Chains chains =
      Chains.draw(
          KEYS,
          """
          A -> P -> F[add:3*1](2) -> G(2)
          P -> U -> V -> W
          W -> C -> D
          P -> R[checkpoint]
          P -> S[revoke:2]
          P -> K(1,2) -> L
          """);

  private final FakeClock clock = new FakeClock();
  private LiveAuthority node;

  @BeforeEach
  void holdWhatControlHas() throws TkaException {
    node = holding("A P");
  }

  private LiveAuthority holding(String names) throws TkaException {
    List<Aum> aums = chains.list(names);
    LiveAuthority live =
        LiveAuthority.bootstrap(
            new MemoryAumStore(), aums.get(0), AdmissionPolicy.NODE, clock.clocks());
    live.inform(aums.subList(1, aums.size()));
    return live;
  }

  private void make(String names) throws TkaException {
    node.informOn(node.current(), chains.list(names));
  }

  private InformResult fromControl(String names) throws TkaException {
    List<Aum> aums = chains.list(names);
    return node.informFromControl(aums, hashes(names));
  }

  private List<AumHash> hashes(String names) {
    return chains.list(names).stream().map(Aum::hash).toList();
  }

  private Settlement settle(String head, Collection<AumHash> shown, boolean hasSeen)
      throws TkaException {
    Collection<AumHash> seen = hasSeen ? node.current().snapshot().ownAums().unsent() : List.of();
    return node.settle(chains.get(head).hash(), shown, seen);
  }

  private OwnAums ownAums() {
    return node.current().snapshot().ownAums();
  }

  private String names(Collection<AumHash> hashes) {
    return hashes.stream().map(chains::nameOf).sorted().collect(Collectors.joining(" "));
  }

  private String unsent() {
    return names(ownAums().unsent());
  }

  private String aside(Collection<OwnAums.SetAside> edits) {
    return edits.stream()
        .map(edit -> chains.nameOf(edit.aum().hash()) + (edit.revocation() ? "!" : ""))
        .collect(Collectors.joining(" "));
  }

  private String stored() {
    return names(
        node.current().snapshot().entries().stream().map(AumEntry::hash).map(h -> h).toList());
  }

  private String head() throws TkaException {
    assertThat(Authority.open(node.current().snapshot()).head()).isEqualTo(node.current().head());
    return chains.nameOf(node.current().head());
  }

  @Test
  void localEditsAreUnsentAndReceivedOnesAreNot() throws TkaException {
    make("U V");
    node.inform(chains.list("W"));
    fromControl("F");

    assertThat(unsent()).isEqualTo("U V");
    assertThat(ownAums().own().keySet()).isEqualTo(Set.copyOf(hashes("U V")));
    assertThat(ownAums().elsewhere()).isEqualTo(Set.copyOf(hashes("W")));

    // C builds on all three.
    fromControl("C");
    assertThat(ownAums().unknownToControl()).isEmpty();
  }

  @Test
  void onlyANodeNotes() throws TkaException {
    for (AdmissionPolicy policy :
        Arrays.asList(
            AdmissionPolicy.REFERENCE, AdmissionPolicy.CONTROL, AdmissionPolicy.RESTORED_CONTROL)) {
      LiveAuthority live =
          LiveAuthority.bootstrap(new MemoryAumStore(), chains.get("A"), policy, clock.clocks());
      live.informOn(live.current(), chains.list("P"));

      assertThat(live.settle(chains.get("A").hash(), List.of(), hashes("P")).setAside()).isEmpty();
      assertThat(live.current().snapshot().ownAums()).isEqualTo(OwnAums.NONE);
      assertThat(chains.nameOf(live.current().head())).isEqualTo("P");
    }
  }

  @Test
  void controlsHeadAcknowledgesItAndWhatItFollows() throws TkaException {
    make("U V W");
    settle("V", List.of(), false);

    assertThat(unsent()).isEqualTo("W");
  }

  @Test
  void anAncestorThatControlNamesAcknowledges() throws TkaException {
    make("U V W");
    // Its head is one that this node does not know.
    settle("D", hashes("V"), false);

    assertThat(unsent()).isEqualTo("W");
    assertThat(ownAums().agreedAt()).isEmpty();
  }

  @Test
  void anAumThatControlBuiltOnIsAcknowledged() throws TkaException {
    make("U V W");
    fromControl("C D");
    settle("D", hashes("C D"), false);

    assertThat(unsent()).isEmpty();
    assertThat(ownAums().agreedAt()).contains(clock.instant());
  }

  @Test
  void anAcknowledgementIsFinalWhateverControlSaysLater() throws TkaException {
    make("U V");
    settle("V", List.of(), true);
    clock.advance(Duration.ofDays(3));

    Settlement settlement = settle("P", List.of(), true);
    settle("V", List.of(), true);

    assertThat(settlement.setAside()).isEmpty();
    assertThat(unsent()).isEmpty();
    assertThat(head()).isEqualTo("V");
    assertThat(ownAums().own().get(chains.get("V").hash()))
        .isEqualTo(new OwnAums.Own(false, Optional.of(at(FakeClock.START))));
  }

  private static OwnAums.Acknowledged at(Instant time) {
    return new OwnAums.Acknowledged(time, time);
  }

  @Test
  void theFirstAcknowledgementIsTheOneThatCounts() {
    Map<AumHash, Boolean> edits =
        Map.of(chains.get("U").hash(), false, chains.get("V").hash(), false);
    OwnAums once = OwnAums.NONE.made(edits).acknowledged(hashes("U"), at(FakeClock.START));

    OwnAums twice = once.acknowledged(hashes("U V"), at(FakeClock.START.plusSeconds(1)));

    assertThat(once.isUnsent(chains.get("U").hash())).isFalse();
    assertThat(once.isUnsent(chains.get("V").hash())).isTrue();
    assertThat(twice.own().get(chains.get("U").hash()).acknowledged())
        .contains(at(FakeClock.START));
    assertThat(twice.own().get(chains.get("V").hash()).acknowledged())
        .contains(at(FakeClock.START.plusSeconds(1)));
    assertThat(twice.made(edits)).isEqualTo(twice);
  }

  @Test
  void anEditThatLosesToControlIsSetAsideOnceControlsHeadIsHere() throws TkaException {
    make("U V");
    clock.advance(Duration.ofDays(1));
    fromControl("K");

    // L is not here yet.
    assertThat(aside(settle("L", hashes("K"), false).setAside())).isEmpty();
    assertThat(stored()).isEqualTo("A K P U V");
    fromControl("L");
    Settlement settlement = settle("L", hashes("K L"), false);

    assertThat(aside(settlement.setAside())).isEqualTo("U V");
    assertThat(settlement.setAside().get(0).at()).isEqualTo(clock.instant());
    assertThat(aside(ownAums().setAside())).isEqualTo("U V");
    assertThat(stored()).isEqualTo("A K L P");
    assertThat(head()).isEqualTo("L");
  }

  @Test
  void anEditThatControlHasNotSeenYetIsNotSetAside() throws TkaException {
    make("U V");
    fromControl("F G");

    assertThat(aside(settle("G", hashes("F G"), false).setAside())).isEmpty();
    assertThat(head()).isEqualTo("V");
    // Control was sent U and V, and does not follow them.
    Settlement settlement = settle("G", List.of(), true);

    assertThat(aside(settlement.setAside())).isEqualTo("U V");
    assertThat(head()).isEqualTo("G");
    assertThat(stored()).isEqualTo("A F G P");
  }

  @Test
  void anEditThatControlRefusedOnItsOwnHeadIsSetAside() throws TkaException {
    make("U V");

    assertThat(aside(settle("P", List.of(), false).setAside())).isEmpty();
    assertThat(aside(settle("P", List.of(), true).setAside())).isEqualTo("U V");
    assertThat(head()).isEqualTo("P");
    assertThat(ownAums().agreedAt()).isEmpty();
    settle("P", List.of(), false);
    assertThat(ownAums().agreedAt()).isPresent();
  }

  @Test
  void anEditMadeAfterTheSendIsNotSetAside() throws TkaException {
    make("U");
    List<AumHash> seen = hashes("U");
    node.inform(chains.list("F G"));
    make("V");

    // V builds on U, which control refused: it goes with it.
    assertThat(aside(node.settle(chains.get("P").hash(), List.of(), seen).setAside()))
        .isEqualTo("U V");
    make("K");
    assertThat(node.settle(chains.get("P").hash(), List.of(), List.of()).setAside()).isEmpty();
    assertThat(head()).isEqualTo("K");
    assertThat(unsent()).contains("K");
  }

  @Test
  void anEditThatMakesWayForControlsBranchIsSetAsideFirst() throws TkaException {
    // A tie: U, or what protocol section 4 would prefer to X, goes at once.
    Chains tie =
        Chains.drawUntil(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 2)),
            """
            A -> P -> U -> V
            P -> X(2)
            """,
            drawn -> drawn.isLower("U", "X"));
    LiveAuthority live =
        LiveAuthority.bootstrap(
            new MemoryAumStore(), tie.get("A"), AdmissionPolicy.NODE, clock.clocks());
    live.inform(tie.list("P"));
    live.informOn(live.current(), tie.list("U V"));

    InformResult result = live.informFromControl(tie.list("X"), List.of(tie.get("X").hash()));

    assertThat(result.setAside())
        .extracting(edit -> tie.nameOf(edit.aum().hash()))
        .containsExactly("U", "V");
    assertThat(live.current().snapshot().ownAums().setAside()).isEqualTo(result.setAside());
    assertThat(tie.nameOf(live.current().head())).isEqualTo("X");
    assertThat(live.current().snapshot().find(tie.get("U").hash())).isEmpty();
  }

  @Test
  void anEditThatControlTurnsOutToHaveIsNoLongerSetAside() throws TkaException {
    make("U V");
    settle("P", List.of(), true);
    assertThat(aside(ownAums().setAside())).isEqualTo("U V");

    fromControl("U");
    settle("V", hashes("U V"), false);

    assertThat(ownAums().setAside()).isEmpty();
    assertThat(unsent()).isEmpty();
  }

  @Test
  void anEditThatAPersonBringsBackFromAFileIsStillUnsent() throws TkaException {
    make("U V");
    settle("P", List.of(), true);
    node.inform(chains.list("U"));

    settle("P", List.of(), false);
    assertThat(unsent()).isEqualTo("U V");
    // Control is sent it, and refuses it again.
    settle("P", List.of(), true);
    assertThat(aside(ownAums().setAside())).isEqualTo("U V");
    assertThat(head()).isEqualTo("P");
  }

  @Test
  void anEditThatIsMadeAgainIsNoLongerListed() throws TkaException {
    make("U");
    settle("P", List.of(), true);
    node.informOn(node.current(), chains.list("K"), Set.copyOf(hashes("U")));

    assertThat(ownAums().setAside()).isEmpty();
    assertThat(unsent()).isEqualTo("K U");
    assertThat(head()).isEqualTo("K");
  }

  @Test
  void anOwnRevocationThatControlRefusesIsKeptAndReported() throws TkaException {
    node = holding("A P F G");
    clock.advance(Duration.ofHours(1));
    make("S");
    assertThat(head()).isEqualTo("S");

    Settlement settlement = settle("G", List.of(), true);

    assertThat(names(settlement.refusedRevocations())).isEqualTo("S");
    assertThat(settlement.setAside()).isEmpty();
    assertThat(head()).isEqualTo("S");
    assertThat(unsent()).isEqualTo("S");
  }

  /** Whether it forks off is known when it is made; the clock proves nothing. */
  @ParameterizedTest
  @ValueSource(longs = {1, 0, -1, -8760})
  void aRevocationForksOffWhereTheKeyWasNotTrustedYet(long hours) throws TkaException {
    node = holding("A P F G");
    clock.advance(Duration.ofHours(hours));
    // Key 3 is revoked: today's state without it is the state at P.
    Aum revocation =
        TestKeys.sign(
            Revocation.draft(node.current(), Set.of(TestKeys.id(3)), TestKeys.publicKey(1)), 1);
    assertThat(revocation).isEqualTo(chains.get("R"));
    make("R");
    assertThat(head()).isEqualTo("R");

    Settlement settlement = settle("G", List.of(), true);

    assertThat(names(settlement.refusedRevocations())).isEqualTo("R");
    assertThat(settlement.setAside()).isEmpty();
    assertThat(head()).isEqualTo("R");
  }

  @Test
  void aRevocationThatLosesToControlIsListedAsOne() throws TkaException {
    node = holding("A P F G");
    clock.advance(Duration.ofHours(1));
    make("R");
    fromControl("K L");

    assertThat(aside(settle("L", hashes("K L"), false).setAside())).isEqualTo("R!");
    assertThat(head()).isEqualTo("L");
  }

  @Test
  void aCheckpointOfTheHeadThatControlForksOffLaterIsNotARevocation() throws TkaException {
    make("R");
    clock.advance(Duration.ofHours(1));
    fromControl("F G");
    assertThat(head()).isEqualTo("R");

    assertThat(aside(settle("G", hashes("F G"), true).setAside())).isEqualTo("R");
    assertThat(head()).isEqualTo("G");
  }

  @Test
  void aCheckpointThatABuilderAddedIsNotARevocation() throws TkaException {
    Chains built =
        Chains.draw(
            KEYS,
            """
            A -> P -> U -> C[checkpoint]
            P -> K(1,2)
            """);
    LiveAuthority live =
        LiveAuthority.bootstrap(
            new MemoryAumStore(), built.get("A"), AdmissionPolicy.NODE, clock.clocks());
    live.inform(built.list("P"));
    live.informOn(live.current(), built.list("U C"));

    Settlement settlement =
        live.settle(built.get("P").hash(), List.of(), live.current().snapshot().ownAums().unsent());

    assertThat(settlement.refusedRevocations()).isEmpty();
    assertThat(settlement.setAside())
        .extracting(edit -> built.nameOf(edit.aum().hash()) + " " + edit.revocation())
        .containsExactly("U false", "C false");
  }

  @Test
  void anOwnAcceptedAumThatLeavesTheActiveChainIsReported() throws TkaException {
    make("U V");
    settle("V", List.of(), true);

    InformResult result = fromControl("K L");

    assertThat(names(result.displacedOwn())).isEqualTo("U V");
    assertThat(result.setAside()).isEmpty();
    assertThat(ownAums().setAside()).isEmpty();
    assertThat(stored()).isEqualTo("A K L P U V");
    // Told once.
    assertThat(fromControl("K L").displacedOwn()).isEmpty();
  }

  @Test
  void aPersonMaySetARevocationAsideWithWhatBuildsOnIt() throws Exception {
    node = holding("A P F G");
    make("K L");
    assertThat(chains.nameOf(node.current().head())).isEqualTo("L");

    Authority after = node.setAside(node.current(), chains.get("K").hash());

    assertThat(chains.nameOf(after.head())).isEqualTo("G");
    assertThat(after.snapshot().ownAums().setAside())
        .extracting(edit -> chains.nameOf(edit.aum().hash()))
        .containsExactly("K", "L");
    assertThat(after.snapshot().find(chains.get("K").hash())).isEmpty();
    assertThatThrownBy(() -> node.setAside(node.current(), chains.get("G").hash()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
