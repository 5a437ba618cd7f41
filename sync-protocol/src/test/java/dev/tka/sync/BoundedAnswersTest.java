package dev.tka.sync;

import static dev.tka.sync.DrawnTailnet.names;
import static dev.tka.sync.DrawnTailnet.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The bound on control's answers (protocol, section 10, "Answering an offer"): no offer gets more,
 * and honest nodes come to control's head in as many rounds as the bytes that they lack need.
 */
class BoundedAnswersTest {
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 3), TestKeys.key(4, 1));
  private static final int BOUND = 6 << 10;

  /** The node's branch is L; its checkpoints are those of control up to n100. */
  private final Chains chains =
      Chains.draw(KEYS, "A" + run("n", 1, 320, 1) + "\nn149 -> L(4) -> L2(4)\nn318 -> M(4)");

  private final DrawnTailnet tailnet;

  BoundedAnswersTest() throws TkaException {
    tailnet = DrawnTailnet.engine(chains);
    tailnet.answers(AnswerPolicy.bounded(BOUND));
    tailnet.control().live().inform(chains.list(names("n", 1, 320) + " L M"));
  }

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private static long size(List<Bytes> encoded) {
    return encoded.stream().mapToLong(Bytes::size).sum();
  }

  private static long size(Chains chains, String names) {
    return size(chains.list(names).stream().map(Aum::encoded).toList());
  }

  private long size(int from, int to) {
    return size(chains, names("n", from, to));
  }

  @Test
  void noOfferGetsMoreThanTheBound() throws TkaException {
    List<AumHash> everything = chains.all().stream().map(Aum::hash).toList();
    AumHash unknown = AumHash.of(new byte[AumHash.SIZE]);
    List<SyncOffer> offers = new ArrayList<>();
    for (AumHash head : List.of(hash("M"), hash("L"), hash("L2"), hash("n10"), unknown)) {
      offers.add(new SyncOffer(head, List.of(hash("A"))));
      offers.add(new SyncOffer(head, List.of(hash("M"), hash("L"), hash("A"))));
      offers.add(new SyncOffer(head, List.of(hash("A"), hash("n300"))));
      offers.add(new SyncOffer(head, List.of(unknown, hash("L"), unknown)));
      offers.add(new SyncOffer(head, everything));
    }

    for (SyncOffer offer : offers) {
      SyncAnswer answer = tailnet.controlEnd().answer(offer).message();
      assertThat(size(answer.missing())).as("%s", offer).isLessThanOrEqualTo(BOUND);
    }
  }

  /** Each round brings as much as the bound has room for, but for the last one and the first. */
  private void assertComesToControlsHead(DrawnTailnet.Peer node, long lacking) throws TkaException {
    List<Long> sizes = new ArrayList<>();
    DrawnTailnet.Synced synced = node.sync(measured(tailnet, sizes));

    assertThat(synced.agrees()).as("%s", synced.outcome()).isTrue();
    assertThat(node.head()).isEqualTo("n320");
    assertThat(sizes).allMatch(size -> size <= BOUND);
    assertThat(sizes.size()).isLessThanOrEqualTo((int) (lacking / BOUND) + 4);
  }

  /** Control, with the sizes of its answers noted. */
  private static NodeSync.Control<TkaException> measured(DrawnTailnet tailnet, List<Long> sizes) {
    NodeSync.Control<TkaException> end = Ends.reach(tailnet.controlEnd());
    return new NodeSync.Control<>() {
      @Override
      public SyncAnswer offer(SyncOffer offer) throws TkaException {
        SyncAnswer answer = end.offer(offer);
        sizes.add(size(answer.missing()));
        return answer;
      }

      @Override
      public SyncReceipt send(SyncSend send) throws TkaException {
        return end.send(send);
      }
    };
  }

  @Test
  void aNodeThatWasAwayComesToControlsHead() throws TkaException {
    DrawnTailnet.Peer node = tailnet.node();
    node.live().inform(chains.list(names("n", 1, 40)));

    assertComesToControlsHead(node, size(41, 320));
  }

  @Test
  void aNodeWhoseBranchLostFarBelowTheHeadComesToIt() throws TkaException {
    DrawnTailnet.Peer node = tailnet.node();
    node.live().inform(chains.list(names("n", 1, 149)));
    node.make("L L2");
    // From n100, the newest checkpoint that the node names, the way to n149 would fill the answer.
    assertThat(size(101, 150)).isGreaterThan(BOUND);

    assertComesToControlsHead(node, size(150, 320));
    assertThat(node.aside()).isEqualTo("L L2");
  }

  @Test
  void aReferenceNodeWhoseBranchLostComesToTheHead() throws TkaException {
    DrawnTailnet others = DrawnTailnet.referenceNodes(chains);
    others.answers(AnswerPolicy.bounded(BOUND));
    others.control().live().inform(chains.list(names("n", 1, 320) + " L M"));
    DrawnTailnet.Peer node = others.node();
    node.live().inform(chains.list(names("n", 1, 149) + " L L2"));

    // It makes one round for each announcement.
    assertThat(node.sync().agrees()).isTrue();
    assertThat(node.head()).isEqualTo("n320");
  }

  /**
   *
   *
   * <pre>
   *   A --n1 to n100-- --n101 to n130--      the node, which remembers A to n99
   *              '-> R --m1 to m80--         control; n95 is the newest AUM in common
   * </pre>
   */
  @Test
  void aNodeThatRemembersTheNewestCommonAumFetchesTheWayThere() throws TkaException {
    Chains deep =
        Chains.draw(
            KEYS, "A" + run("n", 1, 130, 4) + "\nn95 -> R[revoke:4](1)" + run("m", 1, 80, 1));
    DrawnTailnet old = DrawnTailnet.engine(deep);
    DrawnTailnet.Peer node = old.node();
    node.make(names("n", 1, 100));
    node.sync();
    old.day(20);
    node.make(names("n", 101, 130));
    node.sync();
    assertThat(node.oldest()).isEqualTo("n100");
    assertThat(node.remembers("n95")).isTrue();
    old.control().live().inform(deep.list("R " + names("m", 1, 80)));
    old.answers(AnswerPolicy.bounded(BOUND));
    List<Long> sizes = new ArrayList<>();

    // The way from n50, the checkpoint before it, needs more than one answer.
    assertThat(size(deep, names("n", 51, 95))).isGreaterThan(BOUND);
    assertThat(node.sync(measured(old, sizes)).agrees()).isTrue();

    assertThat(node.head()).isEqualTo("m80");
    long lacking = size(deep, names("n", 51, 95) + " R " + names("m", 1, 80));
    assertThat(sizes).allMatch(size -> size <= BOUND);
    assertThat(sizes.size()).isLessThanOrEqualTo((int) (lacking / BOUND) + 4);
  }
}
