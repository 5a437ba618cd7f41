package dev.tka.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Refusal;
import dev.tka.core.authority.Revocation;
import dev.tka.core.authority.SharedVerification;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.statistics.Statistics;

/**
 * Protocol, section 10 on random small histories: edits made offline and on stale heads, keys that
 * come and go, revocations, long absences. Each is lived through twice, by nodes that compact after
 * each sync and by nodes that keep everything. Step by step, they have the same heads.
 */
class CompactedNodesProperties {
  private static final int NODES = 3;
  private static final int KEY_POOL = 6;
  private static final CompactionPolicy SMALL = new CompactionPolicy(2, Duration.ofDays(14));

  @Provide
  Arbitrary<List<Integer>> histories() {
    return Arbitraries.integers()
        .between(0, Integer.MAX_VALUE)
        .list()
        .ofMinSize(5)
        .ofMaxSize(60)
        .withSizeDistribution(RandomDistribution.uniform())
        .withoutEdgeCases();
  }

  /** A control and its nodes. */
  private static final class World {
    final boolean compacts;
    final FakeClock clock = new FakeClock();
    final LiveAuthority control;
    final List<AumStore> stores = new ArrayList<>();
    final List<LiveAuthority> nodes = new ArrayList<>();
    int trailsUsed;

    World(boolean compacts, Aum genesis, SharedVerification shared) throws TkaException {
      this.compacts = compacts;
      control =
          shared.bootstrap(new MemoryAumStore(), genesis, AdmissionPolicy.CONTROL, clock.clocks());
      for (int i = 0; i < NODES; i++) {
        stores.add(new MemoryAumStore());
        nodes.add(shared.bootstrap(stores.get(i), genesis, AdmissionPolicy.NODE, clock.clocks()));
      }
    }

    SyncOutcome sync(int node, long maxBytes) throws TkaException {
      LiveAuthority live = nodes.get(node);
      SyncOutcome outcome =
          new NodeSync(live)
              .run(
                  Ends.reach(new ControlEnd(control, AnswerPolicy.bounded(maxBytes))),
                  end -> {
                    if (end.exchange().intersection() instanceof Intersection.Remembered) {
                      trailsUsed++;
                    }
                  });
      Authority opened = Authority.open(stores.get(node));
      assertThat(opened.head()).isEqualTo(live.current().head());
      if (compacts
          && CompactionPlan.of(live.refresh(), SMALL, clock.instant())
              instanceof CompactionPlan.Decided decided) {
        decided.applyTo(stores.get(node), live.policy());
        live.refresh();
        assertThat(live.current().head()).isEqualTo(opened.head());
      }
      return outcome;
    }

    List<AumHash> heads() {
      List<AumHash> heads = new ArrayList<>(List.of(control.current().head()));
      nodes.forEach(node -> heads.add(node.current().head()));
      return heads;
    }

    /**
     * What a node displaces itself below its window goes, and its unsent edits are set aside first
     * (protocol, section 10, "Taking in"). A node that keeps everything keeps them, too, until
     * control has spoken; here it sets them aside by hand.
     */
    void setAsideAs(World other, int node) throws TkaException {
      LiveAuthority live = nodes.get(node);
      for (AumHash edit : other.aside(node)) {
        if (!aside(node).contains(edit)) {
          assertThat(live.current().isActive(edit)).isFalse();
          live.setAside(live.current(), edit);
        }
      }
    }

    Set<AumHash> aside(int node) {
      Set<AumHash> hashes = new HashSet<>();
      for (OwnAums.SetAside edit : nodes.get(node).current().snapshot().ownAums().setAside()) {
        hashes.add(edit.aum().hash());
      }
      return hashes;
    }
  }

  private static Aum genesis() {
    List<Key> keys = new ArrayList<>();
    for (int number = 1; number <= NODES; number++) {
      keys.add(TestKeys.key(number, number == 1 ? 2 : 1));
    }
    return Chains.genesis(keys, 1);
  }

  private static List<Integer> trusted(State state) {
    List<Integer> trusted = new ArrayList<>();
    for (int number = 1; number <= KEY_POOL; number++) {
      if (state.trusts(TestKeys.id(number))) {
        trusted.add(number);
      }
    }
    return trusted;
  }

  /** What a node signs with: its own key if that is trusted, and now and then another's. */
  private static int[] signers(int node, State state, Random random) {
    List<Integer> trusted = trusted(state);
    List<Integer> signers = new ArrayList<>();
    signers.add(trusted.contains(node + 1) ? node + 1 : trusted.get(0));
    int other = trusted.get(random.nextInt(trusted.size()));
    if (random.nextInt(3) == 0 && !signers.contains(other)) {
      signers.add(other);
    }
    return signers.stream().mapToInt(Integer::intValue).toArray();
  }

