package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How much room is left, and what the loss of a key would mean. */
class KeyBudgetTest {
  private static final Key DEAD =
      new Key(1, 100, Optional.of(Bytes.copyOf(new byte[] {1, 2, 3})), Map.of());

  private static KeyBudget of(Key... keys) {
    return new KeyBudget(Chains.stateOf(List.of(keys)));
  }

  private static KeyBudget ofMany(int count) {
    return new KeyBudget(
        Chains.stateOf(IntStream.rangeClosed(1, count).mapToObj(i -> TestKeys.key(i, 1)).toList()));
  }

  private static KeyBudget.Loss loss(KeyBudget budget, int number) {
    return budget.lossOf(TestKeys.id(number)).orElseThrow();
  }

  @Test
  void roomIsCountedToTheLimitsOfACheckpoint() {
    KeyBudget budget = of(TestKeys.key(1, 1), DEAD);

    assertThat(budget.keysUsed()).isEqualTo(2);
    assertThat(budget.keysLeft()).isEqualTo(510);
    assertThat(budget.disablementValuesUsed()).isEqualTo(1);
    assertThat(budget.disablementValuesLeft()).isEqualTo(31);
    assertThat(ofMany(512).keysLeft()).isZero();
    assertThat(ofMany(514).keysUsed()).isEqualTo(514);
    assertThat(ofMany(514).keysLeft()).isZero();
  }

  @Test
  void anAdditionIsSignedByAnyKeyThatCanSignWhileThereIsRoom() {
    assertThat(of(TestKeys.key(2, 1), DEAD, TestKeys.key(1, 1)).signersOfAddition())
        .containsExactly(TestKeys.key(2, 1), TestKeys.key(1, 1));
    assertThat(ofMany(511).signersOfAddition()).hasSize(511);
    assertThat(ofMany(512).signersOfAddition()).isEmpty();
  }

  @Test
  void theLossOfTheOnlySignerLeavesNobody() {
    assertThat(loss(of(TestKeys.key(1, 1), DEAD), 1).leavesNobody()).isTrue();
    assertThat(loss(of(TestKeys.key(1, 1), DEAD), 1).votesLeft()).isZero();
    assertThat(loss(of(TestKeys.key(1, 1), TestKeys.key(2, 1)), 1).leavesNobody()).isFalse();
  }

  @Test
  void aLostKeyIsOutvotedByMoreVotesThanItsOwn() {
    KeyBudget budget = of(TestKeys.key(1, 3), TestKeys.key(2, 2), TestKeys.key(3, 1), DEAD);

    assertThat(loss(budget, 1).votesLeft()).isEqualTo(3);
    assertThat(loss(budget, 1).canBeOutvoted()).as("a tie is not enough").isFalse();
    assertThat(loss(budget, 2).votesLeft()).isEqualTo(4);
    assertThat(loss(budget, 2).canBeOutvoted()).isTrue();
    assertThat(loss(budget, 1).heavierAlone()).isEmpty();
    assertThat(loss(budget, 2).heavierAlone()).containsExactly(TestKeys.key(1, 3));
    assertThat(loss(budget, 3).heavierAlone())
        .containsExactly(TestKeys.key(1, 3), TestKeys.key(2, 2));
    assertThat(loss(budget, 3).signersLeft())
        .containsExactly(TestKeys.key(1, 3), TestKeys.key(2, 2));
  }

  @Test
  void aKeyThatIsNotTrustedCannotBeLost() {
    assertThat(of(TestKeys.key(1, 1)).lossOf(TestKeys.id(2))).isEmpty();
  }

  @Test
  void votesBeyondAnyVerifiedStateDoNotOverflow() {
    KeyBudget budget =
        of(
            TestKeys.key(1, 1).withVotes(-1),
            TestKeys.key(2, 1).withVotes(Long.MAX_VALUE),
            TestKeys.key(3, 1));

    assertThat(loss(budget, 1).votesLeft()).isEqualTo(Long.MAX_VALUE);
    assertThat(loss(budget, 3).heavierAlone()).hasSize(2);
  }
}
