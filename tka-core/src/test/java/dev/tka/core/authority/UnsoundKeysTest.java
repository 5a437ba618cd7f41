package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import dev.tka.testkit.WeakKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * Service, section 8: an authority that trusts a key that anybody can sign for is anybody's. So no
 * maker brings in such a key, or one that can never sign, while every verdict stays as it is.
 */
class UnsoundKeysTest {
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1));

  private static List<Key> with(LockPublicKey weak) {
    List<Key> keys = new ArrayList<>(KEYS);
    keys.add(Key.of(weak, 1));
    return keys;
  }

  /** An authority as another implementation makes it. */
  private static Authority trusting(LockPublicKey weak) throws TkaException {
    return Authority.open(TestStores.holding(List.of(Chains.genesis(with(weak), 1))));
  }

  private static UpdateBuilder on(Authority authority) {
    return new UpdateBuilder(authority, TestKeys.privateKey(1));
  }

  private static void assertRefused(
      String operation, LockPublicKey weak, ThrowingCallable attempt) {
    KeyDefect defect = KeyDefect.of(weak.bytes()).orElseThrow();
    assertThatExceptionOfType(BuildException.UnsoundKey.class)
        .isThrownBy(attempt)
        .withMessage(operation + ": " + weak + ": " + defect.reason())
        .satisfies(
            e -> {
              assertThat(e.key()).isEqualTo(weak);
              assertThat(e.defect()).isEqualTo(defect);
              assertThat(e.operation()).isEqualTo(operation);
            });
  }

  @Test
  void whoeverReadsThePageRemovesEverybody() throws TkaException {
    for (LockPublicKey weak : WeakKeys.SMALL_ORDER) {
      Aum genesis = Chains.genesis(with(weak), 1);
      LiveAuthority live =
          LiveAuthority.bootstrap(
              new MemoryAumStore(), genesis, AdmissionPolicy.NODE, Clock.systemUTC());
      Aum first = remove(genesis, 1, weak);
      live.inform(List.of(first, remove(first, 2, weak)));

      assertThat(live.current().state().keys()).containsExactly(Key.of(weak, 1));
      assertThat(ChainAudit.of(live.current().snapshot()).problem()).isEmpty();
    }
  }

  private static Aum remove(Aum parent, int key, LockPublicKey weak) {
    return WeakKeys.sign(
        Aum.builder(AumKind.REMOVE_KEY).parent(parent.hash()).keyId(TestKeys.id(key)).build(),
        weak);
  }

  @Test
  void noAuthorityBeginsWithOne() {
    for (LockPublicKey weak : WeakKeys.all()) {
      assertRefused(
          "create authority",
          weak,
          () -> Genesis.create(Chains.stateOf(with(weak)), TestKeys.privateKey(1)));
    }
  }

  @Test
  void noneIsAddedAndTheBuilderGoesOn() throws TkaException {
    Authority authority = Authority.open(TestStores.holding(List.of(Chains.genesis(KEYS, 1))));
    for (LockPublicKey weak : WeakKeys.all()) {
      UpdateBuilder builder = on(authority);
      Key key = Key.of(weak, 1);
      assertRefused("add key " + weak, weak, () -> builder.addKey(key));
      Aum edit = Aum.builder(AumKind.ADD_KEY).key(key).build();
      assertRefused("add key " + weak, weak, () -> builder.again(edit));

      assertThat(builder.addKey(TestKeys.key(3, 1)).build().updates()).hasSize(1);
    }
  }

  @Test
  void oneThatIsTrustedGetsNoVotesAndIsRemoved() throws TkaException {
    for (LockPublicKey weak : WeakKeys.all()) {
      UpdateBuilder builder = on(trusting(weak));
      assertRefused("set votes of key " + weak, weak, () -> builder.setVotes(weak.bytes(), 2));
      Aum edit = Aum.builder(AumKind.UPDATE_KEY).keyId(weak.bytes()).votes(2).build();
      assertRefused("update key " + weak, weak, () -> builder.again(edit));

      // A note on it does no harm.
      builder.setMeta(weak.bytes(), Map.of("note", "to be removed"));
      assertThat(builder.removeKey(weak.bytes()).build().updates()).hasSize(2);
    }
  }

  @Test
  void noneSigns() throws TkaException {
    for (LockPublicKey weak : WeakKeys.all()) {
      UpdateBuilder builder = new UpdateBuilder(trusting(weak), WeakKeys.signer(weak));
      assertThatExceptionOfType(SigningException.class)
          .isThrownBy(() -> builder.removeKey(TestKeys.id(2)))
          .withMessage("signer of %s: %s", weak, KeyDefect.of(weak.bytes()).orElseThrow().reason());
    }
  }

  @Test
  void noneIsAskedToSignARevocationWhichMayTakeItAway() throws TkaException {
    for (LockPublicKey weak : WeakKeys.all()) {
      Aum genesis = Chains.genesis(List.of(TestKeys.key(1, 2), Key.of(weak, 9)), 1);
      Aum added =
          TestKeys.sign(
              Aum.builder(AumKind.ADD_KEY).parent(genesis.hash()).key(TestKeys.key(2, 1)).build(),
              1);
      Authority authority = Authority.open(TestStores.holding(List.of(genesis, added)));
      RevocationPlan plan = RevocationPlan.of(authority, Set.of(TestKeys.id(2)), FakeClock.START);

      assertThat(plan.candidates()).containsExactly(TestKeys.key(1, 2));
      Aum without =
          Revocation.sign(
              authority,
              Revocation.draftAt(authority, Set.of(weak.bytes()), genesis.hash()),
              TestKeys.privateKey(1));
      assertThat(without.state().orElseThrow().trusts(weak.bytes())).isFalse();
    }
  }
}
