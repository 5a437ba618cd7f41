package dev.tka.testkit;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;

/**
 * A genesis and AUMs of all kinds on random parents, each valid in the state at its parent: long
 * chains, bushy forks, ties, removed and re-added keys, checkpoints that change the keys. Made from
 * a list of small numbers, so that jqwik can shrink it.
 *
 * @param aums the genesis first, each parent before its children, none twice
 */
public record RandomDag(List<Aum> aums) {
  private static final int MOST_GENESIS_KEYS = 5;
  private static final int MOST_VOTES = 3;
  private static final int MOST_STEPS = 39;

  /** Keys 1 to this one are genesis keys or can be added. */
  private static final int KEY_POOL = 8;

  private static final AumKind UNKNOWN = new AumKind(9);

  /** Copies the list. */
  public RandomDag {
    aums = List.copyOf(aums);
  }

  /** What decides one AUM; a number that does not fit is folded into the range that does. */
  private record Step(int parent, AumKind kind, int signers, int key, int variant) {}

  /** DAGs of 1 to 40 AUMs. */
  public static Arbitrary<RandomDag> arbitrary() {
    Arbitrary<Step> steps =
        Combinators.combine(
                Arbitraries.integers().between(0, 2 * MOST_STEPS + 1),
                Arbitraries.frequency(
                    Tuple.of(4, AumKind.NO_OP),
                    Tuple.of(2, AumKind.ADD_KEY),
                    Tuple.of(2, AumKind.REMOVE_KEY),
                    Tuple.of(2, AumKind.UPDATE_KEY),
                    Tuple.of(2, AumKind.CHECKPOINT),
                    Tuple.of(1, UNKNOWN)),
                Arbitraries.integers().between(0, (1 << KEY_POOL) - 1),
                Arbitraries.integers().between(0, KEY_POOL - 1),
                Arbitraries.integers().between(0, 3))
            .as(Step::new);
    Arbitrary<List<Integer>> genesisVotes =
        Arbitraries.integers()
            .between(1, MOST_VOTES)
            .list()
            .ofMinSize(1)
            .ofMaxSize(MOST_GENESIS_KEYS);
    Arbitrary<List<Step>> allSteps =
        steps
            .list()
            .ofMaxSize(MOST_STEPS)
            // Small ones are found by shrinking; forks of forks need large ones.
            .withSizeDistribution(RandomDistribution.uniform());
    return Combinators.combine(genesisVotes, allSteps).as(RandomDag::make).withoutEdgeCases();
  }

  /** The first AUM. */
  public Aum genesis() {
    return aums.get(0);
  }

  /** All but the genesis, in another order that has each parent before its children. */
  public List<Aum> shuffled(Random random) {
    List<Aum> waiting = new ArrayList<>(aums.subList(1, aums.size()));
    Collections.shuffle(waiting, random);
    Set<AumHash> placed = new HashSet<>(Set.of(genesis().hash()));
    List<Aum> order = new ArrayList<>();
    while (!waiting.isEmpty()) {
      waiting.removeIf(
          aum -> {
            boolean ready = placed.contains(aum.parent().orElseThrow());
            if (ready) {
              placed.add(aum.hash());
              order.add(aum);
            }
            return ready;
          });
    }
    return order;
  }

  /** A list cut into pieces of random lengths, none of them empty. */
  public static <T> List<List<T>> cut(List<T> list, Random random) {
    List<List<T>> pieces = new ArrayList<>();
    int from = 0;
    while (from < list.size()) {
      int to = from + 1 + random.nextInt(list.size() - from);
      pieces.add(list.subList(from, to));
      from = to;
    }
    return pieces;
  }

