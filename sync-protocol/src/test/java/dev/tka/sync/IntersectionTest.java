package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Protocol, section 5, rule by rule, and protocol section 10's search of the whole graph. */
class IntersectionTest {
  /** The branch of X is signed by the lighter key, so it loses at C. */
  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C -> D[checkpoint] -> E -> F -> G[checkpoint] -> H
          C -> X(2) -> Y[checkpoint](2) -> Z(2)
          """);

  private final AumHash unknown = hash(1);
  private final AumHash stranger = hash(2);

  private static AumHash hash(int fill) {
    byte[] bytes = new byte[AumHash.SIZE];
    Arrays.fill(bytes, (byte) fill);
    return AumHash.of(bytes);
  }

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private Authority holding(String names) throws TkaException {
    return Ends.holding(chains.list(names)).current();
  }

  private Authority main() throws TkaException {
    return holding("A B C D E F G H");
  }

  private Authority both() throws TkaException {
    return holding("A B C D E F G H X Y Z");
  }

  private SyncOffer offer(AumHash head, AumHash... ancestors) {
    return new SyncOffer(head, List.of(ancestors));
  }

  private String missing(Authority local, SyncOffer remote) throws TkaException {
    MissingAums missing = MissingAums.of(local, Intersection.find(local, remote));
    assertThat(missing.withheld()).isZero();
    return String.join(" ", missing.hashes().stream().map(chains::nameOf).toList());
  }

  @Test
  void equalHeadsAreUpToDateWhateverTheAncestors() throws TkaException {
    SyncOffer remote = offer(hash("H"), unknown);

    assertThat(Intersection.find(main(), remote)).isEqualTo(new Intersection.UpToDate(hash("H")));
    assertThat(missing(main(), remote)).isEmpty();
  }

  @Test
  void aHeadOnOurChainLacksWhatFollowsWhateverTheAncestors() throws TkaException {
    SyncOffer remote = offer(hash("E"), hash("G"), unknown);

    assertThat(Intersection.find(main(), remote)).isEqualTo(new Intersection.Head(hash("E"), 3));
    assertThat(missing(main(), remote)).isEqualTo("F G H");
    assertThat(missing(main(), offer(hash("A")))).isEqualTo("B C D E F G H");
  }

  @Test
  void elseTheFirstAncestorOnOurChainIsTheTail() throws TkaException {
    SyncOffer remote = offer(unknown, stranger, hash("D"), hash("A"));

    assertThat(Intersection.find(main(), remote))
        .isEqualTo(new Intersection.Tail(hash("D"), hash("D"), 4, 1));
    assertThat(missing(main(), remote)).isEqualTo("E F G H");
  }

  @Test
  void theOrderOfTheOfferDecidesNotTheAge() throws TkaException {
    assertThat(missing(main(), offer(unknown, hash("A"), hash("D")))).isEqualTo("B C D E F G H");
  }

  @Test
  void anAncestorThatIsOurHeadLeavesNothingToSend() throws TkaException {
    assertThat(Intersection.find(main(), offer(unknown, hash("H"))))
        .isEqualTo(new Intersection.Tail(hash("H"), hash("H"), 0, 0));
  }

  @Test
  void aHeadOnALosingBranchMovesTheNewestCommonAumAboveTheTail() throws TkaException {
    SyncOffer remote = offer(hash("Z"), hash("Y"), hash("A"));

    assertThat(Intersection.find(both(), remote))
        .isEqualTo(new Intersection.Tail(hash("A"), hash("C"), 7, 1));
    assertThat(missing(both(), remote)).isEqualTo("B C D E F G H");
  }

  @Test
  void aLosingBranchBelowTheTailMovesNothing() throws TkaException {
    assertThat(Intersection.find(both(), offer(hash("Z"), hash("D"))))
        .isEqualTo(new Intersection.Tail(hash("D"), hash("D"), 4, 0));
  }

  @Test
  void anAumOnALosingBranchAloneLeadsToWhereThatLeftOurChain() throws TkaException {
    assertThat(Intersection.find(both(), offer(hash("Z"))))
        .isEqualTo(new Intersection.LosingBranch(hash("C"), 5, hash("Z"), 3, hash("D")));
    assertThat(Intersection.find(both(), offer(unknown, stranger, hash("Y"))))
        .isEqualTo(new Intersection.LosingBranch(hash("C"), 5, hash("Y"), 2, hash("D")));
    assertThat(missing(both(), offer(hash("Z")))).isEqualTo("D E F G H");
  }

  @Test
  void ofSeveralLosingBranchesTheOneThatLeftLastCounts() throws TkaException {
    Chains twice =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
            """
            A -> B -> C -> D -> E
            A -> X(2)
            C -> Y(2)
            """);
    Authority local = Ends.holding(twice.all()).current();

    Intersection found =
        Intersection.find(local, offer(unknown, twice.get("X").hash(), twice.get("Y").hash()));

    assertThat(found).isInstanceOf(Intersection.LosingBranch.class);
    assertThat(((Intersection.LosingBranch) found).at()).isEqualTo(twice.get("C").hash());
    assertThat(((Intersection.LosingBranch) found).named()).isEqualTo(twice.get("Y").hash());
  }

  @Test
  void unknownNamesHaveNoIntersection() throws TkaException {
    assertThat(Intersection.find(main(), offer(unknown, stranger)))
        .isEqualTo(new Intersection.None(hash("H"), hash("A"), true, 2, 0));
    assertThat(missing(main(), offer(unknown))).isEmpty();
  }

  @Test
  void forgottenAumsHaveNoIntersection() throws TkaException {
    Authority cut = Ends.cutAt(hash("D"), chains.all()).current();

    assertThat(Intersection.find(cut, offer(hash("B"), hash("A"))))
        .isEqualTo(new Intersection.None(hash("H"), hash("D"), false, 2, 0));
    // The branch is there, but it left below what is.
    assertThat(Intersection.find(cut, offer(hash("Z"), hash("A"))))
        .isInstanceOf(Intersection.None.class);
    assertThat(missing(cut, offer(unknown, hash("D"), hash("A")))).isEqualTo("E F G H");
  }

  @Test
  void anAumInATreeApartIsHeldAndNoIntersection() throws TkaException {
    Chains other = Chains.draw(List.of(TestKeys.key(3, 1)), "S -> T");
    List<Aum> all = new ArrayList<>(chains.list("A B"));
    all.addAll(other.all());
    Authority local = Authority.open(TestStores.holding(all, hash("A")));

    assertThat(Intersection.find(local, offer(other.get("T").hash(), other.get("S").hash())))
        .isEqualTo(new Intersection.None(hash("B"), hash("A"), true, 2, 2));
    assertThat(missing(local, offer(other.get("T").hash(), hash("A")))).isEqualTo("B");
  }

  @Test
  void missingAumsAreTheBytesThatAreStored() throws TkaException {
    Authority local = main();
    MissingAums missing = MissingAums.of(local, Intersection.find(local, offer(hash("F"))));

    for (int i = 0; i < missing.hashes().size(); i++) {
      assertThat(missing.encoded().get(i))
          .isSameAs(local.snapshot().encoded(missing.hashes().get(i)));
    }
    assertThat(missing.encoded()).hasSize(2);
  }

  @Test
  void aBoundStopsBeforeTheAumThatPassesIt() throws TkaException {
    long two = size("F") + size("G");

    assertThat(bounded(main(), offer(hash("E")), two)).isEqualTo("F G +1");
    assertThat(bounded(main(), offer(hash("E")), two - 1)).isEqualTo("F +2");
    assertThat(bounded(main(), offer(hash("E")), two + size("H"))).isEqualTo("F G H +0");
  }

  @Test
  void atLeastOneAumAfterTheCommonOneGoesHoweverSmallTheBound() throws TkaException {
    assertThat(bounded(main(), offer(hash("E")), 0)).isEqualTo("F +2");
  }

  @Test
  void theBoundHoldsForWhatLiesBeforeTheNewestCommonAumToo() throws TkaException {
    SyncOffer offer = offer(hash("Z"), hash("A"));

    // The way from A to C goes only if D, one that the remote lacks, goes with it.
    long withOneMore = size("B") + size("C") + size("D");
    assertThat(bounded(both(), offer, withOneMore)).isEqualTo("B C D +4");
    assertThat(bounded(both(), offer, withOneMore - 1)).startsWith("D E ");
    assertThat(bounded(both(), offer, size("D") + size("E"))).isEqualTo("D E +3");
    assertThat(bounded(both(), offer, 0)).isEqualTo("D +4");
  }

  @Test
  void anIntersectionOfAnotherAuthorityIsABug() throws TkaException {
    Authority other = Ends.holding(Chains.draw(List.of(TestKeys.key(3, 1)), "S").all()).current();

    assertThatThrownBy(() -> MissingAums.of(other, Intersection.find(main(), offer(hash("E")))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private String bounded(Authority local, SyncOffer remote, long maxBytes) throws TkaException {
    MissingAums missing = MissingAums.bounded(local, Intersection.find(local, remote), maxBytes);
    assertThat(missing.encoded().stream().map(AumHash::ofEncoding).toList())
        .isEqualTo(missing.hashes());
    return String.join(" ", missing.hashes().stream().map(chains::nameOf).toList())
        + " +"
        + missing.withheld();
  }

  private long size(String name) {
    Bytes encoded = chains.get(name).encoded();
    return encoded.size();
  }
}
