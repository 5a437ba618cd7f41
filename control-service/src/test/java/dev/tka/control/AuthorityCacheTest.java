package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.store.testkit.WatchedByHand;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The promises of the cache, with a watch and a time that the test controls. */
class AuthorityCacheTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofHours(1);
  private static final long PLENTY = 1 << 24;

  private final WatchedByHand place = new WatchedByHand();
  private final FakeClock clock = new FakeClock();
  private final AtomicLong nanos = new AtomicLong(-5);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> C -> D -> E -> F -> G");

  private AuthorityCache cache = cache(PLENTY);

  private AuthorityCache cache(long mostBytes) {
    return AuthorityCache.over(place, AdmissionPolicy.CONTROL, clock, mostBytes, nanos::get);
  }

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private void caughtUp() {
    place.watcher().caughtUp(nanos.get());
  }

  private void add(AumStore store, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(aum -> commit.add(aum, clock.instant()));
    store.commit(commit.build());
  }

  private String head(Duration atMost) throws Exception {
    return head("t", atMost);
  }

  private String head(String tailnet, Duration atMost) throws Exception {
    return chains.nameOf(cache.live(tailnet, atMost).current().head());
  }

  private int readsSince() {
    return place.reads.getAndSet(0);
  }

  @Test
  void aReadWithinItsBoundQueriesNoStore() throws Exception {
    add(place.elsewhere("t"), "A B");
    assertThat(head(SECOND)).isEqualTo("B");
    assertThat(readsSince()).isEqualTo(1);

    pass(SECOND);
    assertThat(head(SECOND)).isEqualTo("B");
    assertThat(readsSince()).isZero();

    // The watch has caught up, and reported nothing on this tailnet: it is unchanged.
    pass(LONG);
    caughtUp();
    pass(SECOND);
    assertThat(head(SECOND)).isEqualTo("B");
    assertThat(readsSince()).isZero();
  }

  @Test
  void aReadWhoseBoundIsNotMetQueriesOnce() throws Exception {
    add(place.elsewhere("t"), "A B");
    head(SECOND);
    readsSince();

    add(place.elsewhere("t"), "C");
    pass(SECOND);
    assertThat(head(SECOND)).as("it may be that old").isEqualTo("B");
    pass(Duration.ofNanos(1));
    assertThat(head(SECOND)).isEqualTo("C");
    assertThat(readsSince()).isEqualTo(1);

    assertThat(head(Duration.ZERO)).isEqualTo("C");
    assertThat(readsSince()).as("the moment is the same").isZero();
    add(place.elsewhere("t"), "D");
    pass(Duration.ofNanos(1));
    assertThat(head(Duration.ZERO)).isEqualTo("D");
    assertThat(readsSince()).isEqualTo(1);
  }

  @Test
  void aReportedCommitIsSeenAtOnce() throws Exception {
    add(place.elsewhere("t"), "A B");
    add(place.elsewhere("u"), "A");
    head(LONG);
    head("u", LONG);
    readsSince();

    add(place.elsewhere("t"), "C");
    place.tell();
    assertThat(head(LONG)).isEqualTo("C");
    assertThat(head("u", LONG)).isEqualTo("A");
    assertThat(readsSince()).as("no other store is queried").isEqualTo(1);

    // A repeated report, or one of a known revision, changes nothing.
    place.tell();
    assertThat(head(LONG)).isEqualTo("C");
    assertThat(readsSince()).isZero();
  }

  @Test
  void catchingUpDoesNotRenewATailnetThatChangedSince() throws Exception {
    add(place.elsewhere("t"), "A");
    head(LONG);
    add(place.elsewhere("t"), "B");
    place.tell();
    pass(LONG);
    caughtUp();
    place.unreachable = true;

    assertThatThrownBy(() -> head(LONG)).isInstanceOf(StoreException.Unavailable.class);
    place.unreachable = false;
    assertThat(head(LONG)).isEqualTo("B");
  }

  @Test
  void aReadAfterAnOwnCommitSeesIt() throws Exception {
    add(cache.tailnet("t"), "A B");
    assertThat(head(LONG)).isEqualTo("B");

    cache.live("t", LONG).inform(chains.list("C"));
    assertThat(head(LONG)).isEqualTo("C");
    add(cache.tailnet("t"), "D");
    assertThat(head(LONG)).isEqualTo("D");

    add(place.elsewhere("t"), "E");
    cache.live("t", LONG).inform(chains.list("F"));
    assertThat(head(LONG)).isEqualTo("F");

    cache.tailnet("t").wipe();
    assertThatThrownBy(() -> head(LONG)).isInstanceOf(OpenException.EmptyStore.class);
  }

  @Test
  void aCommitWhoseAnswerWasLostIsSeen() throws Exception {
    add(cache.tailnet("t"), "A B");
    head(LONG);
    AumStore behind = place.elsewhere("t");
    place.unreachable = true;
    assertThatThrownBy(() -> cache.tailnet("t").commit(Commit.on(behind.read().revision()).build()))
        .isInstanceOf(StoreException.Unavailable.class);
    // The commit may have happened: only the store knows.
    assertThatThrownBy(() -> head(LONG)).isInstanceOf(StoreException.Unavailable.class);
    add(behind, "C");
    place.unreachable = false;

    assertThat(head(LONG)).isEqualTo("C");
  }

  @Test
  void aReportThatDiffersFromWhatIsHeldIsNewsWhateverWasReportedBefore() throws Exception {
    AumStore before = new MemoryAumStore();
    add(before, "A B");
    place.replace("t", before);
    place.tell();
    head(LONG);
    AumStore after = new MemoryAumStore();
    add(after, "A");
    add(after, "B C");
    place.replace("t", after);
    pass(SECOND);
    assertThat(head(Duration.ZERO)).isEqualTo("C");

    // The next report repeats the one before: it was put back in between.
    place.replace("t", before);
    place.tell();
    caughtUp();
    assertThat(head(LONG)).isEqualTo("B");

    place.remove("t");
    place.tell();
    caughtUp();
    assertThatThrownBy(() -> head(LONG)).isInstanceOf(OpenException.EmptyStore.class);
    readsSince();
    place.tell();
    assertThatThrownBy(() -> head(LONG)).isInstanceOf(OpenException.EmptyStore.class);
    assertThat(readsSince()).as("still gone").isZero();

    place.replace("t", after);
    place.tell();
    assertThat(head(LONG)).isEqualTo("C");
  }

  @Test
  void manyFirstUsesOpenOnce() throws Exception {
    add(place.elsewhere("t"), "A B");
    CountDownLatch go = new CountDownLatch(1);
    place.heldUp.set(go);
    List<Future<LiveAuthority>> asked = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      asked.add(threads.submit(() -> cache.live("t", SECOND)));
    }
    assertThat(place.isHeldUp.await(30, TimeUnit.SECONDS)).isTrue();
    go.countDown();

    for (Future<LiveAuthority> each : asked) {
      assertThat(each.get(30, TimeUnit.SECONDS)).isSameAs(cache.live("t", SECOND));
    }
    assertThat(readsSince()).isEqualTo(1);
  }

  @Test
  void theCacheStaysWithinItsBoundAndWeightsFollowGrowth() throws Exception {
    for (int i = 0; i < 50; i++) {
      add(place.elsewhere("t" + i), "A B C D");
    }
    cache.live("t0", LONG);
    long one = cache.heldBytes();
    assertThat(one).isPositive();
    cache.live("t0", LONG).inform(chains.list("E F G"));
    cache.live("t0", LONG);
    assertThat(cache.heldBytes()).isGreaterThan(one);

    long bound = 10 * one;
    cache = cache(bound);
    for (int i = 0; i < 50; i++) {
      head("t" + i, LONG);
      assertThat(cache.heldBytes()).isLessThanOrEqualTo(bound);
    }
    assertThat(cache.heldBytes()).as("the memory is used").isGreaterThan(bound / 2);
    readsSince();
    for (int i = 0; i < 50; i++) {
      add(cache.tailnet("t" + i), i == 0 ? "D" : "E");
      assertThat(cache.heldBytes()).isLessThanOrEqualTo(bound);
    }
  }

  @Test
  void anEvictedAuthorityIsOpenedAgainAndFollowsWhileItIsInUse() throws Exception {
    cache = cache(0);
    add(cache.tailnet("t"), "A B");
    LiveAuthority mine = cache.live("t", LONG);
    assertThat(cache.heldBytes()).isZero();

    add(cache.tailnet("t"), "C");
    assertThat(cache.live("t", LONG)).as("the same one while anyone holds it").isSameAs(mine);
    assertThat(chains.nameOf(mine.current().head())).isEqualTo("C");
    add(place.elsewhere("t"), "D");
    place.tell();
    assertThat(head(LONG)).isEqualTo("D");
    assertThat(chains.nameOf(mine.current().head())).isEqualTo("D");
    mine.inform(chains.list("E"));
    assertThat(head(LONG)).isEqualTo("E");
  }

  @Test
  void anAuthorityNeverGoesBack() throws Exception {
    add(place.elsewhere("t"), "A");
    head(LONG);
    LiveAuthority live = cache.live("t", LONG);
    pass(SECOND);
    // One reader has read A, and is slow to return.
    CountDownLatch go = new CountDownLatch(1);
    place.heldUp.set(go);
    Future<String> slow = threads.submit(() -> head(Duration.ZERO));
    assertThat(place.isHeldUp.await(30, TimeUnit.SECONDS)).isTrue();
    add(place.elsewhere("t"), "B");
    pass(SECOND);
    Future<String> quick = threads.submit(() -> head(Duration.ZERO));
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!quick.isDone() && !isWaiting()) {
      assertThat(System.nanoTime() - end).as("nobody waits").isNegative();
      Thread.onSpinWait();
    }
    go.countDown();

    assertThat(quick.get(30, TimeUnit.SECONDS)).isEqualTo("B");
    slow.get(30, TimeUnit.SECONDS);
    assertThat(chains.nameOf(live.current().head())).isEqualTo("B");
    assertThat(head(LONG)).isEqualTo("B");
  }

  private static boolean isWaiting() {
    return Thread.getAllStackTraces().entrySet().stream()
        .anyMatch(
            thread ->
                thread.getKey().getState() == Thread.State.BLOCKED
                    && List.of(thread.getValue()).toString().contains("AuthorityCache"));
  }

  @Test
  void withoutAWatchNothingIsServedBeyondItsBound() throws Exception {
    add(place.elsewhere("t"), "A");
    head(SECOND);
    assertThat(cache.lost()).isEmpty();

    StoreException gone = WatchedByHand.gone();
    place.watcher().lost(gone);
    place.unreachable = true;
    assertThat(cache.lost()).contains(gone);
    assertThat(head(SECOND)).isEqualTo("A");
    pass(SECOND.plusNanos(1));
    assertThatThrownBy(() -> head(SECOND)).isInstanceOf(StoreException.Unavailable.class);
    assertThat(head(LONG)).as("a caller that allows it gets it").isEqualTo("A");

    place.unreachable = false;
    assertThat(head(SECOND)).isEqualTo("A");
    add(place.elsewhere("t"), "B");
    place.tell();
    caughtUp();
    assertThat(cache.lost()).isEmpty();
    assertThat(head(SECOND)).isEqualTo("B");
  }

  @Test
  void aFailureToOpenIsReportedUntilItEnds() throws Exception {
    readsSince();
    int questions = 100;
    for (int i = 0; i < questions; i++) {
      assertThatThrownBy(() -> head(SECOND)).isInstanceOf(OpenException.EmptyStore.class);
    }
    // Garbage collection may drop a tailnet that could not be opened; then the store is queried
    // again.
    assertThat(readsSince()).isBetween(1, questions / 2);

    add(place.elsewhere("t"), "A");
    place.tell();
    assertThat(head(SECOND)).isEqualTo("A");

    place.elsewhere("t").wipe();
    pass(SECOND.plusNanos(1));
    assertThatThrownBy(() -> head(SECOND)).isInstanceOf(OpenException.EmptyStore.class);
    add(place.elsewhere("t"), "A B");
    pass(SECOND.plusNanos(1));
    assertThat(head(SECOND)).isEqualTo("B");
  }

  @Test
  void anAuthorityCreatedThroughTheCacheIsFound() throws Exception {
    assertThatThrownBy(() -> head(LONG)).isInstanceOf(OpenException.EmptyStore.class);

    LiveAuthority.bootstrap(cache.tailnet("t"), chains.get("A"), AdmissionPolicy.CONTROL, clock);

    assertThat(head(LONG)).isEqualTo("A");
  }

  @Test
  void invalidArgumentsAreRefused() throws Exception {
    assertThatThrownBy(() -> cache.live("t", Duration.ofNanos(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> cache(-1)).isInstanceOf(IllegalArgumentException.class);
    add(place.elsewhere("t"), "A");
    assertThat(head(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo("A");

    cache.close();
    assertThat(place.closed).isTrue();
    assertThatThrownBy(place::watcher).as("the watch ended").isInstanceOf(RuntimeException.class);
    assertThatThrownBy(() -> head(LONG)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> cache.tailnet("t")).isInstanceOf(IllegalStateException.class);
  }

  private Instant noted(String tailnet) throws StoreException {
    return place.elsewhere(tailnet).read().notes().time().map(OwnTime::clock).orElse(Instant.EPOCH);
  }

  @Test
  void theTimeOfOpenTailnetsIsNotedOnceADay() throws Exception {
    for (String name : List.of("idle", "t", "u")) {
      add(place.elsewhere(name), "A B");
    }
    head("t", SECOND);
    head("u", SECOND);
    clock.advance(Duration.ofDays(1));

    assertThat(cache.noteTimes()).isEmpty();
    assertThat(noted("t")).isEqualTo(clock.instant());
    assertThat(noted("u")).isEqualTo(clock.instant());
    assertThat(noted("idle")).isEqualTo(Instant.EPOCH);
    assertThat(head("t", SECOND)).as("it goes on").isEqualTo("B");

    Instant before = clock.instant();
    clock.advance(Duration.ofMinutes(10));
    assertThat(cache.noteTimes()).isEmpty();
    assertThat(noted("t")).as("there is nothing new to say").isEqualTo(before);

    clock.advance(Duration.ofDays(1));
    place.unreachable = true;
    assertThat(cache.noteTimes()).containsOnlyKeys("t", "u");
    assertThat(noted("t")).isEqualTo(before);
  }

  @Test
  void theTimeGoesOnAlsoIfNoServerRunsForADay() throws Exception {
    add(place.elsewhere("t"), "A B");
    head("t", SECOND);
    assertThat(cache.noteTimes()).isEmpty();
    Instant begun = ownTime();

    for (int start = 0; start < 10; start++) {
      clock.advance(Duration.ofHours(20));
      cache = cache(PLENTY);
      head("t", SECOND);
      assertThat(cache.noteOpened()).isEmpty();
    }

    assertThat(ownTime()).isEqualTo(begun.plus(Duration.ofHours(200)));
    clock.advance(Duration.ofHours(20));
    assertThat(cache.noteOpened()).isEmpty();
    assertThat(ownTime()).as("once for each opening").isEqualTo(begun.plus(Duration.ofHours(200)));
  }

  private Instant ownTime() throws Exception {
    return place.elsewhere("t").read().notes().time().orElseThrow().own();
  }
}
