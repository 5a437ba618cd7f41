package dev.tka.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Protocol, section 10, "Unsent": what becomes of the notes on own AUMs. */
class OwnAumsTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final Instant LATER = NOON.plusSeconds(3600);

  private final Chains chains = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B -> C -> D");

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private OwnAums.SetAside aside(String name, Instant at) {
    return new OwnAums.SetAside(chains.get(name), at, false);
  }

  private static OwnAums.Acknowledged at(Instant time) {
    return new OwnAums.Acknowledged(time, time.plusSeconds(1));
  }

  private AumEntry entry(String name, Instant committedAt) {
    AumIndex<Bytes> index =
        AumIndex.of(List.of(AumIndex.Item.of(chains.get(name), committedAt.getEpochSecond())));
    return index.entries(0).get(0);
  }

  @Test
  void anAumFromElsewhereIsUnknownToControlUntilControlHasIt() {
    OwnAums ownAums = OwnAums.NONE.cameFromElsewhere(List.of(hash("A"), hash("B")));

    assertThat(ownAums.unsent()).isEmpty();
    assertThat(ownAums.isUnknownToControl(hash("A"))).isTrue();
    assertThat(ownAums.acknowledged(List.of(hash("A")), at(NOON)).unknownToControl())
        .containsExactly(hash("B"));
  }

  @Test
  void aNewEditIsUnsentAndDoesNotAge() {
    OwnAums ownAums = OwnAums.NONE.made(Map.of(hash("A"), false, hash("B"), true));

    assertThat(ownAums.unsent()).containsExactlyInAnyOrder(hash("A"), hash("B"));
    assertThat(ownAums.isUnsent(hash("A"))).isTrue();
    assertThat(ownAums.isRevocation(hash("A"))).isFalse();
    assertThat(ownAums.isRevocation(hash("B"))).isTrue();
    assertThat(ownAums.agesFrom(entry("A", NOON))).isEmpty();
    assertThat(ownAums.isUnsent(hash("C"))).isFalse();
    assertThat(ownAums.agesFrom(entry("C", NOON))).contains(NOON);
  }

  @Test
  void anAcknowledgedAumIsNeverUnsentAgainAndAgesFromTheFirstTime() {
    OwnAums ownAums =
        OwnAums.NONE
            .made(Map.of(hash("A"), false))
            .acknowledged(List.of(hash("A"), hash("C")), at(NOON))
            .acknowledged(List.of(hash("A")), at(LATER))
            .made(Map.of(hash("A"), false));

    assertThat(ownAums.own())
        .isEqualTo(Map.of(hash("A"), new OwnAums.Own(false, Optional.of(at(NOON)))));
    assertThat(ownAums.isUnsent(hash("A"))).isFalse();
    assertThat(ownAums.agesFrom(entry("A", LATER))).contains(NOON);
  }

  @Test
  void anEditIsSetAsideOnceUntilControlHasItOrAPersonTakesIt() {
    OwnAums ownAums =
        OwnAums.NONE
            .aside(List.of(aside("B", NOON), aside("C", NOON)))
            .aside(List.of(aside("B", LATER), aside("D", LATER)));

    assertThat(ownAums.setAside())
        .containsExactly(aside("B", NOON), aside("C", NOON), aside("D", LATER));
    assertThat(ownAums.acknowledged(List.of(hash("C")), at(LATER)).setAside())
        .containsExactly(aside("B", NOON), aside("D", LATER));
    assertThat(ownAums.withoutAside(Set.of(hash("B"))).setAside())
        .containsExactly(aside("C", NOON), aside("D", LATER));
  }

  @Test
  void theTimeOfTheLastAgreementIsKeptWithTheRest() {
    OwnAums ownAums = OwnAums.NONE.made(Map.of(hash("A"), false)).agreed(NOON).agreed(LATER);
    assertThat(ownAums.agreedAt()).contains(LATER);
    assertThat(ownAums.unsent()).containsExactly(hash("A"));
    assertThat(ownAums.acknowledged(List.of(hash("A")), at(LATER)).agreedAt()).contains(LATER);
  }
}
