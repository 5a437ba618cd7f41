package dev.tka.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.conformance.naive.NaiveAdmission;
import dev.tka.conformance.naive.NaiveAdmission.Source;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * The engine and the naive model of the page agree on who may rewrite, in random histories full of
 * votes that change, keys that come back and rewrites on rewrites (protocol, section 10).
 */
class AdmissionProperties {
  private static final int KEYS = 5;
  private static final long DAY = 86_400;

  @Property
  void theEngineJudgesAsThePageSays(@ForAll long seed) throws TkaException {
    new History(seed).run();
  }

  private static final class History {
    private final Random random;
    private final NaiveAdmission.Role role;
    private final NaiveAdmission model;
    private final AdmittingEngine engine;
    private final Map<Aum, State> states = new HashMap<>();
    private final List<Aum> aums = new ArrayList<>();
    private long time = 1_700_000_000;

    History(long seed) throws TkaException {
      random = new Random(seed);
      role = any(List.of(NaiveAdmission.Role.values()));
      List<Key> keys = new ArrayList<>();
      for (int number = 1; number <= KEYS; number++) {
        keys.add(TestKeys.key(number, 1 + random.nextInt(4)));
      }
      Aum genesis = Chains.genesis(keys, 1);
      model = new NaiveAdmission(role, genesis);
      engine = new AdmittingEngine(role, genesis);
      add(genesis, State.ofCheckpoint(genesis));
    }

    private void add(Aum aum, State state) {
      aums.add(aum);
      states.put(aum, state);
    }

    private <T> T any(List<T> list) {
      return list.get(random.nextInt(list.size()));
    }

    void run() throws TkaException {
      int steps = 4 + random.nextInt(14);
      for (int step = 0; step < steps; step++) {
        time += random.nextInt(3) == 0 ? random.nextInt(20) * DAY : random.nextInt(7200);
        Source source = source();
        List<Aum> batch =
            source == Source.OWN ? edits(head(), 1) : edits(parent(), 1 + random.nextInt(3) / 2);
        engine.setOwnTime(time);
        Optional<AdmittingEngine.Verdict> found = engine.inform(batch, source);
        Optional<NaiveAdmission.Verdict> expected = model.inform(batch, source, time);
        if (role == NaiveAdmission.Role.NODE && found.isPresent() != expected.isPresent()) {
          // A displaced unsent AUM leaves the model's store at once, and the engine's once
          // control's
          // head is there: what builds on it then finds its parent in one of them.
          return;
        }
        String where = "step " + step + ", " + role + ", " + source;
        assertThat(found.map(AdmittingEngine.Verdict::outcomes))
            .as(where)
            .isEqualTo(
                expected.map(
                    verdict ->
                        verdict.outcomes().stream()
                            .map(outcome -> outcome.name().toLowerCase(Locale.ROOT))
                            .toList()));
        assertThat(
                found.map(AdmittingEngine.Verdict::barred).orElse(List.of()).stream()
                    .map(one -> one.place() + " " + one.bar().signer())
                    .collect(Collectors.toSet()))
            .as(where)
            .isEqualTo(
                expected.map(NaiveAdmission.Verdict::barred).orElse(List.of()).stream()
                    .map(one -> one.place() + " " + one.pair().key())
                    .collect(Collectors.toSet()));
        if (role == NaiveAdmission.Role.NODE && random.nextBoolean()) {
          engine.agree();
          model.agree(time);
        }
        assertThat(engine.head()).as(where).isEqualTo(model.head());
      }
    }

    private Source source() {
      if (role != NaiveAdmission.Role.NODE) {
        return Source.CONTROL;
      }
      return switch (random.nextInt(8)) {
        case 0 -> Source.OWN;
        case 1 -> Source.ELSEWHERE;
        default -> Source.CONTROL;
      };
    }

    /** Edits on one another. */
    private List<Aum> edits(Aum first, int count) throws TkaException {
      List<Aum> batch = new ArrayList<>();
      Aum parent = first;
      for (int i = 0; i < count; i++) {
        Aum edit = edit(parent);
        add(edit, states.get(parent).apply(edit));
        batch.add(edit);
        parent = edit;
      }
      return batch;
    }

    private Aum head() {
      return aums.stream().filter(aum -> aum.hash().equals(model.head())).findAny().orElseThrow();
    }

    private Aum parent() {
      if (random.nextInt(5) < 3) {
        return head();
      }
      List<Aum> chain = new ArrayList<>(aums);
      if (random.nextInt(5) > 0) {
        chain.removeIf(aum -> !model.chain().contains(aum.hash()));
      }
      return any(chain);
    }

    private Aum edit(Aum parent) {
      State state = states.get(parent);
      List<Key> keys = state.keys();
      int[] signers = signers(keys);
      Bytes key = any(keys).id();
      List<Integer> absent = new ArrayList<>();
      for (int number = 1; number <= KEYS; number++) {
        if (!state.trusts(TestKeys.id(number))) {
          absent.add(number);
        }
      }
      return switch (random.nextInt(8)) {
        case 0, 1 ->
            keys.size() > 1
                ? Chains.removeKey(parent, key, signers)
                : Chains.updateVotes(parent, key, 1 + random.nextInt(5), signers);
        case 2 ->
            absent.isEmpty()
                ? Chains.updateVotes(parent, key, 1 + random.nextInt(5), signers)
                : Chains.addKey(parent, TestKeys.key(any(absent), 1 + random.nextInt(5)), signers);
        case 3 -> Chains.updateVotes(parent, key, 1 + random.nextInt(5), signers);
        case 4 -> Chains.noOp(parent, "n" + random.nextInt(), signers);
        default -> Chains.checkpoint(parent, drawn(state), signers);
      };
    }

    /** A state with some of all keys. */
    private State drawn(State state) {
      List<Key> keys = new ArrayList<>();
      for (int number = 1; number <= KEYS; number++) {
        Optional<Key> now = state.findKey(TestKeys.id(number));
        int dice = random.nextInt(6);
        if (dice == 0) {
          keys.add(TestKeys.key(number, 1 + random.nextInt(5)));
        } else if (dice < 5 && now.isPresent()) {
          keys.add(now.get());
        }
      }
      if (keys.isEmpty()) {
        keys.add(TestKeys.key(1, 2));
      }
      return Chains.stateOf(keys);
    }

    private int[] signers(List<Key> keys) {
      List<Integer> numbers = new ArrayList<>();
      for (int number = 1; number <= KEYS; number++) {
        if (keys.stream().map(Key::id).anyMatch(Set.of(TestKeys.id(number))::contains)) {
          numbers.add(number);
        }
      }
      Collections.shuffle(numbers, random);
      int count = 1 + random.nextInt(Math.min(3, numbers.size()));
      return numbers.subList(0, count).stream().mapToInt(Integer::intValue).toArray();
    }
  }
}
