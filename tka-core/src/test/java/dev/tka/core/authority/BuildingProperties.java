package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.RandomDag;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;

/**
 * Protocol, section 4: what is built is accepted, changes what it says, and revokes when it says
 * so.
 */
class BuildingProperties {
  private static final int KEY_POOL = 6;
  private static final int MOST_QUIET = 60;
  private static final List<Key> KEYS =
      List.of(TestKeys.key(1, 2), TestKeys.key(2, 1), TestKeys.key(3, 1));

  /** A genesis, and AUMs on it that change nothing. */
  private static final List<Aum> QUIET = quiet();

  private static List<Aum> quiet() {
    List<Aum> aums = new ArrayList<>(List.of(Chains.genesis(KEYS, 1)));
    for (int i = 0; i < MOST_QUIET; i++) {
      aums.add(Chains.noOp(aums.get(i), "q" + i, 1));
    }
    return List.copyOf(aums);
  }

  /** One call of the builder, sensible or not. */
  private record Operation(int kind, int key, int value) {
    void on(UpdateBuilder builder) throws BuildException, SigningException {
      switch (kind) {
        case 0, 1 -> builder.addKey(TestKeys.key(key, value));
        case 2 -> builder.removeKey(TestKeys.id(key));
        case 3 -> builder.setVotes(TestKeys.id(key), value);
        default ->
            builder.setMeta(
                TestKeys.id(key), value == 0 ? Map.of() : Map.of("é", "x".repeat(value)));
      }
    }
  }

  /** What one person builds at once. */
  private record Edit(int signer, List<Operation> operations) {}

  @Provide
  Arbitrary<List<Edit>> edits() {
    Arbitrary<Integer> keys = Arbitraries.integers().between(1, KEY_POOL);
    Arbitrary<Integer> values =
        Arbitraries.frequencyOf(
            Tuple.of(8, Arbitraries.integers().between(1, 4)),
            Tuple.of(1, Arbitraries.of(0, 510, 511, 4096, 4097)));
    Arbitrary<Operation> operations =
        Combinators.combine(Arbitraries.integers().between(0, 4), keys, values).as(Operation::new);
    Arbitrary<Edit> edits =
        Combinators.combine(keys.map(key -> Math.max(1, key - 2)), operations.list().ofMaxSize(6))
            .as(Edit::new);
    return edits.list().ofMinSize(1).ofMaxSize(4);
  }

  @Provide
  Arbitrary<Integer> lengths() {
    return Arbitraries.oneOf(
        Arbitraries.integers().between(0, 5), Arbitraries.integers().between(40, MOST_QUIET));
  }

  private static LiveAuthority over(List<Aum> aums) throws TkaException {
    return LiveAuthority.open(TestStores.holding(aums), AdmissionPolicy.REFERENCE, new FakeClock());
  }

  private static List<Aum> overTheWire(List<Aum> aums) throws DecodeException {
    List<Aum> arrived = new ArrayList<>();
    for (Aum aum : aums) {
      arrived.add(Aum.decode(aum.encoded().toByteArray()));
    }
    return arrived;
  }

  /** The operations of an edit that the builder takes, on a builder that they are left on. */
  private static List<Operation> apply(List<Operation> operations, UpdateBuilder builder)
      throws SigningException {
    List<Operation> accepted = new ArrayList<>();
    for (Operation operation : operations) {
      try {
        operation.on(builder);
        accepted.add(operation);
      } catch (BuildException e) {
        assertThat(e).hasMessageStartingWith(e.operation() + ": ");
      }
    }
    return accepted;
  }

