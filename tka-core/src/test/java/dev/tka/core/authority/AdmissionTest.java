package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.DamagedStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Protocol, section 10: who may displace what, at control and at a node. */
class AdmissionTest {
  private static final List<Key> EQUALS = List.of(TestKeys.key(1, 2), TestKeys.key(2, 2));

  /** Key 1 is honest and heavier. */
  private static final List<Key> KEYS =
      List.of(TestKeys.key(1, 3), TestKeys.key(2, 1), TestKeys.key(3, 1));

  private final FakeClock clock = new FakeClock();

  private void day(int day) {
    clock.set(FakeClock.START.plus(Duration.ofDays(day)));
  }

  /** An authority that took these in today. */
  private LiveAuthority holding(AdmissionPolicy policy, Chains chains, String names)
      throws TkaException {
    List<Aum> aums = chains.list(names);
    LiveAuthority live =
        LiveAuthority.bootstrap(new MemoryAumStore(), aums.get(0), policy, clock.clocks());
    if (aums.size() > 1) {
      live.inform(aums.subList(1, aums.size()));
    }
    return live;
  }

  private LiveAuthority control(Chains chains, String names) throws TkaException {
    return holding(AdmissionPolicy.CONTROL, chains, names);
  }

  /** A node whose head was control's today. */
  private LiveAuthority node(Chains chains, String names) throws TkaException {
    LiveAuthority node = holding(AdmissionPolicy.NODE, chains, names);
    agree(node);
    return node;
  }

  /** A day comes on which a node and control have had the same head on each day before. */
  private void agreeUntil(int day, LiveAuthority node) throws TkaException {
    Instant until = FakeClock.START.plus(Duration.ofDays(day));
    while (clock.instant().isBefore(until)) {
      clock.advance(Duration.ofDays(1));
      agree(node);
    }
  }

  private static void agree(LiveAuthority node) throws TkaException {
    node.settle(node.current().head(), List.of(), List.of());
  }

  private static InformResult fromControl(LiveAuthority node, Chains chains, String names)
      throws TkaException {
    List<Aum> aums = chains.list(names);
    return node.informFromControl(aums, aums.stream().map(Aum::hash).toList());
  }

  private static String stored(LiveAuthority live, Chains chains) {
    return live.current().snapshot().entries().stream()
        .map(entry -> chains.nameOf(entry.hash()))
        .sorted()
        .collect(Collectors.joining(" "));
  }

  private static String added(InformResult result, Chains chains) {
    return result.added().stream().map(chains::nameOf).collect(Collectors.joining(" "));
  }

  /** As in {@code X Conflict, Y BuildsOnRefused}. */
  private static String refused(InformResult result, Chains chains) {
    return result.refusals().stream()
        .map(refusal -> chains.nameOf(refusal.update()) + " " + refusal.getClass().getSimpleName())
        .collect(Collectors.joining(", "));
  }

  /** The head, after making sure that who opens the store agrees. */
  private static String head(LiveAuthority live, Chains chains) throws TkaException {
    Authority opened = Authority.open(live.current().snapshot());
    assertThat(opened.head()).isEqualTo(live.current().head());
    assertThat(opened.state()).isEqualTo(live.current().state());
    assertThat(opened.newestFirst(opened.length()))
        .isEqualTo(live.current().newestFirst(live.current().length()));
    return chains.nameOf(opened.head());
  }

  // Control

  private final Chains stale =
      Chains.drawUntil(
          KEYS,
          """
          A -> P -> F(2) -> G
          P -> X -> Y
          P -> C[checkpoint](1)
          P -> D[checkpoint](2,3)
          P -> L(3)
          G -> H(2)
          """,
          chains -> chains.isLower("F", "L"));

