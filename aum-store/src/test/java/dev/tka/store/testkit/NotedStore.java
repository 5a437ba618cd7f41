package dev.tka.store.testkit;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;

/** Stores with all that may be noted in them, drawn by a seed. */
public final class NotedStore {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3*1] -> C[checkpoint] -> D[remove:3] -> E[checkpoint] -> F -> G[add:4*2]
          B -> X(2)
          E -> Z(2)
          """);
  private final Map<AumHash, List<KeyChange>> changes = changes();

  private Map<AumHash, List<KeyChange>> changes() {
    Map<AumHash, State> states = new HashMap<>();
    Map<AumHash, List<KeyChange>> found = new HashMap<>();
    try {
      for (Aum aum : chains.all()) {
        Optional<State> before = aum.parent().map(states::get);
        State after = before.isPresent() ? before.get().apply(aum) : State.ofCheckpoint(aum);
        states.put(aum.hash(), after);
        found.put(aum.hash(), KeyChange.between(before.orElse(after), after));
      }
    } catch (ApplyException e) {
      throw new AssertionError(e);
    }
    return found;
  }

  /** The same two commits to any store: all AUMs, then a purge with notes. */
  public AumSnapshot fill(AumStore store, long seed) throws TkaException {
    Random random = new Random(seed);
    Commit.Builder all = Commit.on(store.read().revision());
    for (Aum aum : chains.all()) {
      Optional<AumFacts> facts =
          maybe(
              random,
              () ->
                  AumFacts.of(
                      aum,
                      changes.getOrDefault(aum.hash(), List.of()),
                      time(random),
                      maybe(random, () -> time(random))));
      all.add(new Commit.Addition(aum, time(random), facts));
    }
    AumSnapshot whole = store.commit(all.build());
    Commit.Builder commit = Commit.on(whole.revision()).ownAums(ownAums(random));
    maybe(random, () -> new OwnTime(time(random), time(random), time(random), time(random)))
        .ifPresent(commit::time);
    for (String rewrite : List.of("C", "E", "X")) {
      maybe(random, () -> inherited(random))
          .ifPresent(kept -> commit.inherits(chains.get(rewrite).hash(), kept));
    }
    if (random.nextBoolean()) {
      commit
          .purge(chains.list("A B C D X").stream().map(Aum::hash).toList())
          .trail(Authority.open(whole).entriesBefore(chains.get("E").hash()))
          .lastActiveAncestor(chains.get("E").hash());
    }
    return store.commit(commit.build());
  }

  /** The keys whose votes an AUM changes. */
  public List<KeyChange> changesOf(AumHash hash) {
    return changes.getOrDefault(hash, List.of());
  }

  private static <T> Optional<T> maybe(Random random, Supplier<T> value) {
    return random.nextBoolean() ? Optional.of(value.get()) : Optional.empty();
  }

  private static Instant time(Random random) {
    return NOON.plusSeconds(random.nextInt(10_000));
  }

  private OwnAums ownAums(Random random) {
    Map<AumHash, OwnAums.Own> own = new HashMap<>();
    Set<AumHash> elsewhere = new HashSet<>();
    List<OwnAums.SetAside> aside = new ArrayList<>();
    for (Aum aum : chains.all()) {
      switch (random.nextInt(6)) {
        case 0, 1 ->
            own.put(
                aum.hash(),
                new OwnAums.Own(
                    random.nextBoolean(),
                    maybe(
                        random,
                        () -> new OwnAums.Acknowledged(time(random), time(random).plusNanos(1)))));
        case 2 -> elsewhere.add(aum.hash());
        case 3 -> aside.add(new OwnAums.SetAside(aum, time(random), random.nextBoolean()));
        default -> {
          // Nothing is noted about it.
        }
      }
    }
    return new OwnAums(own, elsewhere, maybe(random, () -> time(random)), aside);
  }

  private List<Inherited> inherited(Random random) {
    List<Inherited> kept = new ArrayList<>();
    for (int key = 1; key <= random.nextInt(3); key++) {
      kept.add(
          new Inherited(
              TestKeys.id(key),
              Instant.ofEpochSecond(7),
              random.nextBoolean(),
              maybe(random, () -> taken(random)),
              maybe(random, () -> taken(random)),
              maybe(random, () -> standing(random)),
              maybe(random, () -> standing(random)),
              maybe(random, () -> any(random))));
    }
    return kept;
  }

  private AumHash any(Random random) {
    return chains.all().get(random.nextInt(chains.all().size())).hash();
  }

  private Inherited.Final taken(Random random) {
    return new Inherited.Final(any(random), random.nextInt(3), random.nextInt(5));
  }

  private Inherited.Standing standing(Random random) {
    return new Inherited.Standing(
        any(random),
        random.nextInt(3),
        Duration.ofSeconds(random.nextInt(1_000_000)),
        time(random),
        Set.of(TestKeys.id(1 + random.nextInt(2)), TestKeys.id(3)));
  }
}
