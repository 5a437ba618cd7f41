package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Thresholds.Demand;
import dev.tka.core.authority.Thresholds.Kind;
import dev.tka.core.authority.Thresholds.Shortfall;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Revision;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Service, section 11: the votes that control asks of edits. */
class ThresholdsTest {
  private static final List<Key> KEYS =
      List.of(TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 3));
  private static final Thresholds ALL = new Thresholds(2, 3, 4, 5);
  private static final Aum GENESIS = Chains.genesis(KEYS, 1);
  private static final State STATE = stateAt(GENESIS);

  private final LiveAuthority live = live();

  private static State stateAt(Aum checkpoint) {
    try {
      return State.ofCheckpoint(checkpoint);
    } catch (TkaException e) {
      throw new AssertionError(e);
    }
  }

  private static LiveAuthority live() {
    try {
      return LiveAuthority.bootstrap(
          new MemoryAumStore(), GENESIS, AdmissionPolicy.CONTROL, new FakeClock());
    } catch (TkaException e) {
      throw new AssertionError(e);
    }
  }

  private static long needed(Aum update) {
    return ALL.neededBy(update, STATE);
  }

  private static Aum checkpoint(List<Key> keys) {
    return Chains.checkpoint(GENESIS, Chains.stateOf(keys), 1);
  }

  private InformResult inform(Thresholds thresholds, boolean whole, Aum... updates)
      throws TkaException {
    return live.inform(
        List.of(updates), AdmissionPolicy.CONTROL, new Demand(() -> thresholds, whole));
  }

  @Test
  void eachKindHasItsThreshold() {
    assertThat(needed(Chains.removeKey(GENESIS, TestKeys.id(2), 1))).isEqualTo(3);
    assertThat(needed(checkpoint(KEYS))).isEqualTo(4);
    for (Kind kind : Kind.values()) {
      assertThat(Kind.parse(kind.toString())).contains(kind);
      assertThat(Thresholds.NONE.with(kind, 7).of(kind)).isEqualTo(7);
      assertThat(Thresholds.NONE.with(kind, 7).with(kind, 0)).isEqualTo(Thresholds.NONE);
    }
  }

  @Test
  void whoeverGivesVotesNeedsTheMostThatTheyAreGoodFor() {
    List<Key> more = new ArrayList<>(KEYS);
    more.add(TestKeys.key(4, 1));
    for (Kind kind : Kind.values()) {
      Thresholds one = Thresholds.NONE.with(kind, 3);
      for (Aum gives :
          List.of(
              Chains.addKey(GENESIS, TestKeys.key(4, 1), 1),
              Chains.updateVotes(GENESIS, TestKeys.id(1), 4096, 1),
              checkpoint(more),
              checkpoint(List.of(TestKeys.key(1, 2), KEYS.get(1), KEYS.get(2))))) {
        assertThat(one.shortfall(gives, STATE, false))
            .as("%s under a threshold for %s", gives.kind(), kind)
            .contains(new Shortfall(3, 1));
      }
    }
  }

  @Test
  void anUpdateCountsAsWhatItDoes() {
    assertThat(needed(Chains.updateVotes(GENESIS, TestKeys.id(2), 3, 1))).isEqualTo(5);
    assertThat(needed(Chains.updateVotes(GENESIS, TestKeys.id(2), 1, 1))).isEqualTo(3);
  }

  @Test
  void whatChangesNothingNeedsTheFewestThatMoveTheHead() {
    for (Aum idle :
        List.of(
            Chains.noOp(GENESIS, "x", 1),
            Aum.builder(new AumKind(77)).parent(GENESIS.hash()).build(),
            Chains.updateVotes(GENESIS, TestKeys.id(2), 2, 1),
            Chains.updateMeta(GENESIS, TestKeys.id(2), Map.of("a", "b"), 1))) {
      assertThat(needed(idle)).as("%s", idle.kind()).isEqualTo(2);
      assertThat(new Thresholds(0, 0, 3, 1).neededBy(idle, STATE)).isEqualTo(3);
      assertThat(new Thresholds(0, 3, 2, 9).neededBy(idle, STATE)).isEqualTo(2);
      assertThat(new Thresholds(0, 0, 0, 2).neededBy(idle, STATE)).isZero();
    }
  }

  @Test
  void aCheckpointAlsoNeedsWhatItsChangesNeed() {
    Thresholds without = ALL.with(Kind.CHECKPOINT, 0);
    List<Key> more = new ArrayList<>(KEYS);
    more.add(TestKeys.key(4, 1));
    List<Key> raised = List.of(TestKeys.key(1, 9), KEYS.get(1), KEYS.get(2));
    List<Key> lowered = List.of(KEYS.get(0), TestKeys.key(2, 1), KEYS.get(2));
    assertThat(without.neededBy(checkpoint(KEYS), STATE)).isZero();
    assertThat(without.neededBy(checkpoint(more), STATE)).isEqualTo(5);
    assertThat(without.neededBy(checkpoint(raised), STATE)).isEqualTo(5);
    assertThat(without.neededBy(checkpoint(lowered), STATE)).isEqualTo(3);
    assertThat(without.neededBy(checkpoint(KEYS.subList(0, 2)), STATE)).isEqualTo(3);
    State otherSecret = State.of(List.of(Bytes.copyOf(TestKeys.seed(9))), KEYS, 7, 8);
    assertThat(without.neededBy(Chains.checkpoint(GENESIS, otherSecret, 1), STATE)).isEqualTo(5);
  }

  @Test
  void whatDisplacesNeedsWhatAnyKindNeeds() {
    Aum noOp = Chains.noOp(GENESIS, "x", 1);
    assertThat(ALL.shortfall(noOp, STATE, false)).contains(new Shortfall(2, 1));
    for (Kind kind : Kind.values()) {
      assertThat(Thresholds.NONE.with(kind, 3).shortfall(noOp, STATE, true))
          .as("%s", kind)
          .contains(new Shortfall(3, 1));
    }
    assertThat(ALL.shortfall(noOp, STATE, true)).contains(new Shortfall(5, 1));
  }

  @Test
  void votesOfDistinctTrustedKeysCount() {
    Thresholds three = Thresholds.NONE.with(Kind.ADD_KEY, 3);
    Aum once = Chains.addKey(GENESIS, TestKeys.key(4, 1), 2);
    Aum twice = TestKeys.sign(once, 2);
    Aum stranger = TestKeys.sign(once, 7);
    assertThat(three.shortfall(once, STATE, false)).contains(new Shortfall(3, 2));
    assertThat(three.shortfall(twice, STATE, false)).contains(new Shortfall(3, 2));
    assertThat(three.shortfall(stranger, STATE, false)).contains(new Shortfall(3, 2));
    assertThat(three.shortfall(TestKeys.sign(once, 1), STATE, false)).isEmpty();
    assertThat(new Shortfall(1, 0).words()).isEqualTo("needs 1 vote and has 0");
  }

  @Test
  void aKeyForWhichAnybodyCanSignHasNoVotes() throws Exception {
    for (LockPublicKey weak : WeakKeys.all()) {
      List<Key> keys = new ArrayList<>(KEYS);
      keys.add(Key.of(weak, 9));
      State state = stateAt(Chains.genesis(keys, 1));
      Aum update = WeakKeys.sign(Chains.removeKey(GENESIS, TestKeys.id(2), 1), weak);
      assertThat(state.weightOf(update)).isEqualTo(10);
      assertThat(ALL.shortfall(update, state, false)).contains(new Shortfall(3, 1));
    }
  }

  @Test
  void numbersAreInRange() {
    assertThatThrownBy(() -> Thresholds.NONE.with(Kind.DISABLE, -1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Thresholds.NONE.with(Kind.ADD_KEY, Thresholds.MOST + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Thresholds.NONE.isNone()).isTrue();
    assertThat(ALL.isNone()).isFalse();
  }

  @Test
  void controlLeavesOutWhatLacksVotesAndTakesTheRest() throws Exception {
    Aum meta = Chains.updateMeta(GENESIS, TestKeys.id(2), Map.of("a", "b"), 2);
    Aum add = Chains.addKey(meta, TestKeys.key(4, 1), 1);
    Aum after = Chains.noOp(add, "x", 1);

    InformResult result = inform(ALL, false, meta, add, after);

    assertThat(result.added()).containsExactly(meta.hash());
    assertThat(result.refusals().get(0).text())
        .isEqualTo(
            add.hash() + ": it needs 5 votes and has 1: propose it, so that others can sign it");
    assertThat(result.refusals().get(1)).isInstanceOf(Refusal.BuildsOnRefused.class);
    assertThat(live.current().head()).isEqualTo(meta.hash());
  }

  @Test
  void controlTakesNothingOfABatchThatAPersonWaitsForIfAnyOfItLacksVotes() throws Exception {
    Thresholds asked = new Thresholds(0, 2, 4, 0);
    Aum remove = Chains.removeKey(GENESIS, TestKeys.id(1), 2);
    Aum checkpoint =
        Chains.checkpoint(remove, stateAt(GENESIS).apply(remove).withoutLastAumHash(), 2);

    InformResult result = inform(asked, true, remove, checkpoint);

    assertThat(result.added()).isEmpty();
    assertThat(result.refusals()).hasSize(1);
    assertThat(live.current().head()).isEqualTo(GENESIS.hash());
    assertThat(inform(asked, false, remove, checkpoint).added()).containsExactly(remove.hash());
  }

  @Test
  void aLoserThatLacksVotesIsNotKept() throws Exception {
    Aum first = Chains.removeKey(GENESIS, TestKeys.id(1), 3);
    Aum loser = Chains.addKey(GENESIS, TestKeys.key(4, 1), 1);
    inform(ALL, false, first);

    assertThat(inform(ALL, false, loser).added()).isEmpty();
    assertThat(inform(Thresholds.NONE, false, loser).added()).containsExactly(loser.hash());
  }

  @Test
  void aThresholdThatIsSetIsReadAgainBeforeEachAttempt() throws Exception {
    Aum add = Chains.addKey(GENESIS, TestKeys.key(4, 1), 1);
    Thresholds[] now = {Thresholds.NONE};
    int[] asked = {0};
    Revision before = live.current().snapshot().revision();
    MemoryAumStore shared = new MemoryAumStore();
    LiveAuthority one =
        LiveAuthority.bootstrap(shared, GENESIS, AdmissionPolicy.CONTROL, new FakeClock());
    LiveAuthority other = LiveAuthority.open(shared, AdmissionPolicy.CONTROL, new FakeClock());
    Thresholds.Source changing =
        () -> {
          Thresholds read = now[0];
          if (asked[0]++ == 0) {
            // Between reading it and the commit, somebody sets another one.
            now[0] = ALL;
            try {
              other.renew();
            } catch (OpenException e) {
              throw new AssertionError(e);
            }
          }
          return read;
        };

    InformResult result =
        one.inform(List.of(add), AdmissionPolicy.CONTROL, new Demand(changing, false));

    assertThat(result.added()).isEmpty();
    assertThat(asked[0]).isEqualTo(2);
    live.renew();
    assertThat(live.current().snapshot().revision()).isNotEqualTo(before);
    assertThat(live.current().head()).isEqualTo(GENESIS.hash());
  }

  @Test
  void severalOperationsAreOneAumThatAllCanSign() throws Exception {
    UpdateBuilder one = UpdateBuilder.unsigned(STATE, live.current());
    one.addKey(TestKeys.key(4, 1));
    Aum single = one.merged().orElseThrow();
    assertThat(single).isEqualTo(Chains.addKey(GENESIS, TestKeys.key(4, 1)));

    one.removeKey(TestKeys.id(1));
    Aum merged = one.merged().orElseThrow();
    assertThat(merged.state().orElseThrow().keyIds())
        .containsExactly(TestKeys.id(2), TestKeys.id(3), TestKeys.id(4));
    inform(ALL, false, TestKeys.sign(merged, 3, 2));
    assertThat(live.current().head()).isEqualTo(TestKeys.sign(merged, 3, 2).hash());

    UpdateBuilder again = UpdateBuilder.unsigned(STATE, live.current());
    again.addKey(TestKeys.key(4, 1));
    again.removeKey(TestKeys.id(1));
    assertThat(again.merged()).isEqualTo(Optional.empty());
    assertThat(again.already()).hasSize(2);
  }

  @Test
  void aCheckpointThatIsDueCarriesTheOperation() throws Exception {
    List<Aum> quiet = new ArrayList<>(List.of(GENESIS));
    for (int i = 1; i < UpdateBuilder.CHECKPOINT_EVERY; i++) {
      quiet.add(Chains.noOp(quiet.get(i - 1), "q" + i, 1));
    }
    live.inform(quiet.subList(1, quiet.size()));
    UpdateBuilder builder = UpdateBuilder.unsigned(live.current().state(), live.current());
    builder.addKey(TestKeys.key(4, 1));

    Aum merged = builder.merged().orElseThrow();

    assertThat(merged.kind().isCheckpoint()).isTrue();
    assertThat(merged.state().orElseThrow().trusts(TestKeys.id(4))).isTrue();
    assertThatThrownBy(() -> new UpdateBuilder(live.current(), TestKeys.privateKey(1)).merged())
        .isInstanceOf(IllegalStateException.class);
  }
}
