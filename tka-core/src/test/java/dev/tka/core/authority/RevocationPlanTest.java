package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a revocation would come to, held against making it (protocol, sections 4 and 10). */
class RevocationPlanTest {
  private static final Instant SOON = FakeClock.START.plus(Duration.ofHours(1));

  private static Authority open(Chains chains) throws TkaException {
    return Authority.open(TestStores.holding(chains.all()));
  }

  private static Set<Bytes> ids(int... numbers) {
    return Arrays.stream(numbers).mapToObj(TestKeys::id).collect(Collectors.toSet());
  }

  private static List<String> names(Chains chains, RevocationPlan plan) {
    return plan.erased().stream().map(entry -> chains.nameOf(entry.hash())).toList();
  }

  @Test
  void thePlanTellsTheForkWhatItErasesAndWhoCouldSign() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 1)),
            "A -> B(1,2) -> C[add:4*3](1,2) -> D[remove:3](4) -> E(4)\n A -> X(3)");
    RevocationPlan plan = RevocationPlan.of(open(chains), ids(4), SOON);

    assertThat(chains.nameOf(plan.forkPoint())).isEqualTo("B");
    assertThat(plan.onLosingBranch()).isFalse();
    assertThat(plan.revoked()).containsExactly(TestKeys.key(4, 3));
    assertThat(plan.notRestored()).containsExactly(TestKeys.key(3, 1));
    assertThat(plan.after().keys()).containsExactly(TestKeys.key(1, 1), TestKeys.key(2, 2));
    assertThat(names(chains, plan)).containsExactly("C", "D", "E");
    assertThat(plan.rival()).map(ForkResolution.Contender::weight).contains(3L);
    assertThat(plan.votesNeeded()).isEqualTo(4);
    assertThat(plan.candidates()).containsExactly(TestKeys.key(2, 2), TestKeys.key(1, 1));
    // One and two together have what C had: control lets no tie decide.
    assertThat(plan.enough()).isEmpty();
    assertThat(plan.outlook().refusedByControl()).isPresent();
    // To make it again would be of no help.
    assertThat(plan.outlook().reasonOfControl())
        .contains("it does not outweigh " + chains.get("C").hash());
  }

  @Test
  void theFirstCandidatesWithTheVotesAreEnough() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 1)),
            "A -> B -> C[add:4*3](2) -> D(4)");
    Authority authority = open(chains);
    RevocationPlan plan = RevocationPlan.of(authority, ids(4), SOON);

    assertThat(plan.votesNeeded()).isEqualTo(3);
    assertThat(plan.candidates())
        .containsExactly(TestKeys.key(2, 2), TestKeys.key(1, 1), TestKeys.key(3, 1));
    assertThat(plan.enough()).contains(List.of(TestKeys.key(2, 2), TestKeys.key(1, 1)));
    assertThat(plan.outlook().refusedByControl()).isEmpty();

    Aum signed = Revocation.sign(authority, plan.draft(), TestKeys.privateKey(2));
    signed = Revocation.sign(authority, signed, TestKeys.privateKey(1));
    assertThat(Revocation.effect(authority, signed).outcome())
        .isEqualTo(Revocation.Outcome.TAKES_EFFECT);
    LiveAuthority live =
        LiveAuthority.open(
            TestStores.holding(chains.all()), AdmissionPolicy.CONTROL, new FakeClock());
    live.inform(List.of(signed));
    assertThat(live.current().head()).isEqualTo(signed.hash());
    assertThat(live.current().state().keys()).isEqualTo(plan.after().keys());
    for (TrailEntry erased : plan.erased()) {
      assertThat(live.current().isActive(erased.hash())).isFalse();
    }
  }

  @Test
  void votesAreThoseAtTheForkPoint() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)),
            "A -> B[add:3] -> C[update:1*9] -> D[add:4*9]");
    RevocationPlan plan = RevocationPlan.of(open(chains), ids(3), SOON);

    assertThat(chains.nameOf(plan.forkPoint())).isEqualTo("A");
    assertThat(plan.candidates()).containsExactly(TestKeys.key(1, 1), TestKeys.key(2, 1));
    assertThat(plan.after().keys()).contains(TestKeys.key(1, 9), TestKeys.key(4, 9));
  }

  private static final Instant LATE = FakeClock.START.plus(Duration.ofDays(100));

  /** A store where D gave the key back some days after C took it away. */
  private static Authority awayFor(int days, Chains chains) throws TkaException {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    Instant at = FakeClock.START;
    for (String name : List.of("A", "B", "C", "D", "E")) {
      at = name.equals("D") ? at.plus(Duration.ofDays(days)) : at;
      commit.add(chains.get(name), at);
    }
    return Authority.open(store.commit(commit.build()));
  }

  @Test
  void aKeyThatWasTakenAwayForGoodAndAddedAgainDoesNotCount() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 3)),
            "A -> B[add:3*2] -> C[remove:2] -> D[add:2*3] -> E(3)");
    RevocationPlan once = RevocationPlan.of(awayFor(13, chains), ids(3), LATE);
    RevocationPlan forGood = RevocationPlan.of(awayFor(14, chains), ids(3), LATE);

    // C has one vote at the fork, and does not bar three.
    assertThat(once.barred()).isEmpty();
    assertThat(once.enough()).contains(List.of(TestKeys.key(2, 3)));
    assertThat(forGood.barred())
        .containsExactly(new Bar(TestKeys.id(2), 3, chains.get("C").hash(), 0, true));
    assertThat(forGood.enough()).isEmpty();
  }

  /** Key 2 was removed for good by C; key 3 was lowered by D, which all signed but key 2. */
  private static Authority removedAndLowered() throws TkaException {
    return awayFor(14, REMOVED_AND_LOWERED);
  }

  private static final Instant NEXT_DAY = FakeClock.START.plus(Duration.ofDays(15));

  private static final Chains REMOVED_AND_LOWERED =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 9), TestKeys.key(3, 2), TestKeys.key(4, 1)),
          "A -> B[add:5](4) -> C[remove:2](4) -> D[update:3*1](1,3,4) -> E[add:2*9](4)");

  @Test
  void aKeyThatOnlyTheVotesOfABarredOneWouldLetSignIsBarredToo() throws Exception {
    Chains chains = REMOVED_AND_LOWERED;
    RevocationPlan plan =
        RevocationPlan.at(removedAndLowered(), ids(5), chains.get("A").hash(), NEXT_DAY);

    // With key 2 there were 13 votes of them, more than the 5 of D; without it there are 4.
    assertThat(plan.barred())
        .extracting(Bar::signer, Bar::by, Bar::left, Bar::isFinal)
        .containsExactly(
            tuple(TestKeys.id(2), chains.get("C").hash(), 0L, true),
            tuple(TestKeys.id(3), chains.get("D").hash(), 1L, false));
    assertThat(plan.enough()).contains(List.of(TestKeys.key(1, 2)));
  }

  @Test
  void aKeyThatCountsOnlyWithOthersIsAskedLast() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 3), TestKeys.key(2, 2), TestKeys.key(3, 2)),
            "A -> B[add:4](3) -> C[remove:1](2,3) -> D(2) -> E[add:1*3](2)");
    RevocationPlan plan =
        RevocationPlan.at(awayFor(1, chains), ids(4), chains.get("A").hash(), SOON);

    // With others it outweighs the 4 votes of C, but they do not need it.
    assertThat(plan.barred()).isEmpty();
    assertThat(plan.candidates().get(0)).isEqualTo(TestKeys.key(1, 3));
    assertThat(plan.enough()).contains(List.of(TestKeys.key(2, 2), TestKeys.key(3, 2)));
  }

  @Test
  void aSignerWhoWouldBarTheRevocationIsNotAsked() throws Exception {
    Authority authority = removedAndLowered();
    Chains chains = REMOVED_AND_LOWERED;
    Aum draft = Revocation.draftAt(authority, ids(5), chains.get("A").hash());

    assertThatThrownBy(() -> Revocation.sign(authority, draft, TestKeys.privateKey(2), NEXT_DAY))
        .isInstanceOfSatisfying(
            BuildException.BarredSigner.class,
            refused -> {
              assertThat(refused.signer()).isEqualTo(TestKeys.publicKey(2));
              assertThat(refused.bars())
                  .extracting(Bar::by)
                  .containsExactly(chains.get("C").hash());
            })
        .hasMessageContaining(chains.get("C").hash() + " removed it for good");
    // What others signed before does not make up for it.
    Aum byTwo = Revocation.sign(authority, draft, TestKeys.privateKey(2));
    assertThatThrownBy(() -> Revocation.sign(authority, byTwo, TestKeys.privateKey(3), NEXT_DAY))
        .isInstanceOf(BuildException.BarredSigner.class)
        .hasMessageContaining(chains.get("D").hash() + " lowered it to 1, and is not outweighed");
    // It is the author's to take that signature off.
    Aum byBoth = Revocation.sign(authority, byTwo, TestKeys.privateKey(1), NEXT_DAY);
    Aum mended = Revocation.withoutBarred(authority, byBoth, NEXT_DAY);
    assertThat(mended)
        .isEqualTo(Revocation.sign(authority, draft, TestKeys.privateKey(1), NEXT_DAY));
    assertThat(Revocation.effect(authority, mended).outcome())
        .isEqualTo(Revocation.Outcome.TAKES_EFFECT);
    assertThat(RevocationOutlook.of(authority, byBoth, NEXT_DAY).refusedByControl()).isPresent();
    assertThat(RevocationOutlook.of(authority, mended, NEXT_DAY).refusedByControl()).isEmpty();
    assertThat(Revocation.withoutBarred(authority, mended, NEXT_DAY)).isSameAs(mended);
  }

  @Test
  void nobodyBarsARevocationThatDisplacesNothing() throws Exception {
    Authority authority = removedAndLowered();
    Aum draft = Revocation.draftAt(authority, ids(5), authority.head());
    assertThat(Revocation.sign(authority, draft, TestKeys.privateKey(2), NEXT_DAY).signatures())
        .hasSize(1);
  }

  @Test
  void theForkPointIsTheLatestOfAllThatACandidateWouldDraft() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)),
            "A -> B[remove:2] -> C -> D[add:3] -> E[add:2](3)");
    Authority authority = open(chains);
    RevocationPlan plan = RevocationPlan.of(authority, ids(3), SOON);

    assertThat(chains.nameOf(plan.forkPoint())).isEqualTo("C");
    assertThat(plan.candidates()).containsExactly(TestKeys.key(1, 1));
    Aum byTwo = Revocation.draft(authority, ids(3), TestKeys.publicKey(2));
    assertThat(chains.nameOf(byTwo.parent().orElseThrow())).isEqualTo("A");
    Aum byOne = Revocation.draft(authority, ids(3), TestKeys.publicKey(1));
    assertThat(plan.draft()).isEqualTo(byOne);
  }

  @Test
  void whereARevokedKeyCouldAnswerAndFromWhereItCouldNot() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B[add:3*5] -> C -> D(2) -> E");
    Authority authority = open(chains);

    RevocationPlan high = RevocationPlan.at(authority, ids(3), chains.get("D").hash(), SOON);
    assertThat(high.outlook().answerableFrom()).contains(chains.get("B").hash());
    RevocationPlan low = RevocationPlan.of(authority, ids(3), SOON);
    assertThat(chains.nameOf(low.forkPoint())).isEqualTo("A");
    assertThat(low.outlook().answerableFrom()).isEmpty();
    assertThat(high.unanswerable(authority, SOON)).contains(low);
    assertThat(low.unanswerable(authority, SOON)).contains(low);

    // Trusted from the beginning on, there is nothing below.
    RevocationPlan genesis = RevocationPlan.of(authority, ids(1), SOON);
    assertThat(chains.nameOf(genesis.outlook().answerableFrom().orElseThrow())).isEqualTo("A");
    assertThat(genesis.unanswerable(authority, SOON)).isEmpty();
  }

  @Test
  void aForkPointAtTheHeadErasesNothingAndTakesOneVote() throws Exception {
    Chains chains = Chains.draw(List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)), "A -> B");
    RevocationPlan plan = RevocationPlan.at(open(chains), ids(2), chains.get("B").hash(), SOON);

    assertThat(plan.erased()).isEmpty();
    assertThat(plan.rival()).isEmpty();
    assertThat(plan.votesNeeded()).isEqualTo(1);
    assertThat(plan.enough()).contains(List.of(TestKeys.key(1, 1)));
  }

  @Test
  void onALosingBranchNothingIsEnough() throws Exception {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B[add:3] -> C\n A -> X(2)");
    RevocationPlan plan = RevocationPlan.at(open(chains), ids(3), chains.get("X").hash(), SOON);

    assertThat(plan.onLosingBranch()).isTrue();
    assertThat(plan.erased()).isEmpty();
    assertThat(plan.enough()).isEmpty();
    assertThat(plan.candidates()).isNotEmpty();
  }

  @Test
  void anUnknownForkPointAndAPlanThatLeavesNobodyAreRefused() throws Exception {
    Authority authority = open(Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B[add:3] -> C"));
    AumHash unknown = AumHash.of(new byte[AumHash.SIZE]);

    assertThatThrownBy(() -> RevocationPlan.at(authority, ids(3), unknown, SOON))
        .isInstanceOf(BuildException.UnknownForkPoint.class);
    assertThatThrownBy(() -> RevocationPlan.of(authority, ids(1, 3), SOON))
        .isInstanceOf(BuildException.RevokesEveryKey.class);
  }

  /** Key 2 outweighs what follows everywhere, and key 9 comes and goes: a count for each place. */
  @Test
  @Timeout(60)
  void aPlanOnALongChainCostsItsLength() throws Exception {
    List<Key> keys = List.of(TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 2));
    Aum at = Chains.genesis(keys, 1);
    List<Aum> chain = new ArrayList<>(List.of(at));
    for (int i = 0; i < 100_000; i++) {
      Aum.Builder next =
          switch (i % 4) {
            case 0 -> Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(9, 1));
            case 1 -> Aum.builder(AumKind.REMOVE_KEY).keyId(TestKeys.id(9));
            case 2 -> Aum.builder(AumKind.NO_OP);
            default -> Aum.builder(AumKind.CHECKPOINT).state(Chains.stateOf(keys));
          };
      // Opening and planning verify no signature.
      at = RevocationOutlook.asIfSigned(next.parent(at.hash()).build(), keys.subList(0, 1));
      chain.add(at);
    }
    Authority authority = Authority.open(TestStores.holding(chain));
    RevocationPlan plan = RevocationPlan.at(authority, ids(2), authority.head(), SOON);

    assertThat(plan.outlook().answerableFrom()).isEqualTo(Optional.empty());
    assertThat(plan.enough()).isPresent();
  }
}
