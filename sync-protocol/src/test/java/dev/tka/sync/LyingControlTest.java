package dev.tka.sync;

import static dev.tka.sync.DrawnTailnet.names;
import static dev.tka.sync.DrawnTailnet.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A control that has a removed key, and sends a node what that key signs for as long as the node
 * asks (protocol, section 10, "A node").
 */
class LyingControlTest {
  /** Key 4 is removed. */
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 3), TestKeys.key(4, 1));

  private static final int MOST_ROUNDS = 60;
  private static final int AUMS_A_ROUND = 10;

  private final Chains chains =
      Chains.draw(KEYS, "A" + run("n", 1, 12, 1) + " -> R[remove:4](1) -> S(1) -> T(1)");
  private final FakeClock clock = new FakeClock();

  /** Sends branches that lose, a megabyte in each round. */
  private final class Liar implements NodeSync.Control<TkaException> {
    private final Aum fork;
    private final List<Aum> known;
    private Aum newest;
    private int rounds;
    private long bytes;

    /**
     * @param known AUMs that the node has, of which each round also brings the next
     */
    Liar(Aum fork, List<Aum> known) {
      this.fork = fork;
      this.newest = fork;
      this.known = known;
    }

    @Override
    public SyncAnswer offer(SyncOffer offer) {
      List<Bytes> missing = new ArrayList<>();
      if (rounds < MOST_ROUNDS) {
        if (rounds < known.size()) {
          missing.add(known.get(rounds).encoded());
        }
        newest = fork;
        for (int i = 0; i < AUMS_A_ROUND; i++) {
          newest = Chains.noOp(newest, rounds + "." + i + "x".repeat(100_000), 4);
          missing.add(newest.encoded());
          bytes += newest.encoded().size();
        }
        rounds++;
      }
      return new SyncAnswer(new SyncOffer(newest.hash(), List.of(chains.get("A").hash())), missing);
    }

    @Override
    public SyncReceipt send(SyncSend send) {
      return new SyncReceipt(newest.hash(), List.of());
    }
  }

  private LiveAuthority node(AumStore store) throws TkaException {
    LiveAuthority node =
        LiveAuthority.bootstrap(store, chains.get("A"), AdmissionPolicy.NODE, clock);
    node.inform(chains.list(names("n", 1, 12) + " R S"));
    return node;
  }

  private static long bytesIn(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }

  private void assertHonestControlBringsItToItsHead(LiveAuthority node) throws TkaException {
    LiveAuthority honest =
        LiveAuthority.bootstrap(
            new MemoryAumStore(), chains.get("A"), AdmissionPolicy.CONTROL, clock);
    honest.inform(chains.list(names("n", 1, 12) + " R S T"));

    assertThat(Ends.sync(node, honest, AnswerPolicy.bounded(1 << 20)))
        .isEqualTo(new SyncOutcome.Converged(chains.get("T").hash()));
  }

  @Test
  void losersOfARemovedKeyAreNotStoredAndEndTheRounds(@TempDir Path directory) throws Exception {
    NodeDirectory store = NodeDirectory.at(directory, clock);
    LiveAuthority node = node(store);
    long before = bytesIn(directory);
    Liar liar = new Liar(chains.get("n10"), List.of());

    SyncOutcome outcome = new NodeSync(node).run(liar, end -> {});

    long after = bytesIn(directory);
    System.out.printf(
        "lying control: %d rounds, %d bytes sent, the store from %d to %d bytes%n",
        liar.rounds, liar.bytes, before, after);
    assertThat(liar.rounds).isEqualTo(2);
    // Notes may go, and nothing comes.
    assertThat(after).isLessThanOrEqualTo(before);
    AumHash winner = chains.get("n11").hash();
    assertThat(outcome)
        .isInstanceOfSatisfying(
            SyncOutcome.ControlDenies.class,
            denies -> {
              assertThat(denies.denied()).isEqualTo(winner);
              assertThat(denies.refusals().get(0))
                  .isInstanceOfSatisfying(
                      Refusal.Outweighed.class,
                      first -> assertThat(first.fork()).isEqualTo(chains.get("n10").hash()));
              assertThat(denies.reason())
                  .endsWith("with 1 votes, against 3 of " + winner + ", and can never win");
            });
    assertHonestControlBringsItToItsHead(node);
  }

  @Test
  void aKnownAumInEachRoundDoesNotProlongIt() throws TkaException {
    LiveAuthority node = node(new MemoryAumStore());
    Liar liar = new Liar(chains.get("n10"), chains.list(names("n", 1, 12)));

    SyncOutcome outcome = new NodeSync(node).run(liar, end -> {});

    assertThat(liar.rounds).isEqualTo(2);
    assertThat(outcome).isInstanceOf(SyncOutcome.ControlDenies.class);
    assertThat(node.current().snapshot().entries()).hasSize(15);
    assertHonestControlBringsItToItsHead(node);
  }

  @Test
  void whatGrowsOnALoserThatIsStoredIsNotStored() throws TkaException {
    LiveAuthority node = node(new MemoryAumStore());
    Aum loser = Chains.noOp(chains.get("n10"), "from a file", 4);
    node.inform(List.of(loser));
    Liar liar = new Liar(loser, List.of());

    assertThat(new NodeSync(node).run(liar, end -> {}))
        .isInstanceOf(SyncOutcome.ControlDenies.class);
    assertThat(liar.rounds).isEqualTo(2);
    assertThat(node.current().snapshot().entries()).hasSize(16);
  }

  /** The other case: a branch that is lighter than an unsent edit has to be taken in. */
  @Test
  void aLongBranchThatLosesToAnUnsentEditIsTakenInOverManyRounds() throws TkaException {
    Chains drawn =
        Chains.draw(KEYS, "A" + run("n", 1, 10, 1) + run("m", 1, 120, 4) + "\nn10 -> U(1)");
    DrawnTailnet tailnet = DrawnTailnet.engine(drawn);
    tailnet.answers(AnswerPolicy.bounded(2000));
    tailnet.control().live().inform(drawn.list(names("n", 1, 10) + " " + names("m", 1, 120)));
    DrawnTailnet.Peer node = tailnet.node();
    node.live().inform(drawn.list(names("n", 1, 10)));
    node.make("U");

    DrawnTailnet.Synced synced = node.sync();

    assertThat(synced.agrees()).isTrue();
    assertThat(synced.rounds()).hasSizeGreaterThan(5);
    assertThat(node.head()).isEqualTo("m120");
    assertThat(node.aside()).isEqualTo("U");
  }
}
