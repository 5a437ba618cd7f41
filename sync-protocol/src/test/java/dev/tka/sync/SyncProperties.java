package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.testkit.BadTransport;
import dev.tka.testkit.RandomDag;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** Sync on random graphs. */
class SyncProperties {
  private static final List<Long> BOUNDS = List.of(0L, 1L, 300L, 1000L, 1L << 20);

  @Provide
  Arbitrary<RandomDag> dags() {
    return RandomDag.arbitrary();
  }

  private static <T> T pick(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }

  /** Some AUMs of a graph, with all that they descend from. */
  private static List<Aum> part(RandomDag dag, Random random) {
    Set<AumHash> held = new HashSet<>();
    List<Aum> part = new ArrayList<>();
    int keptOutOfTen = 5 + random.nextInt(6);
    for (Aum aum : dag.aums()) {
      boolean reached = aum.parent().map(held::contains).orElse(true);
      if (reached && (part.isEmpty() || random.nextInt(10) < keptOutOfTen)) {
        held.add(aum.hash());
        part.add(aum);
      }
    }
    return part;
  }

  private record Cut(LiveAuthority live, List<Aum> held) {
    Authority authority() {
      return live.current();
    }
  }

  /** An authority over these AUMs, cut at one of the checkpoints of its active chain, or not. */
  private static Cut cut(List<Aum> aums, Random random) throws TkaException {
    LiveAuthority whole = Ends.holding(aums);
    if (random.nextBoolean()) {
      return new Cut(whole, aums);
    }
    AumHash checkpoint = pick(whole.current().checkpoints(), random);
    return new Cut(Ends.cutAt(checkpoint, aums), Ends.from(checkpoint, aums));
  }

  /** What a peer says that holds another part of the graph, or that says anything. */
  private static SyncOffer offer(RandomDag dag, Random random) throws TkaException {
    Authority remote = cut(part(dag, random), random).authority();
    switch (random.nextInt(4)) {
      case 0 -> {
        List<AumHash> any = new ArrayList<>();
        for (int i = random.nextInt(6); i > 0; i--) {
          any.add(random.nextInt(4) == 0 ? unknown(random) : pick(dag.aums(), random).hash());
        }
        AumHash head = random.nextInt(3) == 0 ? unknown(random) : pick(dag.aums(), random).hash();
        return new SyncOffer(head, any);
      }
      case 1 -> {
        return SyncOffer.legacy(remote);
      }
      default -> {
        return SyncOffer.of(remote);
      }
    }
  }

  private static long size(List<Bytes> encoded) {
    return encoded.stream().mapToLong(Bytes::size).sum();
  }

  private static AumHash unknown(Random random) {
    byte[] bytes = new byte[AumHash.SIZE];
    random.nextBytes(bytes);
    return AumHash.of(bytes);
  }

  @Property
  void theIndexedSearchAgreesWithAWalk(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    Cut local = cut(part(dag, random), random);
    Authority authority = local.authority();
    NaiveSync naive = new NaiveSync(local.held(), authority.head());
    SyncOffer remote = offer(dag, random);

    Intersection found = Intersection.find(authority, remote);
    MissingAums missing = MissingAums.of(authority, found);

    assertThat(SyncOffer.of(authority).ancestors()).isEqualTo(naive.ancestorsToOffer());
    Optional<AumHash> expected = naive.intersection(remote);
    List<AumHash> named = new ArrayList<>(List.of(remote.head()));
    if (found instanceof Intersection.UpToDate equal) {
      assertThat(equal.head()).isEqualTo(remote.head());
      assertThat(authority.head()).isEqualTo(remote.head());
    } else if (found instanceof Intersection.Head head) {
      assertThat(expected).contains(head.at());
      assertThat(head.at()).isEqualTo(remote.head());
    } else if (found instanceof Intersection.Tail tail) {
      assertThat(expected).contains(tail.at());
      named.addAll(remote.ancestors().subList(0, tail.skipped() + 1));
      assertThat(remote.ancestors().get(tail.skipped())).isEqualTo(tail.at());
    } else {
      assertThat(expected).isEmpty();
      named.addAll(remote.ancestors());
    }
    if (found instanceof Intersection.Found common) {
      assertThat(naive.newestCommon(named)).contains(common.newestCommon());
      assertThat(missing.hashes()).isEqualTo(naive.after(common.at()));
      assertThat(common.following()).isEqualTo(missing.hashes().size());
      for (int i = 0; i < missing.hashes().size(); i++) {
        assertThat(AumHash.ofEncoding(missing.encoded().get(i))).isEqualTo(missing.hashes().get(i));
      }
    } else {
      assertThat(missing.hashes()).isEmpty();
    }
    if (found instanceof Intersection.LosingBranch branch) {
      assertThat(naive.forkPoint(branch.named())).contains(branch.at());
      assertThat(naive.after(branch.at())).startsWith(branch.winner());
    }
    if (found instanceof Intersection.None none) {
      assertThat(naive.newestCommon(named)).isEmpty();
      assertThat(none.heldApart()).isEqualTo((int) named.stream().filter(naive::holds).count());
      assertThat(none.fromGenesis()).isEqualTo(local.held().get(0).parent().isEmpty());
    }
    Statistics.label("found").collect(found.getClass().getSimpleName());
  }

