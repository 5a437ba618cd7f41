package dev.tka.cli.campaign;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.sync.SyncSend;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/** Has a key that was removed, and tries to change the lock with it. For one thread. */
final class Thief {
  private static final int NODE = 3;
  private static final int MOST_PAUSE_MILLIS = 400;

  private final List<Tailnet> tailnets;
  private final Client client;
  private final Admin eyes;
  private final Random random;
  private int tries;

  Thief(List<Tailnet> tailnets, History history, long seed, BooleanSupplier over) {
    this.tailnets = List.copyOf(tailnets);
    this.client = new Client("thief", history, seed, over);
    // It may read what every node reads.
    this.eyes = new Admin("who sees for the thief", NODE, tailnets, history, seed, over);
    this.random = new Random(seed);
  }

  void work() throws Exception {
    Tailnet tailnet = tailnets.get(random.nextInt(tailnets.size()));
    tries++;
    int own = 2000 + tries;
    switch (random.nextInt(4)) {
      case 0 -> {
        // On the head, where its key is not trusted.
        Authority base = eyes.sync(tailnet);
        Aum head = base.snapshot().get(base.head());
        send(tailnet, head, Chains.addKey(head, TestKeys.key(own, 1), Tailnet.THIEF), true);
      }
      case 1 ->
          // Where its key was trusted still.
          send(
              tailnet,
              tailnet.genesis,
              Chains.addKey(tailnet.genesis, TestKeys.key(own, 1), Tailnet.THIEF),
              random.nextBoolean());
      case 2 ->
          send(
              tailnet,
              tailnet.genesis,
              Chains.noOp(tailnet.genesis, "thief " + tries, Tailnet.THIEF),
              random.nextBoolean());
      default ->
          // In the form of a revocation that leaves it alone.
          send(
              tailnet,
              tailnet.genesis,
              Chains.checkpoint(
                  tailnet.genesis,
                  Chains.stateOf(List.of(TestKeys.key(Tailnet.THIEF, 1), TestKeys.key(own, 1))),
                  Tailnet.THIEF),
              false);
    }
    Thread.sleep(random.nextInt(MOST_PAUSE_MILLIS));
  }

  private void send(Tailnet tailnet, Aum parent, Aum made, boolean interactive)
      throws InterruptedException {
    AumHash head = interactive ? parent.hash() : made.hash();
    client.send(
        tailnet,
        NODE,
        Tailnet.nodeKey(NODE),
        "theft",
        parent.hash(),
        made.hash(),
        new SyncSend(head, List.of(made.encoded())),
        interactive);
  }
}
