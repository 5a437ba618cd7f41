package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FailingAumStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Protocol, section 4, "Inform": what becomes of a batch of updates. */
class InformTest {
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1));

  private final Chains chains =
      Chains.draw(
          KEYS,
          """
          A -> B -> C[add:3*1] -> D -> E
          B -> L(2) -> M[remove:1](2)
          B -> W(1,2) -> V
          W -> U
          """);
  private final FakeClock clock = new FakeClock();

  private LiveAuthority holding(String names) throws TkaException {
    return over(TestStores.holding(chains.list(names)));
  }

  private LiveAuthority over(AumStore store) throws TkaException {
    return LiveAuthority.open(store, AdmissionPolicy.REFERENCE, clock);
  }

  private String head(LiveAuthority live) {
    return chains.nameOf(live.current().head());
  }

  private List<String> active(Authority authority) {
    return authority.newestFirst(authority.length()).stream().map(chains::nameOf).toList();
  }

  private static void assertRefused(
      LiveAuthority live, List<Aum> updates, int index, Class<? extends Throwable> why) {
    Authority before = live.current();
    assertThatThrownBy(() -> live.inform(updates))
        .asInstanceOf(type(InformException.Refused.class))
        .satisfies(
            e -> {
              assertThat(e.index()).isEqualTo(index);
              assertThat(e).hasMessageStartingWith("update " + index + ": ");
              assertThat(e instanceof InformException.Invalid ? e.getCause() : e)
                  .asInstanceOf(throwable(Throwable.class))
                  .isInstanceOf(why);
            });
    assertThat(live.current()).isSameAs(before);
  }

  @Test
  void anEmptyListIsAnError() throws TkaException {
    LiveAuthority live = holding("A B");

    assertThatThrownBy(() -> live.inform(List.of())).isInstanceOf(InformException.Empty.class);
  }

  @Test
  void updatesOnTheHeadExtendIt() throws TkaException {
    LiveAuthority live = holding("A B");
    Authority before = live.current();

    InformResult result = live.inform(chains.list("C D E"));

    assertThat(head(live)).isEqualTo("E");
    assertThat(active(live.current())).containsExactly("E", "D", "C", "B", "A");
    assertThat(live.current().state()).isEqualTo(chains.stateAt("E"));
    assertThat(result.before()).isSameAs(before);
    assertThat(result.after()).isSameAs(live.current());
    assertThat(result.added()).extracting(chains::nameOf).containsExactly("C", "D", "E");
    assertThat(result.known()).isZero();
    assertThat(chains.nameOf(before.head())).isEqualTo("B");
  }

  @Test
  void updatesOfEveryKindCanBeTakenInAtOnce() throws TkaException {
    Chains all =
        Chains.draw(
            KEYS,
            "A -> B[add:3*4] -> C[update:3*2](3) -> D[checkpoint](3) -> E[remove:1](2,3) -> F(3)");
    LiveAuthority live = over(TestStores.holding(all.list("A")));

    live.inform(all.list("B C D E F"));

    assertThat(live.current().state()).isEqualTo(all.stateAt("F"));
    assertThat(live.current().state().keys())
        .containsExactly(TestKeys.key(2, 1), TestKeys.key(3, 2));
  }

  @Test
  void storedAumsAreSkippedAndTheRestTakenIn() throws TkaException {
    LiveAuthority live = holding("A B C");

    InformResult result = live.inform(chains.list("A B C D"));

    assertThat(result.known()).isEqualTo(3);
    assertThat(result.added()).extracting(chains::nameOf).containsExactly("D");
    assertThat(head(live)).isEqualTo("D");
  }

  @Test
  void redeliveryChangesNothingAndCommitsNothing() throws TkaException {
    FailingAumStore store = new FailingAumStore(TestStores.holding(chains.all()));
    LiveAuthority live = over(store);
    Authority before = live.current();
    clock.advance(Duration.ofDays(1));
    store.failAt(0);

    InformResult result = live.inform(chains.all());

    assertThat(result.after()).isSameAs(before).isSameAs(live.current());
    assertThat(result.added()).isEmpty();
    assertThat(result.known()).isEqualTo(chains.all().size());
    assertThat(store.calls()).isZero();
    assertThat(store.read().revision()).isEqualTo(before.snapshot().revision());
  }

  @Test
  void anAumTwiceInOneCallIsFine() throws TkaException {
    LiveAuthority live = holding("A B");

    InformResult result = live.inform(chains.list("C C D C D"));

    assertThat(result.added()).extracting(chains::nameOf).containsExactly("C", "D");
    assertThat(result.known()).isEqualTo(3);
    assertThat(live.current().length()).isEqualTo(4);
  }

  @Test
  void aGenesisThatIsNotStoredIsRefused() throws TkaException {
    Aum other = Chains.genesis(List.of(TestKeys.key(1, 1)), 1);

    assertRefused(
        holding("A B"), List.of(chains.get("C"), other), 1, InformException.UnknownGenesis.class);
  }

  @Test
  void anUpdateWithAnUnknownParentIsRefused() throws TkaException {
    LiveAuthority live = holding("A B");

    assertThatThrownBy(() -> live.inform(chains.list("D")))
        .asInstanceOf(type(InformException.UnknownParent.class))
        .extracting(InformException.UnknownParent::parent)
        .isEqualTo(chains.get("C").hash());
    // Oldest first: a parent later in the batch does not count.
    assertRefused(live, chains.list("D C"), 0, InformException.UnknownParent.class);
  }

  @Test
  void everyUpdateIsVerifiedInTheStateAtItsParent() throws TkaException {
    LiveAuthority live = holding("A B C D L M");

    // Key 3 is trusted from C on, key 1 up to M.
    live.inform(List.of(Chains.noOp(chains.get("D"), "ok", 3)));
    live.inform(List.of(Chains.noOp(chains.get("L"), "ok", 1)));
    assertRefused(
        live,
        List.of(Chains.noOp(chains.get("B"), "early", 3)),
        0,
        VerificationException.UntrustedSigner.class);
    assertRefused(
        live,
        List.of(Chains.noOp(chains.get("M"), "late", 1)),
        0,
        VerificationException.UntrustedSigner.class);
    // On a parent that came earlier in the same batch, too.
    live.inform(
        List.of(
            Chains.addKey(chains.get("M"), TestKeys.key(5, 1), 2),
            Chains.noOp(Chains.addKey(chains.get("M"), TestKeys.key(5, 1), 2), "new", 5)));
  }

  @Test
  void ifOneIsRefusedNothingIsStored() throws TkaException {
    AumStore store = TestStores.holding(chains.list("A B"));
    LiveAuthority live = over(store);
    AumSnapshot before = store.read();
    List<Aum> bad =
        List.of(
            chains.get("C"),
            chains.get("D"),
            TestKeys.signBadly(Chains.noOp(chains.get("D"), "bad"), 1));

    assertRefused(live, bad, 2, VerificationException.InvalidSignature.class);

    assertThat(store.read().revision()).isEqualTo(before.revision());
    assertThat(store.read().entries()).hasSize(2);
  }

  @Test
  void everyRuleRefuses() throws TkaException {
    LiveAuthority live = holding("A B");
    Aum at = chains.get("B");

    assertRefused(
        live,
        List.of(TestKeys.sign(Aum.builder(AumKind.ADD_KEY).parent(at.hash()).build(), 1)),
        0,
        IllFormedException.class);
    assertRefused(
        live, List.of(Chains.noOp(at, "unsigned")), 0, VerificationException.Unsigned.class);
    assertRefused(
        live,
        List.of(Chains.addKey(at, TestKeys.key(2, 1), 1)),
        0,
        ApplyException.KeyPresent.class);
    State elsewhere = State.of(List.of(TestKeys.id(0)), KEYS, 1, 2);
    assertRefused(
        live,
        List.of(Chains.checkpoint(at, elsewhere, 1)),
        0,
        ApplyException.StateIdMismatch.class);
    Aum one = Chains.removeKey(at, TestKeys.id(2), 1);
    assertRefused(
        live,
        List.of(one, Chains.removeKey(one, TestKeys.id(1), 1)),
        1,
        VerificationException.RemovesOnlyKey.class);
  }

  @Test
  void ofSeveralBadUpdatesTheFirstIsNamedEveryTime() throws TkaException {
    // A bad signature is found last and by many threads, but it is named first when it comes first.
    List<Aum> good = new ArrayList<>();
    Aum last = chains.get("B");
    for (int i = 0; i < 100; i++) {
      last = Chains.noOp(last, "n" + i, 1, 2);
      good.add(last);
    }
    Aum end = last;
    List<Aum> forged = new ArrayList<>(good);
    for (int i = 30; i < 100; i++) {
      // Siblings of what they replace, so that what follows keeps its parent.
      forged.add(i, TestKeys.signBadly(Chains.noOp(good.get(i - 1), "forged" + i), 1));
    }
    List<Aum> forgedThenUntrusted = new ArrayList<>(forged);
    forgedThenUntrusted.add(Chains.noOp(end, "untrusted", 9));
    List<Aum> untrustedThenForged = new ArrayList<>(good.subList(0, 20));
    untrustedThenForged.add(Chains.noOp(good.get(19), "untrusted", 9));
    untrustedThenForged.addAll(forged.subList(20, forged.size()));
    LiveAuthority live = holding("A B");

    for (int run = 0; run < 20; run++) {
      assertRefused(live, forged, 30, VerificationException.InvalidSignature.class);
      assertRefused(live, forgedThenUntrusted, 30, VerificationException.InvalidSignature.class);
      assertRefused(live, untrustedThenForged, 20, VerificationException.UntrustedSigner.class);
    }
  }

  @Test
  void theIndexOfABadSignatureCountsWhatWasSkipped() throws TkaException {
    LiveAuthority live = holding("A B C");
    List<Aum> updates =
        List.of(
            chains.get("A"),
            chains.get("D"),
            chains.get("C"),
            TestKeys.signBadly(Chains.noOp(chains.get("D"), "bad", 1, 2), 3));

    assertRefused(live, updates, 3, VerificationException.InvalidSignature.class);
  }

  @Test
  void aLosingForkIsKept() throws TkaException {
    LiveAuthority live = holding("A B C D");

    live.inform(chains.list("L M"));

    assertThat(head(live)).isEqualTo("D");
    assertThat(live.current().snapshot().find(chains.get("M").hash())).isPresent();
    assertThat(live.current().isActive(chains.get("L").hash())).isFalse();
    assertThat(live.current().stateAt(chains.get("M").hash())).isEqualTo(chains.stateAt("M"));
  }

  @Test
  void aWinningForkReorganises() throws TkaException {
    LiveAuthority live = holding("A B C D E");

    live.inform(chains.list("W V"));

    assertThat(active(live.current())).containsExactly("V", "W", "B", "A");
    assertThat(live.current().state()).isEqualTo(chains.stateAt("V"));
    assertThat(live.current().isActive(chains.get("C").hash())).isFalse();
    assertThat(live.current().snapshot().find(chains.get("E").hash())).isPresent();
  }

  @Test
  void theLowestForkThatIsWonDecides() throws TkaException {
    Chains forks =
        Chains.draw(
            KEYS,
            """
            A -> B(2) -> C(2) -> D(2)
            C -> X(1) -> Y(1)
            A -> P(1) -> Q(1)
            """);
    LiveAuthority live = over(TestStores.holding(forks.list("A B C D")));

    live.inform(forks.list("X Y P Q"));

    assertThat(forks.nameOf(live.current().head())).isEqualTo("Q");
  }

  @Test
  void aForkInsideTheBatchIsResolved() throws TkaException {
    Chains forks = Chains.draw(KEYS, "A -> B(2) -> C(2) -> D(1)\n B -> X(1) -> Y(2)\n X -> Z(1,2)");
    LiveAuthority live = over(TestStores.holding(forks.list("A")));

    live.inform(forks.list("B C D X Y Z"));

    assertThat(live.current().newestFirst(9))
        .extracting(forks::nameOf)
        .containsExactly("Z", "X", "B", "A");
  }

  @Test
  void aForkIntoAStoredLosingBranchFollowsWhatIsStoredThere() throws TkaException {
    // V and U are stored beside the active chain until their parent's branch is won.
    Chains forks =
        Chains.draw(KEYS, "A -> B(1) -> C(1)\n A -> P(2) -> Q(2) -> R(2)\n A -> X(1,2) -> Y(1)");
    LiveAuthority live = over(TestStores.holding(forks.list("A B C P Q")));
    live.inform(forks.list("R"));
    assertThat(forks.nameOf(live.current().head())).isEqualTo("C");
    live.inform(forks.list("X Y"));
    assertThat(live.current().newestFirst(9))
        .extracting(forks::nameOf)
        .containsExactly("Y", "X", "A");
  }

  @Test
  void aGrowingLosingBranchDoesNotWin() throws TkaException {
    LiveAuthority live = holding("A B C L");
    Aum last = chains.get("L");
    for (int i = 0; i < 10; i++) {
      last = Chains.noOp(last, "n" + i, 1, 2);
      live.inform(List.of(last));
      assertThat(head(live)).isEqualTo("C");
    }
  }

  @Test
  void informingStepByStepEqualsOpening() throws TkaException {
    LiveAuthority live = holding("A");
    for (Aum aum : chains.list("B L M C D W U V E")) {
      live.inform(List.of(aum));
      Authority opened = Authority.open(live.current().snapshot());
      assertThat(live.current().head()).isEqualTo(opened.head());
      assertThat(live.current().state()).isEqualTo(opened.state());
      assertThat(active(live.current())).isEqualTo(active(opened));
    }
  }

  @Test
  void anAumThatLinksAnUnrelatedChainBringsItIn() throws TkaException {
    Chains chain = Chains.draw(KEYS, "A -> B -> C[checkpoint] -> D -> E\n A -> X(2)");
    LiveAuthority live = over(TestStores.holding(chain.list("C D E A X"), chain.get("A").hash()));
    assertThat(chain.nameOf(live.current().head())).isEqualTo("X");

    live.inform(chain.list("B"));

    assertThat(live.current().newestFirst(9))
        .extracting(chain::nameOf)
        .containsExactly("E", "D", "C", "B", "A");
    assertThat(live.current().isActive(chain.get("D").hash())).isTrue();
    assertThat(live.current().isActive(chain.get("X").hash())).isFalse();
  }

  @Test
  void anAumThatLinksTheActiveChainToItsPastMovesTheOldestAncestor() throws TkaException {
    Chains chain = Chains.draw(KEYS, "A -> B -> C[checkpoint] -> D\n A -> X(2)");
    LiveAuthority live = over(TestStores.holding(chain.list("C D A X"), chain.get("C").hash()));
    assertThat(chain.nameOf(live.current().oldestAncestor())).isEqualTo("C");

    live.inform(chain.list("B"));

    assertThat(live.current().newestFirst(9))
        .extracting(chain::nameOf)
        .containsExactly("D", "C", "B", "A");
    assertThat(live.current().isActive(chain.get("B").hash())).isTrue();
    assertThat(live.current().isActive(chain.get("D").hash())).isTrue();
  }

  @Test
  void aLinkThatWasPurgedAndComesBackMovesTheOldestAncestorToo() throws TkaException {
    // With B the way back to A opens again, and at A the heavier X wins.
    Chains chain = Chains.draw(KEYS, "A -> B -> C[checkpoint] -> D\n A -> X(1,2)");
    AumStore store = TestStores.holding(chain.all(), chain.get("C").hash());
    store.commit(Commit.on(store.read().revision()).purge(chain.get("B").hash()).build());
    LiveAuthority live = over(store);
    assertThat(chain.nameOf(live.current().head())).isEqualTo("D");

    live.inform(chain.list("B"));

    Authority opened = Authority.open(store);
    assertThat(chain.nameOf(opened.head())).isEqualTo("X");
    assertThat(chain.nameOf(live.current().head())).isEqualTo("X");
    assertThat(live.current().oldestAncestor()).isEqualTo(opened.oldestAncestor());
  }

  @Test
  void reorganisationsAreTheSameAllAlongALongChain() throws TkaException {
    List<Aum> chain = new ArrayList<>(List.of(chains.get("A")));
    for (int i = 0; i < 520; i++) {
      chain.add(Chains.noOp(chain.get(i), "n" + i, 2));
    }
    for (int fork : new int[] {0, 254, 255, 256, 257, 510, 511, 512, 519}) {
      LiveAuthority live = over(TestStores.holding(chain));
      Aum winner = Chains.noOp(chain.get(fork), "winner", 1);
      Aum next = Chains.noOp(winner, "next", 2);
      live.inform(List.of(winner));
      live.inform(List.of(next));

      List<AumHash> expected = new ArrayList<>(List.of(next.hash(), winner.hash()));
      for (int i = fork; i >= 0; i--) {
        expected.add(chain.get(i).hash());
      }
      assertThat(live.current().newestFirst(1000)).isEqualTo(expected);
      assertThat(live.current().isActive(chain.get(fork + 1).hash())).isFalse();
      assertThat(live.current().isActive(chain.get(fork).hash())).isTrue();
    }
  }

  @Test
  void anOlderAuthorityKeepsShowingWhatItShowed() throws TkaException {
    LiveAuthority live = holding("A B C");
    Authority before = live.current();

    live.inform(chains.list("W V D"));

    assertThat(active(before)).containsExactly("C", "B", "A");
    assertThat(before.isActive(chains.get("C").hash())).isTrue();
    assertThat(before.isActive(chains.get("W").hash())).isFalse();
    assertThat(before.stateAt(chains.get("B").hash())).isEqualTo(chains.stateAt("B"));
  }

  @Test
  void aBatchIsCommittedAtOneTimeToTheSecond() throws TkaException {
    LiveAuthority live = holding("A B");
    clock.advance(Duration.ofHours(5).plusMillis(750));

    live.inform(chains.list("C D"));

    for (String name : List.of("C", "D")) {
      assertThat(live.current().snapshot().find(chains.get(name).hash()))
          .get()
          .extracting(AumEntry::committedAt)
          .isEqualTo(FakeClock.START.plus(Duration.ofHours(5)));
    }
  }

  private LiveAuthority control(String names) throws TkaException {
    return LiveAuthority.open(
        TestStores.holding(chains.list(names)), AdmissionPolicy.CONTROL, clock);
  }

  @Test
  void aRefusedUpdateIsDroppedWithItsDescendantsAndTheRestGoesOn() throws TkaException {
    LiveAuthority live = control("A B C");

    InformResult result = live.inform(chains.list("W V D U E L"));

    assertThat(head(live)).isEqualTo("E");
    assertThat(result.added()).extracting(chains::nameOf).containsExactly("D", "E", "L");
    AumHash refused = chains.get("W").hash();
    assertThat(result.refusals())
        .containsExactly(
            new Refusal.Conflict(refused, chains.get("B").hash(), chains.get("C").hash()),
            new Refusal.BuildsOnRefused(chains.get("V").hash(), refused),
            new Refusal.BuildsOnRefused(chains.get("U").hash(), refused));
    for (String name : List.of("W", "V", "U")) {
      assertThat(live.current().snapshot().find(chains.get(name).hash())).as(name).isEmpty();
    }
  }

  @Test
  void everyDisplacementIsJudgedAgainstTheStoreBeforeTheBatch() throws TkaException {
    // Both would displace B; that P would win over Q does not spare Q the question.
    Chains forks = Chains.draw(KEYS, "A -> B(2)\n A -> P(1,2)\n A -> Q(1)");
    LiveAuthority live =
        LiveAuthority.open(TestStores.holding(forks.list("A B")), AdmissionPolicy.CONTROL, clock);

    InformResult result = live.inform(forks.list("P Q"));

    assertThat(result.refusals())
        .extracting(refusal -> forks.nameOf(refusal.update()))
        .containsExactly("P", "Q");
    assertThat(forks.nameOf(live.current().head())).isEqualTo("B");
  }

  @Test
  void whenEverythingIsRefusedNothingIsCommitted() throws TkaException {
    FailingAumStore store = new FailingAumStore(TestStores.holding(chains.list("A B C")));
    LiveAuthority live = LiveAuthority.open(store, AdmissionPolicy.CONTROL, clock);
    Authority before = live.current();

    InformResult result = live.inform(chains.list("W V"));

    assertThat(result.after()).isSameAs(before);
    assertThat(result.refusals()).hasSize(2);
    assertThat(result.added()).isEmpty();
    assertThat(store.read().revision()).isEqualTo(before.snapshot().revision());
  }

  @Test
  void anInvalidUpdateFailsTheBatchEvenIfItBuildsOnARefusedOne() throws TkaException {
    LiveAuthority live = control("A B C");

    assertRefused(
        live,
        List.of(chains.get("W"), Chains.noOp(chains.get("W"), "bad", 9)),
        1,
        VerificationException.UntrustedSigner.class);
  }
}
