package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.OnDemandStore;
import dev.tka.testkit.RandomDag;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** An authority that is advanced, or opened without reading every body, is the one that opens. */
class AdvanceProperties {
  private final FakeClock clock = new FakeClock();

  @Provide
  Arbitrary<RandomDag> dags() {
    return RandomDag.arbitrary();
  }

  private static void assertSame(Authority actual, Authority expected) {
    assertThat(actual.head()).isEqualTo(expected.head());
    assertThat(actual.state()).isEqualTo(expected.state());
    assertThat(actual.oldestAncestor()).isEqualTo(expected.oldestAncestor());
    assertThat(actual.checkpoints()).isEqualTo(expected.checkpoints());
    assertThat(actual.newestFirst(Integer.MAX_VALUE))
        .isEqualTo(expected.newestFirst(Integer.MAX_VALUE));
    assertThat(actual.snapshot().revision()).isEqualTo(expected.snapshot().revision());
    for (AumEntry entry : expected.snapshot().entries()) {
      assertThat(actual.isActive(entry.hash())).isEqualTo(expected.isActive(entry.hash()));
    }
  }

  // Some of what is counted at the end is rare.
  @Property(tries = 1000)
  void followingTwoWritersIsTheSameAsOpening(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    List<AumStore> stores = List.of(new MemoryAumStore(), new OnDemandStore());
    AumStore store = stores.get(random.nextInt(2));
    store.commit(Commit.on(store.read().revision()).add(dag.genesis(), clock.instant()).build());
    LiveAuthority one = LiveAuthority.open(store, AdmissionPolicy.REFERENCE, clock);
    LiveAuthority other = LiveAuthority.open(store, AdmissionPolicy.REFERENCE, clock);
    Authority follower = one.current();
    int reorganised = 0;
    for (List<Aum> batch : RandomDag.cut(dag.shuffled(random), random)) {
      (random.nextBoolean() ? one : other).inform(batch);
      if (random.nextInt(3) > 0) {
        AumHash head = follower.head();
        follower = follower.advanceTo(store.read());
        reorganised += follower.isActive(head) ? 0 : 1;
        assertSame(follower, Authority.open(store));
        assertSame(one.refresh(), follower);
      }
    }
    assertSame(follower.advanceTo(store.read()), Authority.open(store));
    Statistics.label("reorganised").collect(reorganised > 0);
    Statistics.label("reorganised")
        .coverage(coverage -> coverage.check(true).percentage(share -> share > 3));
  }

  /** Whatever a store goes through: AUMs that come before their parents, purges, wipes, records. */
  @Property
  void advancingEqualsOpeningAfterAnyChange(@ForAll("dags") RandomDag dag, @ForAll Random random)
      throws TkaException {
    List<AumStore> stores = List.of(new MemoryAumStore(), new OnDemandStore());
    AumStore store = stores.get(random.nextInt(2));
    Optional<Authority> before = Optional.empty();
    int grown = 0;
    int opened = 0;
    for (int step = 0; step < 12; step++) {
      AumSnapshot shown = store.read();
      if (random.nextInt(15) == 0) {
        store.wipe();
      } else {
        Commit.Builder commit = Commit.on(shown.revision());
        for (int i = random.nextInt(5); i >= 0; i--) {
          commit.add(pick(dag.aums(), random), clock.instant());
        }
        List<AumEntry> entries = new ArrayList<>(shown.entries());
        if (!entries.isEmpty() && random.nextInt(4) == 0) {
          commit.purge(pick(entries, random).hash());
        }
        if (!entries.isEmpty() && random.nextInt(4) == 0) {
          commit.lastActiveAncestor(pick(entries, random).hash());
        }
        store.commit(commit.build());
      }
      AumSnapshot now = store.read();
      Optional<Authority> expected = tryToOpen(now);
      if (before.isPresent()) {
        AumSnapshot old = before.get().snapshot();
        if (now.addedSince(old).isPresent()) {
          grown++;
        } else {
          opened++;
        }
        Optional<Authority> advanced = tryToAdvance(before.get(), now);
        assertThat(advanced.isPresent()).isEqualTo(expected.isPresent());
        advanced.ifPresent(authority -> assertSame(authority, expected.orElseThrow()));
      }
      before = expected.or(() -> Optional.empty());
    }
    Statistics.label("grown").collect(grown > 0);
    Statistics.label("opened").collect(opened > 0);
    for (String each : List.of("grown", "opened")) {
      Statistics.label(each)
          .coverage(coverage -> coverage.check(true).percentage(share -> share > 35));
    }
  }

  @Property
  void openingWithoutReadingEveryBodyGivesTheSame(@ForAll("dags") RandomDag dag)
      throws TkaException {
    OnDemandStore store = new OnDemandStore();
    MemoryAumStore memory = new MemoryAumStore();
    for (AumStore each : List.of(store, memory)) {
      Commit.Builder commit = Commit.on(each.read().revision());
      dag.aums().forEach(aum -> commit.add(aum, clock.instant()));
      each.commit(commit.build());
    }
    Authority opened = Authority.open(store);

    assertSame(opened, Authority.open(memory));
    assertThat(store.bodiesRead()).isLessThanOrEqualTo(dag.aums().size());
  }

  private static <T> T pick(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }

  private static Optional<Authority> tryToOpen(AumSnapshot snapshot) throws StoreException {
    try {
      return Optional.of(Authority.open(snapshot));
    } catch (OpenException e) {
      return Optional.empty();
    }
  }

  private static Optional<Authority> tryToAdvance(Authority before, AumSnapshot snapshot)
      throws StoreException {
    try {
      return Optional.of(before.advanceTo(snapshot));
    } catch (OpenException e) {
      return Optional.empty();
    }
  }
}
