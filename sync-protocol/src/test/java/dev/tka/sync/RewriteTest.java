package dev.tka.sync;

import static dev.tka.sync.DrawnTailnet.names;
import static dev.tka.sync.DrawnTailnet.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Bar;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Protocol, section 10 between whole ends: rewrites, honest and not, and what nodes hear of them.
 * Nodes compact after each sync.
 */
class RewriteTest {
  /** Key 2 gets stolen. Most edits are by key 4. */
  private static final List<Key> KEYS =
      List.of(TestKeys.key(1, 3), TestKeys.key(2, 2), TestKeys.key(3, 2), TestKeys.key(4, 1));

  /**
   *
   *
   * <pre>
   *   A --n1 to n50-- --n51 to n74-- -> T1 -> T2 -> T3     T1 and T2 remove the honest keys
   *           day 0        day 15   |     day 16
   *                                 '-> R                  R revokes the thief's key
   *   n60 -> X                                             the thief's answer
   * </pre>
   */
  private static Chains theft() {
    return Chains.draw(
        KEYS,
        "A"
            + run("n", 1, 74, 4)
            + " -> T1[remove:1](2) -> T2[remove:3](2) -> T3(2)\n"
            + "n74 -> R[revoke:2](1) -> S(1)\n"
            + "n60 -> X[revoke:1](2)");
  }

  private static DrawnTailnet.Peer withHistory(DrawnTailnet tailnet, DrawnTailnet.Peer... others)
      throws TkaException {
    DrawnTailnet.Peer author = tailnet.node();
    author.make(names("n", 1, 50));
    author.sync();
    for (DrawnTailnet.Peer other : others) {
      other.sync();
    }
    tailnet.day(15);
    author.make(names("n", 51, 74));
    author.sync();
    for (DrawnTailnet.Peer other : others) {
      other.sync();
      assertThat(other.oldest()).isEqualTo("n50");
    }
    return author;
  }

  @Test
  void anHonestRevocationUndoesAThiefWhoRemovedTheHonestKeysBefore() throws TkaException {
    DrawnTailnet tailnet = DrawnTailnet.engine(theft());
    DrawnTailnet.Peer present = tailnet.node();
    DrawnTailnet.Peer away = tailnet.node();
    DrawnTailnet.Peer honest = tailnet.node();
    DrawnTailnet.Peer late = tailnet.node();
    DrawnTailnet.Peer thief = withHistory(tailnet, present, away, honest);
    tailnet.day(16);
    thief.make("T1 T2 T3");
    assertThat(thief.sync().agrees()).isTrue();
    away.sync();
    tailnet.day(29);
    present.sync();
    assertThat(present.head()).isEqualTo("T3");

    honest.make("R");
    assertThat(honest.sync().agrees()).isTrue();

    assertThat(tailnet.control().head()).isEqualTo("R");
    assertThat(present.sync().agrees()).isTrue();
    tailnet.day(80);
    // It missed all of it; as it last saw control at day 16, nothing is final to it.
    assertThat(away.sync().agrees()).isTrue();
    assertThat(late.sync().agrees()).isTrue();
    assertThat(thief.sync().agrees()).isTrue();
    for (DrawnTailnet.Peer node : List.of(present, away, late, honest, thief)) {
      assertThat(node.head()).isEqualTo("R");
    }
  }

  @Test
  void after14DaysARevocationIsTooLate() throws TkaException {
    DrawnTailnet tailnet = DrawnTailnet.engine(theft());
    DrawnTailnet.Peer honest = tailnet.node();
    DrawnTailnet.Peer thief = withHistory(tailnet, honest);
    tailnet.day(16);
    thief.make("T1 T2 T3");
    thief.sync();
    tailnet.day(30);
    honest.make("R");

    DrawnTailnet.Synced synced = honest.sync();

    // It is not set aside: this node does not trust the thief, until a person decides.
    assertThat(tailnet.control().head()).isEqualTo("T3");
    assertThat(honest.head()).isEqualTo("R");
    assertThat(honest.aside()).isEmpty();
    assertThat(synced.outcome())
        .isInstanceOfSatisfying(
            SyncOutcome.RevocationRefused.class,
            refused -> {
              assertThat(tailnet.names(refused.revocations())).isEqualTo("R");
              assertThat(refused.reasons())
                  .singleElement()
                  .asString()
                  .contains(tailnet.hash("R").toString())
                  .contains(tailnet.hash("T1") + " removed it for good");
            });
    // And again, and after a restart.
    honest.restart();
    assertThat(honest.sync().outcome()).isEqualTo(synced.outcome());
  }