  private static RandomDag make(List<Integer> genesisVotes, List<Step> steps) {
    List<Key> keys = new ArrayList<>();
    for (int votes : genesisVotes) {
      keys.add(TestKeys.key(keys.size() + 1, votes));
    }
    Aum genesis = Chains.genesis(keys, 1);
    Map<AumHash, State> states = new HashMap<>();
    Map<AumHash, Aum> aums = new LinkedHashMap<>();
    aums.put(genesis.hash(), genesis);
    states.put(genesis.hash(), Chains.stateOf(keys).standingAt(genesis.hash()));
    Aum last = genesis;
    for (Step step : steps) {
      // Every other AUM goes on where the last one ended, for else no chain would get long.
      List<Aum> soFar = List.copyOf(aums.values());
      Aum parent = step.parent() % 2 == 0 ? last : soFar.get(step.parent() / 2 % soFar.size());
      State atParent = states.get(parent.hash());
      if (atParent == null) {
        throw new AssertionError("every AUM so far has a state");
      }
      Aum aum = sign(body(step, parent, atParent), step.signers(), atParent);
      try {
        states.put(aum.hash(), atParent.apply(aum));
      } catch (ApplyException e) {
        throw new AssertionError("every step makes an AUM that applies", e);
      }
      aums.putIfAbsent(aum.hash(), aum);
      last = aum;
    }
    return new RandomDag(List.copyOf(aums.values()));
  }

  private static Aum sign(Aum unsigned, int signers, State atParent) {
    List<Integer> trusted = new ArrayList<>();
    for (int number = 1; number <= KEY_POOL; number++) {
      if (atParent.trusts(TestKeys.id(number))) {
        trusted.add(number);
      }
    }
    List<Integer> chosen = new ArrayList<>();
    for (int i = 0; i < trusted.size(); i++) {
      if ((signers >> i & 1) == 1) {
        chosen.add(trusted.get(i));
      }
    }
    if (chosen.isEmpty()) {
      chosen.add(trusted.get(signers % trusted.size()));
    }
    return TestKeys.sign(unsigned, chosen.stream().mapToInt(Integer::intValue).toArray());
  }

  private static Aum body(Step step, Aum parent, State at) {
    List<Key> keys = at.keys();
    Key key = keys.get(step.key() % keys.size());
    int votes = 1 + step.variant() % MOST_VOTES;
    if (step.kind().equals(AumKind.ADD_KEY)) {
      for (int i = 0; i < KEY_POOL; i++) {
        int number = 1 + (step.key() + i) % KEY_POOL;
        if (!at.trusts(TestKeys.id(number))) {
          return Chains.addKey(parent, TestKeys.key(number, votes));
        }
      }
    } else if (step.kind().equals(AumKind.REMOVE_KEY) && keys.size() > 1) {
      return Chains.removeKey(parent, key.id());
    } else if (step.kind().equals(AumKind.UPDATE_KEY)) {
      return step.variant() == 0
          ? Chains.updateMeta(parent, key.id(), Map.of("owner", "é" + step.key()))
          : Chains.updateVotes(parent, key.id(), votes);
    } else if (step.kind().equals(AumKind.CHECKPOINT)) {
      return Chains.checkpoint(parent, Chains.stateOf(changed(keys, key, step.variant())));
    }
    // What does not fit becomes a no-op. Few labels, so that the same AUM is made again now and
    // then.
    AumKind kind = step.kind().equals(UNKNOWN) ? UNKNOWN : AumKind.NO_OP;
    return Aum.builder(kind)
        .parent(parent.hash())
        .meta(Map.of("name", Integer.toString(step.variant())))
        .build();
  }

  /** The keys of a checkpoint: as they are, without one, reordered, or with other votes. */
  private static List<Key> changed(List<Key> keys, Key key, int variant) {
    List<Key> next = new ArrayList<>(keys);
    if (variant == 1 && keys.size() > 1) {
      next.remove(key);
    } else if (variant == 2) {
      Collections.reverse(next);
    } else if (variant == 3) {
      next.set(next.indexOf(key), key.withVotes(1 + key.votes() % MOST_VOTES));
    }
    return next;
  }
}