  @Property
  void aPeerAcceptsEverythingTheBuilderAccepts(
      @ForAll("lengths") int length, @ForAll("edits") List<Edit> edits) throws TkaException {
    List<Aum> before = QUIET.subList(0, 1 + length);
    LiveAuthority author = over(before);
    LiveAuthority peer = over(before);
    List<Aum> all = new ArrayList<>(before);
    int checkpoints = 0;
    int refused = 0;

    for (Edit edit : edits) {
      Signer signer = TestKeys.privateKey(edit.signer());
      UpdateBuilder builder = new UpdateBuilder(author.current(), signer);
      List<Operation> accepted = apply(edit.operations(), builder);
      refused += edit.operations().size() - accepted.size();
      UpdateBuilder.Batch batch = builder.build();

      // What was refused left no trace.
      UpdateBuilder without = new UpdateBuilder(author.current(), signer);
      assertThat(apply(accepted, without)).isEqualTo(accepted);
      assertThat(without.build().updates()).isEqualTo(batch.updates());

      if (!batch.updates().isEmpty()) {
        author.inform(batch.updates());
        peer.inform(overTheWire(batch.updates()));
        all.addAll(batch.updates());
      }
      Aum last = all.get(all.size() - 1);
      assertThat(peer.current().head()).isEqualTo(last.hash());
      assertThat(new NaiveAuthority(all).trustedAt(last).describes(peer.current().state()))
          .isTrue();
      checkpoints +=
          (int) batch.updates().stream().filter(BuildingProperties::isCheckpoint).count();
    }
    Statistics.label("checkpoints").collect(checkpoints);
    Statistics.label("some refused").collect(refused > 0);
  }

  @Property
  void aCheckpointNeverChangesTheState(@ForAll("edits") List<Edit> edits) throws TkaException {
    List<Aum> before = QUIET.subList(0, 1 + 50);
    LiveAuthority live = over(before);
    boolean any = false;

    for (Edit edit : edits) {
      UpdateBuilder builder = new UpdateBuilder(live.current(), TestKeys.privateKey(edit.signer()));
      apply(edit.operations(), builder);
      for (Aum aum : builder.build().updates()) {
        State at = live.current().state();
        live.inform(List.of(aum));
        if (isCheckpoint(aum)) {
          assertThat(live.current().state().withoutLastAumHash())
              .isEqualTo(at.withoutLastAumHash());
          assertThat(aum.state()).contains(at.withoutLastAumHash());
          any = true;
        }
      }
    }
    Statistics.label("checkpoint").collect(any);
  }

  private static boolean isCheckpoint(Aum aum) {
    return aum.kind().equals(AumKind.CHECKPOINT);
  }

  /** Who revokes what, from where, and who signs; folded into what there is. */
  private record Revoking(int keys, int signers, int first, int fork, boolean forkGiven) {}

  @Provide
  Arbitrary<Revoking> revokings() {
    Arbitrary<Integer> sets = Arbitraries.integers().between(0, 255);
    return Combinators.combine(
            sets,
            sets,
            Arbitraries.integers().between(1, 8),
            Arbitraries.integers().between(0, 39),
            Arbitraries.of(true, true, false))
        .as(Revoking::new);
  }

  @Provide
  Arbitrary<RandomDag> dags() {
    return RandomDag.arbitrary();
  }

  @Property
  void aRevocationTakesEffectExactlyWhenThePageSaysSo(
      @ForAll("dags") RandomDag dag, @ForAll("revokings") Revoking revoking) throws TkaException {
    LiveAuthority live = over(dag.aums());
    Authority before = live.current();
    NaiveAuthority naive = new NaiveAuthority(dag.aums());
    Set<Bytes> keyIds = new HashSet<>();
    for (int number : members(revoking.keys())) {
      keyIds.add(TestKeys.id(number));
    }
    Aum draft;
    try {
      draft =
          revoking.forkGiven()
              ? Revocation.draftAt(
                  before, keyIds, dag.aums().get(revoking.fork() % dag.aums().size()).hash())
              : Revocation.draft(before, keyIds, TestKeys.publicKey(revoking.first()));
    } catch (BuildException e) {
      List<Bytes> now = before.state().keys().stream().map(Key::id).toList();
      assertThat(keyIds.containsAll(now) || now.stream().noneMatch(keyIds::contains)).isTrue();
      Statistics.label("outcome").collect("refused");
      return;
    }
    if (!revoking.forkGiven()) {
      assertThat(draft.parent()).contains(naiveFork(dag, naive, keyIds, revoking.first()));
    }

    Aum checked = draft;
    Aum blind = draft;
    for (int number : members(revoking.signers())) {
      blind = TestKeys.privateKey(number).sign(blind);
      try {
        checked = Revocation.sign(before, checked, TestKeys.privateKey(number));
      } catch (BuildException.UntrustedAtFork e) {
        assertThat(trusted(naive, dag, draft)).doesNotContain(TestKeys.id(number));
      }
    }
    for (Aum revocation : List.of(checked, blind)) {
      Assume.that(before.snapshot().find(revocation.hash()).isEmpty());
      Revocation.Outcome expected = naiveOutcome(dag, naive, revocation);
      assertThat(Revocation.effect(before, revocation).outcome()).isEqualTo(expected);
      if (revocation.equals(checked) && !checked.signatures().isEmpty()) {
        assertThat(expected).isNotEqualTo(Revocation.Outcome.VOID);
      }
      LiveAuthority informed = over(dag.aums());
      try {
        informed.inform(overTheWire(List.of(revocation)));
        assertThat(expected).isNotEqualTo(Revocation.Outcome.VOID);
      } catch (InformException e) {
        assertThat(expected).isEqualTo(Revocation.Outcome.VOID);
      }
      if (expected == Revocation.Outcome.TAKES_EFFECT) {
        assertThat(informed.current().head()).isEqualTo(revocation.hash());
        List<Key> left = new ArrayList<>(before.state().keys());
        left.removeIf(key -> keyIds.contains(key.id()));
        assertThat(informed.current().state().keys()).isEqualTo(left);
      } else {
        assertThat(informed.current().head()).isEqualTo(before.head());
      }
      Statistics.label("outcome").collect(expected);
    }
  }