  /** G removes the key that signed the branch. R, in the place of its first AUM, weighs as much. */
  @Test
  void aNodeComesBackToTheBranchThatItsOwnRewriteDisplaced() throws TkaException {
    for (String forkPoint : new String[] {"A", "n60"}) {
      Chains chains =
          Chains.draw(
              List.of(TestKeys.key(1, 1), TestKeys.key(2, 1), TestKeys.key(4, 1)),
              "A" + run("n", 1, 74, 4) + " -> G[remove:4](1)\n" + forkPoint + " -> R[remove:4](2)");
      DrawnTailnet tailnet = DrawnTailnet.engine(chains);
      DrawnTailnet.Peer node = tailnet.node();
      DrawnTailnet.Peer author = withHistory(tailnet, node);
      author.make("G");
      author.sync();
      node.sync();
      node.make("R");
      assertThat(node.head()).isEqualTo("R");
      // Whether the branch went with what is below the window, or stays as one that lost.
      assertThat(node.stores("G")).isEqualTo(forkPoint.equals("n60"));

      assertThat(node.sync().agrees()).isTrue();

      assertThat(node.head()).isEqualTo("G");
      assertThat(node.aside()).isEqualTo("R");
    }
  }

  @Test
  void aRevokedThiefCannotAnswerFromFurtherDown() throws TkaException {
    for (boolean lies : new boolean[] {false, true}) {
      DrawnTailnet tailnet = DrawnTailnet.engine(theft());
      DrawnTailnet.Peer present = tailnet.node();
      DrawnTailnet.Peer honest = withHistory(tailnet, present);
      honest.make("R S");
      honest.sync();
      present.sync();
      assertThat(present.head()).isEqualTo("S");

      InformResult answer = tailnet.control().live().inform(List.of(chain(tailnet, "X")));

      // X has 2 votes against 1, but R has 3 there and takes its signer away.
      assertThat(answer.refusals())
          .singleElement()
          .isInstanceOfSatisfying(
              Refusal.Finality.class,
              finality -> {
                assertThat(finality.fork()).isEqualTo(tailnet.hash("n60"));
                assertThat(finality.against()).isEqualTo(1);
                assertThat(finality.weight()).isEqualTo(2);
                assertThat(finality.bars()).extracting(Bar::isFinal).containsExactly(false);
              });
      if (lies) {
        tailnet.controlFollows(AdmissionPolicy.REFERENCE);
        tailnet.control().live().inform(List.of(chain(tailnet, "X")));
        assertThat(tailnet.control().head()).isEqualTo("X");
        assertThat(present.sync().outcome())
            .isInstanceOfSatisfying(
                SyncOutcome.Refused.class,
                refused -> assertThat(refused.refusals()).isEqualTo(answer.refusals()));
        assertThat(present.head()).isEqualTo("S");
      }
    }
  }

  private static Aum chain(DrawnTailnet tailnet, String name) {
    return tailnet.chains().get(name);
  }

