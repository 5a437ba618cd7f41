package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.genesis;
import static dev.tka.control.TestControl.nodeKey;
import static dev.tka.control.TestControl.signature;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.testkit.Chains;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A tailnet that is being moved, was moved, or is a copy that is not finished. */
class MovedTailnetTest {
  private static final String MOVE = "0123456789abcdef";
  private static final URI SERVER = URI.create("https://new.example:8443");
  private static final Standing FENCED = new Standing.Fenced(Instant.EPOCH);
  private static final Standing MOVED =
      new Standing.Moved("postgresql://new/db", Optional.of(SERVER), Instant.EPOCH);
  private static final Standing SHADOW = new Standing.Shadow("postgresql://old/db");
  private static final int NODES = 3;

  private TestControl control;
  private ControlRecords records;
  private String token;

  @BeforeEach
  void open() throws Exception {
    control = TestControl.locked(NODES);
    records = control.place.records().orElseThrow();
    token = control.service.makeToken(TAILNET, 2);
  }

  @AfterEach
  void close() {
    control.close();
  }

  private Fence fence() throws StoreException {
    return records.fence(TAILNET);
  }

  private void stand(Standing standing) throws StoreException {
    records.fence(TAILNET, fence(), fence().next(MOVE, standing));
  }

  /** Something that a caller asks. */
  private interface Request {
    void run() throws Exception;
  }

  private Aum edit(String name) throws Exception {
    return Chains.noOp(genesis(1), name, 1);
  }

  /** What writes whenever it is asked; the last one ends the tailnet. */
  private Map<String, Request> writes() throws Exception {
    ControlService service = control.service;
    Aum edit = edit("one");
    Map<String, Request> all = new LinkedHashMap<>();
    all.put("send", () -> control.call(2, TestControl.send(2, edit.hash(), edit)));
    all.put("login", () -> control.login(9));
    all.put("put-node", () -> service.putNode(TAILNET, NodeEntry.of(8, nodeKey(8))));
    all.put("may-init", () -> service.allowInit(TAILNET, 3, true));
    all.put("sign", () -> control.call(1, TestControl.sign(1, signature(9))));
    all.put("delete-node", () -> service.deleteNode(TAILNET, 8));
    all.put("make-token", () -> service.makeToken(TAILNET, 2));
    all.put("revoke-token", () -> service.revokeToken(TAILNET, Tokens.hash(token)));
    all.put("restored", () -> service.restored(TAILNET, true));
    all.put(
        "disable", () -> control.call(1, TestControl.disable(1, edit.hash(), TestControl.SECRET)));
    all.put("init/begin", () -> control.call(1, TestControl.begin(1, genesis(2))));
    all.put("init/finish", () -> control.call(1, TestControl.finish(1, Map.of(1L, signature(1)))));
    all.put("put-nodes", () -> service.replaceNodes(TAILNET, List.of(NodeEntry.of(1, nodeKey(1)))));
    all.put("delete", () -> service.delete(TAILNET));
    return all;
  }

  /** What only reads. */
  private Map<String, Request> reads() {
    ControlService service = control.service;
    Map<String, Request> all = new LinkedHashMap<>();
    all.put("offer", () -> control.call(2, TestControl.offer(2, genesis(1).hash())));
    all.put("bootstrap", () -> control.call(2, TestControl.bootstrap(2, Optional.empty())));
    all.put("affected-sigs", () -> control.call(2, TestControl.affected(2, Bytes.empty())));
    all.put("announcement", control::announced);
    all.put("announcement of a node", () -> control.announced(2));
    all.put("nodes", () -> service.nodes(TAILNET, Optional.empty(), node -> {}));
    all.put("status", () -> service.status(TAILNET));
    all.put("fleet", () -> service.fleet(TAILNET, node -> {}));
    all.put("tokens", () -> service.tokens(TAILNET));
    all.put("authenticate", () -> service.authenticate(token, "here"));
    all.put("create", () -> service.create(TAILNET));
    all.put("watch", () -> service.watch(Optional.of(TAILNET), Optional.empty()).close());
    return all;
  }

