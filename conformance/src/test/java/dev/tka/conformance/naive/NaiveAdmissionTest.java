package dev.tka.conformance.naive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.conformance.naive.NaiveAdmission.Outcome;
import dev.tka.conformance.naive.NaiveAdmission.Source;
import dev.tka.core.Aum;
import dev.tka.core.Key;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What no golden sequence shows: AUMs that neither control sent nor the node made. */
class NaiveAdmissionTest {
  private static final List<Key> KEYS =
      List.of(TestKeys.key(1, 3), TestKeys.key(2, 3), TestKeys.key(3, 3));
  private static final Aum GENESIS = Chains.genesis(KEYS, 1);
  private static final Aum REMOVAL = Chains.removeKey(GENESIS, TestKeys.id(3), 1);

  /** By the removed key, at the place of its removal and as heavy. */
  private static final Aum REWRITE = Chains.checkpoint(GENESIS, Chains.stateOf(KEYS), 3);

  private NaiveAdmission node;

  @BeforeEach
  void open() throws Exception {
    node = new NaiveAdmission(NaiveAdmission.Role.NODE, GENESIS);
    node.agree(0);
  }

  @Test
  void aFileDoesNotBarControl() {
    assertThat(given(REMOVAL, Source.ELSEWHERE, 1)).isEqualTo(Outcome.EXTENDS);

    assertThat(given(REWRITE, Source.CONTROL, 2)).isEqualTo(Outcome.DISPLACES);
  }

  @Test
  void aFileBarsControlOnceControlNamedIt() {
    given(REMOVAL, Source.ELSEWHERE, 1);
    node.agree(2);

    assertThat(given(REWRITE, Source.CONTROL, 3)).isEqualTo(Outcome.REFUSED);
    assertThat(node.head()).isEqualTo(REMOVAL.hash());
  }

  @Test
  void aFileBarsControlOnceControlSentIt() {
    given(REMOVAL, Source.ELSEWHERE, 1);
    assertThat(given(REMOVAL, Source.CONTROL, 2)).isEqualTo(Outcome.KNOWN);

    assertThat(given(REWRITE, Source.CONTROL, 3)).isEqualTo(Outcome.REFUSED);
  }

  @Test
  void aFileIsBarredAsControlIs() {
    // Two signers: heavier than the removal, which bars them only once it is final.
    Aum heavier = Chains.checkpoint(GENESIS, Chains.stateOf(KEYS), 2, 3);
    given(REMOVAL, Source.CONTROL, 1);
    node.agree(1 + NaiveTaking.FINAL_AFTER_SECONDS);

    assertThat(given(heavier, Source.ELSEWHERE, 2 + NaiveTaking.FINAL_AFTER_SECONDS))
        .isEqualTo(Outcome.REFUSED);
  }

  /** A tie that control does not send is settled by fork resolution, where a remove-key wins. */
  @Test
  void aFileGetsNoFavourInATie() {
    given(Chains.noOp(GENESIS, "a", 1), Source.CONTROL, 1);
    given(Chains.removeKey(GENESIS, TestKeys.id(3), 2), Source.ELSEWHERE, 2);
    Aum noOp = Chains.noOp(GENESIS, "b", 1);

    assertThat(given(noOp, Source.ELSEWHERE, 3)).isEqualTo(Outcome.LOSES);
    assertThat(given(noOp, Source.CONTROL, 4)).isEqualTo(Outcome.DISPLACES);
  }

  private Outcome given(Aum aum, Source source, long time) {
    return node.inform(List.of(aum), source, time).orElseThrow().outcomes().get(0);
  }
}
