package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Protocol, section 10: at P, X would displace what follows there. */
class RecountTest {
  private static final Instant DAY_0 = FakeClock.START;
  private static final Duration DAYS_14 = Duration.ofDays(14);

  private static Chains draw(List<Key> keys, String drawing) {
    return Chains.draw(keys, drawing);
  }

  /** The entries of AUMs that follow one another, all committed at day 0. */
  private static List<TrailEntry> entries(Chains chains, String names) {
    List<TrailEntry> entries = new ArrayList<>();
    for (String name : names.split(" ", -1)) {
      Aum aum = chains.get(name);
      State before = chains.stateAt(chains.nameOf(aum.parent().orElseThrow()));
      entries.add(TrailEntry.of(aum, before, chains.stateAt(name), DAY_0));
    }
    return entries;
  }

  private static Recount recount(Chains chains, String following, int mature) {
    return Recount.of(chains.stateAt("P"), chains.get("X"), entries(chains, following), mature);
  }

  /** As in {@code 3, without key 2 (1 vote) for G: REMOVAL_IS_FINAL}. */
  private static String told(Chains chains, Recount recount) {
    StringBuilder told = new StringBuilder(Long.toString(recount.weight()));
    for (Recount.Discount discount : recount.discounts()) {
      int number = 1;
      while (!TestKeys.id(number).equals(discount.signer())) {
        number++;
      }
      told.append(", without %d*%d".formatted(number, discount.votes()))
          .append(" for %s: %s".formatted(chains.nameOf(discount.by()), discount.reason()));
    }
    return told.toString();
  }

