package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Thresholds.Demand;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/**
 * Service, section 11: nothing below a threshold gets into control's store, however AUMs are
 * signed, forked, ordered and sent. What an AUM does is told here by comparing two states.
 */
class ThresholdsProperties {
  private static final List<Key> KEYS =
      List.of(
          TestKeys.key(1, 1), TestKeys.key(2, 2), TestKeys.key(3, 1), Key.of(WeakKeys.IDENTITY, 2));
  private static final Aum GENESIS = Chains.genesis(KEYS, 1);

  @Provide
  Arbitrary<Thresholds> thresholds() {
    Arbitrary<Integer> votes = Arbitraries.of(0, 0, 0, 1, 2, 3);
    return Combinators.combine(votes, votes, votes, votes).as(Thresholds::new);
  }

  /** A tree of valid AUMs, each signed by some of the keys that are trusted there. */
  private static List<Aum> tree(Random random, Map<AumHash, State> states) throws TkaException {
    List<Aum> aums = new ArrayList<>(List.of(GENESIS));
    states.put(GENESIS.hash(), State.ofCheckpoint(GENESIS));
    while (aums.size() < 14) {
      Aum parent = aums.get(Math.max(0, aums.size() - 1 - random.nextInt(4)));
      State state = states.get(parent.hash());
      Aum unsigned = change(random, parent, state, aums.size());
      int[] signers =
          state.keys().stream()
              .filter(key -> key.canSign() && random.nextBoolean())
              .mapToInt(ThresholdsProperties::numberOf)
              .toArray();
      Aum signed = TestKeys.sign(unsigned, signers);
      Aum aum =
          state.trusts(WeakKeys.IDENTITY.bytes()) && random.nextBoolean()
              ? WeakKeys.sign(signed, WeakKeys.IDENTITY)
              : signed;
      try {
        AumVerifier.requireAcceptable(aum, state);
        states.put(aum.hash(), state.apply(aum));
        aums.add(aum);
      } catch (TkaException e) {
        // Not a valid one: another.
      }
    }
    return aums.subList(1, aums.size());
  }

  private static int numberOf(Key key) {
    for (int i = 1; i < 8; i++) {
      if (TestKeys.id(i).equals(key.id())) {
        return i;
      }
    }
    throw new AssertionError("a key of the test");
  }

  private static Aum change(Random random, Aum parent, State state, int label) {
    int number = 1 + random.nextInt(6);
    int votes = 1 + random.nextInt(3);
    return switch (random.nextInt(7)) {
      case 0, 1 -> Chains.addKey(parent, TestKeys.key(number, votes));
      case 2 -> Chains.removeKey(parent, TestKeys.id(number));
      case 3 -> Chains.updateVotes(parent, TestKeys.id(number), votes);
      case 4 -> Chains.noOp(parent, "n" + label);
      default -> {
        List<Key> keys = new ArrayList<>(state.keys());
        if (random.nextBoolean()) {
          keys.remove(random.nextInt(keys.size()));
        }
        if (random.nextBoolean() && !state.trusts(TestKeys.id(number))) {
          keys.add(TestKeys.key(number, votes));
        }
        State same = Chains.stateOf(keys);
        yield Chains.checkpoint(
            parent,
            random.nextInt(3) == 0
                ? State.of(
                    List.of(Bytes.copyOf(TestKeys.seed(number))),
                    keys,
                    same.stateId1(),
                    same.stateId2())
                : same);
      }
    };
  }

  /** What an AUM needs, by its effect alone. */
  private static long needed(Thresholds thresholds, Aum aum, State before, State after) {
    long needed = aum.kind().isCheckpoint() ? thresholds.checkpoint() : 0;
    Set<Bytes> keys = new HashSet<>(before.keyIds());
    keys.addAll(after.keyIds());
    for (Bytes key : keys) {
      long had = before.findKey(key).map(Key::votes).orElse(0L);
      long has = after.findKey(key).map(Key::votes).orElse(0L);
      needed = has > had ? highest(thresholds) : needed;
      needed = has < had ? Math.max(needed, thresholds.removeKey()) : needed;
    }
    if (!after.disablementValues().equals(before.disablementValues())) {
      return Math.max(needed, thresholds.disable());
    }
    return !aum.kind().isCheckpoint() && votesById(before).equals(votesById(after))
        ? fewest(thresholds)
        : needed;
  }

