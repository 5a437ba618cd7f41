package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.OnDemandStore;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Protocol, section 5, "A round between node and control", and how protocol section 10 answers. */
class RoundTest {
  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C -> D -> E[checkpoint] -> F -> G
          C -> X(2) -> Y(2)
          C -> W(1,2) -> V
          """);

  private final AnswerPolicy exact = AnswerPolicy.bounded(1 << 20);

  private LiveAuthority holding(String names) throws TkaException {
    return Ends.holding(chains.list(names));
  }

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private String names(List<Bytes> encoded) {
    return String.join(
        " ", encoded.stream().map(bytes -> chains.nameOf(AumHash.ofEncoding(bytes))).toList());
  }

  /** One whole round, told as {@code to the node | to control | outcome}. */
  private String round(LiveAuthority node, LiveAuthority control, AnswerPolicy policy)
      throws TkaException {
    ControlEnd end = new ControlEnd(control, policy);
    NodeRound round = NodeRound.begin(node);
    ControlEnd.Answer answer = end.answer(round.offer());
    NodeRound.Step step = round.answered(answer.message());
    String toControl = "-";
    if (step instanceof NodeRound.Send send) {
      toControl = names(send.message().missing());
      assertThat(send.message().head()).isEqualTo(node.current().head());
      step = send.acknowledged(end.receive(send.message()).message());
    }
    String outcome = ((NodeRound.End) step).outcome().getClass().getSimpleName();
    return names(answer.message().missing()) + " | " + toControl + " | " + outcome;
  }

  @Test
  void equalHeadsEndTheRoundWithoutASend() throws TkaException {
    assertThat(round(holding("A B C D E F G"), holding("A B C D E F G X"), exact))
        .isEqualTo(" | - | UpToDate");
  }

  @Test
  void aNodeBehindTakesWhatItLacksAndAnswersWithItsNewHead() throws TkaException {
    LiveAuthority node = holding("A B C D");

    assertThat(round(node, holding("A B C D E F G"), exact)).isEqualTo("E F G |  | Converged");
    assertThat(node.current().head()).isEqualTo(hash("G"));
  }

  @Test
  void anAnswerIsOfOneMomentThoughControlMovesOnMeanwhile() throws TkaException {
    OnDemandStore store = new OnDemandStore();
    LiveAuthority control =
        LiveAuthority.bootstrap(store, chains.get("A"), AdmissionPolicy.CONTROL, new FakeClock());
    control.inform(chains.list("B C D E F"));
    store.beforeNextRead(
        () -> assertThatCode(() -> control.inform(chains.list("G"))).doesNotThrowAnyException());

    SyncAnswer answer =
        new ControlEnd(control, exact).answer(NodeRound.begin(holding("A B")).offer()).message();

    assertThat(control.current().head()).isEqualTo(hash("G"));
    assertThat(answer.offer().head()).isEqualTo(hash("F"));
    assertThat(names(answer.missing())).isEqualTo("C D E F");
  }

  @Test
  void whatIsMissingIsReadInOneRequest() throws TkaException {
    OnDemandStore store = new OnDemandStore();
    LiveAuthority control =
        LiveAuthority.bootstrap(store, chains.get("A"), AdmissionPolicy.CONTROL, new FakeClock());
    control.inform(chains.list("B C D E F G"));
    store.requests();

    for (AnswerPolicy policy : List.of(exact, AnswerPolicy.reference(), AnswerPolicy.bounded(1))) {
      new ControlEnd(control, policy).answer(NodeRound.begin(holding("A B")).offer());
      assertThat(store.requests()).as(policy.toString()).isEqualTo(1);
    }
  }

  @Test
  void underTheReferencePolicyTheNodeSendsWhatFollowsTheNewestCommonCheckpoint()
      throws TkaException {
    assertThat(round(holding("A B C D"), holding("A B C D E F G"), AnswerPolicy.reference()))
        .isEqualTo("E F G | B C D | Converged");
  }

  @Test
  void aNodeAheadSendsWhatControlLacks() throws TkaException {
    LiveAuthority control = holding("A B C");

    assertThat(round(holding("A B C D E F G"), control, exact))
        .isEqualTo("B C | D E F G | Converged");
    assertThat(control.current().head()).isEqualTo(hash("G"));
  }

  @Test
  void theAumsControlLacksAreComputedBeforeItsOwnAreApplied() throws TkaException {
    LiveAuthority node = holding("A B C X Y");
    LiveAuthority control = holding("A B C D E");

    // X and Y lose as soon as D is there, and are sent all the same: control keeps losers.
    assertThat(round(node, control, exact)).isEqualTo("B C D E | B C X Y | Converged");
    assertThat(node.current().head()).isEqualTo(hash("E"));
    assertThat(control.current().snapshot().find(hash("Y"))).isPresent();
  }

  @Test
  void aBranchOfTheNodeThatWinsMovesControl() throws TkaException {
    LiveAuthority control = holding("A B C D E F G");

    assertThat(round(holding("A B C W V"), control, exact))
        .isEqualTo("B C D E F G | B C W V | Converged");
    assertThat(control.current().head()).isEqualTo(hash("V"));
  }

  @Test
  void losersOffTheActiveChainAreNotSent() throws TkaException {
    LiveAuthority control = holding("A B C D");

    assertThat(round(holding("A B C D E X Y"), control, exact)).isEqualTo("B C D | E | Converged");
    assertThat(control.current().snapshot().find(hash("X"))).isEmpty();
  }

  @Test
  void controlNamesTheExactNewestCommonAumInItsPlace() throws TkaException {
    ControlEnd control = new ControlEnd(holding("A B C D E F G X Y"), exact);
    SyncOffer displaced = new SyncOffer(hash("Y"), List.of(hash("A")));

    assertThat(control.answer(displaced).message().offer().ancestors())
        .containsExactly(hash("E"), hash("C"), hash("A"));
    assertThat(control.answer(new SyncOffer(hash("F"), List.of(hash("A")))).message().offer())
        .isEqualTo(new SyncOffer(hash("G"), List.of(hash("F"), hash("E"), hash("A"))));
    // If it is named already, or there is none, the offer is as always.
    SyncOffer plain = new SyncOffer(hash("G"), List.of(hash("E"), hash("A")));
    assertThat(control.answer(new SyncOffer(hash("E"), List.of())).message().offer())
        .isEqualTo(plain);
    assertThat(control.answer(new SyncOffer(hash("G"), List.of())).message().offer())
        .isEqualTo(plain);
    assertThat(control.answer(new SyncOffer(AumHash.of(new byte[32]), List.of())).message().offer())
        .isEqualTo(plain);
  }

  @Test
  void underTheReferencePolicyControlNamesItsCheckpointsAlone() throws TkaException {
    ControlEnd control = new ControlEnd(holding("A B C D E F G X Y"), AnswerPolicy.reference());

    assertThat(
            control
                .answer(new SyncOffer(hash("Y"), List.of(hash("A"))))
                .message()
                .offer()
                .ancestors())
        .containsExactly(hash("E"), hash("A"));
  }

  @Test
  void aNodeOnALosingBranchIsBroughtBackAlsoWhenItNamesNothingElse() throws TkaException {
    // As a node that compacted at B would, were B a checkpoint: it holds the branching point.
    LiveAuthority control = holding("A B C D E F G X Y");
    ControlEnd end = new ControlEnd(control, exact);

    ControlEnd.Answer answer = end.answer(new SyncOffer(hash("Y"), List.of(hash("X"))));

    assertThat(answer.intersection()).isInstanceOf(Intersection.LosingBranch.class);
    assertThat(names(answer.message().missing())).isEqualTo("D E F G");
  }

  @Test
  void boundedAnswersAreRepeatedUntilTheHeadsAgree() throws TkaException {
    LiveAuthority node = holding("A B");
    List<String> rounds = new ArrayList<>();

    SyncOutcome outcome =
        new NodeSync(node)
            .run(
                Ends.reach(new ControlEnd(holding("A B C D E F G"), AnswerPolicy.bounded(0))),
                end -> rounds.add(names(end.exchange().answer().missing())));

    assertThat(outcome).isEqualTo(new SyncOutcome.Converged(hash("G")));
    assertThat(rounds).containsExactly("C", "D", "E", "F", "G");
  }

  @Test
  void aBoundedAnswerOfWhatTheNodeHasIsFollowedByTheRest() throws TkaException {
    // Control takes nothing in, and knows of the node only the genesis that it names: counted from
    // there, a small answer is what the node has.
    LiveAuthority node = holding("A B C X Y");
    ControlEnd control = new ControlEnd(holding("A B C D E F G"), AnswerPolicy.bounded(0));
    List<String> rounds = new ArrayList<>();

    SyncOutcome outcome =
        new NodeSync(node)
            .run(
                new NodeSync.Control<TkaException>() {
                  @Override
                  public SyncAnswer offer(SyncOffer offer) throws TkaException {
                    return control.answer(offer).message();
                  }

                  @Override
                  public SyncReceipt send(SyncSend send) throws TkaException {
                    return new SyncReceipt(hash("G"), List.of());
                  }
                },
                end -> rounds.add(names(end.exchange().answer().missing())));

    assertThat(rounds).containsExactly("B", "C", "D", "E", "F", "G");
    assertThat(outcome).isEqualTo(new SyncOutcome.Converged(hash("G")));
  }

  @Test
  void aNodeThatFindsNothingInControlsOfferTakesInWhatControlFound() throws TkaException {
    // A control whose search is capped offers nothing that the node's window holds.
    LiveAuthority node = Ends.cutAt(hash("E"), chains.list("A B C D E F"));
    SyncAnswer capped =
        new SyncAnswer(
            new SyncOffer(hash("G"), List.of(hash("A"))), List.of(chains.get("G").encoded()));

    NodeRound.Send send = (NodeRound.Send) NodeRound.begin(node).answered(capped);

    assertThat(send.exchange().intersection()).isInstanceOf(Intersection.None.class);
    assertThat(send.message()).isEqualTo(new SyncSend(hash("G"), List.of()));
    assertThat(send.acknowledged(new SyncReceipt(hash("G"), List.of())).outcome())
        .isEqualTo(new SyncOutcome.Converged(hash("G")));
  }

  @Test
  void twoAuthoritiesHaveNoCommonGround() throws TkaException {
    LiveAuthority other = Ends.holding(Chains.draw(List.of(TestKeys.key(3, 1)), "S -> T").all());

    SyncOutcome outcome = Ends.sync(holding("A B C"), other, exact);

    assertThat(outcome)
        .isEqualTo(
            new SyncOutcome.NoCommonGround(
                new Intersection.None(hash("C"), hash("A"), true, 2, 0)));
  }

  @Test
  void aWindowThatLiesWhollyOnADisplacedBranchIsOutOfReach() throws TkaException {
    Chains deep =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
            """
            A -> B -> C -> D
            A -> X(2) -> Y[checkpoint](2) -> Z(2)
            """);
    LiveAuthority node = Ends.cutAt(deep.get("Y").hash(), deep.list("A X Y Z"));
    LiveAuthority control = Ends.holding(deep.all());

    SyncOutcome outcome = Ends.sync(node, control, exact);

    assertThat(outcome)
        .isEqualTo(new SyncOutcome.OutOfReach(deep.get("A").hash(), deep.get("Y").hash()));
    assertThat(node.current().head()).isEqualTo(deep.get("Z").hash());
  }

  @Test
  void aControlThatFollowsNobodyStallsTheRounds() throws TkaException {
    LiveAuthority node = holding("A B C W V");
    LiveAuthority control =
        LiveAuthority.open(
            TestStores.holding(chains.list("A B C D E")), AdmissionPolicy.CONTROL, new FakeClock());

    SyncOutcome outcome = Ends.sync(node, control, exact);

    assertThat(outcome)
        .isInstanceOfSatisfying(
            SyncOutcome.Stalled.class,
            stalled -> {
              assertThat(stalled.head()).isEqualTo(hash("V"));
              assertThat(stalled.controlHead()).isEqualTo(hash("E"));
              assertThat(stalled.rounds()).isLessThan(6);
            });
    assertThat(node.current().snapshot().find(hash("E"))).isPresent();
  }

  @Test
  void aFailureOnTheWayIsTheCallersAndKeepsWhatTheRoundsBefore() throws Exception {
    LiveAuthority node = holding("A B");
    ControlEnd control = new ControlEnd(holding("A B C D E"), AnswerPolicy.bounded(0));
    NodeSync.Control<IOException> failing =
        new NodeSync.Control<>() {
          private int calls;

          @Override
          public SyncAnswer offer(SyncOffer offer) throws IOException {
            calls++;
            if (calls == 3) {
              throw new IOException("gone");
            }
            try {
              return control.answer(offer).message();
            } catch (TkaException e) {
              throw new IOException(e);
            }
          }

          @Override
          public SyncReceipt send(SyncSend send) {
            return new SyncReceipt(hash("E"), List.of());
          }
        };

    assertThatThrownBy(() -> new NodeSync(node).run(failing, end -> {}))
        .isInstanceOf(IOException.class)
        .hasMessage("gone");
    assertThat(node.current().head()).isEqualTo(hash("D"));
  }

  @Test
  void knownAumsAreCountedAndChangeNothing() throws TkaException {
    ControlEnd control = new ControlEnd(holding("A B C D"), exact);
    List<Bytes> known = chains.list("B C D").stream().map(Aum::encoded).toList();

    ControlEnd.Receipt receipt = control.receive(new SyncSend(hash("D"), known));

    assertThat(receipt)
        .isEqualTo(
            new ControlEnd.Receipt(
                new SyncReceipt(hash("D"), List.of()), Intake.Done.nothingNew(3)));
  }
}
