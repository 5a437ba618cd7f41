package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The reference stops walking after 1,000 AUMs; here any distance does, and costs what differs. The
 * chain is 100,000 AUMs long with a checkpoint at every 50th. What nobody verifies, because both
 * ends have it stored, bears no real signature.
 */
class LongChainTest {
  private static final int LENGTH = 100_000;
  private static final int SIGNED = 5_001;
  private static final int CHECKPOINT_EVERY = 50;

  private static List<Aum> chain = List.of();
  private static Aum loser;
  private static LiveAuthority control;

  @BeforeAll
  static void makeChain() throws TkaException {
    List<Aum> aums = new ArrayList<>(LENGTH);
    aums.add(Chains.genesis(List.of(TestKeys.key(1, 1)), 1));
    Bytes nothing = Bytes.copyOf(new byte[AumSignature.SIGNATURE_SIZE]);
    for (int i = 1; i < LENGTH; i++) {
      Aum.Builder next =
          i % CHECKPOINT_EVERY == 0
              ? Aum.builder(AumKind.CHECKPOINT)
                  .state(Chains.stateOf(List.of(TestKeys.key(1, 1))).withoutLastAumHash())
              : Aum.builder(AumKind.NO_OP).meta(Map.of("n", Integer.toString(i)));
      next.parent(aums.get(i - 1).hash());
      aums.add(
          i >= LENGTH - SIGNED
              ? TestKeys.sign(next.build(), 1)
              : next.signatures(List.of(AumSignature.of(TestKeys.id(1), nothing))).build());
    }
    chain = aums;
    // It has no votes.
    loser = Chains.noOp(chain.get(LENGTH - 10), "loser", 2);
    List<Aum> all = new ArrayList<>(chain);
    all.add(loser);
    control = Ends.holding(all);
  }

  /** A node that keeps some AUMs back from a point, which is so far behind control. */
  private static LiveAuthority nodeBehind(int behind) throws TkaException {
    int end = LENGTH - behind;
    int from = (end - 1) / CHECKPOINT_EVERY * CHECKPOINT_EVERY;
    return Ends.holding(chain.subList(from, end));
  }

  private static AumHash hash(int index) {
    return chain.get(index).hash();
  }

  private static void assertCatchesUp(int behind, AnswerPolicy policy, int rounds)
      throws TkaException {
    LiveAuthority node = nodeBehind(behind);
    List<Integer> received = new ArrayList<>();

    SyncOutcome outcome =
        new NodeSync(node)
            .run(
                Ends.reach(new ControlEnd(control, policy)),
                end -> received.add(end.exchange().answer().missing().size()));

    assertThat(outcome).isEqualTo(new SyncOutcome.Converged(hash(LENGTH - 1)));
    assertThat(received.stream().mapToInt(Integer::intValue).sum()).isEqualTo(behind);
    assertThat(received).hasSize(rounds);
  }

  @Test
  void aNode1001BehindCatchesUp() throws TkaException {
    assertCatchesUp(1_001, AnswerPolicy.reference(), 1);
  }

  @Test
  void aNode5000BehindCatchesUpInAnswersOfAHundredThousandBytes() throws TkaException {
    assertCatchesUp(5_000, AnswerPolicy.bounded(100_000), 8);
  }

  @Test
  void aNamedLoserNearTheHeadAndTheGenesisFetchNoHistory() throws TkaException {
    long bound = 1 << 20;
    SyncOffer hostile = new SyncOffer(loser.hash(), List.of(hash(0)));
    CountingSource source = new CountingSource(control.current().snapshot());
    Authority counting = source.open();

    Intersection found = Intersection.find(counting, hostile);
    MissingAums missing = MissingAums.bounded(counting, found, bound);

    assertThat(found).isEqualTo(new Intersection.Tail(hash(0), hash(LENGTH - 10), LENGTH - 1, 0));
    assertThat(missing.hashes()).containsExactly(hashes(LENGTH - 9, LENGTH));
    // Lengths are read up to the bound; bodies of what is sent.
    assertThat(source.calls()).isLessThan(bound / chain.get(1).encoded().size() + 100);
  }

  private static AumHash[] hashes(int from, int to) {
    return chain.subList(from, to).stream().map(Aum::hash).toArray(AumHash[]::new);
  }

  @Test
  void aNode99999BehindIsSentAllThatItLacks() throws TkaException {
    Authority node = Ends.holding(chain.subList(0, 1)).current();

    Intersection found = Intersection.find(control.current(), SyncOffer.of(node));
    MissingAums missing = MissingAums.of(control.current(), found);

    assertThat(found).isEqualTo(new Intersection.Head(hash(0), LENGTH - 1));
    assertThat(missing.hashes())
        .isEqualTo(chain.subList(1, LENGTH).stream().map(Aum::hash).toList());
    assertThat(missing.encoded())
        .isEqualTo(chain.subList(1, LENGTH).stream().map(Aum::encoded).toList());
  }

  @Test
  void aNodeFindsItsWindowInAnOfferOfTwoThousandCheckpoints() throws TkaException {
    SyncOffer offer = SyncOffer.of(control.current());

    assertThat(offer.ancestors()).hasSize(LENGTH / CHECKPOINT_EVERY);
    assertThat(Intersection.find(nodeBehind(99_900).current(), offer))
        .isEqualTo(new Intersection.Tail(hash(50), hash(50), 49, LENGTH / 50 - 2));
  }

  @Test
  void aLegacyOfferDoesNotSampleBeyond400Steps() throws TkaException {
    assertThat(SyncOffer.legacy(control.current()).ancestors())
        .containsExactly(
            hash(LENGTH - 5), hash(LENGTH - 17), hash(LENGTH - 65), hash(LENGTH - 257), hash(0));
  }

  @Test
  void theLengthOfTheChainDoesNotCount() throws TkaException {
    assertThat(questions(LENGTH)).isEqualTo(questions(1_000));
  }

  /** What offers, intersections and missing AUMs ask of the store, on a chain of a length. */
  private static List<Long> questions(int length) throws TkaException {
    CountingSource source =
        new CountingSource(Ends.holding(chain.subList(0, length)).current().snapshot());
    List<Long> questions = new ArrayList<>();
    long before = 0;
    Authority authority = source.open();
    for (SyncOffer remote :
        List.of(
            new SyncOffer(hash(length - 1), List.of()),
            new SyncOffer(hash(length - 2), List.of()),
            new SyncOffer(hash(length - 701), List.of()),
            new SyncOffer(
                AumHash.of(new byte[AumHash.SIZE]),
                List.of(hash(length - CHECKPOINT_EVERY), hash(0))))) {
      SyncOffer.of(authority);
      MissingAums.of(authority, Intersection.find(authority, remote));
      questions.add(source.calls() - before);
      before = source.calls();
    }
    assertThat(questions.get(0)).isLessThan(3);
    assertThat(questions.get(1)).isLessThan(8);
    assertThat(questions.get(2)).isLessThan(708);
    return questions;
  }
}
