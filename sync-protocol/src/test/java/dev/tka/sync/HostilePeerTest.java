package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Revision;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a peer may say, and what it comes to: a typed outcome, and the store as it was. */
class HostilePeerTest {
  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C[checkpoint] -> D -> E -> F
          B -> X(2) -> Y(2) -> Z(2)
          """);

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private static AumHash random(int number) {
    byte[] bytes = new byte[AumHash.SIZE];
    ByteBuffer.wrap(bytes).putInt(number).putInt(28, number);
    return AumHash.of(bytes);
  }

  private static List<Bytes> encoded(List<Aum> aums) {
    return aums.stream().map(Aum::encoded).toList();
  }

  private static List<Bytes> encoded(Aum... aums) {
    return encoded(List.of(aums));
  }

  // Offers, at either end.

  @Test
  void aFullOfferOfUnknownAncestorsHasNoIntersection() throws TkaException {
    List<AumHash> many =
        IntStream.range(0, SyncOffer.MAX_ANCESTORS).mapToObj(HostilePeerTest::random).toList();
    CountingSource source = new CountingSource(Ends.holding(chains.all()).current().snapshot());

    Intersection found = Intersection.find(source.open(), new SyncOffer(random(-1), many));

    assertThat(found).isInstanceOf(Intersection.None.class);
    // Two look-ups for each name: on the chain, and off it.
    assertThat(source.calls()).isLessThan(2L * SyncOffer.MAX_ANCESTORS + 10);
  }

  @Test
  void manyNamesOfOneLosingBranchWalkItOnce() throws TkaException {
    List<Aum> branch = new ArrayList<>(chains.list("A B X"));
    for (int i = 0; i < 1000; i++) {
      branch.add(Chains.noOp(branch.get(branch.size() - 1), "b" + i, 2));
    }
    List<Aum> all = new ArrayList<>(branch);
    all.addAll(chains.list("C D E F"));
    List<AumHash> names =
        new ArrayList<>(branch.subList(2, branch.size()).stream().map(Aum::hash).toList());
    Collections.reverse(names);
    names.addAll(List.copyOf(names));
    CountingSource source = new CountingSource(Ends.holding(all).current().snapshot());

    Intersection found = Intersection.find(source.open(), new SyncOffer(random(1), names));

    assertThat(found).isInstanceOf(Intersection.LosingBranch.class);
    assertThat(((Intersection.LosingBranch) found).at()).isEqualTo(hash("B"));
    assertThat(source.calls()).isLessThan(2L * names.size() + 3L * branch.size() + 10);
  }

  @Test
  void duplicatesAreLookedUpAndChangeNothing() throws TkaException {
    List<AumHash> twice = List.of(random(1), random(1), hash("C"), hash("C"), hash("A"), hash("A"));

    assertThat(
            Intersection.find(
                Ends.holding(chains.all()).current(), new SyncOffer(random(2), twice)))
        .isEqualTo(new Intersection.Tail(hash("C"), hash("C"), 3, 2));
  }

  // A control that deceives a node.

  /** One round with a control that says this, and always names the same head. */
  private SyncOutcome outcome(LiveAuthority node, SyncAnswer answer) throws TkaException {
    Revision before = node.current().snapshot().revision();
    AumHash head = node.current().head();
    SyncOutcome outcome =
        new NodeSync(node)
            .run(
                new NodeSync.Control<TkaException>() {
                  @Override
                  public SyncAnswer offer(SyncOffer offer) {
                    return answer;
                  }

                  @Override
                  public SyncReceipt send(SyncSend send) {
                    return new SyncReceipt(answer.offer().head(), List.of());
                  }
                },
                end -> {});
    assertThat(node.current().snapshot().revision()).isEqualTo(before);
    assertThat(node.current().head()).isEqualTo(head);
    return outcome;
  }

  private LiveAuthority node() throws TkaException {
    return Ends.holding(chains.list("A B C"));
  }

  private SyncAnswer answer(AumHash head, List<Bytes> missing) {
    return new SyncAnswer(new SyncOffer(head, List.of(hash("C"), hash("A"))), missing);
  }

  @Test
  void aHeadThatControlNeverSendsStalls() throws TkaException {
    assertThat(outcome(node(), answer(random(1), List.of())))
        .isEqualTo(new SyncOutcome.Stalled(hash("C"), random(1), 2));
  }

  @Test
  void theSameKnownAumsAgainAndAgainStall() throws TkaException {
    assertThat(outcome(node(), answer(random(1), encoded(chains.list("B C")))))
        .isEqualTo(new SyncOutcome.Stalled(hash("C"), random(1), 3));
  }

  @Test
  void headsThatChangeEveryTimeStallToo() throws TkaException {
    LiveAuthority node = node();
    SyncOutcome outcome =
        new NodeSync(node)
            .run(
                new NodeSync.Control<TkaException>() {
                  private int calls;

                  @Override
                  public SyncAnswer offer(SyncOffer offer) {
                    return answer(random(++calls), List.of());
                  }

                  @Override
                  public SyncReceipt send(SyncSend send) {
                    return new SyncReceipt(random(++calls), List.of());
                  }
                },
                end -> {});

    assertThat(outcome)
        .isInstanceOfSatisfying(
            SyncOutcome.Stalled.class, stalled -> assertThat(stalled.rounds()).isEqualTo(2));
  }

  @Test
  void knownAumsInTurnStallToo() throws TkaException {
    LiveAuthority node = node();
    SyncOutcome outcome =
        new NodeSync(node)
            .run(
                new NodeSync.Control<TkaException>() {
                  private int calls;

                  @Override
                  public SyncAnswer offer(SyncOffer offer) {
                    assertThat(++calls).isLessThan(20);
                    return answer(random(1), encoded(chains.get(calls % 2 == 0 ? "B" : "C")));
                  }

                  @Override
                  public SyncReceipt send(SyncSend send) {
                    return new SyncReceipt(random(1), List.of());
                  }
                },
                end -> {});

    assertThat(outcome).isInstanceOf(SyncOutcome.Stalled.class);
  }

  @Test
  void aumsOutOfOrderAreRefused() throws TkaException {
    assertThat(outcome(node(), answer(hash("F"), encoded(chains.list("D F E")))))
        .isInstanceOfSatisfying(
            SyncOutcome.Rejected.class,
            rejected -> {
              assertThat(rejected.cause()).isInstanceOf(Intake.NotAccepted.class);
              assertThat(rejected.cause().reason())
                  .isEqualTo(
                      "AUM 1: %s: its parent %s is neither stored nor earlier in the batch",
                      hash("F"), hash("E"));
            });
  }

  @Test
  void anAumLeftOutIsRefused() throws TkaException {
    assertThat(outcome(node(), answer(hash("F"), encoded(chains.list("D F")))))
        .isInstanceOf(SyncOutcome.Rejected.class);
    assertThat(outcome(node(), answer(hash("F"), encoded(chains.list("F")))))
        .isEqualTo(new SyncOutcome.OutOfReach(hash("E"), hash("A")));
  }

  @Test
  void theIndexOfARefusedAumCountsTheKnownOnes() throws TkaException {
    Aum bad = TestKeys.signBadly(Chains.noOp(chains.get("C"), "bad"), 1);

    assertThat(outcome(node(), answer(bad.hash(), encoded(chains.get("B"), chains.get("C"), bad))))
        .isInstanceOfSatisfying(
            SyncOutcome.Rejected.class,
            rejected -> {
              Intake.NotAccepted cause = (Intake.NotAccepted) rejected.cause();
              assertThat(cause.index()).isEqualTo(2);
              assertThat(cause.cause()).isInstanceOf(InformException.Invalid.class);
              assertThat(cause.reason()).startsWith("AUM 2: ");
            });
  }

  @Test
  void unrelatedAumsAreRefused() throws TkaException {
    Chains other = Chains.draw(List.of(TestKeys.key(3, 1)), "S -> T");

    assertThat(outcome(node(), answer(other.get("T").hash(), encoded(other.all()))))
        .isInstanceOfSatisfying(
            SyncOutcome.Rejected.class,
            rejected ->
                assertThat(((Intake.NotAccepted) rejected.cause()).cause())
                    .isInstanceOf(InformException.UnknownGenesis.class));
  }

  @Test
  void bytesThatAreNoAumAreRefusedAndNamed() throws TkaException {
    List<Bytes> garbage = List.of(chains.get("D").encoded(), Bytes.copyOf(new byte[] {1, 2, 3}));

    assertThat(outcome(node(), answer(hash("F"), garbage)))
        .isInstanceOfSatisfying(
            SyncOutcome.Rejected.class,
            rejected -> {
              assertThat(((Intake.NotAnAum) rejected.cause()).index()).isEqualTo(1);
              assertThat(rejected.cause().reason()).startsWith("AUM 1: ");
            });
    assertThat(outcome(node(), answer(hash("F"), List.of(Bytes.empty()))))
        .isInstanceOf(SyncOutcome.Rejected.class);
  }

  @Test
  void aMessageThatIsTooLongIsRefusedUnread() throws TkaException {
    Bytes megabyte = Bytes.copyOf(new byte[1 << 20]);

    assertThat(outcome(node(), answer(hash("F"), Collections.nCopies(33, megabyte))))
        .isEqualTo(
            new SyncOutcome.Rejected(new Intake.TooLarge(Limits.MAX_MESSAGE_BYTES, 33L << 20)));
  }

  @Test
  void equalHeadsEndTheRoundWhateverElseIsSent() throws TkaException {
    assertThat(outcome(node(), answer(hash("C"), encoded(chains.list("F")))))
        .isEqualTo(new SyncOutcome.UpToDate(hash("C")));
  }

  // A node that deceives control.

  private Intake received(List<Bytes> missing) throws TkaException {
    LiveAuthority control = Ends.holding(chains.list("A B C D E F"));
    Revision before = control.current().snapshot().revision();

    ControlEnd.Receipt receipt =
        new ControlEnd(control, AnswerPolicy.bounded(1000))
            .receive(new SyncSend(random(1), missing));

    assertThat(receipt.message().head()).isEqualTo(hash("F"));
    assertThat(control.current().snapshot().revision()).isEqualTo(before);
    return receipt.intake();
  }

  @Test
  void controlTakesNothingOfWhatIsOutOfOrderUnrelatedUnsignedOrNoAum() throws TkaException {
    Chains other = Chains.draw(List.of(TestKeys.key(3, 1)), "S -> T");

    assertThat(received(encoded(chains.list("X Z Y")))).isInstanceOf(Intake.NotAccepted.class);
    assertThat(received(encoded(chains.list("Y")))).isInstanceOf(Intake.NotAccepted.class);
    assertThat(received(encoded(other.all()))).isInstanceOf(Intake.NotAccepted.class);
    assertThat(received(encoded(Chains.noOp(chains.get("F"), "unsigned"))))
        .isInstanceOf(Intake.NotAccepted.class);
    assertThat(received(List.of(Bytes.empty()))).isInstanceOf(Intake.NotAnAum.class);
    assertThat(received(List.of())).isEqualTo(Intake.Done.nothingNew(0));
  }

  /** The results of taking in G, a huge AUM on it, and I on that: all that a batch may hold. */
  private void assertOnlyWhatFollowsAHugeAumIsLeftOut(
      AdmissionPolicy policy, int most, Sending receive) throws TkaException {
    Aum before = TestKeys.sign(Chains.noOp(chains.get("F"), "before"), 1);
    Aum huge = noOpOfAtLeast(before, most + 1);
    Aum after = TestKeys.sign(Chains.noOp(huge, "after"), 1);
    Aum beside = TestKeys.sign(Chains.noOp(before, "beside"), 1);
    LiveAuthority live =
        LiveAuthority.open(TestStores.holding(chains.list("A B C D E F")), policy, new FakeClock());

    Intake intake = receive.take(live, encoded(List.of(before, huge, after, beside)));

    assertThat(intake)
        .isInstanceOfSatisfying(
            Intake.Done.class,
            done -> {
              assertThat(done.added()).containsExactly(before.hash(), beside.hash());
              assertThat(done.refusals())
                  .containsExactly(
                      new Refusal.TooLong(huge.hash(), huge.encoded().size(), most),
                      new Refusal.BuildsOnRefused(after.hash(), huge.hash()));
            });
    assertThat(live.current().head()).isEqualTo(beside.hash());
  }

  @FunctionalInterface
  private interface Sending {
    Intake take(LiveAuthority live, List<Bytes> aums) throws TkaException;
  }

  @Test
  void controlTakesNoAumOfMoreThan512KiBButTheOthersOfTheBatch() throws TkaException {
    int most = 512 << 10;
    for (AdmissionPolicy policy :
        List.of(AdmissionPolicy.CONTROL, AdmissionPolicy.RESTORED_CONTROL)) {
      assertOnlyWhatFollowsAHugeAumIsLeftOut(
          policy,
          most,
          (live, aums) -> {
            ControlEnd.Receipt receipt =
                new ControlEnd(live, AnswerPolicy.bounded(1000))
                    .receive(new SyncSend(random(1), aums));
            assertThat(receipt.message().refused())
                .hasSize(2)
                .first()
                .asString()
                .contains("524288");
            return receipt.intake();
          });
    }
    // A node takes it when control has it: it may be on the way.
    Aum huge = noOpOfAtLeast(chains.get("F"), most + 1);
    LiveAuthority node = Ends.holding(chains.list("A B C D E F"));
    assertThat(((Intake.Done) Intakes.atNode(node, encoded(huge))).added())
        .containsExactly(huge.hash());
  }

  @Test
  void aNodeTakesNoAumThatItsStoreCouldNotReadButTheOthersOfTheBatch() throws TkaException {
    assertOnlyWhatFollowsAHugeAumIsLeftOut(
        AdmissionPolicy.NODE, Limits.MAX_AUM_BYTES, Intakes::atNode);
  }

  private Aum noOpOfAtLeast(Aum parent, int size) {
    Aum.Builder noOp =
        Aum.builder(AumKind.NO_OP).parent(parent.hash()).meta(Map.of("padding", "x".repeat(size)));
    return TestKeys.sign(noOp.build(), 1);
  }
}
