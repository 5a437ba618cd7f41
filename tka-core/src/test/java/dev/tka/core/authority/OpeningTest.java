package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Damage;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Protocol, section 4, "Opening a store". */
class OpeningTest {
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1));

  private final Chains chains =
      Chains.draw(
          KEYS,
          """
          A -> B -> C[checkpoint] -> D[add:3*1] -> E
          B -> X(2) -> Y[remove:1](2)
          """);

  private static Authority open(List<Aum> aums) throws TkaException {
    return Authority.open(TestStores.holding(aums));
  }

  private static Authority open(List<Aum> aums, AumHash lastActive) throws TkaException {
    return Authority.open(TestStores.holding(aums, lastActive));
  }

  private static <T> List<T> join(List<T> one, List<T> other) {
    List<T> both = new ArrayList<>(one);
    both.addAll(other);
    return both;
  }

  /** Another authority's chain, with keys of its own. */
  private static Chains stranger(int number) {
    return Chains.draw(
        List.of(TestKeys.key(number, 1)),
        "G(" + number + ") -> H(" + number + ") -> I(" + number + ")\nH -> J(" + number + ")");
  }

  @Test
  void anEmptyStoreIsRefused() {
    assertThatThrownBy(() -> open(List.of())).isInstanceOf(OpenException.EmptyStore.class);
  }

  @Test
  void theActiveChainGoesFromTheOldestAncestorToTheHead() throws TkaException {
    Authority authority = open(chains.all());

    assertThat(chains.nameOf(authority.oldestAncestor())).isEqualTo("A");
    assertThat(chains.nameOf(authority.head())).isEqualTo("E");
    assertThat(authority.length()).isEqualTo(5);
    assertThat(authority.newestFirst(9))
        .extracting(chains::nameOf)
        .containsExactly("E", "D", "C", "B", "A");
    assertThat(authority.newestFirst(2)).extracting(chains::nameOf).containsExactly("E", "D");
    assertThat(authority.state()).isEqualTo(chains.stateAt("E"));
    assertThat(authority.isDegraded()).isFalse();
  }

  @Test
  void isActiveTellsTheActiveChainFromTheRest() throws TkaException {
    Authority authority = open(chains.all());

    for (String name : List.of("A", "B", "C", "D", "E")) {
      assertThat(authority.isActive(chains.get(name).hash())).as(name).isTrue();
    }
    for (String name : List.of("X", "Y")) {
      assertThat(authority.isActive(chains.get(name).hash())).as(name).isFalse();
    }
    assertThat(authority.isActive(AumHash.of(new byte[32]))).isFalse();
  }

  @Test
  void theStateAtAnyStoredAumCanBeTold() throws TkaException {
    Authority authority = open(chains.all());

    for (String name : List.of("A", "B", "C", "D", "E", "X", "Y")) {
      assertThat(authority.stateAt(chains.get(name).hash()))
          .as(name)
          .isEqualTo(chains.stateAt(name));
    }
    assertThatThrownBy(() -> authority.stateAt(AumHash.of(new byte[32])))
        .isInstanceOf(StoreException.NoSuchAum.class);
  }

  @Test
  void aStoreThatBeginsWithALaterCheckpointOpens() throws TkaException {
    Authority authority = open(chains.list("C D E"));

    assertThat(chains.nameOf(authority.oldestAncestor())).isEqualTo("C");
    assertThat(authority.state()).isEqualTo(chains.stateAt("E"));
    assertThat(authority.stateAt(chains.get("C").hash())).isEqualTo(chains.stateAt("C"));
  }

  @Test
  void severalUnrelatedChainsAreRefusedAndNamed() {
    Chains other = stranger(9);
    List<Aum> all = join(chains.all(), other.all());

    assertThatThrownBy(() -> open(all))
        .asInstanceOf(type(OpenException.UnrelatedChains.class))
        .satisfies(
            e -> {
              assertThat(e.oldest())
                  .containsExactlyInAnyOrder(chains.get("A").hash(), other.get("G").hash())
                  .isSorted();
              assertThat(e)
                  .hasMessageContaining(chains.get("A").hash().toString())
                  .hasMessageContaining(other.get("G").hash().toString())
                  .hasMessageContaining("not recorded");
            });
    AumHash elsewhere = AumHash.of(new byte[32]);
    assertThatThrownBy(() -> open(all, elsewhere))
        .isInstanceOf(OpenException.UnrelatedChains.class)
        .hasMessageContaining(elsewhere + ", not stored");
  }

  @Test
  void ofManyUnrelatedChainsAFewAreNamed() {
    List<Aum> roots =
        IntStream.range(0, 6)
            .mapToObj(i -> Chains.genesis(List.of(TestKeys.key(i, 1)), i))
            .toList();

    assertThatThrownBy(() -> open(roots))
        .hasMessageContaining("and 2 more")
        .asInstanceOf(type(OpenException.UnrelatedChains.class))
        .satisfies(e -> assertThat(e.oldest()).hasSize(6).isSorted());
  }

  @Test
  void ofSeveralChainsTheOneOfTheLastActiveAncestorIsChosen() throws TkaException {
    Chains other = stranger(9);
    List<Aum> all = join(chains.all(), other.all());

    // The oldest itself, one on the way, a head, and an AUM beside the active chain.
    for (String name : List.of("A", "C", "E", "X", "Y")) {
      assertThat(chains.nameOf(open(all, chains.get(name).hash()).head())).as(name).isEqualTo("E");
    }
    for (String name : List.of("G", "I", "J")) {
      Authority authority = open(all, other.get(name).hash());
      assertThat(authority.oldestAncestor()).as(name).isEqualTo(other.get("G").hash());
      assertThat(other.nameOf(authority.head())).as(name).isIn("I", "J");
    }
  }

  @Test
  void aLastActiveAncestorWithoutAnyStoredChildIsChosenToo() throws TkaException {
    Chains other = stranger(9);

    Authority authority = open(join(chains.all(), other.list("G")), other.get("G").hash());

    assertThat(authority.head()).isEqualTo(other.get("G").hash());
    assertThat(authority.length()).isEqualTo(1);
  }

  @Test
  void oneAncestorOpensWhateverTheRecordSays() throws TkaException {
    for (AumHash record : List.of(AumHash.of(new byte[32]), chains.get("Y").hash())) {
      assertThat(chains.nameOf(open(chains.all(), record).head())).isEqualTo("E");
    }
  }

  @Test
  void anOldestAumThatIsNeitherACheckpointNorAGenesisIsRefused() {
    assertThatThrownBy(() -> open(chains.list("D E")))
        .isInstanceOf(OpenException.OldestWithoutState.class)
        .hasMessageContaining(chains.get("D").hash().toString())
        .hasMessageContaining("add-key")
        .hasMessageContaining(chains.get("C").hash().toString());
    Aum orphan = Aum.builder(AumKind.NO_OP).parent(AumHash.of(new byte[32])).build();
    assertThatThrownBy(() -> open(List.of(orphan)))
        .isInstanceOf(OpenException.OldestWithoutState.class);
  }

  @Test
  void anOldGenesisIsANoOpOrAnAddKey() throws TkaException {
    assertThat(open(List.of(Aum.builder(AumKind.NO_OP).build())).state().keys()).isEmpty();
    Aum add = Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).build();
    Aum next = Chains.noOp(add, "n", 1);
    Authority authority = open(List.of(add, next));
    assertThat(authority.state().keys()).containsExactly(TestKeys.key(1, 1));
    assertThat(authority.head()).isEqualTo(next.hash());
    assertThat(authority.stateAt(add.hash()).lastAumHash()).contains(add.hash());

    for (AumKind kind : List.of(AumKind.REMOVE_KEY, AumKind.UPDATE_KEY, new AumKind(9))) {
      assertThatThrownBy(() -> open(List.of(Aum.builder(kind).keyId(TestKeys.id(1)).build())))
          .as(kind.toString())
          .isInstanceOf(OpenException.OldestWithoutState.class);
    }
  }

  @Test
  void aWinningChildThatCannotBeAppliedIsAnErrorAndNotAReasonForTheSecondBest() {
    Aum heavy = Chains.updateVotes(chains.get("A"), TestKeys.id(7), 1, 1, 2);

    assertThatThrownBy(() -> open(join(chains.all(), List.of(heavy))))
        .isInstanceOf(OpenException.CannotApply.class)
        .hasCauseInstanceOf(ApplyException.KeyAbsent.class);
  }

  @Test
  void aLosingChildThatCannotBeAppliedDoesNotMatter() throws TkaException {
    Aum light = Chains.updateVotes(chains.get("A"), TestKeys.id(7), 1, 2);
    Authority authority = open(join(chains.all(), List.of(light)));

    assertThat(chains.nameOf(authority.head())).isEqualTo("E");
    assertThatThrownBy(() -> authority.stateAt(light.hash()))
        .isInstanceOf(ApplyException.KeyAbsent.class);
  }

  @Test
  void anOldestCheckpointWithoutAStateIsAnError() {
    assertThatThrownBy(() -> open(List.of(Aum.builder(AumKind.CHECKPOINT).build())))
        .isInstanceOf(OpenException.CannotApply.class);
  }

  @Test
  void openingVerifiesNoSignature() throws TkaException {
    Aum bad = TestKeys.signBadly(Chains.noOp(chains.get("E"), "bad"), 1);

    assertThat(open(join(chains.all(), List.of(bad))).head()).isEqualTo(bad.hash());
  }

  @Test
  void aLongChainIsAddressedAllAlong() throws TkaException {
    List<Aum> aums = new ArrayList<>(List.of(chains.get("A")));
    for (int i = 0; i < 600; i++) {
      aums.add(
          Aum.builder(AumKind.NO_OP)
              .parent(aums.get(i).hash())
              .meta(Map.of("n", Integer.toString(i)))
              .build());
    }
    Authority authority = open(aums);

    assertThat(authority.length()).isEqualTo(601);
    List<AumHash> newestFirst = authority.newestFirst(601);
    for (int i = 0; i <= 600; i++) {
      assertThat(newestFirst.get(600 - i)).isEqualTo(aums.get(i).hash());
      assertThat(authority.isActive(aums.get(i).hash())).isTrue();
    }
  }

  @Test
  void anAuthorityOverADamagedStoreIsDegraded() throws TkaException {
    AumIndex<Bytes> index =
        AumIndex.of(chains.all().stream().map(aum -> AumIndex.Item.of(aum, 1)).toList());
    Damage damage = new Damage("somewhere", Optional.empty(), "unreadable", Damage.Kind.UNREADABLE);
    AumSnapshot snapshot =
        new IndexSnapshot<>(
            index,
            Long.MAX_VALUE,
            new Revision(1),
            Optional.empty(),
            IndexSnapshot.Bodies.IN_MEMORY,
            () -> Trail.EMPTY,
            Notes.NONE,
            List.of(damage));

    Authority authority = Authority.open(snapshot);

    assertThat(authority.isDegraded()).isTrue();
    assertThat(chains.nameOf(authority.head())).isEqualTo("E");
  }
}
