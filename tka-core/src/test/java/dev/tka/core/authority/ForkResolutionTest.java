package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Protocol, section 4, "Fork resolution": which of several children is followed. */
class ForkResolutionTest {
  private static final List<Key> KEYS =
      List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 1));

  private static String headOf(Chains chains) throws TkaException {
    return chains.nameOf(Authority.open(TestStores.holding(chains.all())).head());
  }

  @Test
  void theHeaviestChildWins() throws TkaException {
    assertThat(headOf(Chains.draw(KEYS, "A -> B(1,3)\n A -> C(1)\n A -> D(3)"))).isEqualTo("B");
    assertThat(headOf(Chains.draw(KEYS, "A -> B(1,3)\n A -> C(1,2)"))).isEqualTo("C");
  }

  @Test
  void aKeyThatSignsTwiceCountsOnce() throws TkaException {
    assertThat(headOf(Chains.draw(KEYS, "A -> B(1,3)\n A -> C(2,2,2)"))).isEqualTo("B");
  }

  @Test
  void unknownSignersWeighNothing() throws TkaException {
    assertThat(headOf(Chains.draw(KEYS, "A -> B(3,7,8,9)\n A -> C(1)"))).isEqualTo("C");
  }

  @Test
  void weightIsTakenInTheStateAtTheFork() throws TkaException {
    // In the state at C key 3 has 9 votes; at B, where the fork is, it has 1.
    assertThat(headOf(Chains.draw(KEYS, "A -> B -> C[update:3*9](1,2)\n B -> X(1,3)")))
        .isEqualTo("C");
    assertThat(headOf(Chains.draw(KEYS, "A -> B[update:3*9] -> C(1,2)\n B -> X(3)")))
        .isEqualTo("X");
  }

  @Test
  void descendantsOfAChildDoNotCount() throws TkaException {
    assertThat(headOf(Chains.draw(KEYS, "A -> B(3) -> C(1,2,3) -> D(1,2,3)\n A -> X(1)")))
        .isEqualTo("X");
  }

  @Test
  void onATieARemoveKeyWins() throws TkaException {
    // Whatever the hashes: a few labels have hashes on either side of the removal's.
    for (String label : List.of("X", "Y", "Z", "V", "W")) {
      assertThat(headOf(Chains.draw(KEYS, "A -> R[remove:3](1)\n A -> " + label + "(2)")))
          .isEqualTo("R");
    }
  }

  @Test
  void aHeavierChildBeatsARemoveKey() throws TkaException {
    assertThat(headOf(Chains.draw(KEYS, "A -> R[remove:3](1)\n A -> X(1,3)"))).isEqualTo("X");
  }

  @Test
  void onATieBetweenRemovalsTheLowestHashWins() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS, "A -> R[remove:3](1)\n A -> S[remove:2](1)\n A -> T[remove:3](2)\n A -> X");

    assertThat(headOf(chains)).isEqualTo(lowest(chains, "R S T"));
  }

  @Test
  void onATieStillTheLowestHashWins() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> B\n A -> C\n A -> D(2)\n A -> E\n A -> F(2)");

    assertThat(headOf(chains)).isEqualTo(lowest(chains, "B C D E F"));
  }

  @Test
  void hashesAreComparedUnsigned() {
    // Of many ties, some have hashes on both sides of 0x80.
    State state = Chains.stateOf(KEYS);
    Aum genesis = Chains.genesis(KEYS, 1);
    List<Aum> children =
        IntStream.range(0, 32).mapToObj(i -> Chains.noOp(genesis, "n" + i, 1)).toList();
    Aum low = Collections.min(children, Comparator.comparing(aum -> aum.hash().bytes().toHex()));

    assertThat(children).anyMatch(aum -> aum.hash().bytes().get(0) < 0);
    assertThat(low.hash().bytes().get(0)).isPositive();
    assertThat(ForkResolution.choose(state, children)).isEqualTo(low);
  }

  private static String lowest(Chains chains, String names) {
    return chains.list(names).stream()
        .map(Aum::hash)
        .min(Comparator.comparing(hash -> hash.bytes().toHex()))
        .map(chains::nameOf)
        .orElseThrow();
  }

  @Test
  void theOrderOfTheChildrenDoesNotMatter() {
    Aum genesis = Chains.genesis(KEYS, 1);
    State state = Chains.stateOf(KEYS);
    List<Aum> children =
        new ArrayList<>(
            List.of(
                Chains.noOp(genesis, "b", 1),
                Chains.noOp(genesis, "c", 2),
                Chains.removeKey(genesis, TestKeys.id(3), 2),
                Chains.removeKey(genesis, TestKeys.id(2), 1),
                Chains.noOp(genesis, "d", 3)));
    Aum winner = ForkResolution.choose(state, children);

    assertThat(winner.kind()).isEqualTo(AumKind.REMOVE_KEY);
    for (int i = 0; i < children.size(); i++) {
      Collections.rotate(children, 1);
      assertThat(ForkResolution.choose(state, children)).isEqualTo(winner);
    }
  }

  @Test
  void weightsBeyondAnyVerifiedStateDoNotOverflow() {
    List<Key> heavy =
        List.of(
            TestKeys.key(1, 1).withVotes(Long.MAX_VALUE),
            TestKeys.key(2, 1).withVotes(Long.MAX_VALUE),
            TestKeys.key(3, 1).withVotes(-1));
    State state = Chains.stateOf(heavy);
    Aum genesis = Chains.genesis(heavy, 1);

    assertThat(state.weightOf(Chains.noOp(genesis, "x", 1, 2, 3))).isEqualTo(Long.MAX_VALUE);
    assertThat(state.weightOf(Chains.noOp(genesis, "x", 3))).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aForkHasChildren() {
    State state = Chains.stateOf(KEYS);

    assertThatThrownBy(() -> ForkResolution.choose(state, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
