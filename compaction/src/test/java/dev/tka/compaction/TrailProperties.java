package dev.tka.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.RandomDag;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** Protocol, section 10, "Trail", on random trees compacted in several steps. */
class TrailProperties {
  private static final Instant NOW = FakeClock.START;
  private static final Duration MIN_AGE = Duration.ofDays(14);

  @Provide
  Arbitrary<RandomDag> dags() {
    return CompactionProperties.trees();
  }

  private static AumStore holding(List<Aum> aums, Random random) throws TkaException {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    for (Aum aum : aums) {
      commit.add(aum, NOW.minus(MIN_AGE).minusSeconds(random.nextInt(1000)));
    }
    store.commit(commit.build());
    return store;
  }

  private static AumStore copyOf(AumStore store) throws TkaException {
    Authority authority = Authority.open(store);
    MemoryAumStore copy = new MemoryAumStore();
    Commit.Builder commit = Commit.on(copy.read().revision());
    for (var entry : authority.snapshot().entries()) {
      commit.add(authority.snapshot().get(entry.hash()), entry.committedAt());
    }
    copy.commit(commit.build());
    return copy;
  }

  private static void compact(AumStore store, int minChain) throws TkaException {
    CompactionPlan plan =
        CompactionPlan.of(Authority.open(store), new CompactionPolicy(minChain, MIN_AGE), NOW);
    if (plan instanceof CompactionPlan.Decided decided) {
      decided.applyTo(store, AdmissionPolicy.NODE);
    }
  }

  @Property(tries = 400)
  void compactionInManyStepsLeavesTheSameTrailAsInOne(
      @ForAll("dags") RandomDag dag, @ForAll Random random) throws TkaException {
    AumStore stepwise = holding(dag.aums(), random);
    AumStore atOnce = copyOf(stepwise);
    Authority whole = Authority.open(stepwise);
    int steps = 0;
    for (int minChain = 30; minChain >= 1; minChain -= 1 + random.nextInt(6)) {
      AumHash oldest = Authority.open(stepwise).oldestAncestor();
      compact(stepwise, minChain);
      steps += Authority.open(stepwise).oldestAncestor().equals(oldest) ? 0 : 1;
    }
    compact(stepwise, 1);
    compact(atOnce, 1);

    Authority after = Authority.open(stepwise);
    Trail trail = after.snapshot().trail();
    assertThat(after.oldestAncestor()).isEqualTo(Authority.open(atOnce).oldestAncestor());
    assertThat(trail.entries()).isEqualTo(atOnce.read().trail().entries());
    List<AumHash> newestFirst = new ArrayList<>(after.newestFirst(after.length()));
    List<AumHash> remembered =
        new ArrayList<>(trail.entries().stream().map(e -> e.hash()).toList());
    Collections.reverse(remembered);
    newestFirst.addAll(remembered);
    assertThat(newestFirst).isEqualTo(whole.newestFirst(whole.length()));
    Statistics.label("steps").collect(steps < 2 ? "fewer" : "2 and more");
    Statistics.label("steps").coverage(c -> c.check("2 and more").percentage(share -> share > 5));
  }

  @Property(tries = 300)
  void aTrailOfManyRunsAnswersLikeAList(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    Authority whole = Authority.open(holding(dag.aums(), random));
    List<TrailEntry> list = whole.entriesBefore(whole.head());
    Trail trail = Trail.EMPTY;
    for (int from = 0; from < list.size(); ) {
      int to = from + 1 + random.nextInt(Math.min(4, list.size() - from));
      trail = trail.extend(list.subList(from, to));
      from = to;
    }

    assertThat(trail.size()).isEqualTo(list.size());
    assertThat(trail.entries()).isEqualTo(list);
    Optional<TrailEntry> checkpoint = Optional.empty();
    for (int i = 0; i < list.size(); i++) {
      TrailEntry entry = list.get(i);
      if (entry.checkpoint().isPresent()) {
        checkpoint = Optional.of(entry);
      }
      assertThat(trail.find(entry.hash())).contains(entry);
      assertThat(trail.after(entry.hash())).isEqualTo(list.subList(i + 1, list.size()));
      assertThat(trail.checkpointAtOrBefore(entry.hash())).isEqualTo(checkpoint);
      Trail cut = trail.cutFrom(entry.hash());
      assertThat(cut.entries()).isEqualTo(list.subList(0, i));
      assertThat(cut.size()).isEqualTo(i);
      assertThat(cut.extend(list.subList(i, list.size())).entries()).isEqualTo(list);
    }
    List<AumHash> checkpoints = new ArrayList<>();
    list.stream()
        .filter(entry -> entry.checkpoint().isPresent())
        .forEach(entry -> checkpoints.add(0, entry.hash()));
    assertThat(trail.checkpoints()).isEqualTo(checkpoints);
    assertThat(trail.contains(whole.head())).isFalse();
    assertThat(trail.cutFrom(whole.head()).size()).isEqualTo(list.size());
  }
}
