package dev.tka.store.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The contract of {@link Tailnets}, for every implementation to extend. */
public abstract class TailnetsContract {
  /** The tailnets that the tests use. */
  public static final List<String> NAMES = List.of("one", "two", "three");

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> C -> D -> E -> F -> G");
  private final List<Tailnets> open = new ArrayList<>();

  /**
   * A place that no other test sees, with at least the tailnets of {@link #NAMES}, all empty. A
   * second call opens the same place as another process would.
   */
  protected abstract Tailnets place() throws Exception;

  private Tailnets opened() throws Exception {
    Tailnets place = place();
    open.add(place);
    return place;
  }

  @AfterEach
  void close() {
    open.forEach(Tailnets::close);
  }

  private AumSnapshot add(AumStore store, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(aum -> commit.add(aum, FakeClock.START));
    return store.commit(commit.build());
  }

  private String namesIn(AumStore store) throws StoreException {
    TreeSet<String> names = new TreeSet<>();
    store.read().entries().forEach(entry -> names.add(chains.nameOf(entry.hash())));
    return String.join("", names);
  }

  /** Records every report to a watcher. */
  private static final class Heard implements Tailnets.Watcher {
    /** What the reports said of each tailnet, without repetitions. */
    private final Map<String, List<Revision>> changes = new HashMap<>();

    private Map<String, Revision> newest = Map.of();
    private final List<Thread> callers = new ArrayList<>();
    private long caughtUp = Long.MIN_VALUE;
    private final List<Object> problems = new ArrayList<>();
    private boolean overlapped;
    private boolean inCall;

    private synchronized void enter() {
      overlapped |= inCall;
      inCall = true;
      if (!callers.contains(Thread.currentThread())) {
        callers.add(Thread.currentThread());
      }
    }

    private synchronized void leave() {
      inCall = false;
      notifyAll();
    }

    @Override
    public void found(Map<String, Revision> revisions) {
      enter();
      synchronized (this) {
        newest = Map.copyOf(revisions);
        revisions.forEach(
            (tailnet, revision) -> {
              List<Revision> before = changes.computeIfAbsent(tailnet, any -> new ArrayList<>());
              if (before.isEmpty() || !before.get(before.size() - 1).equals(revision)) {
                before.add(revision);
              }
            });
      }
      leave();
    }

    @Override
    public void caughtUp(long moment) {
      enter();
      synchronized (this) {
        if (moment - System.nanoTime() > 0) {
          problems.add("caught up with a future moment");
        }
        caughtUp = moment;
      }
      leave();
    }

    @Override
    public void lost(StoreException why) {
      enter();
      synchronized (this) {
        problems.add(why);
      }
      leave();
    }

    /** Returns when all commits made before this call have been reported. */
    synchronized void catchUp() throws InterruptedException {
      long now = System.nanoTime();
      while (caughtUp == Long.MIN_VALUE || caughtUp - now < 0) {
        assertThat(problems).isEmpty();
        assertThat(System.nanoTime() - now).as("patience").isLessThan(PATIENCE_NANOS);
        wait(100);
      }
      assertThat(problems).isEmpty();
    }

    synchronized List<Revision> of(String tailnet) {
      return List.copyOf(changes.getOrDefault(tailnet, List.of()));
    }
  }

  @Test
  void tailnetsAreSeparate() throws Exception {
    Tailnets place = opened();
    add(place.tailnet("one"), "A B");
    add(place.tailnet("two"), "A B C");
    assertThat(namesIn(place.tailnet("one"))).isEqualTo("AB");
    assertThat(namesIn(place.tailnet("two"))).isEqualTo("ABC");
    assertThat(namesIn(place.tailnet("three"))).isEmpty();

    place.tailnet("one").wipe();
    assertThat(namesIn(place.tailnet("one"))).isEmpty();
    assertThat(namesIn(place.tailnet("two"))).isEqualTo("ABC");
    assertThat(namesIn(opened().tailnet("two"))).isEqualTo("ABC");
  }

  @Test
  void revisionsAreThoseOfTheStores() throws Exception {
    Tailnets place = opened();
    Tailnets other = opened();
    Map<String, Revision> expected = new HashMap<>();
    expected.put("one", add(place.tailnet("one"), "A").revision());
    expected.put("two", add(place.tailnet("two"), "A").revision());
    expected.put("two", add(other.tailnet("two"), "B").revision());
    assertThat(place.revisions()).containsAllEntriesOf(expected);
    assertThat(other.revisions()).containsAllEntriesOf(expected);

    other.tailnet("one").wipe();
    Revision wiped = place.tailnet("one").read().revision();
    assertThat(wiped).isNotEqualTo(expected.put("one", wiped));
    assertThat(place.revisions()).containsAllEntriesOf(expected);
  }

