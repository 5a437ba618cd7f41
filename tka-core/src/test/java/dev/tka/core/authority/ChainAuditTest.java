package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.IllFormedException;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumSource;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What opening takes on trust, an audit verifies. */
class ChainAuditTest {
  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C[checkpoint] -> D[add:3*1] -> E(3)
          B -> X(2) -> Y[remove:1](2)
          """);

  private static ChainAudit audit(AumSource source) throws TkaException {
    return ChainAudit.of(source.read());
  }

  private ChainAudit auditWith(Aum... more) throws TkaException {
    List<Aum> all = new ArrayList<>(chains.all());
    all.addAll(List.of(more));
    return audit(TestStores.holding(all));
  }

  private static Aum badly(Aum parent, String label) {
    return TestKeys.signBadly(Chains.noOp(parent, label), 1);
  }

  @Test
  void aSoundTreeIsVerifiedWhole() throws TkaException {
    assertThat(auditWith()).isEqualTo(new ChainAudit(7, 0, Optional.empty()));
    assertThat(audit(TestStores.holding(chains.list("C D E"))).verified()).isEqualTo(3);
  }

  @Test
  void aBadSignatureOnALosingBranchIsFound() throws TkaException {
    Aum bad = TestKeys.signBadly(Chains.noOp(chains.get("Y"), "bad"), 2);

    ChainAudit audit = auditWith(bad);

    assertThat(audit.problem()).map(ChainAudit.Problem::hash).contains(bad.hash());
    assertThat(audit.problem())
        .get()
        .extracting(ChainAudit.Problem::cause)
        .isInstanceOf(VerificationException.InvalidSignature.class);
  }

  @Test
  void everyRuleIsCheckedAgain() throws TkaException {
    assertThat(problemOf(Chains.noOp(chains.get("X"), "u")))
        .isInstanceOf(VerificationException.Unsigned.class);
    // Signed by the key that its parent removed.
    assertThat(problemOf(Chains.noOp(chains.get("Y"), "u", 1)))
        .isInstanceOf(VerificationException.UntrustedSigner.class);
    assertThat(problemOf(Chains.removeKey(chains.get("Y"), TestKeys.id(2), 2)))
        .isInstanceOf(VerificationException.RemovesOnlyKey.class);
    assertThat(problemOf(Chains.updateVotes(chains.get("X"), TestKeys.id(9), 1, 2)))
        .isInstanceOf(ApplyException.KeyAbsent.class);
    assertThat(problemOf(Chains.addKey(chains.get("X"), TestKeys.key(4, 5000), 2)))
        .isInstanceOf(IllFormedException.class);
  }

  private TkaException problemOf(Aum bad) throws TkaException {
    ChainAudit audit = auditWith(bad);
    assertThat(audit.problem()).map(ChainAudit.Problem::hash).contains(bad.hash());
    return audit.problem().orElseThrow().cause();
  }

  @Test
  void theGenesisIsVerifiedAgainstItsOwnState() throws TkaException {
    Aum genesis = Chains.genesis(List.of(TestKeys.key(1, 1)), 2);

    assertThat(audit(TestStores.holding(List.of(genesis))))
        .satisfies(
            audit -> {
              assertThat(audit.verified()).isZero();
              assertThat(audit.problem())
                  .get()
                  .extracting(ChainAudit.Problem::cause)
                  .isInstanceOf(VerificationException.UntrustedSigner.class);
            });
  }

  @Test
  void theFirstProblemByHeightIsTold() throws TkaException {
    Aum low = badly(chains.get("A"), "low");
    Aum high = badly(chains.get("E"), "high");
    Aum unsignedHigh = Chains.noOp(chains.get("E"), "unsigned");

    assertThat(auditWith(high, unsignedHigh, low).problem())
        .map(ChainAudit.Problem::hash)
        .contains(low.hash());
    // A signature that is checked later than the rest still comes first.
    assertThat(auditWith(unsignedHigh, badly(chains.get("B"), "mid")).problem())
        .map(ChainAudit.Problem::hash)
        .contains(badly(chains.get("B"), "mid").hash());
  }

  @Test
  void ofSeveralProblemsAtOneHeightTheLowestHashIsTold() throws TkaException {
    // Children of two parents, so that the order of the parents is tempting.
    for (int i = 0; i < 8; i++) {
      Aum left = badly(chains.get("C"), "left" + i);
      Aum right = badly(chains.get("X"), "right" + i);
      AumHash lowest = left.hash().compareTo(right.hash()) < 0 ? left.hash() : right.hash();

      assertThat(auditWith(left, right).problem()).map(ChainAudit.Problem::hash).contains(lowest);
    }
  }

  @Test
  void aProblemIsFoundAmongMoreThanAreCheckedAtOnce() throws TkaException {
    List<Aum> many = new ArrayList<>(List.of(chains.get("A")));
    for (int i = 0; i < 1100; i++) {
      many.add(Chains.noOp(many.get(i), "n" + i, 1));
    }
    assertThat(audit(TestStores.holding(many)).verified()).isEqualTo(1101);

    many.add(badly(many.get(1100), "bad"));
    ChainAudit audit = audit(TestStores.holding(many));
    assertThat(audit.verified()).isEqualTo(1101);
    assertThat(audit.problem()).map(ChainAudit.Problem::hash).contains(many.get(1101).hash());
  }

  @Test
  void anUnrelatedChainIsCountedButNotVerified() throws TkaException {
    Chains other = Chains.draw(List.of(TestKeys.key(9, 1)), "G(9) -> H(9)");
    List<Aum> all = new ArrayList<>(chains.all());
    all.addAll(other.all());
    all.add(badly(other.get("H"), "bad"));

    assertThat(audit(TestStores.holding(all, chains.get("A").hash())))
        .isEqualTo(new ChainAudit(7, 3, Optional.empty()));
  }

  @Test
  void bytesThatHashToAnotherNameAreAProblem() throws TkaException {
    // A store that hands out, under the name of B, what it was not given.
    Aum stored =
        Aum.decodeStored(chains.get("B").hash(), Chains.noOp(chains.get("A"), "b", 1).encoded());
    AumSnapshot snapshot =
        new IndexSnapshot<>(
            AumIndex.of(List.of(AumIndex.Item.of(chains.get("A"), 1), AumIndex.Item.of(stored, 1))),
            Long.MAX_VALUE,
            new Revision(1),
            Optional.empty(),
            IndexSnapshot.Bodies.IN_MEMORY,
            () -> Trail.EMPTY,
            Notes.NONE,
            List.of());

    ChainAudit audit = audit(() -> snapshot);
    assertThat(audit.verified()).isEqualTo(1);
    assertThat(audit.problem()).map(ChainAudit.Problem::hash).contains(chains.get("B").hash());
    assertThat(audit.problem().orElseThrow().cause())
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining(chains.get("B").hash().toString());
  }
}