  private static List<Integer> members(int set) {
    List<Integer> members = new ArrayList<>();
    for (int number = 1; number <= 8; number++) {
      if ((set >> (number - 1) & 1) == 1) {
        members.add(number);
      }
    }
    return members;
  }

  private static Aum find(RandomDag dag, AumHash hash) {
    return dag.aums().stream().filter(aum -> aum.hash().equals(hash)).findFirst().orElseThrow();
  }

  private static List<Bytes> trusted(NaiveAuthority naive, RandomDag dag, Aum revocation) {
    return naive.trustedAt(find(dag, revocation.parent().orElseThrow())).keys().stream()
        .map(Key::id)
        .toList();
  }

  private static AumHash naiveFork(
      RandomDag dag, NaiveAuthority naive, Set<Bytes> keyIds, int signer) {
    List<AumHash> chain = naive.activeChain();
    for (int i = chain.size() - 1; i >= 0; i--) {
      List<Bytes> there =
          naive.trustedAt(find(dag, chain.get(i))).keys().stream().map(Key::id).toList();
      if (there.contains(TestKeys.id(signer)) && there.stream().noneMatch(keyIds::contains)) {
        return chain.get(i);
      }
    }
    return chain.get(0);
  }

  /** The page's sentence: more votes, or equal and a lower hash unless a remove-key follows. */
  private static Revocation.Outcome naiveOutcome(
      RandomDag dag, NaiveAuthority naive, Aum revocation) {
    List<Bytes> trusted = trusted(naive, dag, revocation);
    Set<Bytes> signers = signers(revocation);
    if (signers.isEmpty() || !trusted.containsAll(signers)) {
      return Revocation.Outcome.VOID;
    }
    AumHash fork = revocation.parent().orElseThrow();
    List<AumHash> chain = naive.activeChain();
    if (!chain.contains(fork)) {
      return Revocation.Outcome.ON_LOSING_BRANCH;
    }
    Optional<Aum> follower =
        chain.indexOf(fork) + 1 < chain.size()
            ? Optional.of(find(dag, chain.get(chain.indexOf(fork) + 1)))
            : Optional.empty();
    if (follower.isEmpty()) {
      return Revocation.Outcome.TAKES_EFFECT;
    }
    List<Key> keys = naive.trustedAt(find(dag, fork)).keys();
    long mine = votes(keys, signers);
    long others = votes(keys, signers(follower.get()));
    boolean lower =
        revocation.hash().bytes().toHex().compareTo(follower.get().hash().bytes().toHex()) < 0;
    boolean removes = Objects.equals(follower.get().kind(), AumKind.REMOVE_KEY);
    return mine > others || (mine == others && lower && !removes)
        ? Revocation.Outcome.TAKES_EFFECT
        : Revocation.Outcome.OUTVOTED;
  }

  private static Set<Bytes> signers(Aum aum) {
    Set<Bytes> signers = new HashSet<>();
    aum.signatures().forEach(signature -> signers.add(signature.signerId()));
    return signers;
  }

  private static long votes(List<Key> keys, Set<Bytes> signers) {
    return keys.stream().filter(key -> signers.contains(key.id())).mapToLong(Key::votes).sum();
  }
}
