package dev.tka.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
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

  @Test
  void aNewEditIsUnsentAndDoesNotAge() {
    OwnAums ownAums = OwnAums.NONE.made(List.of(hash("A"), hash("B")));

    assertThat(ownAums.unsent()).containsExactlyInAnyOrder(hash("A"), hash("B"));
    assertThat(ownAums.isUnsent(hash("A"))).isTrue();
    assertThat(ownAums.agesFrom(hash("A"), NOON)).isEmpty();
    assertThat(ownAums.isUnsent(hash("C"))).isFalse();
    assertThat(ownAums.agesFrom(hash("C"), NOON)).contains(NOON);
  }

  @Test
  void anAcknowledgedAumIsNeverUnsentAgainAndAgesFromTheFirstTime() {
    OwnAums ownAums =
        OwnAums.NONE
            .made(List.of(hash("A")))
            .acknowledged(List.of(hash("A"), hash("C")), NOON)
            .acknowledged(List.of(hash("A")), LATER)
            .made(List.of(hash("A")));

    assertThat(ownAums.own()).isEqualTo(Map.of(hash("A"), Optional.of(NOON)));
    assertThat(ownAums.isUnsent(hash("A"))).isFalse();
    assertThat(ownAums.agesFrom(hash("A"), LATER)).contains(NOON);
  }

  @Test
  void anEditIsSetAsideOnceUntilControlHasItOrAPersonTakesIt() {
    OwnAums ownAums =
        OwnAums.NONE
            .aside(List.of(aside("B", NOON), aside("C", NOON)))
            .aside(List.of(aside("B", LATER), aside("D", LATER)));

    assertThat(ownAums.setAside())
        .containsExactly(aside("B", NOON), aside("C", NOON), aside("D", LATER));
    assertThat(ownAums.acknowledged(List.of(hash("C")), LATER).setAside())
        .containsExactly(aside("B", NOON), aside("D", LATER));
    assertThat(ownAums.withoutAside(Set.of(hash("B"))).setAside())
        .containsExactly(aside("C", NOON), aside("D", LATER));
  }

  @Test
  void theTimeOfTheLastAgreementIsKeptWithTheRest() {
    OwnAums ownAums = OwnAums.NONE.made(List.of(hash("A"))).agreed(NOON).agreed(LATER);
    assertThat(ownAums.agreedAt()).contains(LATER);
    assertThat(ownAums.unsent()).containsExactly(hash("A"));
    assertThat(ownAums.acknowledged(List.of(hash("A")), LATER).agreedAt()).contains(LATER);
  }
}
