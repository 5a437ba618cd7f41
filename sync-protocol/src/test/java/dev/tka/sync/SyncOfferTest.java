package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class SyncOfferTest {
  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C[checkpoint] -> D -> E[checkpoint] -> F
          C -> X[checkpoint](2) -> Y[checkpoint](2)
          E -> P -> Q[checkpoint]
          """);

  private String offerOf(Authority authority) {
    SyncOffer offer = SyncOffer.of(authority);
    StringBuilder names = new StringBuilder(chains.nameOf(offer.head())).append(':');
    offer.ancestors().forEach(hash -> names.append(' ').append(chains.nameOf(hash)));
    return names.toString();
  }

  private Authority holding(String names) throws TkaException {
    return Ends.holding(chains.list(names)).current();
  }

  @Test
  void anOfferNamesEveryCheckpointNewestFirstAndEndsInTheOldestAncestor() throws TkaException {
    assertThat(offerOf(holding("A B C D E F"))).isEqualTo("F: E C A");
    assertThat(offerOf(holding("A B"))).isEqualTo("B: A");
    assertThat(offerOf(holding("A"))).isEqualTo("A: A");
  }

  @Test
  void theHeadItselfIsNamedWhenItIsACheckpoint() throws TkaException {
    assertThat(offerOf(holding("A B C D E"))).isEqualTo("E: E C A");
  }

  @Test
  void checkpointsOfLosingBranchesAreNotNamed() throws TkaException {
    assertThat(offerOf(holding("A B C D E F X Y"))).isEqualTo("F: E C A");
  }

  @Test
  void aCutStoreEndsWhereItBegins() throws TkaException {
    LiveAuthority cut = Ends.cutAt(chains.get("C").hash(), chains.list("A B C D E F X Y"));

    assertThat(offerOf(cut.current())).isEqualTo("F: E C");
  }

  @Test
  void ofMoreCheckpointsThanFitTheNewestAreNamedAndTheOldestAncestor() throws TkaException {
    Authority authority = holding("A B C D E F");
    AumHash d = chains.get("D").hash();

    assertThat(SyncOffer.of(authority, 2).ancestors())
        .containsExactly(chains.get("E").hash(), chains.get("A").hash());
    assertThat(SyncOffer.of(authority).naming(d, authority, 3).ancestors())
        .containsExactly(chains.get("E").hash(), d, chains.get("A").hash());
    assertThat(SyncOffer.of(authority).naming(chains.get("B").hash(), authority, 3).ancestors())
        .containsExactly(chains.get("E").hash(), chains.get("B").hash(), chains.get("A").hash());
  }

  @Test
  void anOldestAncestorThatIsNotACheckpointIsNamedLast() throws TkaException {
    Aum genesis = Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).build();
    Aum next = Chains.noOp(genesis, "next", 1);

    SyncOffer offer = SyncOffer.of(Ends.holding(List.of(genesis, next)).current());

    assertThat(offer.ancestors()).containsExactly(genesis.hash());
  }

  @Test
  void theOfferFollowsWhatIsInformed() throws TkaException {
    LiveAuthority live = Ends.holding(chains.list("A B C X Y"));
    assertThat(offerOf(live.current())).isEqualTo("Y: Y X C A");

    live.inform(chains.list("D E F"));
    assertThat(offerOf(live.current())).isEqualTo("F: E C A");

    live.inform(chains.list("P Q"));
    boolean wins = live.current().head().equals(chains.get("Q").hash());
    assertThat(offerOf(live.current())).isEqualTo(wins ? "Q: Q E C A" : "F: E C A");
  }

  @Test
  void aLegacyOfferSamplesFourSixteenAndSoOnThenTheOldest() throws TkaException {
    StringBuilder drawing = new StringBuilder("N0");
    for (int i = 1; i < 300; i++) {
      drawing.append(" -> N").append(i);
    }
    Chains line = Chains.draw(List.of(TestKeys.key(1, 1)), drawing.toString());
    List<Aum> all = line.all();

    assertThat(legacy(line, all)).containsExactly("N295", "N283", "N235", "N43", "N0");
    // Where the last sample falls on the oldest ancestor, that is listed twice.
    assertThat(legacy(line, all.subList(0, 257)))
        .containsExactly("N252", "N240", "N192", "N0", "N0");
    assertThat(legacy(line, all.subList(0, 5))).containsExactly("N0", "N0");
    assertThat(legacy(line, all.subList(0, 4))).containsExactly("N0");
  }

  private static List<String> legacy(Chains chains, List<Aum> aums) throws TkaException {
    return SyncOffer.legacy(Ends.holding(aums).current()).ancestors().stream()
        .map(chains::nameOf)
        .toList();
  }

  @Test
  void theTextFormIsThatOfTheWire() throws TkaException {
    SyncOffer offer = SyncOffer.of(holding("A B C D E F"));

    assertThat(offer.headText()).isEqualTo(chains.get("F").hash().toString());
    assertThat(offer.ancestorTexts())
        .containsExactlyElementsOf(
            chains.list("E C A").stream().map(aum -> aum.hash().toString()).toList());
    assertThat(SyncOffer.parse(offer.headText(), offer.ancestorTexts())).isEqualTo(offer);
  }

  @Test
  void aTextThatIsNotAHashIsReportedByItsIndex() {
    String good = "A".repeat(AumHash.TEXT_LENGTH);

    assertThatThrownBy(() -> SyncOffer.parse("short", List.of()))
        .isInstanceOf(TextException.WrongLength.class);
    assertThatThrownBy(() -> SyncOffer.parse(good, List.of(good, good.toLowerCase(Locale.ROOT))))
        .isInstanceOfSatisfying(
            TextException.Element.class, e -> assertThat(e.index()).isEqualTo(1))
        .hasMessage(
            "ancestor 1: AUM hash: expected upper-case base32, found another character at index 0")
        .hasCauseInstanceOf(TextException.BadCharacter.class);
  }

  @Test
  void tooManyAncestorsAreRefusedBeforeAnyIsParsed() {
    String good = "A".repeat(AumHash.TEXT_LENGTH);

    assertThatThrownBy(() -> SyncOffer.parse(good, Collections.nCopies(1_000_000, "no hash")))
        .isInstanceOfSatisfying(
            TextException.TooMany.class,
            e -> {
              assertThat(e.limit()).isEqualTo(SyncOffer.MAX_ANCESTORS);
              assertThat(e.found()).isEqualTo(1_000_000);
            });
    assertThatThrownBy(
            () ->
                new SyncOffer(
                    AumHash.of(new byte[AumHash.SIZE]),
                    Collections.nCopies(
                        SyncOffer.MAX_ANCESTORS + 1, AumHash.of(new byte[AumHash.SIZE]))))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
