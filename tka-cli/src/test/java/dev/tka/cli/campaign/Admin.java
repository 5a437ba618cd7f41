package dev.tka.cli.campaign;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Revocation;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Edits, revokes and signs in some tailnets, and has its nodes log in. For one thread. */
final class Admin {
  private static final int MOST_PAUSE_MILLIS = 120;

  /** How often, in a hundred. */
  private static final int SIGN = 12;

  private static final int LOG_IN_UNSIGNED = 4;
  private static final int SUSPECT = 2;
  private static final int KEYS = 15;
  private static final int CHECKPOINT = 4;

  private final int number;
  private final Client client;
  private final Random random;
  private final List<Tailnet> tailnets;
  private final Map<String, LiveAuthority> open = new HashMap<>();
  private final Map<String, Integer> generations = new HashMap<>();
  private int edits;

  /**
   * An admin, or who uses the node of one.
   *
   * @param who the name in the history
   */
  Admin(
      String who,
      int number,
      List<Tailnet> tailnets,
      History history,
      long seed,
      BooleanSupplier over) {
    this(new Client(who, history, seed, over), number, tailnets, seed);
  }

  /** One that asks through a client. */
  Admin(Client client, int number, List<Tailnet> tailnets, long seed) {
    this.number = number;
    this.tailnets = List.copyOf(tailnets);
    this.client = client;
    this.random = new Random(seed);
  }

  /** A sync that was given up. */
  private static final class GivenUp extends Exception {
    private static final long serialVersionUID = 1;
  }

  /** Does one thing in one tailnet. */
  void work() throws Exception {
    Tailnet tailnet = tailnets.get(random.nextInt(tailnets.size()));
    if (tailnet.rests) {
      Thread.sleep(random.nextInt(MOST_PAUSE_MILLIS));
      return;
    }
    try {
      int which = random.nextInt(100);
      if (which < SIGN) {
        sign(tailnet);
      } else if (which < SIGN + LOG_IN_UNSIGNED) {
        client.logIn(
            tailnet,
            Tailnet.FIRST_UNSIGNED + number,
            next(tailnet, Tailnet.FIRST_UNSIGNED + number));
      } else {
        sync(tailnet);
        change(tailnet);
      }
    } catch (GivenUp e) {
      return;
    }
    Thread.sleep(random.nextInt(MOST_PAUSE_MILLIS));
  }

  /** Has a node log in and edits on what it sees, or saw last if it is not told. */
  void goOn(Tailnet tailnet, int node) throws Exception {
    try {
      sync(tailnet);
    } catch (GivenUp e) {
      // It may live elsewhere.
    }
    client.logIn(tailnet, node, next(tailnet, node));
    Authority base = live(tailnet).current();
    edit(
        tailnet,
        base,
        Chains.noOp(base.snapshot().get(base.head()), "node " + node + " edit " + edits++, number));
  }

  private NodeKey next(Tailnet tailnet, int node) {
    return Tailnet.nodeKey(node, generations.merge(tailnet.name + node, 1, Integer::sum));
  }

  private void sign(Tailnet tailnet) throws InterruptedException {
    int node = Tailnet.FIRST_SIGNED + number;
    NodeKey key = next(tailnet, node);
    if (client.logIn(tailnet, node, key) == Client.Outcome.MADE) {
      client.sign(
          tailnet, number, Tailnet.nodeKey(number), node, key, Tailnet.signature(key, number));
    }
  }

  private LiveAuthority live(Tailnet tailnet) {
    return open.computeIfAbsent(
        tailnet.name,
        any -> {
          try {
            return LiveAuthority.bootstrap(
                new MemoryAumStore(), tailnet.genesis, AdmissionPolicy.NODE, Clock.systemUTC());
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /** The chain that control has now, as this admin sees it. */
  Authority sync(Tailnet tailnet) throws Exception {
    LiveAuthority live = live(tailnet);
    Optional<NodeKey> key = Optional.of(Tailnet.nodeKey(number));
    new NodeSync(live)
        .run(
            new NodeSync.Control<Exception>() {
              @Override
              public SyncAnswer offer(SyncOffer offer) throws Exception {
                return client
                    .offer(tailnet, number, new RpcRequest.Offer(Client.VERSION, key, offer))
                    .orElseThrow(GivenUp::new);
              }

              @Override
              public SyncReceipt send(SyncSend send) throws Exception {
                RpcRequest.Send request =
                    new RpcRequest.Send(Client.VERSION, key, send, false, true);
                return Client.receipt(
                    request, client.giveBack(tailnet, number, request).orElseThrow(GivenUp::new));
              }
            },
            end -> {});
    return live.current();
  }

  private void change(Tailnet tailnet) throws Exception {
    Authority base = live(tailnet).current();
    Aum head = base.snapshot().get(base.head());
    int which = random.nextInt(100);
    if (which < SUSPECT) {
      suspect(tailnet, base, head);
    } else if (which < SUSPECT + KEYS) {
      int own = 1000 + number;
      edit(
          tailnet,
          base,
          trusts(base, own)
              ? Chains.removeKey(head, TestKeys.id(own), number)
              : Chains.addKey(head, TestKeys.key(own, 1), number));
    } else if (which < SUSPECT + KEYS + CHECKPOINT) {
      edit(tailnet, base, Chains.checkpoint(head, base.state(), number));
    } else {
      edit(tailnet, base, Chains.noOp(head, "admin " + number + " edit " + edits++, number));
    }
  }

  private static boolean trusts(Authority base, int key) {
    return base.state().keys().stream().anyMatch(each -> each.id().equals(TestKeys.id(key)));
  }

  private void edit(Tailnet tailnet, Authority base, Aum edit) throws InterruptedException {
    client.send(
        tailnet,
        number,
        Tailnet.nodeKey(number),
        "edit",
        base.head(),
        edit.hash(),
        new SyncSend(base.head(), List.of(edit.encoded())),
        true);
  }

  /** Adds the key that is not to be trusted; where it is, it edits, or all admins revoke it. */
  private void suspect(Tailnet tailnet, Authority base, Aum head) throws Exception {
    if (!trusts(base, Tailnet.SUSPECT)) {
      edit(tailnet, base, Chains.addKey(head, TestKeys.key(Tailnet.SUSPECT, 1), number));
    } else if (random.nextBoolean()) {
      edit(tailnet, base, Chains.noOp(head, "suspect " + number + " " + edits++, Tailnet.SUSPECT));
    } else {
      revoke(tailnet, base);
    }
  }

  private void revoke(Tailnet tailnet, Authority base) throws Exception {
    try {
      LockPrivateKey first = TestKeys.privateKey(1);
      Aum revocation =
          Revocation.draft(base, Set.of(TestKeys.id(Tailnet.SUSPECT)), first.publicKey());
      for (int admin = 1; admin <= Tailnet.ADMINS; admin++) {
        revocation = Revocation.sign(base, revocation, TestKeys.privateKey(admin));
      }
      AumHash parent = revocation.parent().orElseThrow();
      client.send(
          tailnet,
          number,
          Tailnet.nodeKey(number),
          "revoke",
          parent,
          revocation.hash(),
          new SyncSend(revocation.hash(), List.of(revocation.encoded())),
          false);
    } catch (BuildException e) {
      // Another has revoked it, or the fork point is no longer there.
      edits++;
    }
  }

  /** The numbers of the nodes that it has log in. */
  List<Integer> nodes() {
    return new ArrayList<>(List.of(Tailnet.FIRST_SIGNED + number, Tailnet.FIRST_UNSIGNED + number));
  }
}
