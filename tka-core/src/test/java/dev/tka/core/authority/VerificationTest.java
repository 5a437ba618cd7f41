package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Protocol, section 4: whether a state accepts an AUM, and what it becomes. */
class VerificationTest {
  private final AumVerifier verifier = new AumVerifier();
  private final List<Key> keys = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1));
  private final Chains chains = Chains.draw(keys, "A -> B");
  private final Aum at = chains.get("B");
  private final State state = chains.stateAt("B");

  @Test
  void anAumSignedByTrustedKeysIsAccepted() {
    assertThatCode(
            () -> {
              verifier.verify(Chains.noOp(at, "x", 1), state);
              verifier.verify(Chains.noOp(at, "x", 2, 1), state);
              verifier.verify(Chains.addKey(at, TestKeys.key(3, 1), 2), state);
            })
        .doesNotThrowAnyException();
  }

  @Test
  void anAumHasAtLeastOneSignature() {
    assertThatThrownBy(() -> verifier.verify(Chains.noOp(at, "x"), state))
        .isInstanceOf(VerificationException.Unsigned.class);
  }

  @Test
  void everySignatureNamesATrustedKey() {
    assertThatThrownBy(() -> verifier.verify(Chains.noOp(at, "x", 1, 3), state))
        .asInstanceOf(type(VerificationException.UntrustedSigner.class))
        .extracting(VerificationException.UntrustedSigner::keyId)
        .isEqualTo(TestKeys.id(3));
  }

  @Test
  void everySignatureVerifies() {
    Aum bad = TestKeys.signBadly(Chains.noOp(at, "x", 1), 2);

    assertThatThrownBy(() -> verifier.verify(bad, state))
        .asInstanceOf(type(VerificationException.InvalidSignature.class))
        .satisfies(
            e -> {
              assertThat(e.index()).isEqualTo(1);
              assertThat(e.keyId()).isEqualTo(TestKeys.id(2));
              assertThat(e).hasMessageContaining(bad.hash().toString());
            });
  }

  @Test
  void aSignatureOfAnotherAumDoesNotVerify() {
    Aum other = Chains.noOp(at, "other", 1);
    Aum forged = Chains.noOp(at, "x").withSignatures(other.signatures());

    assertThatThrownBy(() -> verifier.verify(forged, state))
        .isInstanceOf(VerificationException.InvalidSignature.class);
  }

  @Test
  void wellFormednessIsCheckedBeforeAnythingElse() {
    Aum illFormed = Aum.builder(AumKind.ADD_KEY).parent(at.hash()).build();

    assertThatThrownBy(() -> verifier.verify(illFormed, state))
        .isInstanceOf(IllFormedException.class);
  }

  @Test
  void theOnlyKeyIsNotRemoved() {
    Chains one = Chains.draw(List.of(TestKeys.key(1, 1)), "A");
    Aum removal = Chains.removeKey(one.get("A"), TestKeys.id(1), 1);

    assertThatThrownBy(() -> verifier.verify(removal, one.stateAt("A")))
        .isInstanceOf(VerificationException.RemovesOnlyKey.class);
    assertThatCode(
            () -> {
              verifier.verify(Chains.removeKey(at, TestKeys.id(1), 1), state);
              // Of a key that is not there: application refuses it, with a better reason.
              verifier.verify(Chains.removeKey(one.get("A"), TestKeys.id(2), 1), one.stateAt("A"));
            })
        .doesNotThrowAnyException();
  }

  @Test
  void anAuthorityBeginsWithACheckpointThatItsOwnStateVouchesFor() throws TkaException {
    Aum genesis = chains.get("A");
    assertThat(verifier.verifyBootstrap(genesis)).isEqualTo(chains.stateAt("A"));
    Aum later = Chains.checkpoint(at, state, 2);
    assertThat(verifier.verifyBootstrap(later).lastAumHash()).contains(later.hash());

    assertThatThrownBy(() -> verifier.verifyBootstrap(Chains.genesis(keys, 3)))
        .isInstanceOf(VerificationException.UntrustedSigner.class);
    assertThatThrownBy(() -> verifier.verifyBootstrap(Chains.genesis(keys)))
        .isInstanceOf(VerificationException.Unsigned.class);
    assertThatThrownBy(
            () -> verifier.verifyBootstrap(TestKeys.signBadly(Chains.genesis(keys, 1), 2)))
        .isInstanceOf(VerificationException.InvalidSignature.class);
    assertThatThrownBy(() -> verifier.verifyBootstrap(Chains.noOp(at, "x", 1)))
        .isInstanceOf(VerificationException.BootstrapNotCheckpoint.class);
    assertThatThrownBy(
            () ->
                verifier.verifyBootstrap(
                    TestKeys.sign(
                        Aum.builder(AumKind.NO_OP).state(Chains.stateOf(keys)).build(), 1)))
        .isInstanceOf(VerificationException.BootstrapNotCheckpoint.class);
  }

  @Test
  void theParentIsTheStatesLastHash() {
    assertThatThrownBy(() -> state.apply(Chains.noOp(chains.get("A"), "x", 1)))
        .isInstanceOf(ApplyException.ParentMismatch.class)
        .hasMessageContaining(chains.get("A").hash().toString())
        .hasMessageContaining(at.hash().toString());
    assertThatThrownBy(() -> state.apply(chains.get("A")))
        .isInstanceOf(ApplyException.ParentMismatch.class);
    assertThatThrownBy(() -> State.NOTHING.apply(at))
        .isInstanceOf(ApplyException.ParentMismatch.class);
  }

  @Test
  void noOpsAndUnknownKindsChangeOnlyTheLastHash() throws ApplyException {
    for (AumKind kind : List.of(AumKind.NO_OP, new AumKind(0), new AumKind(77))) {
      Aum aum =
          Aum.builder(kind)
              .parent(at.hash())
              .key(TestKeys.key(3, 1))
              .keyId(TestKeys.id(1))
              .state(Chains.stateOf(List.of(TestKeys.key(4, 1))))
              .votes(9)
              .build();

      assertThat(state.apply(aum)).isEqualTo(state.standingAt(aum.hash()));
    }
  }

  @Test
  void addKeyAppendsAndRefusesAnIdThatIsPresent() throws ApplyException {
    Aum add = Chains.addKey(at, TestKeys.key(3, 5), 1);

    State after = state.apply(add);

    assertThat(after.keys())
        .containsExactly(TestKeys.key(1, 2), TestKeys.key(2, 1), TestKeys.key(3, 5));
    assertThat(after.lastAumHash()).contains(add.hash());
    assertThat(after.disablementValues()).isEqualTo(state.disablementValues());
    assertThat(state.keys()).hasSize(2);
    assertThatThrownBy(() -> state.apply(Chains.addKey(at, TestKeys.key(2, 9), 1)))
        .isInstanceOf(ApplyException.KeyPresent.class);
  }

  @Test
  void a513thKeyCanBeAdded() throws ApplyException {
    List<Key> full = IntStream.rangeClosed(1, 512).mapToObj(i -> TestKeys.key(i, 1)).toList();
    Chains chain = Chains.draw(full, "A");

    State after =
        chain.stateAt("A").apply(Chains.addKey(chain.get("A"), TestKeys.key(600, 1), 512));

    assertThat(after.keys()).hasSize(513);
    assertThat(after.trusts(TestKeys.id(600))).isTrue();
    assertThat(after.trusts(TestKeys.id(513))).isFalse();
  }

  @Test
  void removeKeyKeepsTheOrderOfTheOthersAndRefusesAnAbsentId() throws ApplyException {
    Chains three = Chains.draw(keys, "A -> B[add:3*1] -> C[remove:2]");

    assertThat(three.stateAt("C").keys())
        .extracting(Key::id)
        .containsExactly(TestKeys.id(1), TestKeys.id(3));
    assertThatThrownBy(() -> state.apply(Chains.removeKey(at, TestKeys.id(3), 1)))
        .isInstanceOf(ApplyException.KeyAbsent.class);
    // Adding it again puts it last.
    State again = three.stateAt("C").apply(Chains.addKey(three.get("C"), TestKeys.key(2, 1), 1));
    assertThat(again.keys())
        .extracting(Key::id)
        .containsExactly(TestKeys.id(1), TestKeys.id(3), TestKeys.id(2));
  }

  @Test
  void updateKeySetsVotesAndReplacesMetaWhole() throws ApplyException {
    Aum meta = Chains.updateMeta(at, TestKeys.id(1), Map.of("a", "1", "b", "2"), 1);
    State withMeta = state.apply(meta);
    assertThat(withMeta.keys().get(0)).isEqualTo(keys.get(0).withMeta(Map.of("a", "1", "b", "2")));

    State withVotes = withMeta.apply(Chains.updateVotes(meta, TestKeys.id(1), 7, 1));
    assertThat(withVotes.keys())
        .containsExactly(
            TestKeys.key(1, 7).withMeta(Map.of("a", "1", "b", "2")), TestKeys.key(2, 1));

    State replaced =
        withMeta.apply(
            Aum.builder(AumKind.UPDATE_KEY)
                .parent(meta.hash())
                .keyId(TestKeys.id(1))
                .votes(3)
                .meta(Map.of("c", "3"))
                .build());
    assertThat(replaced.keys().get(0)).isEqualTo(TestKeys.key(1, 3).withMeta(Map.of("c", "3")));
  }

  @Test
  void updateKeyRefusesAnAbsentIdAndAnIllFormedResult() {
    assertThatThrownBy(() -> state.apply(Chains.updateVotes(at, TestKeys.id(3), 1, 1)))
        .isInstanceOf(ApplyException.KeyAbsent.class);
    for (long votes : new long[] {0, 4097, -1}) {
      assertThatThrownBy(() -> state.apply(Chains.updateVotes(at, TestKeys.id(1), votes, 1)))
          .isInstanceOf(ApplyException.IllFormedResult.class)
          .hasCauseInstanceOf(IllFormedException.class);
    }
    assertThatThrownBy(
            () ->
                state.apply(Chains.updateMeta(at, TestKeys.id(1), Map.of("m", "x".repeat(512)), 1)))
        .isInstanceOf(ApplyException.IllFormedResult.class);
  }

  @Test
  void checkpointReplacesTheState() throws ApplyException {
    State body = State.of(List.of(TestKeys.id(9)), List.of(TestKeys.key(4, 3)), 7, 8);
    Aum checkpoint = Chains.checkpoint(at, body, 1);

    assertThat(state.apply(checkpoint)).isEqualTo(body.standingAt(checkpoint.hash()));
  }

  @Test
  void aCheckpointOfAnotherAuthorityIsRefused() {
    List<Bytes> values = state.disablementValues();
    for (State other :
        List.of(
            State.of(values, keys, 7, 9),
            State.of(values, keys, 9, 8),
            State.of(values, keys, 8, 7),
            State.of(values, keys, 7 + (1L << 32), 8))) {
      assertThatThrownBy(() -> state.apply(Chains.checkpoint(at, other, 1)))
          .isInstanceOf(ApplyException.StateIdMismatch.class)
          .hasMessageContaining("7:8");
    }
  }

  @Test
  void stateIdsArePrintedUnsigned() {
    State other = State.of(state.disablementValues(), keys, -1, Long.MIN_VALUE);

    assertThatThrownBy(() -> state.apply(Chains.checkpoint(at, other, 1)))
        .hasMessageContaining("18446744073709551615:9223372036854775808");
  }

  @Test
  void anUnverifiedAumMayLackItsField() {
    for (AumKind kind :
        List.of(AumKind.ADD_KEY, AumKind.REMOVE_KEY, AumKind.UPDATE_KEY, AumKind.CHECKPOINT)) {
      assertThatThrownBy(() -> state.apply(Aum.builder(kind).parent(at.hash()).build()))
          .isInstanceOf(ApplyException.FieldAbsent.class)
          .hasMessageContaining(kind.toString());
    }
  }

  @Test
  void weightIsTheSumOfTheVotesOfTheDistinctTrustedKeysThatSigned() {
    Aum unsigned = Chains.noOp(at, "x");

    assertThat(state.weightOf(unsigned)).isZero();
    assertThat(state.weightOf(TestKeys.sign(unsigned, 1))).isEqualTo(2);
    assertThat(state.weightOf(TestKeys.sign(unsigned, 1, 2))).isEqualTo(3);
    assertThat(state.weightOf(TestKeys.sign(unsigned, 2, 2, 2))).isEqualTo(1);
    assertThat(state.weightOf(TestKeys.sign(unsigned, 3, 1, 4))).isEqualTo(2);
  }

  @Test
  void keysOfTheSameIdAreFoundAmongManyAsAmongFew() {
    for (int count : new int[] {1, 8, 9, 40}) {
      List<Key> many = new ArrayList<>();
      IntStream.rangeClosed(1, count).forEach(i -> many.add(TestKeys.key(i, i)));
      // Only an unverified state has one id twice; the first of them counts.
      many.add(TestKeys.key(1, 4000));
      State at = State.of(List.of(), many, 0, 0);

      assertThat(at.findKey(TestKeys.id(count))).contains(TestKeys.key(count, count));
      assertThat(at.findKey(TestKeys.id(1))).contains(TestKeys.key(1, 1));
      assertThat(at.findKey(TestKeys.id(count + 1))).isEmpty();
      assertThat(at.findKey(Bytes.empty())).isEmpty();
    }
  }

  @Test
  void aKeyWithoutPublicBytesCanBeTrustedAndNothingElse() throws TkaException {
    Key none = new Key(1, 1, Optional.empty(), Map.of());
    Aum add = Chains.addKey(at, none, 1);
    verifier.verify(add, state);
    State with = state.apply(add);

    assertThat(with.trusts(Bytes.empty())).isTrue();
    assertThatThrownBy(() -> verifier.verify(Chains.removeKey(add, Bytes.empty(), 1), with))
        .isInstanceOf(IllFormedException.class);
  }
}