  @Test
  void whileATailnetIsFencedReadsGoOnAndEachWriteWaitsUntilThatIsOver() throws Exception {
    for (Map.Entry<String, Request> write : writes().entrySet()) {
      stand(FENCED);
      AtomicLong waits = new AtomicLong();
      control.sleep =
          time -> {
            if (waits.incrementAndGet() == 3) {
              try {
                stand(new Standing.Open());
              } catch (StoreException e) {
                throw new AssertionError(e);
              }
            }
          };
      if (write.getKey().equals("send")) {
        for (Request read : reads().values()) {
          read.run();
        }
        assertThat(waits).hasValue(0);
      }
      write.getValue().run();
      assertThat(waits.get()).as(write.getKey()).isGreaterThanOrEqualTo(3);
    }
    assertThat(control.service.tailnets()).isEmpty();
  }

  @Test
  void aRequestWaitsSomeSecondsAtMostAndThenChangesNothing() throws Exception {
    stand(FENCED);
    AtomicLong slept = new AtomicLong();
    control.sleep = slept::addAndGet;
    ControlException refusal = TestControl.refusal(() -> control.login(9));
    assertThat(refusal.status()).isEqualTo(503);
    assertThat(refusal.code()).isEqualTo("unavailable");
    assertThat(refusal).hasMessage("this tailnet is being moved: try again in a moment");
    assertThat(slept.get()).isBetween(Attempts.LONGEST_WAIT, Attempts.LONGEST_WAIT + 100);
    assertThat(records.node(TAILNET, 9)).isEmpty();
    assertThat(fence().standing()).isEqualTo(FENCED);
  }