  @Test
  void controlAdmitsACheckpointThatIsStrictlyHeavier() throws TkaException {
    LiveAuthority control = control(stale, "A P F G");

    assertThat(refused(control.inform(stale.list("D")), stale)).isEmpty();
    assertThat(head(control, stale)).isEqualTo("D");
    control.inform(stale.list("C"));
    assertThat(head(control, stale)).isEqualTo("C");
  }

  @Test
  void toControlAnythingButACheckpointIsAConflictWhateverItsWeight() throws TkaException {
    LiveAuthority control = control(stale, "A P F G");

    InformResult result = control.inform(stale.list("X"));

    assertThat(result.refusals())
        .containsExactly(
            new Refusal.Conflict(
                stale.get("X").hash(), stale.get("P").hash(), stale.get("F").hash()));
    assertThat(head(control, stale)).isEqualTo("G");
    assertThat(stored(control, stale)).isEqualTo("A F G P");
  }

  @Test
  void aRefusedAumIsDroppedWithItsDescendantsAndTheRestGoesOn() throws TkaException {
    LiveAuthority control = control(stale, "A P F G");

    InformResult result = control.inform(stale.list("X Y H"));

    assertThat(refused(result, stale)).isEqualTo("X Conflict, Y BuildsOnRefused");
    assertThat(added(result, stale)).isEqualTo("H");
    assertThat(head(control, stale)).isEqualTo("H");
  }

  @Test
  void anAumThatIsNotValidStillFailsTheWholeBatch() throws TkaException {
    LiveAuthority control = control(stale, "A P F G");
    Aum bad = TestKeys.signBadly(stale.get("H").withSignatures(List.of()), 2);

    assertThatThrownBy(() -> control.inform(List.of(stale.get("X"), stale.get("H"), bad)))
        .isInstanceOf(InformException.Invalid.class);
    assertThat(stored(control, stale)).isEqualTo("A F G P");
  }

  @Test
  void toControlACheckpointOfEqualWeightThatSection4WouldPreferIsAConflict() throws TkaException {
    Chains tie =
        Chains.drawUntil(
            EQUALS,
            """
            A -> P -> F(1)
            P -> X[checkpoint](2)
            """,
            chains -> chains.isLower("X", "F"));
    LiveAuthority control = control(tie, "A P F");

    InformResult result = control.inform(tie.list("X"));

    assertThat(result.refusals())
        .containsExactly(
            new Refusal.Conflict(tie.get("X").hash(), tie.get("P").hash(), tie.get("F").hash()));
    assertThat(head(control, tie)).isEqualTo("F");
  }