  @Property
  void anAnswerHasAtMostTheBoundOrOneAumAndAlwaysSomethingNew(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws TkaException {
    Cut local = cut(dag.aums(), random);
    SyncOffer remote = offer(dag, random);
    Intersection found = Intersection.find(local.authority(), remote);
    long bound = pick(BOUNDS, random);

    List<AumHash> all = MissingAums.of(local.authority(), found).hashes();
    MissingAums bounded = MissingAums.bounded(local.authority(), found, bound);

    assertThat(new ControlEnd(local.live(), AnswerPolicy.bounded(bound)).answer(remote).missing())
        .isEqualTo(bounded);
    int sent = bounded.hashes().size();
    long size = size(bounded.encoded());
    assertThat(size <= bound || sent == 1).isTrue();
    if (found instanceof Intersection.Found common) {
      int fresh = all.indexOf(common.newestCommon()) + 1;
      int first = sent == 0 ? 0 : all.indexOf(bounded.hashes().get(0));
      assertThat(first).isIn(0, fresh);
      assertThat(all.subList(first, all.size()))
          .startsWith(bounded.hashes().toArray(AumHash[]::new));
      assertThat(bounded.withheld()).isEqualTo(all.size() - first - sent);
      assertThat(first + sent).isGreaterThanOrEqualTo(Math.min(fresh + 1, all.size()));
      if (bounded.withheld() > 0) {
        AumHash next = all.get(first + sent);
        assertThat(size + local.authority().snapshot().encoded(next).size()).isGreaterThan(bound);
      }
    } else {
      assertThat(sent).isZero();
    }
    Statistics.label("withheld").collect(bounded.withheld() > 0);
  }

  @Property
  void aNodeWithAPrefixOfControlsChainEndsAtControlsHead(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws TkaException {
    LiveAuthority control = Ends.holding(dag.aums());
    AumHash head = control.current().head();
    NaiveSync naive = new NaiveSync(dag.aums(), head);
    List<AumHash> oldestFirst = new ArrayList<>(naive.chain);
    Collections.reverse(oldestFirst);
    Set<AumHash> prefix =
        Set.copyOf(oldestFirst.subList(0, 1 + random.nextInt(oldestFirst.size())));
    LiveAuthority node =
        cut(dag.aums().stream().filter(aum -> prefix.contains(aum.hash())).toList(), random).live();
    int behind = naive.after(node.current().head()).size();

    SyncOutcome outcome =
        Ends.sync(
            node,
            control,
            random.nextInt(4) == 0
                ? AnswerPolicy.reference()
                : AnswerPolicy.bounded(pick(BOUNDS, random)));

    assertThat(outcome)
        .isEqualTo(behind == 0 ? new SyncOutcome.UpToDate(head) : new SyncOutcome.Converged(head));
    assertThat(node.current().head()).isEqualTo(head);
    assertThat(node.current().state()).isEqualTo(control.current().state());
    assertThat(control.current().head()).isEqualTo(head);
    Statistics.label("behind").collect(behind == 0 ? "0" : behind < 5 ? "1 to 4" : "5 and more");
  }

  @Property
  void twoNodesThatExchangeThroughAControlEndEqual(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws TkaException {
    LiveAuthority one = Ends.holding(part(dag, random));
    LiveAuthority other = Ends.holding(part(dag, random));
    LiveAuthority control = Ends.holding(part(dag, random));
    AnswerPolicy policy = AnswerPolicy.bounded(pick(BOUNDS, random));
    boolean differed = !one.current().head().equals(other.current().head());

    exchange(List.of(one, other), control, policy);

    assertThat(one.current().head()).isEqualTo(control.current().head());
    assertThat(other.current().head()).isEqualTo(control.current().head());
    assertThat(one.current().state()).isEqualTo(other.current().state());
    Statistics.label("heads differed").collect(differed);
  }

  /** Until all were up to date in a row; each run of rounds by itself must end in agreement. */
  private static void exchange(
      List<LiveAuthority> nodes, LiveAuthority control, AnswerPolicy policy) throws TkaException {
    boolean moved = true;
    for (int i = 0; moved; i++) {
      assertThat(i).isLessThan(50);
      moved = false;
      for (LiveAuthority node : nodes) {
        SyncOutcome outcome = Ends.sync(node, control, policy);
        assertThat(Ends.agree(outcome)).as("%s", outcome).isTrue();
        moved |= outcome instanceof SyncOutcome.Converged;
      }
    }
  }

  @Property
  void roundsOverABadTransportConvergeOnceItHeals(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws Exception {
    LiveAuthority one = Ends.holding(part(dag, random));
    LiveAuthority other = Ends.holding(part(dag, random));
    LiveAuthority control = Ends.holding(part(dag, random));
    AnswerPolicy policy = AnswerPolicy.bounded(pick(BOUNDS, random));
    ControlEnd end = new ControlEnd(control, policy);
    BadTransport transport = new BadTransport(random);
    int failures = 0;

    for (int i = 0; i < 6; i++) {
      try {
        new NodeSync(random.nextBoolean() ? one : other).run(over(transport, end), any -> {});
      } catch (IOException e) {
        failures++;
      }
      if (random.nextInt(3) == 0) {
        transport.deliverDelayed();
      }
    }
    transport.heal();
    transport.deliverDelayed();
    exchange(List.of(one, other), control, policy);

    assertThat(one.current().head()).isEqualTo(control.current().head());
    assertThat(other.current().head()).isEqualTo(control.current().head());
    Statistics.label("failures").collect(failures);
  }

  private static NodeSync.Control<IOException> over(BadTransport transport, ControlEnd end) {
    return new NodeSync.Control<>() {
      @Override
      public SyncAnswer offer(SyncOffer offer) throws IOException {
        return transport.call(() -> wrap(() -> end.answer(offer).message()));
      }

      @Override
      public SyncReceipt send(SyncSend send) throws IOException {
        return transport.call(() -> wrap(() -> end.receive(send).message()));
      }
    };
  }

  private interface Server<A> {
    A get() throws TkaException;
  }

  private static <A> A wrap(Server<A> server) {
    try {
      return server.get();
    } catch (TkaException e) {
      throw new AssertionError("a store in memory does not fail", e);
    }
  }
}