  @Test
  void aFenceThatStandsTooLongIsLiftedAndItsMoveCannotSwitchAnyMore() throws Exception {
    stand(FENCED);
    Fence dead = fence();
    control.sleep = time -> control.nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(time));
    assertThat(TestControl.refusal(() -> control.login(9)).code()).isEqualTo("unavailable");
    control.service.sweep();
    assertThat(fence()).isEqualTo(dead);
    // The one who waits lifts it.
    control.nanos.addAndGet(Attempts.DEAD.toNanos() - Duration.ofSeconds(1).toNanos());
    control.login(9);
    assertThat(fence()).isEqualTo(dead.next(new Standing.Open()));
    assertThatThrownBy(() -> records.fence(TAILNET, dead, dead.next(MOVED)))
        .isInstanceOf(StoreException.Conflict.class);
    // Another fence has its own time, and nobody need wait for it to be lifted.
    stand(FENCED);
    Fence other = fence();
    assertThat(TestControl.refusal(() -> control.login(10)).code()).isEqualTo("unavailable");
    control.service.sweep();
    assertThat(fence()).isEqualTo(other);
    control.nanos.addAndGet(Attempts.DEAD.toNanos());
    control.service.sweep();
    assertThat(fence()).isEqualTo(other.next(new Standing.Open()));
  }

  @Test
  void whereATailnetWasMovedFromEachRequestIsToldWhereItIs() throws Exception {
    Map<String, Request> all = reads();
    all.putAll(writes());
    for (Request read : reads().values()) {
      read.run();
    }
    stand(FENCED);
    stand(MOVED);
    control.sleep =
        time -> {
          throw new AssertionError("nobody waits");
        };
    for (Map.Entry<String, Request> each : all.entrySet()) {
      assertThat(TestControl.refusal(() -> each.getValue().run()))
          .as(each.getKey())
          .isInstanceOfSatisfying(
              ControlException.Moved.class,
              moved -> {
                assertThat(moved.server()).contains(SERVER);
                assertThat(moved.status()).isEqualTo(307);
                assertThat(moved.code()).isEqualTo("moved");
              });
    }
    assertThat(control.events.get(control.events.size() - 1).outcome()).isEqualTo("moved");
    assertThat(control.service.tailnets()).containsExactly(TailnetStatus.elsewhere(TAILNET, MOVED));
  }

  @Test
  void withoutAKnownServerItIsGone() throws Exception {
    stand(new Standing.Moved("sqlite:b.db", Optional.empty(), Instant.EPOCH));
    ControlException refusal = TestControl.refusal(() -> control.login(1));
    assertThat(refusal.status()).isEqualTo(410);
    assertThat(refusal.code()).isEqualTo("moved");
    assertThat(refusal).hasMessageNotContaining("sqlite");
  }

  @Test
  void aCopyThatIsNotFinishedAnswersNobody() throws Exception {
    Map<String, Request> all = reads();
    all.putAll(writes());
    stand(MOVED);
    stand(SHADOW);
    for (Map.Entry<String, Request> each : all.entrySet()) {
      ControlException refusal = TestControl.refusal(() -> each.getValue().run());
      assertThat(refusal).as(each.getKey()).isInstanceOf(ControlException.Unfinished.class);
      assertThat(refusal.status()).isEqualTo(503);
      assertThat(refusal.code()).isEqualTo("unavailable");
    }
    assertThat(control.service.tailnets())
        .containsExactly(TailnetStatus.elsewhere(TAILNET, SHADOW));
  }

  @Test
  void whatIsLeftOfAMoveThatWasCompletedCanBeDeleted() throws Exception {
    stand(MOVED);
    records.under(TAILNET, fence()).delete(TAILNET, records.seen(TAILNET).aums());
    assertThat(TestControl.refusal(() -> control.login(1)))
        .isInstanceOf(ControlException.Moved.class);
    control.service.delete(TAILNET);
    assertThat(control.service.tailnets()).isEmpty();
    control.login(1);
  }

  @Test
  void aTailnetThatComesBackIsAnsweredAsItIsNow() throws Exception {
    assertThat(control.head()).isEqualTo(genesis(1).hash());
    stand(FENCED);
    stand(MOVED);
    assertThat(TestControl.refusal(control::head)).isInstanceOf(ControlException.Moved.class);
    stand(SHADOW);
    Aum edit = edit("elsewhere");
    try (ControlService mover =
        ControlService.over(
            records.under(TAILNET, fence()), ControlSettings.DEFAULTS, control.clock)) {
      mover.call(Caller.node(TAILNET, 2), TestControl.send(2, edit.hash(), edit));
    }
    assertThat(TestControl.refusal(control::head)).isInstanceOf(ControlException.Unfinished.class);
    stand(new Standing.Open());
    assertThat(control.head()).isEqualTo(edit.hash());
    assertThat(control.call(2, TestControl.offer(2, edit.hash())))
        .isInstanceOfSatisfying(
            RpcAnswer.Offer.class,
            offer -> assertThat(offer.answer().offer().head()).isEqualTo(edit.hash()));
  }

  private static AnnouncementWaiter waiter(CompletableFuture<Announcement> told) {
    return new AnnouncementWaiter() {
      @Override
      public void announced(Announcement now) {
        told.complete(now);
      }

      @Override
      public void stopping() {
        told.cancel(false);
      }

      @Override
      public void failed(ControlException why) {
        told.completeExceptionally(why);
      }
    };
  }

  @Test
  void nodesThatWaitAreWokenAndLaterOnesAreToldAtOnce() throws Exception {
    Announcement known = new Announcement.Enabled(genesis(1).hash());
    CompletableFuture<Announcement> told = new CompletableFuture<>();
    control.service.awaitAnnouncement(TAILNET, Optional.of(2L), known, waiter(told));
    stand(FENCED);
    assertThat(told).isNotDone();
    stand(MOVED);
    assertThatThrownBy(() -> told.get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(ControlException.Moved.class);
    assertThat(control.service.waiting()).isZero();
    assertThat(
            TestControl.refusal(
                () ->
                    control.service.awaitAnnouncement(
                        TAILNET, Optional.of(2L), known, waiter(new CompletableFuture<>()))))
        .isInstanceOf(ControlException.Moved.class);
  }

  /** The next line that is not a beat. */
  private static WatchLine line(Subscription watch) throws Exception {
    for (int i = 0; i < 2000; i++) {
      Optional<WatchLine> line = watch.next();
      if (line.isPresent() && !(line.get() instanceof WatchLine.Beat)) {
        return line.get();
      }
      Thread.sleep(5);
    }
    throw new AssertionError("no line within 10 seconds");
  }

  @Test
  void watchesAreToldOfAMoveAndOfNothingThatACopyTakesIn() throws Exception {
    while (control.service.age().isEmpty()) {
      Thread.sleep(1);
    }
    try (Subscription all = control.service.watch(Optional.empty(), Optional.empty());
        Subscription one = control.service.watch(Optional.of(TAILNET), Optional.empty())) {
      assertThat(line(all)).isInstanceOf(WatchLine.Resync.class);
      assertThat(line(one)).isInstanceOf(WatchLine.Resync.class);
      stand(MOVED);
      List<WatchLine> lines = new ArrayList<>();
      for (Subscription each : List.of(all, one)) {
        lines.add(line(each));
      }
      assertThat(lines)
          .allSatisfy(
              line ->
                  assertThat(line)
                      .isInstanceOfSatisfying(
                          WatchLine.Moved.class,
                          moved -> {
                            assertThat(moved.tailnet()).isEqualTo(TAILNET);
                            assertThat(moved.server()).contains(SERVER);
                          }));
      assertThat(one.isEnded()).isTrue();
      assertThat(all.isEnded()).isFalse();
      stand(SHADOW);
      control.service.putNode("other.example", NodeEntry.of(1, nodeKey(1)));
      assertThat(line(all))
          .isInstanceOfSatisfying(
              WatchLine.Change.class,
              change -> assertThat(change.tailnet()).isEqualTo("other.example"));
      stand(new Standing.Open());
      assertThat(line(all))
          .isInstanceOfSatisfying(
              WatchLine.Change.class,
              change -> {
                assertThat(change.tailnet()).isEqualTo(TAILNET);
                assertThat(change.announcement())
                    .isEqualTo(new Announcement.Enabled(genesis(1).hash()));
                assertThat(change.signatures()).containsExactly(1L, 2L, 3L);
              });
    }
  }

  @Test
  void aCacheThatMayGiveOldAnswersGivesNoneOfATailnetThatWasMovedAway() throws Exception {
    try (AuthorityCache cache =
        AuthorityCache.over(control.place, AdmissionPolicy.CONTROL, control.clock, 1 << 20)) {
      Duration old = Duration.ofHours(1);
      LiveAuthority live = cache.live(TAILNET, old);
      assertThat(live.current().head()).isEqualTo(genesis(1).hash());
      stand(MOVED);
      long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
      while (catchThrowable(() -> cache.live(TAILNET, old)) == null) {
        assertThat(System.nanoTime()).isLessThan(end);
        Thread.sleep(1);
      }
      assertThatThrownBy(() -> cache.live(TAILNET, old)).isInstanceOf(StoreException.Fenced.class);
      assertThat(cache.heldBytes()).isZero();
      stand(new Standing.Open());
      assertThat(cache.live(TAILNET, Duration.ZERO).current().head()).isEqualTo(genesis(1).hash());
    }
  }

  @Test
  void workInTheBackgroundLeavesItAloneWithoutNoise() throws Exception {
    control.call(2, TestControl.offer(2, genesis(1).hash()));
    control.service.putNode("other.example", NodeEntry.of(1, nodeKey(1)));
    for (Standing standing : List.of(FENCED, MOVED, SHADOW)) {
      stand(standing);
      control.clock.advance(Duration.ofDays(2));
      control.nanos.addAndGet(Duration.ofMinutes(5).toNanos());
      control.service.inTheBackground();
    }
    assertThat(control.failed).isEmpty();
    assertThat(fence().standing()).isEqualTo(SHADOW);
  }
}
