package dev.tka.sync;

import static dev.tka.sync.DrawnTailnet.names;
import static dev.tka.sync.DrawnTailnet.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The classes of nodes that the rules of protocol sections 4 to 6 leave behind, each in its
 * smallest case, first under those rules at both ends, then under protocol section 10. In a
 * drawing, {@code --73--} stands for a row of so many no-ops with a checkpoint at every 50th.
 */
class NodesLeftBehindTest {
  // Class 1

  /**
   *
   *
   * <pre>
   *   A --n1 to n73-- -> D15
   *   |    day 0         day 15
   *   '-> X
   * </pre>
   */
  private static Chains staleEdit() {
    return Chains.draw(
        List.of(TestKeys.key(1, 1), TestKeys.key(2, 2)),
        "A" + run("n", 1, 73, 1) + " -> D15(1)\nA -> X(2)");
  }

  private static DrawnTailnet.Peer untilDay15(DrawnTailnet tailnet) throws TkaException {
    DrawnTailnet.Peer n0 = tailnet.node();
    n0.make(names("n", 1, 73));
    n0.sync();
    tailnet.day(15);
    n0.make("D15");
    assertThat(n0.sync().agrees()).isTrue();
    assertThat(n0.authority().length()).isEqualTo(25);
    return n0;
  }

  @Test
  void class1_underTheReferenceAStaleEditStrandsWhoHasCompacted() throws TkaException {
    DrawnTailnet tailnet = DrawnTailnet.reference(staleEdit());
    DrawnTailnet.Peer n1 = tailnet.node();
    DrawnTailnet.Peer n0 = untilDay15(tailnet);
    n1.make("X");

    n1.sync();

    assertThat(tailnet.control().head()).isEqualTo("X");
    assertThat(n0.sync().agrees()).isFalse();
    assertThat(n0.sync().agrees()).isFalse();
  }

  @Test
  void class1_aStaleEditIsAConflictAndSetAside() throws TkaException {
    Chains chains = staleEdit();
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer n1 = tailnet.node();
    DrawnTailnet.Peer n0 = untilDay15(tailnet);
    n1.make("X");

    DrawnTailnet.Synced synced = n1.sync();

    assertThat(synced.agrees()).isTrue();
    assertThat(synced.setAside(chains)).isEqualTo("X");
    assertThat(n1.aside()).isEqualTo("X");
    assertThat(synced.refusedByControl()).hasSize(1).first().asString().contains("make it again");
    assertThat(tailnet.control().head()).isEqualTo("D15");
    assertThat(n1.head()).isEqualTo("D15");
    assertThat(n0.sync().agrees()).isTrue();
  }

  @Test
  void class1_soIsAStaleEditOfEqualWeightWhateverItsHash() throws TkaException {
    for (boolean lower : new boolean[] {true, false}) {
      Chains chains =
          Chains.drawUntil(
              List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)),
              "A" + run("n", 1, 73, 1) + " -> D15(1)\nA -> X(2)",
              drawn -> drawn.isLower("X", "n1") == lower);
      DrawnTailnet tailnet = DrawnTailnet.engine(chains);
      DrawnTailnet.Peer n1 = tailnet.node();
      DrawnTailnet.Peer n0 = untilDay15(tailnet);
      n1.make("X");