  /** The votes of those who signed an AUM; the keys of the test have owners. */
  private static long votes(Aum aum, State at) {
    List<Bytes> signers = aum.signatures().stream().map(AumSignature::signerId).toList();
    return at.keys().stream()
        .filter(key -> signers.contains(key.id()) && !key.id().equals(WeakKeys.IDENTITY.bytes()))
        .mapToLong(Key::votes)
        .sum();
  }

  private static Map<Bytes, Long> votesById(State state) {
    return state.keys().stream().collect(Collectors.toMap(Key::id, Key::votes));
  }

  /** Those that whatever changes nothing needs, since it moves the head. */
  private static long fewest(Thresholds thresholds) {
    return Stream.of(thresholds.addKey(), thresholds.removeKey(), thresholds.checkpoint())
        .filter(votes -> votes > 0)
        .min(Long::compare)
        .orElse(0L);
  }

  private static long highest(Thresholds thresholds) {
    return Stream.of(Thresholds.Kind.values()).mapToLong(thresholds::of).max().orElseThrow();
  }

  @Property
  void nothingBelowAThresholdIsStoredInAnyOrder(
      @ForAll("thresholds") Thresholds thresholds, @ForAll long seed) throws TkaException {
    Random random = new Random(seed);
    Map<AumHash, State> states = new HashMap<>();
    List<Aum> aums = tree(random, states);
    LiveAuthority live =
        LiveAuthority.bootstrap(
            new MemoryAumStore(), GENESIS, AdmissionPolicy.CONTROL, new FakeClock());
    int refused = 0;
    boolean rewritten = false;
    int from = 0;
    for (int batch = 0; batch < 12; batch++) {
      // What came before may come again; the rules change between batches.
      int to = from + 1 + random.nextInt(aums.size() - from);
      AdmissionPolicy rules =
          random.nextBoolean() ? AdmissionPolicy.CONTROL : AdmissionPolicy.RESTORED_CONTROL;
      State headBefore = live.current().state();
      AumHash before = live.current().head();
      try {
        InformResult result =
            live.inform(
                aums.subList(from, to), rules, new Demand(() -> thresholds, random.nextBoolean()));
        refused += result.refusals().size();
      } catch (InformException e) {
        // Its parent was refused before.
        refused++;
      }
      if (live.current().activeAfter(before).isEmpty()) {
        rewritten = true;
        long rewriting = votesOfRewrite(live.current(), before, states, aums);
        assertThat(rewriting)
            .as("%s displaced", headBefore)
            .isGreaterThanOrEqualTo(highest(thresholds));
      }
      from = random.nextInt(aums.size());
    }
    for (AumEntry entry : live.current().snapshot().entries()) {
      if (entry.parent().isPresent()) {
        Aum aum = live.current().snapshot().get(entry.hash());
        State at = states.get(entry.parent().get());
        assertThat(votes(aum, at))
            .as("%s under %s", aum.kind(), thresholds)
            .isGreaterThanOrEqualTo(needed(thresholds, aum, at, states.get(aum.hash())));
      }
    }
    Statistics.label("other secrets stored").collect(otherSecrets(live.current(), states));
    Statistics.label("rewritten").collect(rewritten);
    Statistics.label("refused").collect(refused > 0);
    Statistics.label("stored").collect(live.current().snapshot().entries().size() > 3);
  }

  private static boolean otherSecrets(Authority now, Map<AumHash, State> states) {
    return now.snapshot().entries().stream()
        .anyMatch(
            entry ->
                !states
                    .get(entry.hash())
                    .disablementValues()
                    .equals(states.get(GENESIS.hash()).disablementValues()));
  }

  /** The votes of the AUM that leaves the chain of an earlier head. */
  private static long votesOfRewrite(
      Authority now, AumHash before, Map<AumHash, State> states, List<Aum> aums)
      throws TkaException {
    AumHash off = before;
    while (now.activeAfter(off).isEmpty()) {
      off = now.snapshot().parentOf(off).orElseThrow();
    }
    AumHash next = now.activeAfter(off).orElseThrow().get(0);
    Aum rewrite = aums.stream().filter(aum -> aum.hash().equals(next)).findFirst().orElseThrow();
    return votes(rewrite, states.get(off));
  }
}
