package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.offer;
import static dev.tka.control.TestControl.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.Announcement;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A tailnet that was restored counts so until its nodes have given back what they hold. */
class GivingBackTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration HALF = Duration.ofSeconds(90);
  private static final Aum GENESIS = TestControl.genesis(1);
  private static final Aum LOST = Chains.addKey(GENESIS, TestKeys.key(3, 1), 1);
  private static final AumHash ELSEWHERE =
      AumHash.ofEncoding(Bytes.copyOf("elsewhere".getBytes(StandardCharsets.UTF_8)));

  /** A tailnet that was restored {@code ago}, with nodes that control has never seen. */
  private static TestControl restored(int nodes, Duration ago) throws Exception {
    TestControl control = TestControl.locked(nodes);
    control.service.restored(TAILNET, true);
    pass(control, ago);
    return control;
  }

  /** Lets time go by on every clock. */
  private static void pass(TestControl control, Duration time) {
    control.clock.advance(time);
    control.nanos.addAndGet(time.toNanos());
  }

  private static boolean isRestored(TestControl control) throws Exception {
    control.service.takeBack();
    return control.service.status(TAILNET).restored().isPresent();
  }

  private static List<Long> awaited(TestControl control) throws Exception {
    List<Long> awaited = new ArrayList<>();
    control.service.fleet(
        TAILNET,
        entry -> {
          if (entry.awaited()) {
            awaited.add(entry.node().node());
          }
        });
    return awaited;
  }

  @Test
  void itIsOverWhenEveryNodeHasComeWithAHeadThatControlKnows() throws Exception {
    try (TestControl control = restored(2, HALF)) {
      assertThat(awaited(control)).containsExactly(1L, 2L);
      control.call(1, offer(1, GENESIS.hash()));
      assertThat(awaited(control)).containsExactly(2L);
      control.call(2, offer(2, GENESIS.hash()));
      // The control server may not have sent all nodes yet.
      assertThat(isRestored(control)).isTrue();
      pass(control, Duration.ofMinutes(9));
      assertThat(isRestored(control)).isFalse();
      assertThat(control.gaveBack).containsExactly(Map.entry(2L, List.of()));
      assertThat(awaited(control)).isEmpty();
    }
  }

  @Test
  void aNodeThatControlHasNeverSeenIsAwaitedAlsoIfItIsNew() throws Exception {
    try (TestControl control = restored(1, HALF)) {
      control.call(1, offer(1, GENESIS.hash()));
      pass(control, Duration.ofMinutes(10));
      control.login(2);
      assertThat(isRestored(control)).isTrue();
      assertThat(awaited(control)).containsExactly(2L);
    }
  }

  @Test
  void aNodeWhoseHeadIsControlsIsAskedToCome() throws Exception {
    Announcement head = new Announcement.Enabled(GENESIS.hash());
    try (TestControl control = restored(2, Duration.ofSeconds(59))) {
      assertThat(isRestored(control)).isTrue();
      assertThat(control.announced(1)).as("too early to count").isEqualTo(head);
      pass(control, MINUTE);
      assertThat(isRestored(control)).isTrue();
      assertThat(control.announced(1)).isNotEqualTo(head).isEqualTo(control.announced(2));
      assertThat(control.announced()).isEqualTo(head);

      control.call(1, offer(1, GENESIS.hash()));
      assertThat(control.announced(1)).isEqualTo(head);
      // The other one is asked until it comes, or the tailnet is restored no more.
      pass(control, Duration.ofHours(1));
      control.service.sweep();
      pass(control, Duration.ofHours(1));
      control.service.sweep();
      assertThat(isRestored(control)).isTrue();
      assertThat(control.announced(1)).isEqualTo(head);
      assertThat(control.announced(2)).isNotEqualTo(head);
      control.service.restored(TAILNET, false);
      assertThat(control.announced(2)).isEqualTo(head);
    }
  }

  @Test
  void aNodeThatHoldsWhatControlLacksIsAwaitedUntilItHasGivenItBack() throws Exception {
    try (TestControl control = restored(1, HALF)) {
      control.call(1, offer(1, LOST.hash(), GENESIS.hash()));
      pass(control, Duration.ofHours(1));
      assertThat(isRestored(control)).isTrue();
      // It came, and did not send.
      assertThat(control.announced(1)).isNotEqualTo(control.announced());
      control.call(1, send(1, LOST.hash(), LOST));
      assertThat(isRestored(control)).isFalse();
      assertThat(control.head()).isEqualTo(LOST.hash());
    }
  }

  @Test
  void whatCannotBeGivenBackIsOverWhenTheCaseIsRecorded() throws Exception {
    Aum bad = Chains.addKey(GENESIS, TestKeys.key(4, 1), 9);
    try (TestControl control = restored(3, Duration.ofHours(1))) {
      control.call(1, offer(1, GENESIS.hash()));
      control.call(2, offer(2, bad.hash(), GENESIS.hash()));
      control.call(2, send(2, bad.hash(), false, true, bad));
      control.call(3, offer(3, ELSEWHERE));
      assertThat(isRestored(control)).as("its send may be on the way").isTrue();
      pass(control, MINUTE);
      assertThat(isRestored(control)).isFalse();
      List<String> conditions = new ArrayList<>();
      control.service.fleet(TAILNET, entry -> conditions.add(entry.condition()));
      assertThat(conditions).containsExactly("current", "refused", "stranded");
    }
  }

  @Test
  void aNodeThatWasGoneLongBeforeTheBackupIsNotAwaitedHoweverOldTheBackupIs() throws Exception {
    try (TestControl control = TestControl.locked(3)) {
      control.call(1, offer(1, GENESIS.hash()));
      pass(control, Duration.ofDays(31));
      control.call(2, offer(2, GENESIS.hash()));
      control.call(3, offer(3, GENESIS.hash()));
      pass(control, Duration.ofDays(90));
      control.service.restored(TAILNET, true);
      assertThat(awaited(control)).containsExactly(2L, 3L);
      pass(control, Duration.ofHours(1));
      control.call(2, offer(2, GENESIS.hash()));
      assertThat(isRestored(control)).isTrue();
      control.call(3, offer(3, GENESIS.hash()));
      // The sightings that said how old the backup is are gone now.
      assertThat(isRestored(control)).isFalse();
    }
  }

  @Test
  void aSightingThatCannotBeSinceThenDoesNotCount() throws Exception {
    try (TestControl control = restored(3, Duration.ofHours(1))) {
      ControlRecords records = control.place.records().orElseThrow();
      // In the minute by which clocks may differ; and of a clock that was ahead.
      records.noteSightings(
          TAILNET,
          List.of(
              seen(1, FakeClock.START.plus(MINUTE)),
              seen(2, control.clock.instant().plus(Duration.ofDays(1))),
              seen(3, FakeClock.START.plus(HALF))));
      assertThat(awaited(control)).containsExactly(1L, 2L);
      assertThat(isRestored(control)).isTrue();
    }
  }

  private static NodeSighting seen(long node, Instant at) {
    return new NodeSighting(
        node, at, Optional.of(GENESIS.hash()), Optional.empty(), "up-to-date", "");
  }

  @Test
  void aSightingThatWasLostHasTheNodeAskedAgain() throws Exception {
    try (TestControl control = restored(1, HALF)) {
      // Another service answers, and ends before it writes when the node came.
      ControlService killed =
          ControlService.over(
              new SharedPlace(control.place), ControlSettings.DEFAULTS, control.clock);
      killed.call(Caller.node(TAILNET, 1), offer(1, GENESIS.hash()));
      pass(control, Duration.ofHours(1));
      assertThat(isRestored(control)).isTrue();
      assertThat(control.announced(1)).isNotEqualTo(control.announced());
      killed.close();
      assertThat(isRestored(control)).isFalse();
    }
  }

  @Test
  void itIsOverAfterSevenDaysWhoeverHasNotCome() throws Exception {
    try (TestControl control = restored(2, HALF)) {
      control.call(1, offer(1, GENESIS.hash()));
      assertThat(isRestored(control)).isTrue();
      pass(control, Duration.ofDays(7));
      assertThat(isRestored(control)).isFalse();
      assertThat(control.gaveBack).containsExactly(Map.entry(1L, List.of(2L)));
    }
  }

  @Test
  void aClockThatJumpsDoesNotEndItAndOneThatWasAheadDoesNotKeepItForEver() throws Exception {
    try (TestControl control = restored(1, HALF)) {
      assertThat(isRestored(control)).isTrue();
      control.clock.advance(Duration.ofDays(365));
      assertThat(isRestored(control)).isTrue();

      ControlRecords records = control.place.records().orElseThrow();
      TailnetRecord before = records.tailnet(TAILNET);
      Instant future = control.clock.instant().plus(Duration.ofDays(365));
      records.commit(
          TAILNET, RecordsChange.ofTailnet(before, before.withRestored(Optional.of(future))));
      assertThat(isRestored(control)).isTrue();
      pass(control, Duration.ofDays(7));
      assertThat(isRestored(control)).isFalse();
    }
  }

  @Test
  void ofATailnetWithoutNodesNobodyKnowsWhoIsToCome() throws Exception {
    try (TestControl control = restored(1, HALF)) {
      control.service.deleteNode(TAILNET, 1);
      assertThat(isRestored(control)).isTrue();
      pass(control, Duration.ofDays(6));
      assertThat(isRestored(control)).isTrue();
      pass(control, Duration.ofDays(1));
      assertThat(isRestored(control)).isFalse();
    }
  }

  @Test
  void itEndsWithTheAuthorityAlsoWhereAnOlderServerEndedThat() throws Exception {
    try (TestControl control = restored(1, HALF)) {
      Optional<Instant> since = control.service.status(TAILNET).restored();
      control.call(1, TestControl.disable(1, GENESIS.hash(), TestControl.SECRET));
      ControlRecords records = control.place.records().orElseThrow();
      TailnetRecord ended = records.tailnet(TAILNET);
      records.commit(TAILNET, RecordsChange.ofTailnet(ended, ended.withRestored(since)));
      assertThat(isRestored(control)).isFalse();

      control.lock(TestControl.genesis(2), 1);
      TailnetRecord another = records.tailnet(TAILNET);
      records.commit(TAILNET, RecordsChange.ofTailnet(another, another.withRestored(since)));
      assertThat(isRestored(control)).isFalse();
      assertThat(control.gaveBack).isEmpty();
    }
  }

  @Test
  void whatIsSaidOfAWholePlaceAtEveryStartIsOverOnce() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      Instant since = control.clock.instant();
      pass(control, MINUTE);
      assertThat(control.service.restored(since)).containsExactly(TAILNET);
      assertThat(control.service.status(TAILNET).restored()).contains(since);
      assertThat(control.service.restored(since)).isEmpty();
      pass(control, Duration.ofMinutes(10));
      control.call(1, offer(1, GENESIS.hash()));
      assertThat(isRestored(control)).isFalse();
      assertThat(control.service.restored(since)).as("its nodes have come since").isEmpty();

      control.login(2);
      assertThat(control.service.restored(since)).as("one is awaited").containsExactly(TAILNET);
      control.service.restored(TAILNET, false);
      pass(control, Duration.ofDays(7));
      assertThat(control.service.restored(since)).as("long ago").isEmpty();
      control.call(1, TestControl.disable(1, GENESIS.hash(), TestControl.SECRET));
      assertThat(control.service.restored(control.clock.instant())).as("off").isEmpty();
    }
  }

  @Test
  void aBoundedNumberIsAskedAtATimeAndWhoDoesNotComeMakesRoomForOthers() throws Exception {
    int nodes = RestoredTailnets.ASKED_AT_ONCE + 2;
    try (TestControl control = TestControl.locked(1)) {
      for (int node = 2; node <= nodes; node++) {
        control.service.login(TAILNET, node, Login.of(TestControl.nodeKey(node)));
      }
      control.service.restored(TAILNET, true);
      pass(control, HALF);
      assertThat(isRestored(control)).isTrue();
      assertThat(isRestored(control)).isTrue();
      assertThat(asked(control))
          .hasSize(RestoredTailnets.ASKED_AT_ONCE)
          .doesNotContain(nodes - 1L, (long) nodes);

      control.call(1, offer(1, GENESIS.hash()));
      assertThat(isRestored(control)).isTrue();
      assertThat(asked(control)).as("one came").contains(nodes - 1L).doesNotContain((long) nodes);
      pass(control, Duration.ofMinutes(10));
      assertThat(isRestored(control)).isTrue();
      assertThat(asked(control))
          .hasSize(RestoredTailnets.ASKED_AT_ONCE)
          .contains(nodes - 1L, (long) nodes);

      control.service.restored(TAILNET, false);
      control.service.takeBack();
      assertThat(control.place.records().orElseThrow().nodesToldApart(TAILNET)).isEmpty();
    }
  }

  private static List<Long> asked(TestControl control) throws Exception {
    List<Long> asked = new ArrayList<>();
    control.service.fleet(
        TAILNET,
        entry -> {
          if (entry.isAskedToCome()) {
            asked.add(entry.node().node());
          }
        });
    return asked;
  }

  @Test
  void aNodeThatWasSeenInTheFutureIsAskedOnceInAWhile() throws Exception {
    try (TestControl control = restored(1, HALF)) {
      // As a server says whose clock is ahead.
      NodeSighting ahead = seen(1, control.clock.instant().plus(Duration.ofHours(5)));
      ControlRecords records = control.place.records().orElseThrow();
      records.noteSightings(TAILNET, List.of(ahead));
      assertThat(isRestored(control)).isTrue();
      assertThat(asked(control)).containsExactly(1L);

      control.call(1, offer(1, GENESIS.hash()));
      control.service.takeBack();
      records.noteSightings(TAILNET, List.of(ahead));
      assertThat(isRestored(control)).isTrue();
      assertThat(asked(control)).isEmpty();
      pass(control, Duration.ofMinutes(10));
      assertThat(isRestored(control)).isTrue();
      assertThat(asked(control)).containsExactly(1L);
    }
  }

  @Test
  void aNodeThatIsAskedToComeIsSoUntilItComesAlsoIfItLogsInAnewMeanwhile() throws Exception {
    // The login that it made after the backup is lost, and its head is control's.
    try (TestControl control = restored(1, HALF)) {
      pass(control, HALF);
      assertThat(isRestored(control)).isTrue();
      assertThat(asked(control)).containsExactly(1L);

      Login anew = Login.of(TestControl.nodeKey(9)).withRotationKey(TestControl.lockKey(9));
      assertThat(control.service.login(TAILNET, 1, anew)).isInstanceOf(LoginAnswer.Stored.class);
      assertThat(asked(control)).containsExactly(1L);
      control.call(1, offer(9, GENESIS.hash()));
      assertThat(asked(control)).isEmpty();
      pass(control, GivingBack.AT_LEAST);
      assertThat(isRestored(control)).isFalse();
    }
  }

  @Test
  void aTailnetThatCannotBeMarkedYetIsSaidAndKeepsNobodyWaiting() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      ControlRecords records = control.place.records().orElseThrow();
      Fence before = records.fence(TAILNET);
      records.fence(
          TAILNET, before, before.next("dead", new Fence.Standing.Fenced(FakeClock.START)));
      control.sleep =
          time -> {
            throw new AssertionError("nobody waits");
          };
      Instant since = control.clock.instant();
      assertThat(control.service.restored(since)).isEmpty();
      assertThat(control.failed).hasSize(1);
      assertThat(control.failed.get(0)).contains(TAILNET).contains("it is being moved");

      control.service.takeBack();
      pass(control, Attempts.DEAD);
      assertThat(isRestored(control)).as("its mover is dead").isTrue();
      assertThat(control.service.status(TAILNET).restored()).contains(since);
      assertThat(control.failed).hasSize(1);
      assertThat(control.events.get(control.events.size() - 1).what()).isEqualTo("restored");
    }
  }

  @Test
  void aTailnetThatStaysFencedIsTriedABoundedTime() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      ControlRecords records = control.place.records().orElseThrow();
      Fence before = records.fence(TAILNET);
      records.fence(
          TAILNET, before, before.next("slow", new Fence.Standing.Fenced(FakeClock.START)));
      assertThat(control.service.restored(control.clock.instant())).isEmpty();
      for (int look = 0; look < 30; look++) {
        control.service.takeBack();
      }
      assertThat(control.failed).hasSize(2);
      assertThat(control.failed.get(1)).contains("given up").contains("tka restored");
    }
  }

  @Test
  void aLockThatBeganAfterThePlaceWasRestoredWasNot() throws Exception {
    try (TestControl control = TestControl.locked(1)) {
      Instant genesis = control.clock.instant();
      pass(control, Duration.ofHours(1));
      assertThat(control.service.restored(genesis.minus(Duration.ofMinutes(2)))).isEmpty();
      assertThat(control.service.restored(genesis.minus(HALF.dividedBy(2))))
          .as("clocks may differ")
          .containsExactly(TAILNET);
    }
  }
}