  private static Optional<Aum> edit(int node, Authority on, String label, Random random)
      throws TkaException {
    Aum head = on.snapshot().get(on.head());
    State state = on.state();
    List<Integer> trusted = trusted(state);
    int[] signers = signers(node, state, random);
    int key = 1 + random.nextInt(KEY_POOL);
    switch (random.nextInt(8)) {
      case 0, 1 -> {
        return Optional.of(Chains.checkpoint(head, state, signers));
      }
      case 2 -> {
        if (!trusted.contains(key)) {
          Key added = TestKeys.key(key, 1 + random.nextInt(3));
          return Optional.of(Chains.addKey(head, added, signers));
        }
      }
      case 3 -> {
        if (trusted.contains(key) && trusted.size() > 1) {
          return Optional.of(Chains.removeKey(head, TestKeys.id(key), signers));
        }
      }
      case 4 -> {
        return revocation(on, TestKeys.id(key), signers);
      }
      default -> {}
    }
    return Optional.of(Chains.noOp(head, label, signers));
  }

  private static Optional<Aum> revocation(Authority on, Bytes key, int[] signers)
      throws TkaException {
    try {
      Aum signed = Revocation.draft(on, Set.of(key), TestKeys.publicKey(signers[0]));
      for (int signer : signers) {
        signed = Revocation.sign(on, signed, TestKeys.privateKey(signer));
      }
      boolean wouldLose =
          Revocation.effect(on, signed).outcome() != Revocation.Outcome.TAKES_EFFECT;
      // What loses below a window is dropped there, and elsewhere set aside.
      return wouldLose && on.snapshot().find(signed.parent().orElseThrow()).isEmpty()
          ? Optional.empty()
          : Optional.of(signed);
    } catch (BuildException e) {
      return Optional.empty();
    }
  }

  @Property(tries = 300)
  void compactionMakesNoDifference(@ForAll("histories") List<Integer> history) throws TkaException {
    SharedVerification shared = new SharedVerification();
    World whole = new World(false, genesis(), shared);
    World compacted = new World(true, genesis(), shared);
    boolean purged = false;
    boolean rewritten = false;
    for (int i = 0; i < history.size(); i++) {
      Random random = new Random(history.get(i));
      int node = random.nextInt(NODES);
      Duration step = Duration.ofHours(random.nextInt(random.nextInt(8) == 0 ? 1000 : 100));
      whole.clock.advance(step);
      compacted.clock.advance(step);
      if (random.nextInt(3) == 0) {
        long maxBytes = random.nextBoolean() ? 1 << 20 : random.nextInt(600);
        AumHash before = whole.control.current().head();
        SyncOutcome outcome = whole.sync(node, maxBytes);
        SyncOutcome other = compacted.sync(node, maxBytes);
        assertThat(other.getClass()).as("step %s", i).isEqualTo(outcome.getClass());
        rewritten |= !whole.control.current().isActive(before);
      } else {
        Optional<Aum> edit =
            edit(node, compacted.nodes.get(node).current(), Integer.toString(i), random);
        for (World world : List.of(whole, compacted)) {
          LiveAuthority live = world.nodes.get(node);
          if (edit.isPresent()) {
            inform(live, edit.get());
          }
        }
        whole.setAsideAs(compacted, node);
      }
      assertThat(compacted.aside(node)).as("step %s", i).isEqualTo(whole.aside(node));
      assertThat(compacted.heads()).as("step %s", i).isEqualTo(whole.heads());
      purged |= compacted.nodes.get(node).current().snapshot().trail().size() > 0;
    }
    for (int i = 0; i < 3 * NODES; i++) {
      SyncOutcome outcome = whole.sync(i % NODES, 1 << 20);
      SyncOutcome other = compacted.sync(i % NODES, 1 << 20);
      assertThat(other.getClass()).as("round %s", i).isEqualTo(outcome.getClass());
      assertThat(barred(other)).as("round %s", i).isEqualTo(barred(outcome));
      if (i >= 2 * NODES && !isApart(other)) {
        assertThat(other).isEqualTo(new SyncOutcome.UpToDate(compacted.control.current().head()));
      }
    }
    assertThat(compacted.heads()).isEqualTo(whole.heads());
    Statistics.label("purged").collect(purged);
    Statistics.label("rewritten").collect(rewritten);
    Statistics.label("the trail was needed").collect(compacted.trailsUsed > 0);
    Statistics.label("all agree").collect(Set.copyOf(whole.heads()).size() == 1);
    Statistics.label("all agree").coverage(c -> c.check(true).percentage(share -> share > 90));
    // Some 17 of 300, and 12 in a run that was looked at.
    Statistics.label("the trail was needed").coverage(c -> c.check(true).count(count -> count > 0));
    Statistics.label("rewritten").coverage(c -> c.check(true).percentage(share -> share > 10));
  }

  /**
   * A node may stay with a revocation that control refuses, and may refuse the last of several
   * rewrites, one on the other, if it was away (protocol, section 10, "What this does not claim").
   */
  private static boolean isApart(SyncOutcome outcome) {
    return outcome instanceof SyncOutcome.RevocationRefused
        || outcome instanceof SyncOutcome.Refused;
  }

  /** The rewrites that a node refuses, each with all that bars it. */
  private static List<Refusal> barred(SyncOutcome outcome) {
    return outcome instanceof SyncOutcome.Refused refused
        ? refused.refusals().stream().filter(Refusal.Finality.class::isInstance).toList()
        : List.of();
  }

  private static void inform(LiveAuthority live, Aum edit) throws TkaException {
    try {
      live.informOn(live.current(), List.of(edit));
    } catch (InformException e) {
      throw new AssertionError("an edit on the head is valid", e);
    }
  }
}