  @Test
  void aSignerThatNobodyTookAwayCounts() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 3), TestKeys.key(2, 2), TestKeys.key(3, 1)),
            """
            P -> F(2) -> G[remove:3](2)
            P -> X(1,2)
            """);

    assertThat(told(chains, recount(chains, "F G", 2))).isEqualTo("5");
    assertThat(told(chains, recount(chains, "F G", 0))).isEqualTo("5");
  }

  @Test
  void clauseA_aKeyThatAMatureAumTookAwayHasNoSay() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 3), TestKeys.key(2, 1), TestKeys.key(3, 2)),
            """
            P -> F(2) -> G[remove:1](2)
            P -> X(1,3)
            """);

    assertThat(told(chains, recount(chains, "F G", 2)))
        .isEqualTo("2, without 1*3 for G: REMOVAL_IS_FINAL");
    // Not mature yet, and outweighed by far.
    assertThat(told(chains, recount(chains, "F G", 1))).isEqualTo("5");
  }

  @Test
  void clauseA_addingTheKeyAgainDoesNotGiveItItsSayBack() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 3), TestKeys.key(2, 1)),
            """
            P -> F[remove:1](2) -> G[add:1*3](2) -> H(1)
            P -> X(1)
            """);

    assertThat(told(chains, recount(chains, "F G H", 3)))
        .isEqualTo("0, without 1*3 for F: REMOVAL_IS_FINAL");
    assertThat(told(chains, recount(chains, "F G H", 1)))
        .isEqualTo("0, without 1*3 for F: REMOVAL_IS_FINAL");
  }

  @Test
  void clauseA_whatACheckpointLeavesOutIsTakenAway() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 3), TestKeys.key(2, 1)),
            """
            P -> F[revoke:1](2)
            P -> X(1)
            """);

    assertThat(told(chains, recount(chains, "F", 1)))
        .isEqualTo("0, without 1*3 for F: REMOVAL_IS_FINAL");
  }

  @Test
  void clauseB_theRemovalHasToBeOutweighedByStrictlyMore() {
    String drawing =
        """
        P -> F[remove:1](2)
        P -> X(1)
        """;
    Chains equal = draw(List.of(TestKeys.key(1, 2), TestKeys.key(2, 2)), drawing);
    Chains more = draw(List.of(TestKeys.key(1, 3), TestKeys.key(2, 2)), drawing);

    assertThat(told(equal, recount(equal, "F", 0)))
        .isEqualTo("0, without 1*2 for F: REMOVAL_NOT_OUTWEIGHED");
    assertThat(told(more, recount(more, "F", 0))).isEqualTo("3");
  }

  @Test
  void clauseB_weighsTheRemovalAtTheFork() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
            """
            P -> F[update:2*9](2) -> G[remove:1](2)
            P -> X(1)
            """);

    assertThat(told(chains, recount(chains, "F G", 0))).isEqualTo("2");
  }

  @Test
  void clauseB_signersAreStruckUntilNothingChanges() {
    Chains chains =
        draw(
            List.of(
                TestKeys.key(1, 2),
                TestKeys.key(2, 2),
                TestKeys.key(3, 1),
                TestKeys.key(4, 5),
                TestKeys.key(5, 4),
                TestKeys.key(6, 1)),
            """
            P -> F[remove:2](5) -> G[remove:3](4) -> H[remove:1](6)
            P -> X(1,2,3)
            """);

    // 5 votes do not outweigh G: key 3 goes. 4 that are left do not outweigh F: key 2 goes. 2 that
    // are left outweigh H.
    assertThat(told(chains, recount(chains, "F G H", 0)))
        .isEqualTo(
            "2, without 3*1 for G: REMOVAL_NOT_OUTWEIGHED,"
                + " without 2*2 for F: REMOVAL_NOT_OUTWEIGHED");
  }

  @Test
  void clauseB_whatAFinalRemovalTookAwayDoesNotHelpToOutweighAnother() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 3)),
            """
            P -> F[remove:1](3) -> G[remove:2](3)
            P -> X(1,2)
            """);

    assertThat(told(chains, recount(chains, "F G", 0))).isEqualTo("4");
    assertThat(told(chains, recount(chains, "F G", 1)))
        .isEqualTo(
            "0, without 1*2 for F: REMOVAL_IS_FINAL,"
                + " without 2*2 for G: REMOVAL_NOT_OUTWEIGHED");
  }

  @Test
  void clauseB_aKeyThatWasAddedAfterTheForkStandsForItsSponsor() {
    String rotation =
        """
        P -> F[add:3*9](2) -> G[remove:1](3)
        P -> X(1)
        """;
    Chains lighter = draw(List.of(TestKeys.key(1, 2), TestKeys.key(2, 2)), rotation);
    Chains heavier = draw(List.of(TestKeys.key(1, 3), TestKeys.key(2, 2)), rotation);

    assertThat(told(lighter, recount(lighter, "F G", 0)))
        .isEqualTo("0, without 1*2 for G: REMOVAL_NOT_OUTWEIGHED");
    // A thief who gives himself a key of nine votes has no more than he had.
    assertThat(told(heavier, recount(heavier, "F G", 0))).isEqualTo("3");
  }

  @Test
  void clauseB_aChainOfSponsorsLeadsBackToTheForkAndEachCountsOnce() {
    String drawing =
        """
        P -> A[add:4*9](2) -> B[add:5*9](3,4) -> C[add:6*9](5) -> D[remove:1](5,6)
        P -> X(1)
        """;
    Chains lighter =
        draw(List.of(TestKeys.key(1, 3), TestKeys.key(2, 2), TestKeys.key(3, 1)), drawing);
    Chains heavier =
        draw(List.of(TestKeys.key(1, 4), TestKeys.key(2, 2), TestKeys.key(3, 1)), drawing);

    assertThat(told(lighter, recount(lighter, "A B C D", 0)))
        .isEqualTo("0, without 1*3 for D: REMOVAL_NOT_OUTWEIGHED");
    assertThat(told(heavier, recount(heavier, "A B C D", 0))).isEqualTo("4");
  }

  @Test
  void clauseB_sponsorsInTheMaturePartCount() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 2)),
            """
            P -> F[add:3*1](2) -> G[remove:1](3)
            P -> X(1)
            """);

    assertThat(told(chains, recount(chains, "F G", 1)))
        .isEqualTo("0, without 1*2 for G: REMOVAL_NOT_OUTWEIGHED");
  }

  @Test
  void clauseB_aKeyOfTheForkStandsForItselfEvenWhenItWasAddedAgain() {
    Chains chains =
        draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1), TestKeys.key(3, 4)),
            """
            P -> F[remove:2](3) -> G[add:2*1](3) -> H[remove:1](2)
            P -> X(1)
            """);

    assertThat(told(chains, recount(chains, "F G H", 0))).isEqualTo("2");
  }

  @Test
  void exactly14DaysIsMature() {
    Chains chains = draw(List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)), "P -> F -> G -> H");
    List<TrailEntry> following = entries(chains, "F G");

    assertThat(Recount.countMature(following, OwnAums.NONE, DAY_0.plus(DAYS_14))).isEqualTo(2);
    assertThat(Recount.countMature(following, OwnAums.NONE, DAY_0.plus(DAYS_14).minusSeconds(1)))
        .isZero();
    assertThat(Recount.countMature(List.of(), OwnAums.NONE, Instant.MAX)).isZero();
  }

  @Test
  void theAumsBeforeAMatureOneAreMature() {
    Chains chains = draw(List.of(TestKeys.key(1, 1)), "P -> F -> G -> H");
    List<TrailEntry> following = new ArrayList<>();
    for (TrailEntry entry : entries(chains, "F G H")) {
      // Only G is old: a clock was wrong, or F came back later.
      boolean old = chains.nameOf(entry.hash()).equals("G");
      following.add(
          TrailEntry.of(
              chains.get(chains.nameOf(entry.hash())),
              chains.stateAt("P"),
              chains.stateAt("P"),
              old ? DAY_0 : DAY_0.plus(DAYS_14)));
    }

    assertThat(Recount.countMature(following, OwnAums.NONE, DAY_0.plus(DAYS_14))).isEqualTo(2);
  }

  @Test
  void anOwnAumMaturesFromItsAcknowledgement() {
    Chains chains = draw(List.of(TestKeys.key(1, 1)), "P -> F -> G");
    List<TrailEntry> following = entries(chains, "F G");
    AumHash own = chains.get("G").hash();
    OwnAums unsent = OwnAums.NONE.made(List.of(own));
    OwnAums acknowledged = unsent.acknowledged(List.of(own), DAY_0.plus(Duration.ofDays(3)));

    assertThat(Recount.countMature(following, unsent, DAY_0.plus(DAYS_14))).isEqualTo(1);
    assertThat(Recount.countMature(following, acknowledged, DAY_0.plus(Duration.ofDays(16))))
        .isEqualTo(1);
    assertThat(Recount.countMature(following, acknowledged, DAY_0.plus(Duration.ofDays(17))))
        .isEqualTo(2);
    assertThat(unsent.own()).isEqualTo(Map.of(own, Optional.empty()));
  }
}