  @Test
  void allAreReadAsEachIsReadAlone() throws Exception {
    Tailnets place = opened();
    add(place.tailnet("one"), "A B");
    add(place.tailnet("two"), "A B C");
    add(place.tailnet("three"), "A");
    place.tailnet("three").wipe();
    Map<String, AumSnapshot> found = new HashMap<>();
    opened()
        .readAll(
            new Tailnets.Reading() {
              @Override
              public void found(String name, AumSnapshot snapshot) {
                assertThat(found.put(name, snapshot)).isNull();
              }

              @Override
              public void damaged(String name, StoreException.Damaged why) throws StoreException {
                throw why;
              }
            });

    assertThat(found.keySet()).isEqualTo(place.revisions().keySet());
    for (Map.Entry<String, AumSnapshot> each : found.entrySet()) {
      AumSnapshot alone = place.tailnet(each.getKey()).read();
      assertThat(each.getValue().revision()).isEqualTo(alone.revision());
      assertThat(each.getValue().entries()).hasSameSizeAs(alone.entries());
      for (AumEntry entry : alone.entries()) {
        assertThat(each.getValue().get(entry.hash())).isEqualTo(alone.get(entry.hash()));
      }
    }
    assertThat(found.get("two").entries()).hasSize(3);
  }

  @Test
  void aTailnetThatNothingWasCommittedToIsAtNoRevision() throws Exception {
    Tailnets place = opened();
    Revision revision = place.tailnet("one").read().revision();
    assertThat(place.revisions().getOrDefault("one", Tailnets.NO_COMMIT)).isEqualTo(revision);
    assertThat(add(place.tailnet("one"), "A").revision()).isNotEqualTo(Tailnets.NO_COMMIT);
  }

  @Test
  void aWatchReportsCommitsInOrderAndNeverAnOlderOne() throws Exception {
    Tailnets place = opened();
    Tailnets other = opened();
    Heard heard = new Heard();
    List<Revision> ones = new ArrayList<>();
    List<Revision> twos = new ArrayList<>();
    Revision before = add(place.tailnet("one"), "A").revision();
    Revision nothing = place.tailnet("two").read().revision();
    try (Tailnets.Watch watch = place.watch(heard)) {
      assertThat(watch).isNotNull();
      heard.catchUp();
      assertThat(heard.newest).containsEntry("one", before).isEqualTo(place.revisions());
      // Through this handle and another, one AUM at a time and several at a time.
      for (String names : List.of("B", "C", "D E", "F G")) {
        Tailnets writer = ones.size() % 2 == 0 ? place : other;
        ones.add(add(writer.tailnet("one"), names).revision());
        twos.add(add(writer.tailnet("two"), ones.size() == 1 ? "A" : names).revision());
        if (ones.size() % 2 == 0) {
          heard.catchUp();
          assertThat(heard.of("one")).last().isEqualTo(ones.get(ones.size() - 1));
          assertThat(heard.of("two")).last().isEqualTo(twos.get(twos.size() - 1));
        }
      }
      other.tailnet("one").wipe();
      ones.add(place.tailnet("one").read().revision());
      heard.catchUp();
      assertThat(heard.newest).isEqualTo(place.revisions());
    }

    assertThat(heard.of("one")).startsWith(before).endsWith(ones.get(ones.size() - 1));
    ones.add(0, before);
    twos.add(0, nothing);
    assertThat(ones).containsSubsequence(heard.of("one"));
    assertThat(twos).containsSubsequence(heard.of("two"));
    assertThat(heard.overlapped).isFalse();
    assertThat(heard.callers).hasSize(1).doesNotContain(Thread.currentThread());
  }

  @Test
  void severalCanWatchAndClosingEndsAWatch() throws Exception {
    Tailnets place = opened();
    Heard ended = new Heard();
    Heard going = new Heard();
    try (Tailnets.Watch watch = place.watch(going)) {
      assertThat(watch).isNotNull();
      try (Tailnets.Watch first = place.watch(ended)) {
        assertThat(first).isNotNull();
        add(place.tailnet("one"), "A");
        ended.catchUp();
        going.catchUp();
      }
      // A call that was in progress has ended by then.
      going.catchUp();
      List<Revision> until = ended.of("one");
      Revision second = add(place.tailnet("one"), "B").revision();
      going.catchUp();
      going.catchUp();

      assertThat(until).isNotEmpty();
      assertThat(ended.of("one")).isEqualTo(until);
      assertThat(going.of("one")).endsWith(second);
    }
  }
}
