package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Protocol, section 4, "Retroactive revocation". */
class RevocationTest {
  private static final List<Key> KEYS =
      List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 1));

  /** Key 4 comes in at C, does something at D, and takes key 2 away at E. */
  private static final String THEFT = "A -> B -> C[add:4*3] -> D(4) -> E[remove:2](4)";

  private static LiveAuthority live(Chains chains) throws TkaException {
    return LiveAuthority.open(
        TestStores.holding(chains.all()), AdmissionPolicy.REFERENCE, new FakeClock());
  }

  private static Set<Bytes> ids(int... numbers) {
    return Arrays.stream(numbers).mapToObj(TestKeys::id).collect(Collectors.toSet());
  }

  private static Aum draft(Authority authority, int signer, int... keys) throws TkaException {
    return Revocation.draft(authority, ids(keys), TestKeys.publicKey(signer));
  }

  private static Aum signed(Authority authority, Aum revocation, int... signers)
      throws TkaException {
    Aum signed = revocation;
    for (int signer : signers) {
      signed = Revocation.sign(authority, signed, TestKeys.privateKey(signer));
    }
    return signed;
  }

  private static String forkOf(Chains chains, Aum revocation) {
    return chains.nameOf(revocation.parent().orElseThrow());
  }

  private static String fork(String drawing, int signer, int... keys) throws TkaException {
    Chains chains = Chains.draw(KEYS, drawing);
    return forkOf(chains, draft(live(chains).current(), signer, keys));
  }

  @Test
  void aRevocationIsACheckpointOfTodaysStateLessTheRevokedKeys() throws TkaException {
    Authority authority = live(Chains.draw(KEYS, THEFT)).current();
    Aum draft = draft(authority, 1, 4);
    State body = draft.state().orElseThrow();

    assertThat(draft.kind()).isEqualTo(AumKind.CHECKPOINT);
    assertThat(draft.signatures()).isEmpty();
    // What the thief took away is not there today, so it does not come back by itself.
    assertThat(body.keys()).containsExactly(TestKeys.key(1, 2), TestKeys.key(3, 1));
    assertThat(body.disablementValues()).isEqualTo(authority.state().disablementValues());
    assertThat(body.stateId1()).isEqualTo(7);
    assertThat(body.stateId2()).isEqualTo(8);
    assertThat(body.lastAumHash()).isEmpty();
  }

  @Test
  void itForksOffTheLatestAncestorThatTrustsNoneOfThemAndTheSigner() throws TkaException {
    assertThat(fork(THEFT, 1, 4)).isEqualTo("B");
    assertThat(fork("A -> B[add:4] -> C[add:5] -> D", 1, 5)).isEqualTo("B");
    assertThat(fork("A -> B[add:4] -> C[add:5] -> D", 1, 4, 5)).isEqualTo("A");
    // The signer came in after the first of two gaps.
    assertThat(fork("A -> B[add:4] -> C[remove:4] -> D -> E[add:4] -> F", 1, 4)).isEqualTo("D");
    assertThat(fork("A -> B -> C[add:5] -> D[add:4] -> E", 5, 4)).isEqualTo("C");
    // A key that is not trusted now is looked for, too.
    assertThat(fork("A -> B[add:4] -> C[remove:4] -> D[add:5] -> E", 1, 4, 5)).isEqualTo("C");
    assertThat(fork("A -> B[add:4] -> C[add:5] -> D[remove:4] -> E", 1, 4, 5)).isEqualTo("A");
    // A signer that is gone goes back to where it was trusted.
    assertThat(fork("A -> B -> C[remove:3] -> D -> E[add:4] -> F", 3, 4)).isEqualTo("B");
  }

  @Test
  void checkpointsOnTheWayBackDoNotMatter() throws TkaException {
    String plain = "A -> B -> C[add:4] -> D -> E -> F";
    String between = "A -> B[checkpoint] -> C[add:4] -> D -> E[checkpoint] -> F";
    String onTheKey = "A -> B -> C[add:4] -> D[checkpoint] -> E[checkpoint] -> F[checkpoint]";

    assertThat(List.of(fork(plain, 1, 4), fork(between, 1, 4), fork(onTheKey, 1, 4)))
        .containsOnly("B");
    assertThat(fork("A -> B[checkpoint] -> C[add:4] -> D[add:5] -> E[checkpoint]", 1, 5, 4))
        .isEqualTo("B");
  }

  @Test
  void itForksOffTheOldestAncestorWhenThereIsNoSuchPlace() throws TkaException {
    assertThat(fork("A -> B -> C", 1, 2)).isEqualTo("A");
    assertThat(fork("A -> B -> C[add:4]", 4, 2)).isEqualTo("A");
    assertThat(fork("A -> B -> C", 9, 2)).isEqualTo("A");

    // A cut store: nothing is known from before the checkpoint.
    Chains chains = Chains.draw(KEYS, "A -> B[add:4] -> C[checkpoint] -> D");
    Authority cut = Authority.open(TestStores.holding(chains.list("C D")));
    assertThat(forkOf(chains, draft(cut, 1, 4))).isEqualTo("C");
  }

  @Test
  void losingBranchesAreIgnored() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B[add:4](1,2) -> C\n A -> X(3) -> Y(3)");

    assertThat(forkOf(chains, draft(live(chains).current(), 1, 4))).isEqualTo("A");
  }

  @Test
  void revokingEveryKeyIsRefused() throws TkaException {
    Authority authority = live(Chains.draw(KEYS, "A -> B")).current();

    assertThatThrownBy(() -> draft(authority, 1, 1, 2, 3, 9))
        .isInstanceOf(BuildException.RevokesEveryKey.class);
    assertThatThrownBy(
            () -> Revocation.draftAt(authority, ids(1, 2, 3), authority.oldestAncestor()))
        .isInstanceOf(BuildException.RevokesEveryKey.class);
  }

  @Test
  void revokingOnlyKeysThatAreNotTrustedNowNeedsAForkPoint() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B[add:4] -> C[remove:4] -> D");
    Authority authority = live(chains).current();

    assertThatThrownBy(() -> draft(authority, 1, 4))
        .isInstanceOf(BuildException.RevokesNothing.class);
    assertThatThrownBy(() -> draft(authority, 1)).isInstanceOf(BuildException.RevokesNothing.class);

    Aum at = Revocation.draftAt(authority, ids(4), chains.get("A").hash());
    assertThat(forkOf(chains, at)).isEqualTo("A");
    assertThat(at.state().orElseThrow().keys()).isEqualTo(KEYS);
  }

  @Test
  void aRevocationThatWouldBeIllFormedIsRefused() throws TkaException {
    List<Key> many = IntStream.rangeClosed(1, 512).mapToObj(i -> TestKeys.key(i, 1)).toList();
    Authority authority = live(Chains.draw(many, "A -> B[add:513] -> C[add:514]")).current();

    assertThatThrownBy(() -> draft(authority, 1, 514))
        .isInstanceOf(BuildException.Refused.class)
        .hasMessage("revoke: keys: expected 1 to 512, found 513");
    assertThat(draft(authority, 1, 513, 514).state().orElseThrow().keys()).hasSize(512);
  }

  @Test
  void aSignerThatIsNotTrustedAtTheForkPointIsToldTheNearestThatWorks() throws TkaException {
    Chains chains =
        Chains.draw(KEYS, "A -> B[add:5] -> C -> D[remove:5] -> E -> F[add:5] -> G[add:4]");
    Authority authority = live(chains).current();

    // Further down, where it undoes at least what was asked for.
    assertUntrustedAt(chains, authority, "E", 5, Optional.of("C"));
    // Further up when there is none.
    assertUntrustedAt(chains, authority, "A", 5, Optional.of("B"));
    assertUntrustedAt(chains, authority, "B", 4, Optional.of("G"));
    assertUntrustedAt(chains, authority, "E", 9, Optional.empty());
  }

  private static void assertUntrustedAt(
      Chains chains, Authority authority, String fork, int signer, Optional<String> nearest)
      throws TkaException {
    Aum draft = Revocation.draftAt(authority, ids(3), chains.get(fork).hash());

    assertThatThrownBy(() -> signed(authority, draft, signer))
        .isInstanceOfSatisfying(
            BuildException.UntrustedAtFork.class,
            e -> {
              assertThat(e.nearest().map(chains::nameOf)).isEqualTo(nearest);
              assertThat(chains.nameOf(e.forkPoint())).isEqualTo(fork);
              assertThat(e.signer()).isEqualTo(TestKeys.publicKey(signer));
              assertThat(e)
                  .hasMessageContaining(
                      nearest
                          .map(name -> "the nearest fork point where it is trusted is ")
                          .orElse("it is trusted at no other fork point either"));
            });
    if (nearest.isPresent()) {
      AumHash works = chains.get(nearest.get()).hash();
      signed(authority, Revocation.draftAt(authority, ids(3), works), signer);
    }
  }

  @Test
  void aCoSignerThatWouldVoidItIsRefused() throws TkaException {
    LiveAuthority live = live(Chains.draw(KEYS, THEFT));
    Aum one = signed(live.current(), draft(live.current(), 1, 4), 1, 3);

    assertThatThrownBy(() -> signed(live.current(), one, 4))
        .isInstanceOf(BuildException.UntrustedAtFork.class);
    // It would have been void, indeed.
    assertThatThrownBy(() -> live.inform(List.of(TestKeys.privateKey(4).sign(one))))
        .hasCauseInstanceOf(VerificationException.UntrustedSigner.class);
  }

  @Test
  void aKeyThatIsGoneTodaySignsWhereItWasTrusted() throws TkaException {
    LiveAuthority live = live(Chains.draw(KEYS, THEFT));

    Aum revocation = signed(live.current(), draft(live.current(), 1, 4), 1, 2);

    assertThat(revocation.signatures()).hasSize(2);
    live.inform(List.of(revocation));
    assertThat(live.current().head()).isEqualTo(revocation.hash());
  }

  @Test
  void aRevocationOffAnUnstoredForkPointIsNotSigned() throws TkaException {
    Authority authority = live(Chains.draw(KEYS, "A -> B")).current();
    AumHash elsewhere = AumHash.of(new byte[AumHash.SIZE]);
    Aum draft = Revocation.draftAt(authority, ids(3), elsewhere);

    assertThatThrownBy(() -> signed(authority, draft, 1))
        .isInstanceOfSatisfying(
            BuildException.UnknownForkPoint.class,
            e -> assertThat(e.forkPoint()).isEqualTo(elsewhere));
    assertThatThrownBy(() -> Revocation.effect(authority, draft))
        .isInstanceOf(BuildException.UnknownForkPoint.class);
  }

  @Test
  void nothingButTodaysStateLessSomeKeysIsSigned() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B -> C[remove:3]");
    Authority authority = live(chains).current();
    Aum at = chains.get("B");
    List<Key> now = authority.state().keys();

    assertNotSigned(authority, Chains.noOp(at, "x"), "found no-op");
    assertNotSigned(authority, Chains.genesis(now), "found a genesis");
    assertNotSigned(
        authority,
        Chains.checkpoint(at, Chains.stateOf(KEYS)),
        TestKeys.id(3) + ", which is not trusted now");
    assertNotSigned(
        authority,
        Chains.checkpoint(at, Chains.stateOf(List.of(TestKeys.key(1, 4096)))),
        TestKeys.id(1) + " changed");
    assertNotSigned(
        authority,
        Chains.checkpoint(
            at, Chains.stateOf(List.of(TestKeys.key(1, 2).withMeta(Map.of("owner", "another"))))),
        TestKeys.id(1) + " changed");
    assertNotSigned(
        authority,
        Chains.checkpoint(at, State.of(List.of(TestKeys.id(9)), now, 7, 8)),
        "disablement values");
  }

  private static void assertNotSigned(Authority authority, Aum other, String why) {
    assertThatThrownBy(() -> signed(authority, other, 1))
        .isInstanceOf(BuildException.NotARevocation.class)
        .hasMessageContaining(why);
  }

  @Test
  void aRevocationThatTheStateAtTheForkPointRefusesIsNotSigned() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B -> C");
    Authority authority = live(chains).current();
    Aum draft = Revocation.draftAt(authority, ids(3), chains.get("B").hash());
    State body = draft.state().orElseThrow();
    State otherIds = State.of(body.disablementValues(), body.keys(), 7, 9);
    State twice = State.of(body.disablementValues(), List.of(KEYS.get(0), KEYS.get(0)), 7, 8);

    assertRefused(
        authority, TestKeys.signBadly(draft, 2), VerificationException.InvalidSignature.class);
    assertRefused(authority, TestKeys.sign(draft, 9), VerificationException.UntrustedSigner.class);
    assertRefused(
        authority,
        Chains.checkpoint(chains.get("B"), otherIds),
        ApplyException.StateIdMismatch.class);
    assertRefused(authority, Chains.checkpoint(chains.get("B"), twice), IllFormedException.class);
  }

  private static void assertRefused(
      Authority authority, Aum revocation, Class<? extends Throwable> rule) {
    assertThatThrownBy(() -> signed(authority, revocation, 1))
        .isInstanceOf(BuildException.Refused.class)
        .hasCauseInstanceOf(rule)
        .hasMessageStartingWith("sign revocation " + revocation.hash() + ": ");
  }

  /** What {@link Revocation#effect} says, which is what informing does. */
  private static Revocation.Effect effect(Chains chains, Aum revocation) throws TkaException {
    LiveAuthority live = live(chains);
    Revocation.Effect effect = Revocation.effect(live.current(), revocation);
    try {
      live.inform(List.of(revocation));
      assertThat(effect.outcome()).isNotEqualTo(Revocation.Outcome.VOID);
    } catch (InformException e) {
      assertThat(effect.outcome()).isEqualTo(Revocation.Outcome.VOID);
    }
    assertThat(effect.outcome() == Revocation.Outcome.TAKES_EFFECT)
        .isEqualTo(live.current().isActive(revocation.hash()));
    return effect;
  }

  @Test
  void moreVotesThanWhatFollowsTheForkPointTakeEffect() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B -> C[add:4](1,3) -> D(4)");
    Authority authority = live(chains).current();
    Aum draft = draft(authority, 1, 4);

    Revocation.Effect one = effect(chains, signed(authority, draft, 1));
    Revocation.Effect both = effect(chains, signed(authority, draft, 1, 2));

    assertThat(one.outcome()).isEqualTo(Revocation.Outcome.OUTVOTED);
    assertThat(one.weight()).isEqualTo(2);
    assertThat(one.rival().orElseThrow())
        .isEqualTo(new ForkResolution.Contender(chains.get("C").hash(), AumKind.ADD_KEY, 3));
    assertThat(both.outcome()).isEqualTo(Revocation.Outcome.TAKES_EFFECT);
    assertThat(both.weight()).isEqualTo(4);
    assertThat(both.revoked()).containsExactly(TestKeys.key(4, 1));
    assertThat(chains.nameOf(both.forkPoint())).isEqualTo("B");
    assertThat(both.defect()).isEmpty();
  }

  @Test
  void onATieTheLowerHashTakesEffect() throws TkaException {
    int lower = 0;
    for (String label : List.of("B", "C", "D", "E", "F", "G", "H", "I")) {
      Chains chains = Chains.draw(KEYS, "A -> " + label + "(2) -> Z[add:4]");
      Authority authority = live(chains).current();
      Aum revocation =
          signed(authority, Revocation.draftAt(authority, ids(4), chains.get("A").hash()), 1);
      boolean isLower = revocation.hash().compareTo(chains.get(label).hash()) < 0;
      lower += isLower ? 1 : 0;

      assertThat(effect(chains, revocation).outcome())
          .isEqualTo(isLower ? Revocation.Outcome.TAKES_EFFECT : Revocation.Outcome.OUTVOTED);
    }
    assertThat(lower).as("both happen").isBetween(1, 7);
  }

  @Test
  void onATieARemoveKeyStands() throws TkaException {
    for (int removed : new int[] {2, 3}) {
      Chains chains = Chains.draw(KEYS, "A -> B[remove:" + removed + "](2) -> C[add:4](1)");
      Authority authority = live(chains).current();
      Aum revocation =
          signed(authority, Revocation.draftAt(authority, ids(4), chains.get("A").hash()), 1);

      Revocation.Effect effect = effect(chains, revocation);

      assertThat(effect.outcome()).isEqualTo(Revocation.Outcome.OUTVOTED);
      assertThat(effect.weight()).isEqualTo(effect.rival().orElseThrow().weight());
    }
  }

  @Test
  void theRevokedKeysOwnVotesCount() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B(1,2) -> C");
    Authority authority = live(chains).current();
    Aum revocation = signed(authority, draft(authority, 1, 3), 1, 2);

    assertThat(effect(chains, signed(authority, revocation, 3)).outcome())
        .isEqualTo(Revocation.Outcome.TAKES_EFFECT);
    assertThat(effect(chains, signed(authority, revocation, 3)).weight()).isEqualTo(5);
  }

  @Test
  void aKeyThatSignsTwiceCountsOnce() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B(1,3) -> C");
    Authority authority = live(chains).current();
    Aum revocation = signed(authority, draft(authority, 1, 3), 1, 1, 1);

    assertThat(revocation.signatures()).hasSize(3);
    assertThat(effect(chains, revocation).weight()).isEqualTo(2);
    assertThat(effect(chains, revocation).outcome()).isEqualTo(Revocation.Outcome.OUTVOTED);
  }

  @Test
  void atTheHeadNothingStandsAgainstIt() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B");
    Authority authority = live(chains).current();
    Aum revocation = signed(authority, Revocation.draftAt(authority, ids(2), authority.head()), 3);

    Revocation.Effect effect = effect(chains, revocation);

    assertThat(effect.outcome()).isEqualTo(Revocation.Outcome.TAKES_EFFECT);
    assertThat(effect.rival()).isEmpty();
  }

  @Test
  void onALosingBranchNothingWins() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B(1,2)\n A -> X(3) -> Y(3)");
    Authority authority = live(chains).current();
    Aum revocation =
        signed(authority, Revocation.draftAt(authority, ids(3), chains.get("X").hash()), 1, 2, 3);

    assertThat(effect(chains, revocation).outcome()).isEqualTo(Revocation.Outcome.ON_LOSING_BRANCH);
  }

  @Test
  void withoutASignatureItIsVoid() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B");
    Revocation.Effect effect = effect(chains, draft(live(chains).current(), 1, 3));

    assertThat(effect.outcome()).isEqualTo(Revocation.Outcome.VOID);
    assertThat(effect.defect().orElseThrow()).isInstanceOf(VerificationException.Unsigned.class);
    assertThat(effect.weight()).isZero();
    assertThat(effect.rival().orElseThrow().weight()).isEqualTo(2);
  }

  @Test
  void itIsInEffectOnceItIsInformed() throws TkaException {
    LiveAuthority live = live(Chains.draw(KEYS, THEFT));
    Aum revocation = signed(live.current(), draft(live.current(), 1, 4), 1, 2);

    live.inform(List.of(revocation));

    assertThat(live.current().state().trusts(TestKeys.id(4))).isFalse();
    assertThat(Revocation.effect(live.current(), revocation).outcome())
        .isEqualTo(Revocation.Outcome.TAKES_EFFECT);
    // The honest key that the thief took away can be added again.
    live.inform(
        new UpdateBuilder(live.current(), TestKeys.privateKey(1))
            .addKey(TestKeys.key(2, 2))
            .build()
            .updates());
    assertThat(live.current().state().trusts(TestKeys.id(2))).isTrue();
  }
}
