package dev.tka.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.RandomDag;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.statistics.Statistics;

/**
 * Protocol, section 6 on random trees with random commit times, whole, cut, and beside strangers.
 */
class CompactionProperties {
  private static final Instant NOW = FakeClock.START;
  private static final Duration MIN_AGE = Duration.ofDays(14);

  /**
   * Trees of all sorts, and some with longer chains and fewer edits, of which more can be purged.
   */
  @Provide
  Arbitrary<RandomDag> dags() {
    return trees();
  }

  static Arbitrary<RandomDag> trees() {
    Arbitrary<RandomDag> longer =
        Arbitraries.integers()
            .between(0, Integer.MAX_VALUE)
            .list()
            .ofMaxSize(60)
            .withSizeDistribution(RandomDistribution.uniform())
            .map(CompactionProperties::longer)
            .withoutEdgeCases();
    return Arbitraries.oneOf(RandomDag.arbitrary(), longer, longer, longer);
  }

  private static RandomDag longer(List<Integer> steps) {
    List<Key> keys = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1));
    Map<AumHash, Aum> aums = new LinkedHashMap<>();
    Aum last = Chains.genesis(keys, 1);
    aums.put(last.hash(), last);
    for (int step : steps) {
      Random random = new Random(step);
      List<Aum> soFar = List.copyOf(aums.values());
      Aum parent = random.nextInt(5) > 0 ? last : soFar.get(random.nextInt(soFar.size()));
      int signer = random.nextInt(3) == 0 ? 2 : 1;
      last =
          random.nextInt(5) == 0
              ? Chains.checkpoint(parent, Chains.stateOf(keys), signer)
              : Chains.noOp(parent, Integer.toString(random.nextInt(3)), signer);
      aums.putIfAbsent(last.hash(), last);
    }
    return new RandomDag(List.copyOf(aums.values()));
  }

  /** The input of one compaction. */
  private record Case(
      List<Aum> aums,
      Map<AumHash, Instant> times,
      Optional<AumHash> lastActiveAncestor,
      CompactionPolicy policy) {
    AumStore store() throws StoreException {
      MemoryAumStore store = new MemoryAumStore();
      Commit.Builder commit = Commit.on(store.read().revision());
      aums.forEach(aum -> commit.add(aum, times.get(aum.hash())));
      lastActiveAncestor.ifPresent(commit::lastActiveAncestor);
      store.commit(commit.build());
      return store;
    }

    CompactionPlan plan(AumStore store) throws TkaException {
      return CompactionPlan.of(Authority.open(store), policy, NOW);
    }
  }

  private static Case whole(RandomDag dag, Random random) {
    return new Case(dag.aums(), times(dag.aums(), random), Optional.empty(), policy(random));
  }

  /** Whole, cut at a checkpoint with some earlier AUMs left over, or beside an unrelated tree. */
  private static Case any(RandomDag dag, RandomDag other, Random random) {
    List<Aum> checkpoints =
        dag.aums().stream().filter(aum -> aum.kind().equals(AumKind.CHECKPOINT)).toList();
    Aum oldest = checkpoints.get(random.nextInt(checkpoints.size()));
    List<Aum> aums = new ArrayList<>();
    switch (random.nextInt(5)) {
      case 0, 1 -> aums.addAll(dag.aums());
      case 2 -> aums.addAll(cut(dag.aums(), oldest, 0, random));
      case 3 -> aums.addAll(cut(dag.aums(), oldest, 1 + random.nextInt(2), random));
      default -> {
        oldest = dag.genesis();
        Map<AumHash, Aum> both = new LinkedHashMap<>();
        dag.aums().forEach(aum -> both.put(aum.hash(), aum));
        other.aums().subList(0, 1 + random.nextInt(other.aums().size())).stream()
            .limit(4)
            .forEach(aum -> both.put(aum.hash(), aum));
        aums.addAll(both.values());
      }
    }
    Map<AumHash, Instant> times = times(aums, random);
    Collections.shuffle(aums, random);
    return new Case(aums, times, Optional.of(oldest.hash()), policy(random));
  }

  /** An AUM and its descendants, and some of the others, but not its parent. */
  private static List<Aum> cut(List<Aum> aums, Aum oldest, int others, Random random) {
    Set<AumHash> following = new HashSet<>(Set.of(oldest.hash()));
    List<Aum> kept = new ArrayList<>(List.of(oldest));
    for (Aum aum : aums) {
      boolean follows = aum.parent().filter(following::contains).isPresent();
      boolean stray =
          !aum.hash().equals(oldest.hash())
              && !oldest.parent().equals(Optional.of(aum.hash()))
              && random.nextInt(aums.size()) < others;
      if (follows) {
        following.add(aum.hash());
      }
      if (follows || stray) {
        kept.add(aum);
      }
    }
    return kept;
  }

  /** Few young AUMs, because each keeps many others: none, one or two, or the last of the list. */
  private static Map<AumHash, Instant> times(List<Aum> aums, Random random) {
    Set<Integer> young = new HashSet<>();
    switch (random.nextInt(4)) {
      case 0 -> {}
      case 1 -> {
        for (int i = aums.size() - random.nextInt(1 + aums.size() / 2); i < aums.size(); i++) {
          young.add(i);
        }
      }
      default -> {
        young.add(random.nextInt(aums.size()));
        young.add(random.nextInt(aums.size()));
      }
    }
    Map<AumHash, Instant> times = new HashMap<>();
    for (int i = 0; i < aums.size(); i++) {
      // Around the limit, where it matters.
      long fromEdge = random.nextInt(3);
      long age = MIN_AGE.toSeconds() + (young.contains(i) ? -1 - fromEdge : fromEdge);
      times.put(aums.get(i).hash(), NOW.minusSeconds(age));
    }
    return times;
  }

  private static CompactionPolicy policy(Random random) {
    return new CompactionPolicy(1 + random.nextInt(random.nextInt(4) > 0 ? 3 : 24), MIN_AGE);
  }

  private static Set<AumHash> stored(AumStore store) throws StoreException {
    Set<AumHash> hashes = new HashSet<>();
    store.read().entries().forEach(entry -> hashes.add(entry.hash()));
    return hashes;
  }

  // Some of what is counted at the end is rare.
  @Property(tries = 1200)
  void thePlanAgreesWithTheNaiveRules(
      @ForAll("dags") RandomDag dag, @ForAll("dags") RandomDag other, @ForAll Random random)
      throws TkaException {
    Case given = any(dag, other, random);
    AumStore store = given.store();
    List<AumHash> active = new ArrayList<>(Authority.open(store).newestFirst(given.aums().size()));
    Collections.reverse(active);
    Optional<NaiveCompaction.Result> expected =
        new NaiveCompaction(
                given.aums(),
                given.times(),
                active,
                given.policy().minChain(),
                given.policy().minAge(),
                NOW)
            .run();

    CompactionPlan plan = given.plan(store);

    if (plan instanceof CompactionPlan.Decided decided) {
      assertThat(expected)
          .contains(new NaiveCompaction.Result(decided.kept(), decided.oldestAncestor()));
      Set<AumHash> verdicts = new HashSet<>(decided.kept().keySet());
      assertThat(Collections.disjoint(verdicts, decided.purged())).isTrue();
      verdicts.addAll(decided.purged());
      assertThat(verdicts).isEqualTo(stored(store));
    } else {
      assertThat(expected).isEmpty();
    }
    Set<KeepReason> reasons =
        expected.map(result -> Set.copyOf(result.kept().values())).orElse(Set.of());
    boolean purges = expected.filter(r -> r.kept().size() < given.aums().size()).isPresent();
    Statistics.label("purges").collect(purges);
    Statistics.label("oldest ancestor moved back").collect(reasons.contains(KeepReason.STRETCH));
    Statistics.label("has paths").collect(reasons.contains(KeepReason.PATH));
    Statistics.label("plan").collect(plan.getClass().getSimpleName());
    Statistics.label("plan")
        .coverage(
            coverage -> {
              coverage.check("Decided").percentage(share -> share > 40);
              // Some 15 of 1200: a share that chance leaves only once in a million runs.
              coverage.check("NoCheckpoint").count(count -> count > 0);
              coverage.check("Unconnected").percentage(share -> share > 1);
            });
    Statistics.label("purges").coverage(c -> c.check(true).percentage(share -> share > 20));
    Statistics.label("oldest ancestor moved back")
        .coverage(c -> c.check(true).percentage(share -> share > 2));
    Statistics.label("has paths").coverage(c -> c.check(true).percentage(share -> share > 1));
  }

  // More tries here and below, because undecided plans do not count.
  @Property
  void headAndStateStayTheSame(
      @ForAll("dags") RandomDag dag, @ForAll("dags") RandomDag other, @ForAll Random random)
      throws TkaException {
    Case given = any(dag, other, random);
    AumStore store = given.store();
    Authority before = Authority.open(store);
    CompactionPlan plan = given.plan(store);
    Assume.that(plan instanceof CompactionPlan.Decided);
    CompactionPlan.Decided decided = (CompactionPlan.Decided) plan;

    AumSnapshot returned = decided.applyTo(store, AdmissionPolicy.NODE);

    Authority after = Authority.open(store);
    assertThat(returned.revision()).isEqualTo(store.read().revision());
    assertThat(after.head()).isEqualTo(before.head());
    assertThat(after.state()).isEqualTo(before.state());
    assertThat(after.oldestAncestor()).isEqualTo(decided.oldestAncestor());
    assertThat(store.read().lastActiveAncestor()).contains(decided.oldestAncestor());
    assertThat(stored(store)).isEqualTo(decided.kept().keySet());
    for (AumEntry entry : after.snapshot().entries()) {
      assertThat(after.isActive(entry.hash())).isEqualTo(before.isActive(entry.hash()));
      assertThat(entry.committedAt()).isEqualTo(given.times().get(entry.hash()));
      assertThat(after.stateAt(entry.hash())).isEqualTo(before.stateAt(entry.hash()));
    }
  }

  @Property
  void compactingTwiceEqualsCompactingOnce(
      @ForAll("dags") RandomDag dag, @ForAll("dags") RandomDag other, @ForAll Random random)
      throws TkaException {
    Case given = any(dag, other, random);
    AumStore store = given.store();
    CompactionPlan plan = given.plan(store);
    Assume.that(plan instanceof CompactionPlan.Decided);
    AumSnapshot once = ((CompactionPlan.Decided) plan).applyTo(store, AdmissionPolicy.NODE);

    CompactionPlan again = given.plan(store);

    assertThat(again)
        .isInstanceOfSatisfying(
            CompactionPlan.Decided.class,
            decided -> {
              assertThat(decided.purged()).isEmpty();
              assertThat(decided.changesStore()).isFalse();
              assertThat(decided.kept()).isEqualTo(((CompactionPlan.Decided) plan).kept());
            });
    assertThat(((CompactionPlan.Decided) again).applyTo(store, AdmissionPolicy.NODE).revision())
        .isEqualTo(once.revision());
  }

  // Enough for the share that is checked at its end: of 250, chance may leave too small a one.
  @Property(tries = 600)
  void updatesOnKeptAumsAreAcceptedAsWithoutCompaction(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws TkaException {
    List<Aum> order = new ArrayList<>(List.of(dag.genesis()));
    order.addAll(dag.shuffled(random));
    int held = order.size() - random.nextInt(1 + order.size() / 2);
    Case given = whole(new RandomDag(order.subList(0, held)), random);
    AumStore compacted = given.store();
    CompactionPlan plan = given.plan(compacted);
    Assume.that(plan instanceof CompactionPlan.Decided);
    CompactionPlan.Decided decided = (CompactionPlan.Decided) plan;
    LiveAuthority follower = open(compacted);
    decided.applyTo(compacted, AdmissionPolicy.NODE);
    // New AUMs, and purged ones, come again.
    Set<AumHash> known = new HashSet<>(decided.kept().keySet());
    List<Aum> updates = new ArrayList<>();
    for (Aum aum : order) {
      if (aum.parent().filter(known::contains).isPresent() && known.add(aum.hash())) {
        updates.add(aum);
      }
    }
    Assume.that(!updates.isEmpty());
    LiveAuthority without = open(given.store());

    without.inform(updates);
    // It does not know of the compaction.
    follower.inform(updates);

    assertThat(follower.current().head()).isEqualTo(without.current().head());
    assertThat(follower.current().state()).isEqualTo(without.current().state());
    assertThat(Authority.open(compacted).head()).isEqualTo(without.current().head());
    Statistics.label("some were purged").collect(!decided.purged().isEmpty());
    Statistics.label("some were purged")
        .coverage(c -> c.check(true).percentage(share -> share > 15));
  }

  private static LiveAuthority open(AumStore store) throws TkaException {
    return LiveAuthority.open(store, AdmissionPolicy.REFERENCE, new FakeClock());
  }
}