  @Test
  void aSignerWhoWasTakenAwayForGoodBarsTheWhole() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F(2) -> G[remove:1](2,3) -> H(2)
            P -> X[checkpoint](1,3)
            P -> Y[checkpoint](1)
            """);
    LiveAuthority soon = control(chains, "A P F G H");
    day(13);
    assertThat(refused(soon.inform(chains.list("Y")), chains)).isEmpty();
    assertThat(head(soon, chains)).isEqualTo("Y");

    day(0);
    LiveAuthority late = control(chains, "A P F G H");
    day(14);
    InformResult result = late.inform(chains.list("X Y"));

    assertThat(result.refusals())
        .allSatisfy(
            refusal ->
                assertThat(refusal)
                    .isInstanceOfSatisfying(
                        Refusal.Finality.class,
                        finality -> {
                          assertThat(finality.against()).isEqualTo(1);
                          assertThat(finality.bars())
                              .containsExactly(
                                  new Bar(TestKeys.id(1), 3, chains.get("G").hash(), 0, true));
                          assertThat(finality.reason())
                              .contains(chains.get("P").hash().toString())
                              .contains(TestKeys.id(1).toHex() + " (3 votes)");
                        }));
    assertThat(refused(result, chains)).isEqualTo("X Finality, Y Finality");
    assertThat(head(late, chains)).isEqualTo("H");
  }

  @Test
  void theFollowerKeepsItsFullWeightThoughItsSignersWereTakenAway() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F(1) -> G[remove:1](2,3) -> H(2)
            P -> X[checkpoint](2,3)
            """);
    LiveAuthority control = control(chains, "A P F G H");
    day(20);

    // It loses, as it has 2 votes against 3: nobody has to refuse it.
    assertThat(refused(control.inform(chains.list("X")), chains)).isEmpty();
    assertThat(head(control, chains)).isEqualTo("H");
    assertThat(stored(control, chains)).isEqualTo("A F G H P X");
  }

  @Test
  void controlKeepsWhatLosesUpToAQuota() throws TkaException {
    LiveAuthority control = control(stale, "A P");
    control.inform(stale.list("F G L"));
    int kept = 0;
    Optional<Refusal> refusal = Optional.empty();
    for (int i = 0; refusal.isEmpty(); i++) {
      assertThat(i).isLessThan(20);
      // Half of them build on one that lost.
      Aum parent = stale.get(i % 2 == 0 ? "L" : "P");
      Aum loser = Chains.noOp(parent, i + "x".repeat(500_000), 3);
      // A tie with F that the hash decides would be a conflict.
      boolean loses = i % 2 == 0 || loser.hash().compareTo(stale.get("F").hash()) > 0;
      if (!loses) {
        continue;
      }
      InformResult result = control.inform(List.of(loser));
      kept += result.added().size();
      refusal = result.refusals().stream().findFirst();
    }

    assertThat(refusal.orElseThrow()).isInstanceOf(Refusal.OverQuota.class);
    assertThat(kept).isEqualTo((int) (Admission.MAX_LOSING_BYTES / 500_000));
    // What does not lose is taken in all the same.
    control.inform(stale.list("H D"));
    assertThat(head(control, stale)).isEqualTo("D");
  }

  @Test
  void aRestoredControlHasTheQuotaTooAndANodeKeepsNoneThatControlSends() throws TkaException {
    LiveAuthority restored = holding(AdmissionPolicy.RESTORED_CONTROL, stale, "A P F G L");
    LiveAuthority node = node(stale, "A P F G L");
    int kept = 0;
    for (int i = 0; i < 10; i++) {
      Aum loser = Chains.noOp(stale.get("L"), i + "x".repeat(500_000), 3);
      kept += restored.inform(List.of(loser)).added().size();
      assertThat(node.informFromControl(List.of(loser), List.of(loser.hash())).refusals())
          .singleElement()
          .isInstanceOf(Refusal.Outweighed.class);
    }

    assertThat(kept).isEqualTo((int) (Admission.MAX_LOSING_BYTES / 500_000));
  }

  @Test
  void aNodeHasNoQuotaForWhatComesFromElsewhere() throws TkaException {
    LiveAuthority node = node(stale, "A P F G L");
    for (int i = 0; i < 10; i++) {
      Aum loser = Chains.noOp(stale.get("L"), i + "x".repeat(500_000), 3);
      InformResult result = node.inform(List.of(loser));
      assertThat(result.refusals()).isEmpty();
      assertThat(result.added()).hasSize(1);
    }
  }

  @Test
  void aRestoredControlAdmitsAsForkResolutionDoesWithTheRecountedWeight() throws TkaException {
    LiveAuthority control = holding(AdmissionPolicy.RESTORED_CONTROL, stale, "A P F G");

    assertThat(refused(control.inform(stale.list("X Y")), stale)).isEmpty();
    assertThat(head(control, stale)).isEqualTo("Y");

    Chains old =
        Chains.draw(
            KEYS,
            """
            A -> P -> F(2) -> G[remove:1](2,3) -> H(2)
            P -> X(1)
            """);
    LiveAuthority late = holding(AdmissionPolicy.RESTORED_CONTROL, old, "A P F G H");
    day(14);
    assertThat(refused(late.inform(old.list("X")), old)).isEqualTo("X Finality");
    assertThat(head(late, old)).isEqualTo("H");
  }

  @Test
  void aPersonCanAdmitWhatIsRefused() throws TkaException {
    LiveAuthority control = control(stale, "A P F G");

    InformResult other = control.inform(stale.list("X Y"), Set.of(stale.get("Y").hash()));
    assertThat(refused(other, stale)).isEqualTo("X Conflict, Y BuildsOnRefused");
    InformResult result = control.inform(stale.list("X Y"), Set.of(stale.get("X").hash()));

    assertThat(added(result, stale)).isEqualTo("X Y");
    assertThat(head(control, stale)).isEqualTo("Y");

    // It binds no node: here X rests on a key that is gone.
    Chains old =
        Chains.draw(
            KEYS,
            """
            A -> P -> F(2) -> G[remove:1](2,3)
            P -> X(1)
            """);
    day(0);
    LiveAuthority node = node(old, "A P F G");
    agreeUntil(20, node);
    assertThat(refused(fromControl(node, old, "X"), old)).isEqualTo("X Finality");
    assertThat(refused(node.inform(old.list("X"), Set.of(old.get("X").hash())), old)).isEmpty();
    assertThat(head(node, old)).isEqualTo("X");
  }

  // A node, for what control sends

  @Test
  void aTieGoesToControlsBranchAndTheOtherGoes() throws TkaException {
    String drawing =
        """
        A -> P -> F[remove:3](1) -> G(1)
        P -> X(2) -> Y(2)
        P -> Z[remove:3](2)
        """;
    List<Key> keys = List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 1));
    Chains tie = Chains.draw(keys, drawing);
    LiveAuthority node = node(tie, "A P F G");

    InformResult result = fromControl(node, tie, "X Y");

    // Protocol, section 4 prefers the remove-key.
    assertThat(refused(result, tie)).isEmpty();
    assertThat(head(node, tie)).isEqualTo("Y");
    assertThat(stored(node, tie)).isEqualTo("A P X Y");
  }

  @Test
  void aTieGoesToControlsBranchWhateverTheHashes() throws TkaException {
    for (boolean winsBySection4 : new boolean[] {true, false}) {
      Chains tie =
          Chains.drawUntil(
              EQUALS,
              """
              A -> P -> F(1) -> G(1)
              P -> X(2)
              """,
              chains -> chains.isLower("X", "F") == winsBySection4);
      LiveAuthority node = node(tie, "A P F G");

      fromControl(node, tie, "X");

      assertThat(head(node, tie)).isEqualTo("X");
      // What protocol section 4 does not prefer can stay.
      assertThat(stored(node, tie)).isEqualTo(winsBySection4 ? "A F G P X" : "A P X");
    }
  }

  @Test
  void ofLighterBranchesThatControlSendsAFewAreKept() throws TkaException {
    LiveAuthority node = node(stale, "A P X Y");

    InformResult result = fromControl(node, stale, "F G");

    assertThat(result.refusals()).isEmpty();
    assertThat(result.outweighed().stream().map(each -> stale.nameOf(each.update())).toList())
        .containsExactly("F", "G");
    assertThat(head(node, stale)).isEqualTo("Y");
    assertThat(stored(node, stale)).isEqualTo("A F G P X Y");

    Aum bulk = Chains.noOp(stale.get("P"), "x".repeat(1000), 2);
    int kept = 0;
    while (node.informFromControl(List.of(bulk), List.of(bulk.hash())).refusals().isEmpty()) {
      kept++;
      bulk = Chains.noOp(stale.get("P"), kept + "x".repeat(1000), 2);
    }
    assertThat((long) kept * 1000).isLessThan(Admission.MAX_OUTWEIGHED_BYTES);
    assertThat(head(node, stale)).isEqualTo("Y");
  }

  @Test
  void aLighterBranchOfControlsIsKeptNextToAnUnsentEdit() throws TkaException {
    LiveAuthority node = node(stale, "A P");
    node.informOn(node.current(), stale.list("X Y"));

    assertThat(refused(fromControl(node, stale, "F"), stale)).isEmpty();
    assertThat(refused(fromControl(node, stale, "G"), stale)).isEmpty();

    assertThat(head(node, stale)).isEqualTo("Y");
    assertThat(stored(node, stale)).isEqualTo("A F G P X Y");
  }

  @Test
  void aBranchThatLostHereIsFollowedOnceControlFollowsIt() throws TkaException {
    Chains tie =
        Chains.drawUntil(
            EQUALS,
            """
            A -> P -> F(1) -> G(1)
            P -> X(2) -> Y(2)
            X -> Z(1)
            """,
            chains -> chains.isLower("F", "X") && chains.isLower("Z", "Y"));
    LiveAuthority node = node(tie, "A P F G X Z");
    assertThat(head(node, tie)).isEqualTo("G");

    fromControl(node, tie, "X Y");

    // Z lost nothing yet, and protocol section 4 would prefer it to Y.
    assertThat(head(node, tie)).isEqualTo("Y");
    assertThat(stored(node, tie)).isEqualTo("A P X Y");
  }

  @Test
  void aSiblingThatLostBeforeAndWouldNowWinGoesToo() throws TkaException {
    // L is by key 3, which is gone since; it lost to F by weight.
    Chains chains =
        Chains.drawUntil(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 2)),
            """
            A -> P -> F(1) -> G[remove:3](1,2) -> H(1)
            P -> L(3) -> M(3)
            P -> X[checkpoint](2) -> Y(2)
            """,
            drawn -> drawn.isLower("F", "L") && drawn.isLower("L", "X"));
    LiveAuthority node = node(chains, "A P F G H L M");
    assertThat(head(node, chains)).isEqualTo("H");
    day(20);
    agree(node);

    fromControl(node, chains, "X Y");

    assertThat(head(node, chains)).isEqualTo("Y");
    assertThat(stored(node, chains)).isEqualTo("A P X Y");
  }

  @Test
  void aSecondAumByAnOldKeyUnderTheSameParentIsJudgedLikeTheFirst() throws TkaException {
    List<Key> keys = List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 2));
    // L loses to F by its hash. O was ground until it wins.
    Chains chains =
        Chains.drawUntil(
            keys,
            """
            A -> P -> F(1) -> G[remove:3](1,2) -> H(1)
            P -> L(3) -> M(3)
            P -> O[checkpoint](3)
            """,
            drawn -> drawn.isLower("F", "L") && drawn.isLower("O", "F"));
    for (AdmissionPolicy policy :
        List.of(AdmissionPolicy.NODE, AdmissionPolicy.CONTROL, AdmissionPolicy.RESTORED_CONTROL)) {
      day(0);
      LiveAuthority live = holding(policy, chains, "A P F G H");
      agreeUntil(20, live);

      assertThat(refused(live.inform(chains.list("L")), chains)).isEmpty();
      // To control, a checkpoint of equal weight is a conflict whoever signed it.
      assertThat(refused(live.inform(chains.list("O")), chains))
          .isEqualTo(policy == AdmissionPolicy.CONTROL ? "O Conflict" : "O Finality");
      assertThat(refused(live.inform(chains.list("M")), chains)).isEmpty();

      assertThat(head(live, chains)).isEqualTo("H");
      assertThat(stored(live, chains)).isEqualTo("A F G H L M P");
    }
  }

  @Test
  void aRefusedAumDoesNotMoveTheOneItWouldDisplace() throws TkaException {
    // Control shows two rewrites at once: Z by a key that is gone, at P, and X by a present one.
    Chains chains =
        Chains.drawUntil(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 2)),
            """
            A -> P -> F(1) -> G[remove:3](1,2) -> Q -> H(1)
            P -> Z(3)
            Q -> X(2)
            """,
            drawn -> drawn.isLower("F", "Z") && drawn.isLower("H", "X"));
    LiveAuthority node = node(chains, "A P F G Q H");
    day(20);
    agree(node);

    InformResult result = fromControl(node, chains, "Z X");

    assertThat(refused(result, chains)).isEqualTo("Z Finality");
    assertThat(head(node, chains)).isEqualTo("X");
    assertThat(stored(node, chains)).isEqualTo("A F G P Q X");
  }

  @Test
  void aBranchThatLostHereAndIsRefusedStaysWhereItIs() throws TkaException {
    Chains chains =
        Chains.drawUntil(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 2)),
            """
            A -> P -> F(1) -> G[remove:3](1,2) -> Q -> H(1)
            P -> Z(3)
            Q -> X(2)
            """,
            drawn -> drawn.isLower("F", "Z") && drawn.isLower("H", "X"));
    LiveAuthority node = node(chains, "A P F G Q H Z");
    day(20);
    agree(node);

    InformResult result = fromControl(node, chains, "Z X");

    assertThat(refused(result, chains)).isEqualTo("Z Finality");
    assertThat(head(node, chains)).isEqualTo("X");
    assertThat(stored(node, chains)).isEqualTo("A F G P Q X Z");
  }

  @Test
  void aNodeJudgesAtTheTimeWhenItLastAgreedWithControl() throws TkaException {
    // A thief has key 2 and takes key 1 away; key 1 undoes it with more votes.
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F[remove:1](2) -> G(2)
            P -> X[revoke:2](1)
            """);
    LiveAuthority node = node(chains, "A P F G");
    day(1);
    agree(node);
    // It is away for a month; control admitted X at day 10.
    day(31);

    assertThat(refused(fromControl(node, chains, "X"), chains)).isEmpty();
    assertThat(head(node, chains)).isEqualTo("X");

    // One that was not away and did not hear of X before.
    day(0);
    LiveAuthority present = node(chains, "A P F G");
    agreeUntil(14, present);
    assertThat(refused(fromControl(present, chains, "X"), chains)).isEqualTo("X Finality");
    assertThat(head(present, chains)).isEqualTo("G");
  }

  @Test
  void aNodeThatNotedNoAgreementJudgesAtTheTimeOfItsHead() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F[remove:1](2) -> G(2)
            P -> X[revoke:2](1)
            """);
    LiveAuthority node = holding(AdmissionPolicy.NODE, chains, "A P F");
    day(13);
    node.inform(chains.list("G"));
    day(31);

    assertThat(refused(fromControl(node, chains, "X"), chains)).isEmpty();
  }

  @Test
  void aNodeThatRanWithoutNotesJudgesAtTheTimeOfItsHeadFromThatSecondOn() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F[remove:1](2) -> G(2)
            P -> X[revoke:2](1)
            """);
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    chains
        .list("A P F")
        .forEach(aum -> commit.add(aum, FakeClock.START.minus(Duration.ofDays(40))));
    store.commit(commit.add(chains.get("G"), FakeClock.START).build());
    LiveAuthority node = LiveAuthority.open(store, AdmissionPolicy.NODE, clock.clocks());

    assertThat(refused(fromControl(node, chains, "X"), chains)).isEqualTo("X Finality");
  }

  @Test
  void controlJudgesNow() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F[remove:1](2) -> G(2)
            P -> X[revoke:2](1)
            """);
    LiveAuthority control = control(chains, "A P F G");
    day(14);

    assertThat(refused(control.inform(chains.list("X")), chains)).isEqualTo("X Finality");
  }

  @Test
  void unsentAumsDoNotCountAgainstControl() throws TkaException {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1), TestKeys.key(3, 2)),
            """
            A -> P -> F(2) -> U[remove:1](3)
            P -> X[checkpoint](1)
            """);
    LiveAuthority unsent = node(chains, "A P F");
    unsent.informOn(unsent.current(), chains.list("U"));

    InformResult result = fromControl(unsent, chains, "X");
    assertThat(refused(result, chains)).isEmpty();
    assertThat(head(unsent, chains)).isEqualTo("X");

    LiveAuthority sent = node(chains, "A P F");
    sent.informOn(sent.current(), chains.list("U"));
    agree(sent);
    assertThat(refused(fromControl(sent, chains, "X"), chains)).isEqualTo("X Finality");
  }

  // A node, for what comes from elsewhere

  @Test
  void elsewhereATieIsDecidedAsInSection4() throws TkaException {
    for (boolean lower : new boolean[] {true, false}) {
      Chains tie =
          Chains.drawUntil(
              EQUALS,
              """
              A -> P -> F(1) -> G(1)
              P -> X(2)
              """,
              chains -> chains.isLower("X", "F") == lower);
      LiveAuthority node = node(tie, "A P F G");

      assertThat(refused(node.inform(tie.list("X")), tie)).isEmpty();
      assertThat(head(node, tie)).isEqualTo(lower ? "X" : "G");
      assertThat(stored(node, tie)).isEqualTo("A F G P X");
    }
  }

  @Test
  void elsewhereARemoveKeyWinsATie() throws TkaException {
    Chains tie =
        Chains.drawUntil(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 2), TestKeys.key(3, 1)),
            """
            A -> P -> F(1)
            P -> X[remove:3](2)
            """,
            chains -> chains.isLower("F", "X"));
    LiveAuthority node = node(tie, "A P F");

    node.inform(tie.list("X"));

    assertThat(head(node, tie)).isEqualTo("X");
  }

  @Test
  void elsewhereABarredSignerIsRefusedToo() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F[remove:1](2) -> G(2)
            P -> X(1,3)
            """);
    LiveAuthority node = node(chains, "A P F G");
    agreeUntil(14, node);

    assertThat(refused(node.inform(chains.list("X")), chains)).isEqualTo("X Finality");
    assertThat(refused(fromControl(node, chains, "X"), chains)).isEqualTo("X Finality");
    assertThat(head(node, chains)).isEqualTo("G");
  }

  @Test
  void theReferencePolicyKnowsNoFinality() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> F[remove:1](2) -> G(2)
            P -> X(1,3)
            """);
    LiveAuthority live = holding(AdmissionPolicy.REFERENCE, chains, "A P F G");
    day(400);

    live.inform(chains.list("X"));

    assertThat(head(live, chains)).isEqualTo("X");
  }

  @Test
  void theAumThatADamagedFileIsNamedAfterComesBack() throws TkaException {
    // X is the winning child, by a key that was removed long since; its file is truncated, and who
    // opens the store follows F.
    Chains chains =
        Chains.draw(
            KEYS,
            """
            A -> P -> X(1) -> Y[remove:1](2) -> Z(2)
            P -> F(2) -> G[remove:1](2,3) -> H(2)
            """);
    for (AdmissionPolicy policy :
        Arrays.asList(
            AdmissionPolicy.NODE, AdmissionPolicy.CONTROL, AdmissionPolicy.RESTORED_CONTROL)) {
      day(0);
      LiveAuthority whole = holding(policy, chains, "A P F G H");
      DamagedStore damaged = new DamagedStore(whole.current().snapshot(), chains.get("X").hash());
      day(20);
      LiveAuthority live = LiveAuthority.open(damaged, policy, clock.clocks());
      agree(live);
      assertThat(head(live, chains)).isEqualTo("H");

      InformResult result =
          policy == AdmissionPolicy.NODE
              ? fromControl(live, chains, "X Y Z")
              : live.inform(chains.list("X Y Z"));

      assertThat(refused(result, chains)).isEmpty();
      assertThat(head(live, chains)).isEqualTo("Z");
      // Nothing else has this privilege.
      assertThat(refused(holding(policy, chains, "A P F G H").inform(chains.list("X")), chains))
          .isEqualTo(policy == AdmissionPolicy.CONTROL ? "X Conflict" : "");
    }
  }
}