  /**
   *
   *
   * <pre>
   *   A --n1 to n50-- -> P[checkpoint] -> F -> G[remove:2] --m1 to m80-- -> T[add:2] -> V
   *         day 0             '-> X                          day 20        day 40
   * </pre>
   */
  @Test
  void anOldKeyThatAThiefAddsAgainHasNoSayOverHistory() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            "A"
                + run("n", 1, 50, 4)
                + " -> P[checkpoint] -> F(4) -> G[remove:2](1)"
                + run("m", 1, 80, 4)
                + " -> T[add:2*9](3) -> V(2)\n"
                + "P -> X[checkpoint](2) -> Y(2)\n");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer compacted = tailnet.node();
    DrawnTailnet.Peer author = tailnet.node();
    author.make(names("n", 1, 50) + " P F G");
    author.sync();
    tailnet.day(20);
    author.make(names("m", 1, 80));
    author.sync();
    tailnet.day(40);
    author.make("T V");
    author.sync();
    assertThat(compacted.sync().agrees()).isTrue();
    DrawnTailnet.Peer whole = tailnet.node();
    tailnet.day(60);
    author.sync();
    compacted.sync();
    whole.sync();
    assertThat(author.remembers("P")).isTrue();
    assertThat(whole.stores("P")).isTrue();

    InformResult result = tailnet.control().live().inform(chains.list("X Y"));
    assertThat(result.refusals()).hasSize(2).first().isInstanceOf(Refusal.Finality.class);
    assertThat(tailnet.control().head()).isEqualTo("V");

    // A control that takes it in moves nobody: not who has purged P, and not who has it.
    tailnet.controlFollows(AdmissionPolicy.REFERENCE);
    tailnet.control().live().inform(chains.list("X Y"));
    assertThat(tailnet.control().head()).isEqualTo("Y");
    assertThat(author.sync().outcome()).isInstanceOf(SyncOutcome.Refused.class);
    assertThat(author.head()).isEqualTo("V");
    assertThat(compacted.sync().outcome()).isInstanceOf(SyncOutcome.Refused.class);
    assertThat(compacted.head()).isEqualTo("V");
  }

  // Taking in

  /**
   *
   *
   * <pre>
   *   A --n1 to n50-- --n51 to n100-- --n101 to n130-- -> U
   *        day 0     |     day 1     |     day 20
   *                  n60 -> R -> S
   * </pre>
   */
  private static Chains deep() {
    return Chains.draw(
        KEYS,
        "A"
            + run("n", 1, 130, 4)
            + " -> U(4)\n"
            + "n60 -> R[revoke:2](1) -> S(1)\n"
            + "n50 -> L(4)\n"
            + "n60 -> M(4)");
  }

  private static DrawnTailnet.Peer withADeepTrail(DrawnTailnet tailnet) throws TkaException {
    DrawnTailnet.Peer n0 = tailnet.node();
    n0.make(names("n", 1, 50));
    n0.sync();
    tailnet.day(1);
    n0.make(names("n", 51, 100));
    n0.sync();
    tailnet.day(20);
    n0.make(names("n", 101, 130));
    n0.sync();
    assertThat(n0.oldest()).isEqualTo("n100");
    return n0;
  }

  @Test
  void aDisplacementBelowTheOldestAncestorIsTakenIn() throws TkaException {
    Chains chains = deep();
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = withADeepTrail(tailnet);
    n0.make("U");
    tailnet.control().live().inform(chains.list("R S"));
    assertThat(tailnet.control().head()).isEqualTo("S");

    // Without compaction afterwards, to see what is there.
    List<NodeRound.End> rounds = new ArrayList<>();
    SyncOutcome outcome =
        new NodeSync(n0.live()).run(Ends.reach(tailnet.controlEnd()), rounds::add);

    assertThat(outcome).isEqualTo(new SyncOutcome.Converged(tailnet.hash("S")));
    assertThat(rounds.get(0).exchange().intersection())
        .isEqualTo(new Intersection.Remembered(tailnet.hash("n60"), false));
    n0.assertOpensTheSame();
    assertThat(n0.head()).isEqualTo("S");
    assertThat(n0.oldest()).isEqualTo("n50");
    assertThat(tailnet.names(n0.authority().newestFirst(100)))
        .isEqualTo("S R " + reversed(names("n", 50, 60)));
    assertThat(n0.authority().snapshot().entries()).hasSize(13);
    // They have the times that they had.
    assertThat(committedOnDay(tailnet, n0, "n50")).isEqualTo(0);
    assertThat(committedOnDay(tailnet, n0, "n60")).isEqualTo(1);
    assertThat(committedOnDay(tailnet, n0, "R")).isEqualTo(20);
    // The trail ends before n50.
    assertThat(
            tailnet.names(
                n0.authority().snapshot().trail().entries().stream().map(e -> e.hash()).toList()))
        .isEqualTo("A " + names("n", 1, 49));
    assertThat(n0.authority().snapshot().lastActiveAncestor()).contains(tailnet.hash("n50"));
    assertThat(n0.aside()).isEqualTo("U");
    assertThat(rounds.get(0).notices().setAside()).hasSize(1);
    assertThat(rounds.get(0).notices().displacedOwn()).hasSize(70);
    // And it goes on from there.
    n0.compact();
    assertThat(n0.sync().agrees()).isTrue();
  }

  private static String reversed(String names) {
    List<String> list = new ArrayList<>(List.of(names.split(" ", -1)));
    Collections.reverse(list);
    return String.join(" ", list);
  }

  private static long committedOnDay(DrawnTailnet tailnet, DrawnTailnet.Peer node, String name) {
    return Duration.between(
            FakeClock.START,
            node.authority().snapshot().find(tailnet.hash(name)).orElseThrow().committedAt())
        .toDays();
  }

  @Test
  void anOldCheckpointOfTheTrailThatTheOtherEndNamesIsEnough() throws TkaException {
    Chains chains = deep();
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = withADeepTrail(tailnet);
    // The other end found nothing newer than the genesis, and sends all from there.
    SyncAnswer answer =
        new SyncAnswer(
            new SyncOffer(tailnet.hash("S"), List.of(tailnet.hash("A"))),
            chains.list(names("n", 1, 60) + " R S").stream().map(Aum::encoded).toList());

    NodeRound.Send send = (NodeRound.Send) NodeRound.begin(n0.live()).answered(answer);

    assertThat(send.exchange().intersection())
        .isEqualTo(new Intersection.Remembered(tailnet.hash("A"), false));
    assertThat(send.message()).isEqualTo(new SyncSend(tailnet.hash("S"), List.of()));
    n0.assertOpensTheSame();
    // What was sent from before n50 is skipped.
    assertThat(n0.oldest()).isEqualTo("n50");
    assertThat(n0.authority().snapshot().entries()).hasSize(13);
    assertThat(n0.authority().snapshot().trail().size()).isEqualTo(50);
  }

  @Test
  void aRewriteInSmallAnswersIsTakenInAllTheSame() throws TkaException {
    Chains chains = deep();
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    tailnet.answers(AnswerPolicy.bounded(0));
    DrawnTailnet.Peer n0 = withADeepTrail(tailnet);
    tailnet.control().live().inform(chains.list("R S"));

    assertThat(n0.sync().agrees()).isTrue();
    assertThat(n0.head()).isEqualTo("S");
  }

  @Test
  void anAumThatLosesBelowTheWindowIsDropped() throws TkaException {
    Chains chains =
        Chains.drawUntil(
            KEYS,
            "A" + run("n", 1, 130, 4) + "\nn50 -> L(4) -> L2(4)\nn60 -> M(4)",
            drawn -> drawn.isLower("n51", "L"));
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = withADeepTrail(tailnet);
    int stored = n0.authority().snapshot().entries().size();

    InformResult result = n0.live().inform(chains.list("L L2"));

    assertThat(result.added()).isEmpty();
    assertThat(result.refusals()).isEmpty();
    assertThat(n0.authority().snapshot().entries()).hasSize(stored);
    assertThat(n0.head()).isEqualTo("n130");
    assertThat(n0.oldest()).isEqualTo("n100");
  }

  /** A node's own time does not run ahead of its agreements with control. */
  private static void syncUntil(int day, DrawnTailnet tailnet, DrawnTailnet.Peer node)
      throws TkaException {
    for (int today = day - 20; today <= day; today++) {
      tailnet.day(today);
      node.sync();
    }
  }

  @Test
  void aDisplacementThatIsRefusedInTheTrailLeavesItAlone() throws TkaException {
    Chains chains =
        Chains.draw(
            KEYS,
            "A"
                + run("n", 1, 60, 4)
                + " -> K[remove:1](3)"
                + run("m", 1, 80, 4)
                + "\nn50 -> R[revoke:2](1)");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = tailnet.node();
    n0.make(names("n", 1, 60) + " K " + names("m", 1, 40));
    n0.sync();
    syncUntil(20, tailnet, n0);
    n0.make(names("m", 41, 80));
    syncUntil(40, tailnet, n0);
    assertThat(n0.oldest()).isEqualTo("m50");
    assertThat(n0.remembers("n50")).isTrue();
    tailnet.controlFollows(AdmissionPolicy.REFERENCE);
    tailnet.control().live().inform(chains.list("R"));

    SyncOutcome outcome = n0.sync().outcome();

    assertThat(outcome)
        .isInstanceOfSatisfying(
            SyncOutcome.Refused.class,
            refused ->
                assertThat(refused.refusals())
                    .singleElement()
                    .isInstanceOfSatisfying(
                        Refusal.Finality.class,
                        finality -> {
                          assertThat(tailnet.nameOf(finality.displaced())).isEqualTo("n51");
                          assertThat(finality.bars()).isNotEmpty();
                        }));
    assertThat(n0.head()).isEqualTo("m80");
    assertThat(n0.authority().snapshot().trail().size()).isEqualTo(111);
  }

  // What is told

  @Test
  void controlThatDeniesWhatItAcceptedIsNamed() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> P(1) -> U(1) -> V(1)\nP -> X(4)");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = tailnet.node();
    n0.make("P U V");
    assertThat(n0.sync().agrees()).isTrue();
    // It is not said that control was restored.
    tailnet.restoreControl(AdmissionPolicy.CONTROL, "P X");

    DrawnTailnet.Synced synced = n0.sync();

    assertThat(synced.outcome())
        .isEqualTo(
            new SyncOutcome.ControlDenies(
                tailnet.hash("U"),
                tailnet.hash("X"),
                List.of(
                    new Refusal.Outweighed(
                        tailnet.hash("X"), tailnet.hash("P"), tailnet.hash("U"), 1, 3))));
    assertThat(n0.head()).isEqualTo("V");
    assertThat(n0.aside()).isEmpty();
  }

  @Test
  void controlSeesWhichNodesNoAnswerCanHelp() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A" + run("n", 1, 75, 4) + "\nA -> R[revoke:2](1)");
    DrawnTailnet tailnet = DrawnTailnet.referenceNodes(chains);
    DrawnTailnet.Peer reference = tailnet.node();
    reference.make(names("n", 1, 50));
    reference.sync();
    tailnet.day(15);
    reference.make(names("n", 51, 75));
    reference.sync();
    assertThat(reference.oldest()).isEqualTo("n50");
    tailnet.control().live().inform(chains.list("R"));

    ControlEnd.Answer displaced = tailnet.controlEnd().answer(SyncOffer.of(reference.authority()));
    assertThat(displaced.stranded())
        .get()
        .isInstanceOfSatisfying(
            StrandedNode.OnDisplacedBranch.class,
            stranded -> {
              assertThat(tailnet.nameOf(stranded.branch().at())).isEqualTo("A");
              assertThat(stranded.remedy())
                  .isEqualTo(
                      "bring back what its directory still has, to "
                          + tailnet.hash("A")
                          + " at least");
            });
    assertThat(reference.sync().outcome()).isInstanceOf(SyncOutcome.OutOfReach.class);

    SyncOffer stranger =
        SyncOffer.of(
            Ends.holding(Chains.draw(List.of(TestKeys.key(9, 1)), "S -> T").all()).current());
    assertThat(tailnet.controlEnd().answer(stranger).stranded())
        .get()
        .isInstanceOf(StrandedNode.NothingKnown.class);

    // One with a trail is not stranded.
    SyncOffer withTrail =
        new SyncOffer(
            reference.authority().head(), List.of(tailnet.hash("n50"), tailnet.hash("A")));
    assertThat(tailnet.controlEnd().answer(withTrail).stranded()).isEmpty();
  }

  // Messages that are lost, and answers that are short

  @Test
  void anAumThatControlBuiltOnAfterALostAcknowledgementIsNotUnsent() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> P(1) -> U(4) -> C(1) -> D(1)");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = tailnet.node();
    n0.make("P");
    n0.sync();
    n0.make("U");
    NodeSync.Control<TkaException> reached = Ends.reach(tailnet.controlEnd());
    assertThatThrownBy(
            () ->
                n0.sync(
                    new NodeSync.Control<>() {
                      @Override
                      public SyncAnswer offer(SyncOffer offer) throws TkaException {
                        return reached.offer(offer);
                      }

                      @Override
                      public SyncReceipt send(SyncSend send) throws TkaException {
                        reached.send(send);
                        throw new StoreException.Unavailable("receipt", new IOException("lost"));
                      }
                    }))
        .isInstanceOf(StoreException.Unavailable.class);
    assertThat(tailnet.control().head()).isEqualTo("U");
    assertThat(n0.unsent()).isEqualTo("U");
    tailnet.control().live().inform(chains.list("C D"));

    DrawnTailnet.Synced synced = n0.sync();

    assertThat(synced.agrees()).isTrue();
    assertThat(synced.setAside(chains)).isEmpty();
    assertThat(n0.unsent()).isEmpty();
    assertThat(n0.head()).isEqualTo("D");
    assertThat(synced.rounds().get(0).exchange().sent().hashes()).isEmpty();
  }

  @Test
  void anEditThatIsMadeDuringARoundWaitsForTheNext() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A -> P(1) -> U(4)");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = tailnet.node();
    tailnet.control().live().inform(chains.list("P"));
    NodeRound round = NodeRound.begin(n0.live());
    NodeRound.Send send =
        (NodeRound.Send) round.answered(tailnet.controlEnd().answer(round.offer()).message());
    n0.make("U");

    NodeRound.End end = send.acknowledged(tailnet.controlEnd().receive(send.message()).message());

    assertThat(end.notices().setAside()).isEmpty();
    assertThat(n0.head()).isEqualTo("U");
    assertThat(n0.sync().agrees()).isTrue();
    assertThat(tailnet.control().head()).isEqualTo("U");
  }

  /**
   *
   *
   * <pre>
   *   A --n1 to n40-- -> C -> D      control
   *                   '-> L          the node; control has L, too
   * </pre>
   */
  @Test
  void aBoundedAnswerIsMoreThanWhatTheNodeHas() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A" + run("n", 1, 40, 1) + " -> C(1) -> D(1)\nn40 -> L(4)");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    tailnet.answers(AnswerPolicy.bounded(0));
    DrawnTailnet.Peer n0 = tailnet.node();
    n0.live().inform(chains.list(names("n", 1, 40) + " L"));
    tailnet.control().live().inform(chains.list(names("n", 1, 40) + " C D L"));

    DrawnTailnet.Synced synced = n0.sync();

    assertThat(synced.agrees()).isTrue();
    assertThat(
            synced.rounds().stream()
                .map(end -> end.exchange().received())
                .map(intake -> tailnet.names(((Intake.Done) intake).added())))
        .containsExactly("C", "D");
    assertThat(n0.head()).isEqualTo("D");
  }

  // Control restored from a backup

  /**
   *
   *
   * <pre>
   *   A --n1 to n50-- --n51 to n74--      nodes
   *        day 0          day 15
   *   ... n70 -> E                        control, restored, with an edit of its own
   *   ... n40 -> F
   * </pre>
   */
  private static Chains restored(boolean controlsAreLower) {
    return Chains.drawUntil(
        KEYS,
        "A" + run("n", 1, 74, 4) + "\nn70 -> E(4)\nn40 -> F(4)",
        drawn ->
            drawn.isLower("E", "n71") == controlsAreLower
                && drawn.isLower("F", "n41") == controlsAreLower);
  }

  private static void settle(DrawnTailnet tailnet, List<DrawnTailnet.Peer> nodes)
      throws TkaException {
    boolean moved = true;
    for (int i = 0; moved; i++) {
      assertThat(i).isLessThan(6);
      moved = false;
      for (DrawnTailnet.Peer node : nodes) {
        SyncOutcome outcome = node.sync().outcome();
        assertThat(Ends.agree(outcome)).as("%s", outcome).isTrue();
        moved |= outcome instanceof SyncOutcome.Converged;
      }
    }
    for (DrawnTailnet.Peer node : nodes) {
      assertThat(node.head()).isEqualTo(tailnet.control().head());
    }
  }

  @Test
  void aRestoredControlWithANewEditOnTopConverges() throws TkaException {
    for (boolean lower : new boolean[] {true, false}) {
      for (String backup : List.of("n70 E", "n40 F")) {
        Chains chains = restored(lower);
        DrawnTailnet tailnet = DrawnTailnet.engine(chains);
        DrawnTailnet.Peer n0 = tailnet.node();
        DrawnTailnet.Peer n1 = withHistory(tailnet, n0);
        DrawnTailnet.Peer whole = tailnet.node();
        whole.sync();
        String last = backup.substring(1, 3);
        tailnet.restoreControl(
            AdmissionPolicy.RESTORED_CONTROL,
            names("n", 1, Integer.parseInt(last)) + backup.substring(3));

        settle(tailnet, List.of(n0, whole, n1));
        tailnet.controlFollows(AdmissionPolicy.CONTROL);
        settle(tailnet, List.of(n0, whole, n1));

        // Who still holds what control lost gives it back, and the lower hash decides.
        String edit = backup.substring(4);
        assertThat(tailnet.control().head()).isEqualTo(lower ? edit : "n74");
      }
    }
  }

  @Test
  void nodesThatHaveLeftControlsHeadBehindAreToldThatItLostHistory() throws TkaException {
    Chains chains = restored(true);
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = tailnet.node();
    DrawnTailnet.Peer n1 = withHistory(tailnet, n0);
    DrawnTailnet.Peer whole = tailnet.node();
    whole.sync();
    tailnet.restoreControl(AdmissionPolicy.RESTORED_CONTROL, names("n", 1, 40));
    SyncOutcome lost = new SyncOutcome.ControlLostHistory(tailnet.hash("n40"), tailnet.hash("n50"));

    assertThat(n0.sync().outcome()).isEqualTo(lost);
    assertThat(n1.sync().outcome()).isEqualTo(lost);
    assertThat(n0.head()).isEqualTo("n74");
    assertThat(tailnet.control().head()).isEqualTo("n40");

    // One that still holds it gives it back.
    assertThat(whole.sync().agrees()).isTrue();
    settle(tailnet, List.of(n0, n1, whole));
    assertThat(tailnet.control().head()).isEqualTo("n74");
  }

  /** L loses on the node, and that below its window: so the node does not hold control's chain. */
  @Test
  void anEditStaysUnsentWhileWhatControlFollowsLosesBelowTheWindow() throws TkaException {
    Chains chains = Chains.draw(KEYS, "A" + run("n", 1, 74, 3) + " -> E(3)\nA -> L(4)");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer node = tailnet.node();
    DrawnTailnet.Peer author = withHistory(tailnet, node);
    DrawnTailnet.Peer whole = tailnet.node();
    whole.sync();
    tailnet.restoreControl(AdmissionPolicy.RESTORED_CONTROL, "L");
    node.make("E");

    assertThat(node.sync().outcome())
        .isEqualTo(new SyncOutcome.ControlLostHistory(tailnet.hash("A"), tailnet.hash("n50")));

    assertThat(node.head()).isEqualTo("E");
    assertThat(node.unsent()).isEqualTo("E");
    assertThat(node.aside()).isEmpty();
    assertThat(whole.sync().agrees()).isTrue();
    settle(tailnet, List.of(author, node, whole));
    assertThat(tailnet.control().head()).isEqualTo("E");
  }

  @Test
  void aNodeWhoseWindowHoldsControlsHeadGivesBackWhatItLost() throws TkaException {
    Chains chains = restored(true);
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n0 = tailnet.node();
    DrawnTailnet.Peer n1 = withHistory(tailnet, n0);
    tailnet.restoreControl(AdmissionPolicy.RESTORED_CONTROL, names("n", 1, 60));

    settle(tailnet, List.of(n0, n1));

    assertThat(tailnet.control().head()).isEqualTo("n74");
  }
}
