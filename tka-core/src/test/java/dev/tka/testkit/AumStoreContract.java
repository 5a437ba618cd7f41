package dev.tka.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.EditResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Notes;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What {@link AumStore} owes, for every implementation to extend. */
public abstract class AumStoreContract {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final Instant LATER = NOON.plusSeconds(3600);
  private static final int TIMEOUT_SECONDS = 120;
  private static final int MOST_RACES = 5000;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C -> D[checkpoint] -> E
          B -> X(2) -> Y[remove:1](2)
          X -> Z
          """);

  /** An empty store that no other test sees. */
  protected abstract AumStore newStore() throws Exception;

  /**
   * The same store as another process would open it, for implementations that outlive theirs.
   *
   * @param store what {@link #newStore} returned; it is not used afterwards
   */
  protected AumStore reopen(AumStore store) throws Exception {
    return store;
  }

  /** All that a snapshot shows. */
  private record Content(
      Map<AumHash, List<Object>> entries,
      Map<AumHash, Set<AumHash>> children,
      Map<AumHash, Bytes> bodies,
      Optional<AumHash> lastActiveAncestor,
      List<TrailEntry> trail,
      Notes notes,
      List<Damage> damage) {}

  private static Content contentOf(AumSnapshot snapshot) throws StoreException {
    Map<AumHash, List<Object>> entries = new HashMap<>();
    Map<AumHash, Set<AumHash>> children = new HashMap<>();
    Map<AumHash, Bytes> bodies = new HashMap<>();
    for (AumEntry entry : snapshot.entries()) {
      entries.put(
          entry.hash(),
          List.of(
              entry.parent(), entry.kind(), entry.height(), entry.committedAt(), entry.facts()));
      bodies.put(entry.hash(), snapshot.encoded(entry.hash()));
      assertThat(entry.size()).isEqualTo(snapshot.encoded(entry.hash()).size());
      children.put(entry.hash(), childrenOf(snapshot, entry.hash()));
      entry.parent().ifPresent(parent -> children.put(parent, childrenOf(snapshot, parent)));
    }
    return new Content(
        entries,
        children,
        bodies,
        snapshot.lastActiveAncestor(),
        snapshot.trail().entries(),
        snapshot.notes(),
        snapshot.damage());
  }

  private static Set<AumHash> childrenOf(AumSnapshot snapshot, AumHash parent) {
    List<AumHash> hashes = new ArrayList<>();
    snapshot.children(parent).forEach(entry -> hashes.add(entry.hash()));
    assertThat(hashes).as("children of one AUM").doesNotHaveDuplicates();
    return new HashSet<>(hashes);
  }

  private Set<String> namesIn(AumSnapshot snapshot) {
    Set<String> names = new HashSet<>();
    snapshot.entries().forEach(entry -> names.add(chains.nameOf(entry.hash())));
    return names;
  }

  private AumSnapshot add(AumStore store, Instant at, String names) throws StoreException {
    return store.commit(adding(store, at, names).build());
  }

  private Commit.Builder adding(AumStore store, Instant at, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(aum -> commit.add(aum, at));
    return commit;
  }

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private static AumEntry entry(AumSnapshot snapshot, AumHash hash) {
    Optional<? extends AumEntry> found = snapshot.find(hash);
    assertThat(found).as("entry of " + hash).isPresent();
    return found.orElseThrow();
  }

  @Test
  void aNewStoreHoldsNothing() throws Exception {
    AumSnapshot snapshot = newStore().read();

    assertThat(snapshot.entries()).isEmpty();
    assertThat(snapshot.find(hash("A"))).isEmpty();
    assertThat(snapshot.children(hash("A"))).isEmpty();
    assertThat(snapshot.lastActiveAncestor()).isEmpty();
    assertThat(snapshot.trail().size()).isZero();
    assertThat(snapshot.notes()).isEqualTo(Notes.NONE);
    assertThat(snapshot.damage()).isEmpty();
  }

  @Test
  void oneCommitAddsPurgesAndRecords() throws Exception {
    AumStore store = newStore();
    add(store, NOON, "A B C");

    AumSnapshot returned =
        store.commit(
            Commit.on(store.read().revision())
                .add(chains.get("X"), LATER)
                .purge(hash("A"))
                .lastActiveAncestor(hash("B"))
                .build());

    assertThat(namesIn(returned)).containsExactlyInAnyOrder("B", "C", "X");
    assertThat(returned.lastActiveAncestor()).contains(hash("B"));
    assertThat(contentOf(store.read())).isEqualTo(contentOf(returned));
    assertThat(store.read().revision()).isEqualTo(returned.revision());
  }

  @Test
  void aCommitIsThereWhenTheStoreIsOpenedAgain() throws Exception {
    AumStore store = newStore();
    add(store, NOON, "A B C X");
    Content before =
        contentOf(
            store.commit(
                Commit.on(store.read().revision())
                    .purge(hash("A"))
                    .lastActiveAncestor(hash("B"))
                    .build()));

    AumSnapshot after = reopen(store).read();
    assertThat(contentOf(after).bodies()).isEqualTo(before.bodies());
    assertThat(contentOf(after).children()).isEqualTo(before.children());
    assertThat(after.lastActiveAncestor()).contains(hash("B"));
    assertThat(entry(after, hash("C")).committedAt()).isEqualTo(NOON);
  }

  @Test
  void aCommitOnAStaleRevisionConflictsAndChangesNothing() throws Exception {
    AumStore store = newStore();
    Revision stale = store.read().revision();
    AumSnapshot before = add(store, NOON, "A B");
    Content content = contentOf(before);

    Commit mixed =
        Commit.on(stale)
            .add(chains.get("X"), LATER)
            .purge(hash("A"))
            .lastActiveAncestor(hash("B"))
            .build();

    assertThatThrownBy(() -> store.commit(mixed)).isInstanceOf(StoreException.Conflict.class);
    assertThat(contentOf(store.read())).isEqualTo(content);
    assertThat(store.read().revision()).isEqualTo(before.revision());
    assertThat(contentOf(reopen(store).read()).bodies()).isEqualTo(content.bodies());
  }

  @Test
  void aCommitOnARevisionFromBeforeAWipeConflicts() throws Exception {
    AumStore store = newStore();
    Revision before = add(store, NOON, "A").revision();
    store.wipe();

    assertThatThrownBy(() -> store.commit(Commit.on(before).add(chains.get("B"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(store.read().entries()).isEmpty();
  }

  @Test
  void everyChangeHasARevisionOfItsOwn() throws Exception {
    AumStore store = newStore();
    Set<Revision> seen = new HashSet<>(Set.of(store.read().revision()));
    assertThat(store.read().revision()).isIn(seen);

    for (String names : List.of("A", "B C", "X")) {
      assertThat(seen.add(add(store, NOON, names).revision())).isTrue();
      assertThat(store.read().revision()).isIn(seen);
    }
    store.wipe();
    assertThat(seen.add(store.read().revision())).isTrue();
    assertThat(seen.add(add(store, NOON, "A").revision())).isTrue();
  }

  @Test
  void snapshotsKeepShowingWhatTheyShowed() throws Exception {
    AumStore store = newStore();
    List<AumSnapshot> snapshots = new ArrayList<>(List.of(store.read()));
    // Descendants first, so that heights and children have reason to move under the snapshots.
    snapshots.add(add(store, NOON, "C D"));
    snapshots.add(add(store, NOON, "A"));
    snapshots.add(add(store, NOON, "B X"));
    snapshots.add(
        store.commit(
            Commit.on(store.read().revision())
                .add(chains.get("Y"), LATER)
                .purge(hash("C"))
                .lastActiveAncestor(hash("B"))
                .build()));
    snapshots.add(add(store, LATER, "C Z"));
    List<String> expected = List.of("", "CD", "ACD", "ABCDX", "ABDXY", "ABCDXYZ");
    List<Content> shown = new ArrayList<>();
    for (int i = 0; i < snapshots.size(); i++) {
      shown.add(contentOf(snapshots.get(i)));
      assertThat(String.join("", new TreeSet<>(namesIn(snapshots.get(i)))))
          .isEqualTo(expected.get(i));
    }

    store.wipe();
    add(store, LATER, "A Y");

    for (int i = 0; i < snapshots.size(); i++) {
      assertThat(contentOf(snapshots.get(i))).as("snapshot " + i).isEqualTo(shown.get(i));
      assertThat(snapshots.get(i).find(hash("E"))).isEmpty();
    }
  }

  @Test
  void aSnapshotDoesNotShowWhatTheNextCommitAdds() throws Exception {
    AumStore store = newStore();
    List<AumSnapshot> snapshots = new ArrayList<>();
    for (String name : List.of("A", "B", "C", "X", "D", "E", "Y", "Z")) {
      snapshots.add(add(store, NOON, name));
    }

    List<Integer> childrenOfB = List.of(0, 0, 1, 2, 2, 2, 2, 2);
    List<Integer> childrenOfX = List.of(0, 0, 0, 0, 0, 0, 1, 2);
    for (int i = 0; i < snapshots.size(); i++) {
      assertThat(snapshots.get(i).entries()).hasSize(i + 1);
      assertThat(childrenOf(snapshots.get(i), hash("B"))).hasSize(childrenOfB.get(i));
      assertThat(childrenOf(snapshots.get(i), hash("X"))).hasSize(childrenOfX.get(i));
    }
  }

  @Test
  void anAumOfALaterCommitIsNotInASnapshot() throws Exception {
    AumStore store = newStore();
    AumSnapshot before = add(store, NOON, "A");
    add(store, NOON, "B");

    assertThat(before.find(hash("B"))).isEmpty();
    assertThat(before.children(hash("A"))).isEmpty();
    assertThatThrownBy(() -> before.encoded(hash("B")))
        .isInstanceOf(StoreException.NoSuchAum.class);
    assertThatThrownBy(() -> before.get(hash("B"))).isInstanceOf(StoreException.NoSuchAum.class);
  }

  @Test
  void theOrderOfACommitDoesNotMatter() throws Exception {
    AumSnapshot inOrder = add(newStore(), NOON, "A B C D E X Y Z");
    AumStore store = newStore();
    add(store, NOON, "C Z");
    AumSnapshot reversed = add(store, NOON, "Z Y X E D C B A");

    assertThat(contentOf(reversed)).isEqualTo(contentOf(inOrder));
    assertHeightsFollowParents(reversed);
  }

  @Test
  void addingWhatIsStoredKeepsItsCommitTime() throws Exception {
    AumStore store = newStore();
    Content before = contentOf(add(store, NOON, "A B"));

    AumSnapshot again = add(store, LATER, "A B");
    assertThat(contentOf(again)).isEqualTo(before);

    AumSnapshot more = add(store, LATER, "A B C C");
    assertThat(namesIn(more)).containsExactlyInAnyOrder("A", "B", "C");
    assertThat(entry(more, hash("A")).committedAt()).isEqualTo(NOON);
    assertThat(entry(more, hash("C")).committedAt()).isEqualTo(LATER);
    assertThat(childrenOf(more, hash("B"))).containsExactly(hash("C"));
  }

  @Test
  void commitTimesAreKeptToTheSecond() throws Exception {
    AumStore store = newStore();

    AumSnapshot snapshot = add(store, NOON.plusMillis(999), "A");

    assertThat(entry(snapshot, hash("A")).committedAt()).isEqualTo(NOON);
    assertThat(entry(reopen(store).read(), hash("A")).committedAt()).isEqualTo(NOON);
  }

  @Test
  void purgingAnUnstoredAumChangesNothing() throws Exception {
    AumStore store = newStore();
    Content before = contentOf(add(store, NOON, "A B"));

    AumSnapshot after = store.commit(Commit.on(store.read().revision()).purge(hash("E")).build());

    assertThat(contentOf(after)).isEqualTo(before);
  }

  @Test
  void aPurgedAumIsGoneAndCanComeBack() throws Exception {
    AumStore store = newStore();
    add(store, NOON, "A B C");

    AumSnapshot without = store.commit(Commit.on(store.read().revision()).purge(hash("B")).build());
    assertThat(without.find(hash("B"))).isEmpty();
    assertThat(without.children(hash("A"))).isEmpty();
    assertThat(childrenOf(without, hash("B"))).containsExactly(hash("C"));
    assertThatThrownBy(() -> without.encoded(hash("B")))
        .isInstanceOf(StoreException.NoSuchAum.class);

    AumSnapshot back = add(store, LATER, "B");
    assertThat(back.encoded(hash("B"))).isEqualTo(chains.get("B").encoded());
    assertThat(childrenOf(back, hash("A"))).containsExactly(hash("B"));
    assertThat(childrenOf(back, hash("B"))).containsExactly(hash("C"));
    assertHeightsFollowParents(back);
  }

  @Test
  void anAumIsHandedOutAsTheBytesThatWereCommitted() throws Exception {
    Aum odd =
        Aum.builder(new AumKind(200))
            .parent(hash("A"))
            .key(new Key(255, -1, Optional.empty(), Map.of("", "\u0000é\uD83D\uDE00")))
            .keyId(Bytes.copyOf(new byte[] {0}))
            .votes(1L << 32)
            .signatures(List.of(new AumSignature(Optional.empty(), Optional.of(Bytes.empty()))))
            .build();
    Aum large =
        Aum.builder(AumKind.NO_OP)
            .parent(hash("A"))
            .meta(Map.of("text", "x".repeat(400_000)))
            .build();
    AumStore store = newStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    List<Aum> all = new ArrayList<>(chains.all());
    all.addAll(List.of(odd, large));
    all.forEach(aum -> commit.add(aum, NOON));
    store.commit(commit.build());

    AumSnapshot snapshot = reopen(store).read();
    for (Aum aum : all) {
      assertThat(snapshot.encoded(aum.hash())).isEqualTo(aum.encoded());
      assertThat(snapshot.get(aum.hash()).encoded()).isEqualTo(aum.encoded());
      assertThat(snapshot.get(aum.hash()).hash()).isEqualTo(aum.hash());
      assertThat(entry(snapshot, aum.hash()).kind()).isEqualTo(aum.kind());
    }
  }

  @Test
  void manyBodiesAreHandedOutInTheOrderAsked() throws Exception {
    AumStore store = newStore();
    add(store, NOON, "X A C");
    add(store, NOON, "B Y");
    AumSnapshot snapshot = reopen(store).read();

    for (String names : List.of("A B C X Y", "Y A X", "B B A B", "C", "")) {
      List<Aum> asked = names.isEmpty() ? List.of() : chains.list(names);
      List<AumHash> hashes = asked.stream().map(Aum::hash).toList();
      assertThat(snapshot.encodedAll(hashes)).isEqualTo(asked.stream().map(Aum::encoded).toList());
      assertThat(snapshot.getAll(hashes)).isEqualTo(asked);
    }
  }

  @Test
  void ofManyBodiesTheFirstThatIsNotStoredIsNamed() throws Exception {
    AumStore store = newStore();
    AumSnapshot before = add(store, NOON, "A B C X");
    AumSnapshot after =
        store.commit(adding(store, NOON, "Z").purge(hash("B")).purge(hash("X")).build());

    assertNotStored(before, "A C Z Y", "Z");
    assertNotStored(after, "A C X B", "X");
    assertNotStored(after, "B Z", "B");
    assertThat(before.getAll(List.of(hash("X"), hash("B"))))
        .isEqualTo(List.of(chains.get("X"), chains.get("B")));
  }

  private void assertNotStored(AumSnapshot snapshot, String names, String missing) {
    List<AumHash> hashes = chains.list(names).stream().map(Aum::hash).toList();
    for (ThrowingCallable asking :
        List.<ThrowingCallable>of(
            () -> snapshot.encodedAll(hashes), () -> snapshot.getAll(hashes))) {
      assertThatThrownBy(asking)
          .isInstanceOf(StoreException.NoSuchAum.class)
          .hasMessageContaining(hash(missing).toString());
    }
  }

  @Test
  void whatIsAtTheLimitsIsStoredReadBackAndPurged() throws Exception {
    Aum largest = Largest.AUM;
    AumStore store = newStore();
    AumSnapshot written =
        store.commit(
            Commit.on(store.read().revision())
                .add(chains.get("A"), Limits.EARLIEST_COMMIT)
                .add(largest, Limits.LATEST_COMMIT)
                .build());

    AumStore again = reopen(store);
    AumSnapshot snapshot = again.read();
    assertThat(snapshot.damage()).isEmpty();
    assertThat(entry(snapshot, hash("A")).committedAt()).isEqualTo(Limits.EARLIEST_COMMIT);
    assertThat(entry(snapshot, largest.hash()).committedAt()).isEqualTo(Limits.LATEST_COMMIT);
    assertThat(snapshot.encoded(largest.hash())).isEqualTo(largest.encoded());
    assertThat(snapshot.entries()).hasSameSizeAs(written.entries());

    again.commit(Commit.on(snapshot.revision()).purge(largest.hash()).build());
    assertThat(again.read().damage()).isEmpty();
    assertThat(namesIn(again.read())).containsExactly("A");
  }

  @Test
  void whatIsBeyondTheLimitsIsRefusedAndChangesNothing() throws Exception {
    AumStore store = newStore();
    AumSnapshot before = add(store, NOON, "A");
    Aum tooLong = Largest.ONE_MORE;

    assertThatThrownBy(
            () ->
                store.commit(
                    Commit.on(before.revision())
                        .add(chains.get("B"), NOON)
                        .add(tooLong, NOON)
                        .build()))
        .isInstanceOf(StoreException.OverLimit.class)
        .hasMessage(tooLong.hash() + ": expected at most 16777216 bytes, found 16777217");
    for (Instant wrong :
        List.of(
            Instant.MIN,
            Instant.EPOCH.minusSeconds(1),
            Limits.EARLIEST_COMMIT.minusNanos(1),
            Limits.LATEST_COMMIT.plusSeconds(1),
            Instant.MAX)) {
      assertThatThrownBy(() -> add(store, wrong, "B"))
          .isInstanceOf(StoreException.OverLimit.class)
          .hasMessageContaining("found " + wrong + ": the clock is wrong");
    }
    assertThatThrownBy(
            () ->
                store.commit(
                    Commit.on(before.revision())
                        .ownAums(
                            OwnAums.NONE.aside(List.of(new OwnAums.SetAside(tooLong, NOON, false))))
                        .build()))
        .isInstanceOf(StoreException.OverLimit.class);
    for (AumStore each : List.of(store, reopen(store))) {
      assertThat(contentOf(each.read())).isEqualTo(contentOf(before));
    }
    assertThat(store.read().revision()).isEqualTo(before.revision());
  }

  /** AUMs around the limit, made once for all kinds of stores. */
  private static final class Largest {
    static final Aum AUM = noOpOf(Limits.MAX_AUM_BYTES);
    static final Aum ONE_MORE = noOpOf(Limits.MAX_AUM_BYTES + 1);

    private static Aum noOpOf(int size) {
      Aum exact =
          noOpWith(size - noOpWith(Limits.MAX_AUM_BYTES).encoded().size() + Limits.MAX_AUM_BYTES);
      assertThat(exact.encoded().size()).isEqualTo(size);
      return exact;
    }

    private static Aum noOpWith(int padding) {
      return Aum.builder(AumKind.NO_OP)
          .parent(AumHash.of(new byte[AumHash.SIZE]))
          .meta(Map.of("text", "x".repeat(padding)))
          .build();
    }
  }

  @Test
  void childrenFindAndEntriesAgree() throws Exception {
    AumStore store = newStore();
    add(store, NOON, "A B C D E X Y Z");
    AumSnapshot snapshot =
        store.commit(Commit.on(store.read().revision()).purge(hash("D")).build());

    assertThat(namesIn(snapshot)).containsExactlyInAnyOrder("A", "B", "C", "E", "X", "Y", "Z");
    assertThat(snapshot.entries()).hasSize(7);
    Map<AumHash, Set<AumHash>> expected = new HashMap<>();
    for (AumEntry entry : snapshot.entries()) {
      assertThat(entry.parent()).isEqualTo(snapshot.get(entry.hash()).parent());
      AumEntry found = entry(snapshot, entry.hash());
      assertThat(found.parent()).isEqualTo(entry.parent());
      assertThat(found.height()).isEqualTo(entry.height());
      entry
          .parent()
          .ifPresent(
              parent -> expected.computeIfAbsent(parent, any -> new HashSet<>()).add(entry.hash()));
    }
    for (Aum aum : chains.all()) {
      assertThat(childrenOf(snapshot, aum.hash()))
          .as("children of " + chains.nameOf(aum.hash()))
          .isEqualTo(expected.getOrDefault(aum.hash(), Set.of()));
    }
  }

  private void assertHeightsFollowParents(AumSnapshot snapshot) {
    for (AumEntry entry : snapshot.entries()) {
      entry
          .parent()
          .flatMap(snapshot::find)
          .ifPresent(
              parent ->
                  assertThat(entry.height())
                      .as("height of " + chains.nameOf(entry.hash()))
                      .isEqualTo(parent.height() + 1));
    }
  }

  @Test
  void heightsAreTheParentsPlusOneInWhateverOrderAumsArrive() throws Exception {
    List<List<String>> arrivals =
        List.of(
            List.of("A B", "C X", "D E Y Z"),
            List.of("E", "D", "C", "B", "A", "X Y Z"),
            List.of("Y Z", "D E", "X", "C", "A", "B"),
            // B joins the tree of A and the trees of C and X.
            List.of("A", "C D", "X Y", "B", "E Z"),
            // In one commit, children first.
            List.of("Y Z X D C B A E"));
    for (List<String> arrival : arrivals) {
      AumStore store = newStore();
      for (String names : arrival) {
        assertHeightsFollowParents(add(store, NOON, names));
      }
      AumSnapshot snapshot = reopen(store).read();
      assertThat(snapshot.entries()).hasSize(8);
      assertHeightsFollowParents(snapshot);
      assertThat(childrenOf(snapshot, hash("B"))).containsExactlyInAnyOrder(hash("C"), hash("X"));
    }
  }

  @Test
  void heightsAreTheParentsPlusOneAfterPurges() throws Exception {
    AumStore store = newStore();
    add(store, NOON, "A B C D E X Y Z");
    assertHeightsFollowParents(
        store.commit(Commit.on(store.read().revision()).purge(hash("A")).purge(hash("X")).build()));
    assertHeightsFollowParents(add(store, NOON, "X"));
    assertHeightsFollowParents(add(store, NOON, "A"));
  }

  @Test
  void theLastActiveAncestorStaysUntilItIsReplaced() throws Exception {
    AumStore store = newStore();
    store.commit(
        Commit.on(store.read().revision())
            .add(chains.get("A"), NOON)
            .lastActiveAncestor(hash("A"))
            .build());

    assertThat(add(store, NOON, "B").lastActiveAncestor()).contains(hash("A"));
    AumSnapshot replaced =
        store.commit(Commit.on(store.read().revision()).lastActiveAncestor(hash("E")).build());
    assertThat(replaced.lastActiveAncestor()).contains(hash("E"));
    assertThat(reopen(store).read().lastActiveAncestor()).contains(hash("E"));
  }

  @Test
  void aWipedStoreIsEmptyAndCanBeUsedAgain() throws Exception {
    AumStore store = newStore();
    store.commit(
        Commit.on(store.read().revision())
            .add(chains.get("A"), NOON)
            .lastActiveAncestor(hash("A"))
            .build());

    store.wipe();

    AumSnapshot empty = store.read();
    assertThat(empty.entries()).isEmpty();
    assertThat(empty.lastActiveAncestor()).isEmpty();
    assertThatThrownBy(() -> empty.encoded(hash("A"))).isInstanceOf(StoreException.NoSuchAum.class);
    AumSnapshot again = add(store, LATER, "A");
    assertThat(entry(again, hash("A")).committedAt()).isEqualTo(LATER);
    assertThat(again.lastActiveAncestor()).isEmpty();
  }

  @Test
  void notesStayUntilTheyAreReplaced() throws Exception {
    AumStore store = newStore();
    AumSnapshot before = add(store, NOON, "A");
    OwnAums first =
        new OwnAums(
            Map.of(
                hash("A"),
                new OwnAums.Own(true, Optional.of(new OwnAums.Acknowledged(NOON, LATER))),
                hash("B"),
                new OwnAums.Own(false, Optional.empty())),
            Set.of(hash("C"), hash("D")),
            Optional.of(NOON.plusNanos(1)),
            List.of(
                new OwnAums.SetAside(chains.get("X"), LATER, false),
                new OwnAums.SetAside(chains.get("D"), NOON, true)));
    OwnAums second =
        new OwnAums(
            Map.of(
                hash("B"),
                new OwnAums.Own(false, Optional.of(new OwnAums.Acknowledged(LATER, NOON)))),
            Set.of(),
            Optional.empty(),
            List.of());

    AumSnapshot noted = mark(store, first);
    assertThat(noted.ownAums()).isEqualTo(first);
    assertThat(noted.revision()).isNotEqualTo(before.revision());
    assertThat(noted.ownAums().setAside().get(0).aum().encoded())
        .isEqualTo(chains.get("X").encoded());
    assertThat(add(store, NOON, "B").ownAums()).isEqualTo(first);
    assertThat(reopen(store).read().ownAums()).isEqualTo(first);
    AumSnapshot replaced = mark(store, second);
    assertThat(replaced.ownAums()).isEqualTo(second);
    assertThat(reopen(store).read().ownAums()).isEqualTo(second);
    assertThat(mark(store, OwnAums.NONE).ownAums()).isEqualTo(OwnAums.NONE);
    assertThat(reopen(store).read().ownAums()).isEqualTo(OwnAums.NONE);
    assertThat(before.ownAums()).isEqualTo(OwnAums.NONE);
    assertThat(noted.ownAums()).isEqualTo(first);
    assertThat(replaced.ownAums()).isEqualTo(second);
  }

  private static AumSnapshot mark(AumStore store, OwnAums ownAums) throws StoreException {
    return store.commit(Commit.on(store.read().revision()).ownAums(ownAums).build());
  }

  private final Chains line =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3*1](1,2) -> C[checkpoint](2) -> D[remove:2] -> E[update:3*4](1,3)
          E -> F[checkpoint] -> G -> H[checkpoint](1,3) -> I
          E -> X(3)
          """);

  /** What is remembered of the line's AUMs, as a reader of the drawing tells it. */
  private List<TrailEntry> remembered(String names) {
    List<TrailEntry> entries = new ArrayList<>();
    for (String name : names.split(" ", -1)) {
      entries.add(
          switch (name) {
            case "A" -> remembered("A", List.of(1));
            case "B" -> remembered("B", List.of(1, 2), change(3, 0, 1));
            case "C" -> remembered("C", List.of(2));
            case "D" -> remembered("D", List.of(1), change(2, 1, 0));
            case "E" -> remembered("E", List.of(1, 3), change(3, 1, 4));
            case "F", "G" -> remembered(name, List.of(1));
            default -> throw new IllegalArgumentException(name);
          });
    }
    return entries;
  }

  private static KeyChange change(int key, long before, long after) {
    return new KeyChange(TestKeys.id(key), before, after);
  }

  private TrailEntry remembered(String name, List<Integer> signers, KeyChange... changes) {
    Aum aum = line.get(name);
    return new TrailEntry(
        aum.hash(),
        aum.parent(),
        aum.kind(),
        timeOf(name),
        Optional.empty(),
        Optional.empty(),
        signers.stream().map(TestKeys::id).toList(),
        List.of(changes),
        aum.kind().equals(AumKind.CHECKPOINT) ? Optional.of(aum.encoded()) : Optional.empty());
  }

  private static Instant timeOf(String name) {
    return NOON.plusSeconds(name.charAt(0));
  }

  private AumSnapshot addLine(AumStore store, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    for (String name : names.split(" ", -1)) {
      commit.add(line.get(name), timeOf(name));
    }
    return store.commit(commit.build());
  }

  /** Forgets the old end of the line. */
  private Commit.Builder compact(AumSnapshot base, String names, String oldest) {
    Commit.Builder commit = Commit.on(base.revision()).trail(remembered(names));
    line.list(names).forEach(aum -> commit.purge(aum.hash()));
    return commit.lastActiveAncestor(line.get(oldest).hash());
  }

  @Test
  void purgesLeaveATrail() throws Exception {
    AumStore store = newStore();
    AumSnapshot whole = addLine(store, "A B C D E F G H I X");
    AumSnapshot first = store.commit(compact(whole, "A B", "C").build());
    // X was displaced, and is not part of the trail.
    AumSnapshot second =
        store.commit(compact(first, "C D E", "F").purge(line.get("X").hash()).build());
    AumSnapshot third = store.commit(compact(second, "F G", "H").build());

    assertThat(whole.trail().entries()).isEmpty();
    assertThat(first.trail().entries()).isEqualTo(remembered("A B"));
    assertThat(second.trail().entries()).isEqualTo(remembered("A B C D E"));
    for (AumSnapshot snapshot : List.of(third, store.read(), reopen(store).read())) {
      Trail trail = snapshot.trail();
      assertThat(trail.entries()).isEqualTo(remembered("A B C D E F G"));
      assertThat(trail.size()).isEqualTo(7);
      assertThat(trail.contains(line.get("X").hash())).isFalse();
      assertThat(trail.find(line.get("H").hash())).isEmpty();
      assertThat(trail.checkpoints())
          .containsExactly(line.get("F").hash(), line.get("C").hash(), line.get("A").hash());
      assertThat(trail.after(line.get("E").hash())).isEqualTo(remembered("F G"));
      assertThat(contentOf(snapshot).trail()).isEqualTo(contentOf(third).trail());
      assertThat(snapshot.entries()).hasSize(2);
    }
  }

  @Test
  void theTrailStaysWhenTheHeadGrows() throws Exception {
    AumStore store = newStore();
    addLine(store, "A B C D E F G H");
    store.commit(compact(store.read(), "A B C D E", "F").build());
    assertThat(addLine(store, "I").trail().entries()).isEqualTo(remembered("A B C D E"));
    assertThat(mark(store, aMark()).trail().entries()).isEqualTo(remembered("A B C D E"));
    assertThat(reopen(store).read().trail().entries()).isEqualTo(remembered("A B C D E"));
  }

  private OwnAums aMark() {
    return OwnAums.NONE.made(Map.of(hash("A"), false));
  }

  @Test
  void restoredAumsKeepTheirCommitTimes() throws Exception {
    AumStore store = newStore();
    addLine(store, "A B C D E F G H I");
    AumSnapshot compacted =
        store.commit(compact(store.read(), "A B C D E F G", "H").ownAums(aMark()).build());

    Commit.Builder back = Commit.on(compacted.revision()).cutTrail(line.get("C").hash());
    for (TrailEntry entry : compacted.trail().after(line.get("B").hash())) {
      back.add(line.get(line.nameOf(entry.hash())), entry.committedAt());
    }
    AumSnapshot restored = store.commit(back.lastActiveAncestor(line.get("C").hash()).build());

    for (AumSnapshot snapshot : List.of(restored, reopen(store).read())) {
      assertThat(snapshot.trail().entries()).isEqualTo(remembered("A B"));
      assertThat(snapshot.ownAums()).isEqualTo(aMark());
      assertThat(snapshot.entries()).hasSize(7);
      for (String name : List.of("C", "D", "E", "F", "G", "H", "I")) {
        assertThat(entry(snapshot, line.get(name).hash()).committedAt()).isEqualTo(timeOf(name));
        assertThat(snapshot.get(line.get(name).hash())).isEqualTo(line.get(name));
      }
    }
    assertThat(compacted.trail().entries()).isEqualTo(remembered("A B C D E F G"));
    AumSnapshot again = store.commit(compact(store.read(), "C D E", "F").build());
    assertThat(again.trail().entries()).isEqualTo(remembered("A B C D E"));
    assertThat(restored.trail().entries()).isEqualTo(remembered("A B"));
  }

  @Test
  void aStaleCommitLeavesTrailAndNotesAsTheyWere() throws Exception {
    AumStore store = newStore();
    AumSnapshot stale = addLine(store, "A B C D E F G H");
    AumSnapshot noted = mark(store, aMark());
    AumSnapshot before = store.commit(compact(noted, "A B", "C").build());
    Content content = contentOf(before);

    assertThatThrownBy(
            () -> store.commit(compact(stale, "C D E", "F").ownAums(OwnAums.NONE).build()))
        .isInstanceOf(StoreException.Conflict.class);

    assertThat(contentOf(store.read())).isEqualTo(content);
    assertThat(store.read().revision()).isEqualTo(before.revision());
    AumSnapshot after = reopen(store).read();
    assertThat(after.trail().entries()).isEqualTo(remembered("A B"));
    assertThat(after.ownAums()).isEqualTo(aMark());
  }

  @Test
  void aWipeForgetsTrailAndNotes() throws Exception {
    AumStore store = newStore();
    addLine(store, "A B C D");
    AumSnapshot before =
        store.commit(
            compact(store.read(), "A B", "C")
                .ownAums(aMark())
                .time(OwnTime.beginning(NOON))
                .inherits(line.get("C").hash(), INHERITED)
                .build());

    store.wipe();

    for (AumSnapshot snapshot : List.of(store.read(), reopen(store).read())) {
      assertThat(snapshot.trail().entries()).isEmpty();
      assertThat(snapshot.notes()).isEqualTo(Notes.NONE);
    }
    assertThat(addLine(store, "C D").trail().entries()).isEmpty();
    assertThat(before.trail().entries()).isEqualTo(remembered("A B"));
    assertThat(before.ownAums()).isEqualTo(aMark());
  }

  /** The facts that a store keeps of those noted about an AUM: by default, as they were noted. */
  protected Optional<AumFacts> kept(Aum aum, AumFacts noted) {
    return Optional.of(noted);
  }

  /** The facts that a directory keeps: those that can matter, without what the AUM itself says. */
  protected static Optional<AumFacts> keptByDirectories(Aum aum, AumFacts noted) {
    boolean decides = !noted.changes().isEmpty() || aum.kind().isCheckpoint();
    return Optional.of(AumFacts.of(aum, noted.changes(), noted.own(), noted.reference()))
        .filter(any -> decides);
  }

  @Test
  void factsAreKeptAsTheyWereNoted() throws Exception {
    AumStore store = newStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    AumFacts full =
        new AumFacts(
            LATER,
            Optional.of(NOON),
            List.of(change(1, 2, 0), change(3, 0, 4096)),
            List.of(TestKeys.id(2), TestKeys.id(1)));
    AumFacts few = new AumFacts(NOON, Optional.empty(), List.of(), List.of());
    commit.add(new Commit.Addition(chains.get("A"), NOON, Optional.of(full)));
    commit.add(new Commit.Addition(chains.get("B"), NOON, Optional.of(few)));
    commit.add(chains.get("C"), NOON);
    store.commit(commit.build());
    // What is stored stays as it is.
    AumSnapshot added =
        store.commit(
            Commit.on(store.read().revision())
                .add(new Commit.Addition(chains.get("A"), LATER, Optional.of(few)))
                .add(new Commit.Addition(chains.get("X"), NOON, Optional.of(few)))
                .purge(hash("C"))
                .build());

    for (AumSnapshot snapshot : List.of(added, store.read(), reopen(store).read())) {
      assertThat(entry(snapshot, hash("A")).facts()).isEqualTo(kept(chains.get("A"), full));
      assertThat(entry(snapshot, hash("B")).facts()).isEqualTo(kept(chains.get("B"), few));
      assertThat(entry(snapshot, hash("X")).facts()).isEqualTo(kept(chains.get("X"), few));
      assertThat(contentOf(snapshot).entries()).isEqualTo(contentOf(added).entries());
    }
    AumSnapshot back = add(store, LATER, "C");
    assertThat(entry(back, hash("C")).facts()).isEmpty();
    assertThat(entry(reopen(store).read(), hash("C")).facts()).isEmpty();
  }

  /** What was noted about an AUM of the line, and what the trail remembers of it. */
  private AumFacts factsOf(TrailEntry entry) {
    Aum aum = line.get(line.nameOf(entry.hash()));
    Instant own = entry.committedAt().minusSeconds(7);
    return AumFacts.of(aum, entry.changes(), own, Optional.of(own.minusSeconds(60)));
  }

  private List<TrailEntry> rememberedWithFacts(String names) {
    return remembered(names).stream()
        .map(
            entry ->
                TrailEntry.of(
                    line.get(line.nameOf(entry.hash())),
                    entry.changes(),
                    entry.committedAt(),
                    kept(line.get(line.nameOf(entry.hash())), factsOf(entry))))
        .toList();
  }

  @Test
  void theTrailKeepsFactsAndGivesThemBack() throws Exception {
    AumStore store = newStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    for (TrailEntry entry : remembered("A B C D E F G")) {
      commit.add(
          new Commit.Addition(
              line.get(line.nameOf(entry.hash())),
              entry.committedAt(),
              Optional.of(factsOf(entry))));
    }
    commit.add(line.get("H"), timeOf("H"));
    AumSnapshot whole = store.commit(commit.build());
    AumSnapshot compacted =
        store.commit(
            compact(whole, "A B C D E F G", "H")
                .trail(rememberedWithFacts("A B C D E F G"))
                .build());
    for (AumSnapshot snapshot : List.of(compacted, store.read(), reopen(store).read())) {
      assertThat(snapshot.trail().entries()).isEqualTo(rememberedWithFacts("A B C D E F G"));
    }

    Commit.Builder back = Commit.on(compacted.revision()).cutTrail(line.get("C").hash());
    for (TrailEntry entry : remembered("C D E F G")) {
      back.add(
          new Commit.Addition(
              line.get(line.nameOf(entry.hash())),
              entry.committedAt(),
              Optional.of(factsOf(entry))));
    }
    AumSnapshot restored = store.commit(back.lastActiveAncestor(line.get("C").hash()).build());
    for (AumSnapshot snapshot : List.of(restored, store.read(), reopen(store).read())) {
      assertThat(snapshot.trail().entries()).isEqualTo(rememberedWithFacts("A B"));
      for (TrailEntry entry : remembered("C D E F G")) {
        assertThat(entry(snapshot, entry.hash()).facts())
            .isEqualTo(kept(line.get(line.nameOf(entry.hash())), factsOf(entry)));
      }
    }

    // Other entries take the places of those that were cut off.
    store.commit(compact(store.read(), "C D E", "F").trail(rememberedWithFacts("C D E")).build());
    assertThat(reopen(store).read().trail().entries()).isEqualTo(rememberedWithFacts("A B C D E"));
  }

  @Test
  void theNoteOnOwnTimeStaysUntilItIsReplaced() throws Exception {
    AumStore store = newStore();
    AumSnapshot before = add(store, NOON, "A");
    OwnTime first = new OwnTime(NOON, NOON.plusSeconds(1), LATER, NOON.minusSeconds(9));
    OwnTime second = first.noted(LATER, NOON);

    AumSnapshot noted = store.commit(Commit.on(before.revision()).time(first).build());
    assertThat(noted.notes().time()).contains(first);
    assertThat(noted.revision()).isNotEqualTo(before.revision());
    assertThat(reopen(store).read().notes().time()).contains(first);
    assertThat(add(store, NOON, "B").notes().time()).contains(first);
    assertThat(mark(store, aMark()).notes().time()).contains(first);
    AumSnapshot replaced = store.commit(adding(store, NOON, "C").time(second).build());
    assertThat(replaced.notes()).isEqualTo(new Notes(aMark(), Optional.of(second), Map.of()));
    assertThat(reopen(store).read().notes()).isEqualTo(replaced.notes());
    assertThat(noted.notes().time()).contains(first);
    assertThat(before.notes().time()).isEmpty();
  }

  private static AumHash aHash(int first) {
    byte[] bytes = new byte[AumHash.SIZE];
    bytes[0] = (byte) first;
    return AumHash.of(bytes);
  }

  private static final List<Inherited> INHERITED =
      List.of(
          new Inherited(
              TestKeys.id(2),
              Instant.ofEpochSecond(7),
              true,
              Optional.of(new Inherited.Final(aHash(1), 0, 3)),
              Optional.empty(),
              Optional.empty(),
              Optional.of(
                  new Inherited.Standing(
                      aHash(2),
                      1,
                      Duration.ofDays(3),
                      NOON,
                      Set.of(TestKeys.id(1), TestKeys.id(3)))),
              Optional.of(aHash(1))));

  @Test
  void whatARewriteInheritsStaysAsLongAsTheRewriteIsKnown() throws Exception {
    AumStore store = newStore();
    AumHash first = line.get("B").hash();
    AumHash second = line.get("X").hash();
    AumSnapshot before =
        store.commit(
            Commit.on(addLine(store, "A B C D E F G H I X").revision())
                .inherits(first, INHERITED)
                .inherits(second, List.of())
                .build());
    assertThat(before.notes().inherited())
        .isEqualTo(Map.of(first, INHERITED, second, List.<Inherited>of()));
    assertThat(reopen(store).read().notes()).isEqualTo(before.notes());

    AumSnapshot replaced =
        store.commit(Commit.on(store.read().revision()).inherits(second, INHERITED).build());
    assertThat(replaced.notes().inherited()).containsEntry(second, INHERITED);
    assertThat(reopen(store).read().notes()).isEqualTo(replaced.notes());

    // The trail remembers B.
    AumSnapshot compacted =
        store.commit(compact(store.read(), "A B C D E", "F").purge(List.of(second)).build());
    for (AumSnapshot snapshot : List.of(compacted, store.read(), reopen(store).read())) {
      assertThat(snapshot.notes().inherited()).isEqualTo(Map.of(first, INHERITED));
    }
    assertThat(before.notes().inherited()).containsEntry(second, List.of());
  }

  @Test
  void purgedAumsAreTheCommittedOnes() throws Exception {
    AumStore store = newStore();
    addLine(store, "A B C D");
    AumSnapshot compacted = store.commit(compact(store.read(), "A B", "C").build());
    for (String name : List.of("A", "B", "C", "D", "X")) {
      Optional<Commit.Addition> purged = compacted.purged(line.get(name).hash());
      assertThat(purged.map(Commit.Addition::committedAt))
          .isIn(Optional.empty(), Optional.of(timeOf(name)));
      purged.ifPresent(addition -> assertThat(addition.aum()).isEqualTo(line.get(name)));
      if (!List.of("A", "B").contains(name)) {
        assertThat(purged).as(name).isEmpty();
      }
    }
  }

  @Test
  void readersSeeOnlyWholeCommits() throws Exception {
    int commits = 100;
    int readers = 4;
    AumStore store = newStore();
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService pool = Executors.newFixedThreadPool(readers);
    try {
      List<Future<Integer>> results = new ArrayList<>();
      for (int i = 0; i < readers; i++) {
        results.add(pool.submit(() -> readUntil(done, store)));
      }
      // Every commit adds a parent and its child, and forgets the pair from before but two.
      List<Aum> pairs = new ArrayList<>();
      Aum last = chains.get("A");
      for (int i = 0; i < commits; i++) {
        Aum parent = Chains.noOp(last, "parent " + i, 1);
        Aum child = Chains.noOp(parent, "child " + i, 1);
        Commit.Builder commit =
            Commit.on(store.read().revision())
                .add(parent, NOON)
                .add(child, NOON)
                .lastActiveAncestor(parent.hash());
        if (i >= 3) {
          commit.purge(pairs.get(2 * i - 6).hash()).purge(pairs.get(2 * i - 5).hash());
        }
        store.commit(commit.build());
        pairs.addAll(List.of(parent, child));
        last = child;
      }
      done.set(true);
      for (Future<Integer> result : results) {
        assertThat(result.get(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isPositive();
      }
    } finally {
      done.set(true);
      pool.shutdownNow();
    }
  }

  private static int readUntil(AtomicBoolean done, AumStore store) throws StoreException {
    int reads = 0;
    boolean last = false;
    while (!last) {
      last = done.get();
      AumSnapshot snapshot = store.read();
      int size = snapshot.entries().size();
      assertThat(size).isIn(0, 2, 4, 6);
      if (size > 0) {
        AumHash newest = snapshot.lastActiveAncestor().orElseThrow();
        assertThat(snapshot.children(newest)).hasSize(1);
        AumHash child = snapshot.children(newest).get(0).hash();
        assertThat(snapshot.children(child)).isEmpty();
        assertThat(snapshot.get(child).parent()).contains(newest);
      }
      for (AumEntry entry : snapshot.entries()) {
        assertThat(snapshot.get(entry.hash()).parent()).isEqualTo(entry.parent());
        assertThat(snapshot.find(entry.hash())).isPresent();
      }
      reads++;
    }
    return reads;
  }

  @Test
  void ofTwoWritersExactlyOneWinsEachRevision() throws Exception {
    AumStore store = newStore();
    CyclicBarrier barrier = new CyclicBarrier(2);
    ExecutorService pool = Executors.newFixedThreadPool(2);
    List<Map<Revision, Aum>> wins = new ArrayList<>();
    try {
      List<Future<Map<Revision, Aum>>> racers = new ArrayList<>();
      for (String writer : List.of("one", "two")) {
        Callable<Map<Revision, Aum>> race =
            () -> {
              barrier.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
              return winsOf(writer, store);
            };
        racers.add(pool.submit(race));
      }
      for (Future<Map<Revision, Aum>> racer : racers) {
        wins.add(racer.get(TIMEOUT_SECONDS, TimeUnit.SECONDS));
      }
    } finally {
      pool.shutdownNow();
    }

    assertThat(wins.get(0)).doesNotContainKeys(wins.get(1).keySet().toArray(new Revision[0]));
    Set<AumHash> won = new HashSet<>();
    wins.forEach(each -> each.values().forEach(aum -> won.add(aum.hash())));
    Set<AumHash> stored = new HashSet<>();
    store.read().entries().forEach(entry -> stored.add(entry.hash()));
    assertThat(stored).isEqualTo(won).isNotEmpty();
  }

  @Test
  void editsByManyAuthorsAtOnceAllSucceed() throws Exception {
    AumStore store = newStore();
    add(store, NOON, "A");
    int authors = 8;
    CyclicBarrier barrier = new CyclicBarrier(authors);
    ExecutorService pool = Executors.newFixedThreadPool(authors);
    List<Key> added = new ArrayList<>();
    try {
      List<Future<EditResult>> edits = new ArrayList<>();
      for (int i = 0; i < authors; i++) {
        Key key = TestKeys.key(10 + i, 1);
        added.add(key);
        // Each with an authority of its own, as in a process of its own.
        LiveAuthority live = LiveAuthority.open(store, AdmissionPolicy.CONTROL, new FakeClock());
        edits.add(
            pool.submit(
                () -> {
                  barrier.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
                  return live.edit(TestKeys.privateKey(1), builder -> builder.addKey(key));
                }));
      }
      for (Future<EditResult> edit : edits) {
        assertThat(edit.get(TIMEOUT_SECONDS, TimeUnit.SECONDS).batch().updates()).hasSize(1);
      }
    } finally {
      pool.shutdownNow();
    }

    Authority after = Authority.open(store);
    assertThat(after.state().keys()).containsAll(added).hasSize(2 + authors);
    assertThat(after.snapshot().entries()).hasSize(1 + authors);
  }

  /** Commits as fast as it can for a second; returns what was committed on which revision. */
  private Map<Revision, Aum> winsOf(String writer, AumStore store) throws StoreException {
    Map<Revision, Aum> wins = new HashMap<>();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    for (int i = 0; i < MOST_RACES && System.nanoTime() < end; i++) {
      Aum aum =
          Aum.builder(AumKind.NO_OP).parent(hash("A")).meta(Map.of("name", writer + i)).build();
      Revision base = store.read().revision();
      try {
        store.commit(Commit.on(base).add(aum, NOON).build());
        wins.put(base, aum);
      } catch (StoreException.Conflict e) {
        // The other was first, and its AUM stands for this revision.
      }
    }
    return wins;
  }
}