      assertThat(n1.sync().agrees()).isTrue();
      assertThat(n1.aside()).isEqualTo("X");
      assertThat(n1.head()).isEqualTo("D15");
      assertThat(n0.sync().agrees()).isTrue();
    }
  }

  // Class 2

  /**
   *
   *
   * <pre>
   *   A --n1 to n74-- -> U      n0
   *   '-> X                     n1
   * </pre>
   */
  private static Chains unsentBelowTheWindow() {
    return Chains.draw(
        List.of(TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 1)),
        "A" + run("n", 1, 74, 3) + " -> U(1)\nA -> X(2)");
  }

  private static DrawnTailnet.Peer withAnUnsentEdit(DrawnTailnet tailnet) throws TkaException {
    DrawnTailnet.Peer n0 = tailnet.node();
    DrawnTailnet.Peer n2 = tailnet.node();
    n2.make(names("n", 1, 50));
    n2.sync();
    n0.sync();
    tailnet.day(15);
    n2.make(names("n", 51, 74));
    n2.sync();
    n0.sync();
    assertThat(n0.oldest()).isEqualTo("n50");
    n0.make("U");
    return n0;
  }

  @Test
  void class2_underTheReferenceAnUnsentEditNeverArrives() throws TkaException {
    DrawnTailnet tailnet = DrawnTailnet.reference(unsentBelowTheWindow());
    DrawnTailnet.Peer n1 = tailnet.node();
    DrawnTailnet.Peer n0 = withAnUnsentEdit(tailnet);
    n1.make("X");
    n1.sync();

    assertThat(n0.sync().agrees()).isFalse();
    assertThat(n0.sync().agrees()).isFalse();
    assertThat(tailnet.control().stores("U")).isFalse();
  }

  @Test
  void class2_anUnsentEditArrivesOrIsSetAside() throws TkaException {
    DrawnTailnet tailnet = DrawnTailnet.engine(unsentBelowTheWindow());
    DrawnTailnet.Peer n1 = tailnet.node();
    DrawnTailnet.Peer n0 = withAnUnsentEdit(tailnet);
    n1.make("X");

    assertThat(n1.sync().agrees()).isTrue();
    assertThat(n1.aside()).isEqualTo("X");
    assertThat(n0.sync().agrees()).isTrue();

    assertThat(tailnet.control().head()).isEqualTo("U");
    assertThat(n0.unsent()).isEmpty();
    assertThat(n1.sync().agrees()).isTrue();
    assertThat(n1.head()).isEqualTo("U");
  }

  @Test
  void class2_belowTheWindowAControlOfTheReferenceSetsTheEditAside() throws TkaException {
    // As before, but control follows X, as the reference does.
    DrawnTailnet tailnet = DrawnTailnet.lyingControl(unsentBelowTheWindow());
    DrawnTailnet.Peer n1 = tailnet.node();
    DrawnTailnet.Peer n0 = withAnUnsentEdit(tailnet);
    n1.make("X");
    assertThat(n1.sync().agrees()).isTrue();
    assertThat(tailnet.control().head()).isEqualTo("X");

    assertThat(n0.sync().agrees()).isTrue();

    assertThat(n0.head()).isEqualTo("X");
    assertThat(n0.oldest()).isEqualTo("A");
    assertThat(n0.aside()).isEqualTo("U");
  }

  // Class 3

  /** What control offered if it stopped after 1,000 AUMs, as the reference does. */
  private static NodeSync.Control<TkaException> capped(DrawnTailnet tailnet) {
    NodeSync.Control<TkaException> whole = Ends.reach(tailnet.controlEnd());
    return new NodeSync.Control<>() {
      @Override
      public SyncAnswer offer(SyncOffer offer) throws TkaException {
        List<AumHash> walked = tailnet.control().authority().newestFirst(1000);
        SyncAnswer answer = whole.offer(offer);
        return new SyncAnswer(
            new SyncOffer(
                answer.offer().head(),
                answer.offer().ancestors().stream().filter(walked::contains).toList()),
            answer.missing());
      }

      @Override
      public SyncReceipt send(SyncSend send) throws TkaException {
        return whole.send(send);
      }
    };
  }

  @Test
  void class3_aNodeFarBehindCatchesUpThoughItFindsNothingInACappedOffer() throws TkaException {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1)),
            "A" + run("n", 1, 74, 1) + " -> D20" + run("m", 1, 1010, 1));
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer author = tailnet.node();
    DrawnTailnet.Peer n0 = tailnet.node();
    author.make(names("n", 1, 74));
    author.sync();
    tailnet.day(20);
    author.make("D20");
    author.sync();
    n0.sync();
    n0.compact();
    assertThat(n0.authority().length()).isLessThan(80);
    author.make(names("m", 1, 1010));
    author.sync();
    SyncAnswer answer = capped(tailnet).offer(SyncOffer.of(n0.authority(), n0.live().policy()));
    assertThat(Intersection.find(n0.authority(), answer.offer()))
        .isInstanceOf(Intersection.None.class);

    assertThat(n0.sync(capped(tailnet)).agrees()).isTrue();
    assertThat(n0.head()).isEqualTo("m1010");
  }

  // Class 4

  private static final List<Key> THREE =
      List.of(TestKeys.key(1, 1), TestKeys.key(2, 1), TestKeys.key(3, 1));

  /**
   *
   *
   * <pre>
   *   A --n1 to n50 by n2-- --n51 to n74 by n1--
   *   '-> R, which revokes n1's key
   * </pre>
   */
  private static Chains revocationOnALongerWindow() {
    return Chains.draw(
        THREE, "A" + run("n", 1, 50, 3) + run("n", 51, 74, 2) + "\nA -> R[revoke:2](3,1)");
  }

  /** Node 0 and 1, who have compacted, then node 2, who was away. */
  private static List<DrawnTailnet.Peer> withALongerWindow(DrawnTailnet tailnet)
      throws TkaException {
    DrawnTailnet.Peer n2 = tailnet.node();
    DrawnTailnet.Peer n0 = tailnet.node();
    DrawnTailnet.Peer n1 = tailnet.node();
    n2.make(names("n", 1, 50));
    n2.sync();
    n0.sync();
    n1.sync();
    tailnet.day(15);
    n1.make(names("n", 51, 74));
    n1.sync();
    n0.sync();
    assertThat(n0.oldest()).isEqualTo("n50");
    assertThat(n1.oldest()).isEqualTo("n50");
    return List.of(n0, n1, n2);
  }

  @Test
  void class4_underTheReferenceARevocationOnALongerWindowStrandsTheOthers() throws TkaException {
    DrawnTailnet tailnet = DrawnTailnet.reference(revocationOnALongerWindow());
    List<DrawnTailnet.Peer> nodes = withALongerWindow(tailnet);
    nodes.get(2).make("R");
    assertThat(nodes.get(2).sync().agrees()).isTrue();
    assertThat(tailnet.control().head()).isEqualTo("R");

    assertThat(nodes.get(0).sync().agrees()).isFalse();
    assertThat(nodes.get(1).sync().agrees()).isFalse();
    assertThat(nodes.get(0).sync().outcome()).isInstanceOf(SyncOutcome.OutOfReach.class);
  }

  @Test
  void class4_aRevocationBelowTheWindowIsTakenIn() throws TkaException {
    Chains chains = revocationOnALongerWindow();
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    List<DrawnTailnet.Peer> nodes = withALongerWindow(tailnet);
    nodes.get(2).make("R");
    assertThat(nodes.get(2).sync().agrees()).isTrue();
    assertThat(tailnet.control().head()).isEqualTo("R");

    for (DrawnTailnet.Peer node : nodes) {
      DrawnTailnet.Synced synced = node.sync();
      assertThat(synced.agrees()).isTrue();
      assertThat(node.head()).isEqualTo("R");
      assertThat(node.oldest()).isEqualTo("A");
      assertThat(node.authority().snapshot().trail().size()).isZero();
      assertThat(node.aside()).isEmpty();
    }
    // What they made was accepted, and is gone: n1 is told, once.
    assertThat(nodes.get(1).sync().rounds()).hasSize(1);
  }

  @Test
  void class4_whoseAcceptedEditsGoIsTold() throws TkaException {
    Chains chains = revocationOnALongerWindow();
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    List<DrawnTailnet.Peer> nodes = withALongerWindow(tailnet);
    nodes.get(2).make("R");
    nodes.get(2).sync();

    DrawnTailnet.Synced synced = nodes.get(1).sync();

    assertThat(synced.displacedOwn(chains).split(" ", -1)).hasSize(24).contains("n51", "n74");
    assertThat(nodes.get(0).sync().displacedOwn(chains)).isEmpty();
  }

  // Class 5

  @Test
  void class5_over2000Aums() throws TkaException {
    Chains chains =
        Chains.draw(List.of(TestKeys.key(1, 1)), "A" + run("n", 1, 2100, 1) + " -> E -> F");
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer author = tailnet.node();
    DrawnTailnet.Peer n0 = tailnet.node();
    author.make(names("n", 1, 2100));
    assertThat(author.sync().agrees()).isTrue();
    tailnet.day(15);
    author.make("E");
    author.sync();
    assertThat(author.authority().snapshot().trail().size()).isEqualTo(2050);

    // All the way from the genesis, and a restart.
    assertThat(n0.sync().agrees()).isTrue();
    n0.restart();
    assertThat(n0.head()).isEqualTo("E");
    author.make("F");
    assertThat(author.sync().agrees()).isTrue();
    assertThat(n0.sync().agrees()).isTrue();
    assertThat(n0.head()).isEqualTo("F");
  }

  // Class 6

  @Test
  void class6_aWindowBetweenTheSamplesOfAnOldOffer() throws TkaException {
    Chains chains =
        Chains.draw(
            List.of(TestKeys.key(1, 1)), "A" + run("n", 1, 74, 1) + " -> D15" + run("m", 1, 20, 1));
    DrawnTailnet tailnet = DrawnTailnet.engine(chains);
    DrawnTailnet.Peer author = tailnet.node();
    author.make(names("n", 1, 74));
    author.sync();
    tailnet.day(15);
    author.make("D15");
    author.sync();
    DrawnTailnet.Peer n0 = author;
    assertThat(n0.authority().length()).isEqualTo(26);
    tailnet.control().live().inform(chains.list(names("m", 1, 20)));

    // Neither end finds the other in a sampled offer.
    assertThat(Intersection.find(n0.authority(), SyncOffer.legacy(tailnet.control().authority())))
        .isInstanceOf(Intersection.None.class);
    assertThat(n0.sync().agrees()).isTrue();
    assertThat(n0.head()).isEqualTo("m20");
  }
}
