package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Notes;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What a place owes that keeps any number of tailnets and that several processes use at once, for
 * every implementation to extend. It comes besides {@link TailnetsContract}, and besides {@link
 * dev.tka.testkit.AumStoreContract} for each tailnet.
 */
public abstract class DatabaseContract {
  protected static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private static final OwnTime TIME =
      new OwnTime(NOON, NOON.plusSeconds(1), NOON.plusSeconds(2), NOON.minusSeconds(1));

  private static final AumFacts FACTS =
      new AumFacts(
          NOON.minusSeconds(1),
          Optional.of(NOON.minusSeconds(2)),
          List.of(new KeyChange(TestKeys.id(2), 1, 0)),
          List.of(TestKeys.id(1)));

  protected final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C -> D[checkpoint] -> E
          B -> X(2) -> Y
          """);

  private final List<Tailnets> open = new ArrayList<>();

  /** The one place of this test, made if it is not there, as a process opens it. */
  protected abstract Tailnets create() throws Exception;

  /** The place, which is there, as another process opens it. */
  protected abstract Tailnets at() throws Exception;

  /** Copies the place aside, so that it can be put back while it is in use. */
  protected abstract Backup backUp() throws Exception;

  /** Checks how many commits led to a revision, for places whose revisions tell. */
  protected void requireCommits(Revision revision, long commits) {}

  /** Closes a place after the test. */
  protected final <T extends Tailnets> T opened(T place) {
    open.add(place);
    return place;
  }

  @AfterEach
  void closeAll() {
    open.forEach(Tailnets::close);
  }

  protected final Commit.Builder adding(AumStore store, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    if (!names.isEmpty()) {
      chains.list(names).forEach(aum -> commit.add(aum, NOON));
    }
    return commit;
  }

  protected final AumSnapshot add(AumStore store, String names) throws StoreException {
    return store.commit(adding(store, names).build());
  }

  protected final String namesIn(AumSnapshot snapshot) {
    Set<String> names = new TreeSet<>();
    snapshot.entries().forEach(entry -> names.add(chains.nameOf(entry.hash())));
    return String.join("", names);
  }

  protected final AumHash hash(String name) {
    return chains.get(name).hash();
  }

  /** A commit that changes all that a store keeps. */
  protected final Commit everything(AumStore store) throws StoreException {
    return adding(store, "X")
        .add(new Commit.Addition(chains.get("Y"), NOON, Optional.of(FACTS)))
        .purge(hash("A"))
        .lastActiveAncestor(hash("B"))
        .cutTrail(hash("A"))
        .trail(List.of(entry("A")))
        .ownAums(
            new OwnAums(
                Map.of(
                    hash("X"),
                    new OwnAums.Own(true, Optional.empty()),
                    hash("Y"),
                    new OwnAums.Own(
                        false, Optional.of(new OwnAums.Acknowledged(NOON, NOON.minusSeconds(5))))),
                Set.of(hash("C")),
                Optional.of(NOON),
                List.of(new OwnAums.SetAside(chains.get("E"), NOON, true))))
        .time(TIME)
        .inherits(hash("X"), List.of(inherited(1)))
        .build();
  }

  /** What a rewrite keeps for one key. */
  protected final Inherited inherited(int key) {
    return new Inherited(
        TestKeys.id(key),
        Instant.ofEpochSecond(7),
        false,
        Optional.of(new Inherited.Final(hash("C"), 0, 1)),
        Optional.empty(),
        Optional.empty(),
        Optional.of(
            new Inherited.Standing(
                hash("C"), 1, Duration.ofHours(1), NOON, Set.of(TestKeys.id(2)))),
        Optional.of(hash("C")));
  }

  protected final TrailEntry entry(String name) {
    Aum aum = chains.get(name);
    return new TrailEntry(
        aum.hash(),
        aum.parent(),
        aum.kind(),
        NOON,
        Optional.of(NOON.minusSeconds(3)),
        Optional.of(NOON.minusSeconds(4)),
        List.of(TestKeys.id(1)),
        List.of(
            new KeyChange(TestKeys.id(3), 4, 2),
            new KeyChange(TestKeys.id(2), 0, 5),
            new KeyChange(Bytes.empty(), 0, 6)),
        Optional.of(aum.encoded()));
  }

  @Test
  void tailnetsDoNotSeeOneAnother() throws Exception {
    Tailnets place = create();
    AumStore one = place.tailnet("one");
    AumStore two = place.tailnet("two");
    add(one, "A B");
    AumSnapshot before = add(two, "A B C");

    one.commit(everything(one));
    one.wipe();

    assertThat(two.read().revision()).isEqualTo(before.revision());
    assertThat(namesIn(two.read())).isEqualTo("ABC");
    assertThat(namesIn(at().tailnet("two").read())).isEqualTo("ABC");
    assertThat(place.tailnet("three").read().entries()).isEmpty();
  }

  @Test
  void severalHandlesFollowOneAnother() throws Exception {
    AumStore one = create().tailnet("t");
    AumStore other = at().tailnet("t");
    AumSnapshot seen = add(one, "A B");
    assertThat(namesIn(other.read())).isEqualTo("AB");

    add(other, "C X");
    AumSnapshot grown = one.read();
    assertThat(namesIn(grown)).isEqualTo("ABCX");
    assertThat(grown.find(hash("C")).orElseThrow().height())
        .isEqualTo(grown.find(hash("B")).orElseThrow().height() + 1);
    assertThat(grown.get(hash("C"))).isEqualTo(chains.get("C"));
    assertThat(namesIn(seen)).isEqualTo("AB");

    assertThatThrownBy(
            () -> other.commit(Commit.on(seen.revision()).add(chains.get("D"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);

    AumSnapshot rewritten = one.commit(everything(one));
    AumSnapshot read = other.read();
    assertThat(namesIn(read)).isEqualTo("BCXY").isEqualTo(namesIn(rewritten));
    assertThat(read.notes()).isEqualTo(rewritten.notes());
    assertThat(read.notes().time()).contains(TIME);
    assertThat(read.notes().inherited()).isEqualTo(Map.of(hash("X"), List.of(inherited(1))));
    assertThat(read.ownAums().isRevocation(hash("X"))).isTrue();
    assertThat(read.ownAums().elsewhere()).containsExactly(hash("C"));
    assertThat(read.find(hash("Y")).orElseThrow().facts()).contains(FACTS);
    assertThat(read.find(hash("Y")).orElseThrow().size())
        .isEqualTo(chains.get("Y").encoded().size());
    assertThat(read.trail().entries()).isEqualTo(List.of(entry("A")));
    assertThat(read.lastActiveAncestor()).contains(hash("B"));
    assertThat(read.revision()).isEqualTo(rewritten.revision());

    add(other, "D");
    one.wipe();
    assertThat(other.read().entries()).isEmpty();
    assertThat(other.read().notes()).isEqualTo(Notes.NONE);
    assertThat(grown.get(hash("A"))).isEqualTo(chains.get("A"));
  }

  @Test
  void aNoteOnOwnTimeAloneIsSeenByOthers() throws Exception {
    AumStore one = create().tailnet("t");
    AumStore other = at().tailnet("t");
    add(one, "A B");
    AumSnapshot seen = other.read();
    for (int i = 0; i < 3; i++) {
      OwnTime time = OwnTime.beginning(NOON.plusSeconds(i));
      AumSnapshot noted = one.commit(Commit.on(one.read().revision()).time(time).build());
      assertThat(other.read().notes().time()).contains(time);
      assertThat(other.read().revision()).isEqualTo(noted.revision());
      add(other, i == 0 ? "C" : i == 1 ? "X" : "Y");
      assertThat(one.read().notes().time()).contains(time);
    }
    assertThat(namesIn(one.read())).isEqualTo("ABCXY");
    assertThat(seen.notes().time()).isEmpty();
    AumSnapshot same =
        one.commit(adding(one, "").time(OwnTime.beginning(NOON.plusSeconds(2))).build());
    assertThat(same.notes()).isEqualTo(other.read().notes());
  }

  @Test
  void tailnetsHaveNames() throws Exception {
    Tailnets place = create();
    assertThatThrownBy(() -> place.tailnet("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> place.tailnet("x".repeat(Tailnets.LONGEST_NAME + 1)))
        .isInstanceOf(IllegalArgumentException.class);
    for (String each : List.of("a\0b", "a\ud800", "\udc00a")) {
      assertThatThrownBy(() -> place.tailnet(each)).isInstanceOf(IllegalArgumentException.class);
    }
    String odd = "x".repeat(Tailnets.LONGEST_NAME - 5) + "' é\"!";
    add(place.tailnet(odd), "A B");
    assertThat(namesIn(at().tailnet(odd).read())).isEqualTo("AB");
    for (String each : List.of("a/b", "..", " a", "a\u202eb", "a\nb")) {
      AumStore none = place.tailnet(each);
      assertThat(none.read().entries()).as("what stands is served").isEmpty();
      assertThatThrownBy(() -> add(none, "A")).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(at().revisions()).containsOnlyKeys(odd);
  }

  @Test
  void writersOfManyTailnetsInTwoHandlesLoseNothing() throws Exception {
    int writers = 8;
    int commits = 20;
    List<Tailnets> places = List.of(create(), at());
    ExecutorService pool = Executors.newFixedThreadPool(writers);
    try {
      List<Future<?>> results = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        int number = i;
        results.add(
            pool.submit(
                () -> {
                  AumStore store = places.get(number % 2).tailnet("tailnet " + number / 4);
                  for (int done = 0; done < commits; ) {
                    Aum aum = Chains.noOp(chains.get("A"), number + " " + done, 1);
                    try {
                      store.commit(Commit.on(store.read().revision()).add(aum, NOON).build());
                      done++;
                    } catch (StoreException.Conflict e) {
                      // Another was first; again.
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> result : results) {
        result.get(120, TimeUnit.SECONDS);
      }
    } finally {
      pool.shutdownNow();
    }
    for (int tailnet = 0; tailnet < 2; tailnet++) {
      for (Tailnets place : places) {
        assertThat(place.tailnet("tailnet " + tailnet).read().entries()).hasSize(4 * commits);
      }
    }
  }

  @Test
  void twoWhoBeginOneTailnetMeet() throws Exception {
    List<Tailnets> places = List.of(create(), at());
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      for (int i = 0; i < 30; i++) {
        String name = "tailnet " + i;
        List<AumStore> stores = new ArrayList<>();
        List<Commit> commits = new ArrayList<>();
        for (Tailnets place : places) {
          AumStore store = place.tailnet(name);
          commits.add(adding(store, stores.isEmpty() ? "A" : "A B").build());
          stores.add(store);
        }
        List<Future<String>> results = new ArrayList<>();
        for (int j = 0; j < 2; j++) {
          AumStore store = stores.get(j);
          Commit commit = commits.get(j);
          results.add(
              pool.submit(
                  () -> {
                    try {
                      return namesIn(store.commit(commit));
                    } catch (StoreException.Conflict e) {
                      return "";
                    }
                  }));
        }
        String done = results.get(0).get() + results.get(1).get();
        assertThat(done).isIn("A", "AB");
        assertThat(namesIn(places.get(1).tailnet(name).read())).isEqualTo(done);
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(places.get(0).revisions()).hasSize(30);
    places.get(0).revisions().values().forEach(revision -> requireCommits(revision, 1));
  }

  @Test
  void readersOfRewritesSeeWholeCommits() throws Exception {
    List<Tailnets> places = List.of(create(), at());
    add(places.get(0).tailnet("t"), "A");
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> results = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        AumStore store = places.get(i % 2).tailnet("t");
        String label = "writer " + i;
        results.add(
            pool.submit(
                () -> {
                  for (int done = 0; done < 40; ) {
                    AumSnapshot base = store.read();
                    // Every table's rows are replaced: rows of two commits do not add up.
                    Aum next = Chains.noOp(chains.get("A"), label + " " + done, 1);
                    Commit.Builder commit =
                        Commit.on(base.revision())
                            .add(next, NOON)
                            .ownAums(
                                new OwnAums(
                                    Map.of(next.hash(), new OwnAums.Own(true, Optional.empty())),
                                    Set.of(next.hash()),
                                    Optional.of(NOON.plusSeconds(done)),
                                    List.of(new OwnAums.SetAside(next, NOON, false))))
                            .time(OwnTime.beginning(NOON.plusSeconds(done)))
                            .inherits(next.hash(), List.of(inherited(2)));
                    base.entries().stream()
                        .filter(entry -> !entry.hash().equals(hash("A")))
                        .forEach(entry -> commit.purge(entry.hash()));
                    try {
                      store.commit(commit.build());
                      done++;
                    } catch (StoreException.Conflict e) {
                      // Another was first; again.
                    }
                    assertThat(store.read().entries()).hasSize(2);
                  }
                  return null;
                }));
      }
      for (Future<?> result : results) {
        result.get(120, TimeUnit.SECONDS);
      }
    } finally {
      pool.shutdownNow();
    }
    AumSnapshot last = at().tailnet("t").read();
    assertThat(last.entries()).hasSize(2);
    AumHash newest = last.ownAums().elsewhere().iterator().next();
    assertThat(last.ownAums().isRevocation(newest)).isTrue();
    assertThat(last.notes().inherited()).isEqualTo(Map.of(newest, List.of(inherited(2))));
    requireCommits(last.revision(), 161);
  }

  @Test
  void aPlaceThatIsPutBackIsReadAndToldAsItIs() throws Exception {
    Tailnets place = create();
    Tailnets other = at();
    Told told = new Told();
    place.watch(told);
    AumStore here = place.tailnet("kept");
    AumStore there = other.tailnet("kept");
    Revision before = add(here, "A B").revision();
    told.awaitExactly(Map.of("kept", before));

    Backup backup = backUp();
    AumSnapshot undone = add(there, "C");
    Revision begun = add(other.tailnet("begun"), "A").revision();
    assertThat(namesIn(here.read())).isEqualTo("ABC");
    told.awaitExactly(Map.of("kept", undone.revision(), "begun", begun));
    backup.putBack();

    told.awaitExactly(Map.of("kept", before));
    for (AumStore each : List.of(here, there)) {
      assertThat(namesIn(each.read())).isEqualTo("AB");
      assertThat(each.read().revision()).isEqualTo(before);
    }
    assertThat(other.tailnet("begun").read().revision()).isEqualTo(Tailnets.NO_COMMIT);
    assertThat(place.revisions()).isEqualTo(Map.of("kept", before));

    // As many commits as before, but others.
    Revision instead = add(here, "X").revision();
    assertThat(instead).isNotEqualTo(undone.revision());
    told.awaitExactly(Map.of("kept", instead));
    assertThat(namesIn(there.read())).isEqualTo("ABX");
    assertThatThrownBy(
            () -> there.commit(Commit.on(undone.revision()).add(chains.get("D"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);

    // Nothing was told in between.
    backup.putBack();
    add(there, "C");
    assertThat(namesIn(here.read())).isEqualTo("ABC");
    backup.putBack();
    told.awaitCaughtUp(System.nanoTime());
    told.awaitExactly(Map.of("kept", before));
    assertThat(namesIn(here.read())).isEqualTo("AB");
  }

  @Test
  void aClosedPlaceTellsNothing() throws Exception {
    Tailnets place = create();
    Tailnets other = at();
    Told told = new Told();
    place.watch(told);
    told.awaitCaughtUp(System.nanoTime());
    place.close();
    long calls = told.calls();
    add(other.tailnet("t"), "A");
    Thread.sleep(700);
    assertThat(told.calls() - calls).isLessThanOrEqualTo(1);
    assertThat(told.losses()).isEmpty();
    assertThatThrownBy(() -> place.watch(told)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(place::revisions).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> place.tailnet("t").read()).isInstanceOf(IllegalStateException.class);
  }
}
