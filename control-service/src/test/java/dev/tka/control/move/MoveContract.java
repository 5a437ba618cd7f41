package dev.tka.control.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.move.MoveException.Reason;
import dev.tka.core.store.StoreException;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How tailnets move, between any two kinds of places. */
abstract class MoveContract {
  /** A number of writes that no move of these tests reaches. */
  private static final int MOST_WRITES = 300;

  private static final String OTHER = "fedcba9876543210";

  private Pair pair;

  /** A new place. */
  abstract Tailnets source() throws Exception;

  /** A new place. */
  abstract Tailnets target() throws Exception;

  @BeforeEach
  void open() throws Exception {
    pair = new Pair(source(), target());
  }

  @AfterEach
  void close() {
    pair.close();
  }

  private Edits filled() throws StoreException {
    return new Edits(pair.a.tailnets()).fill(5, 3);
  }

  private void requireOnlyWritable(MovePlace place) throws StoreException {
    assertThat(pair.writable()).containsExactly(place);
    assertThat(Pair.fence(place).isOpen()).isTrue();
  }

  @Test
  void aMovedTailnetIsAllAtTheTargetAndReadOnlyThere() throws Exception {
    filled();
    String content = Pair.contentOf(pair.a);

    Move.Done done = pair.move(pair.a, pair.b).run();

    assertThat(done.pause()).isPresent();
    requireOnlyWritable(pair.b);
    assertThat(Edits.contentOf(pair.b.tailnets(), false)).isEqualTo(content);
    assertThat(Pair.standing(pair.a))
        .isEqualTo(
            new Standing.Moved(pair.b.name(), Optional.of(Pair.SERVER), pair.clock.instant()));
    assertThat(Pair.fence(pair.a).move()).isEqualTo(Pair.fence(pair.b).move());
    assertThatThrownBy(() -> new Edits(pair.a.tailnets()).grow(1))
        .isInstanceOf(StoreException.Fenced.class);
    assertThat(pair.steps)
        .containsExactly(
            Step.Kind.BEGIN,
            Step.Kind.FOLLOW,
            Step.Kind.FENCE,
            Step.Kind.FINISH,
            Step.Kind.DECIDE,
            Step.Kind.OPEN,
            Step.Kind.DONE);
  }

  @Test
  void aMoveThatIsDoneIsDoneAgainWithoutAnything() throws Exception {
    filled();
    pair.move(pair.a, pair.b).run();
    pair.steps.clear();
    assertThat(pair.move(pair.a, pair.b).run())
        .isEqualTo(new Move.Done(Copied.NOTHING, Optional.empty()));
    assertThat(pair.steps).containsExactly(Step.Kind.DONE);
  }

  @Test
  void aTailnetMovesBackWithWhatHappenedSinceAndOnlyThatIsCopied() throws Exception {
    filled();
    pair.move(pair.a, pair.b).run();
    new Edits(pair.b.tailnets()).grow(2);
    String content = Pair.contentOf(pair.b);

    Move.Done back = pair.move(pair.b, pair.a).run();

    requireOnlyWritable(pair.a);
    assertThat(Edits.contentOf(pair.a.tailnets(), false)).isEqualTo(content);
    assertThat(back.copied().aums()).isEqualTo(2);
    assertThat(back.copied().nodes()).isZero();
    assertThat(back.copied().again()).isZero();
    pair.move(pair.a, pair.b).run();
    requireOnlyWritable(pair.b);
  }

  @Test
  void aCompletedMoveLeavesNothingAtTheSourceButWhereItIs() throws Exception {
    filled();
    pair.move(pair.a, pair.b).run();
    Fence fence = Pair.fence(pair.a);

    pair.move(pair.a, pair.b).complete();
    pair.move(pair.a, pair.b).complete();

    assertThat(Pair.fence(pair.a)).isEqualTo(fence);
    assertThat(pair.a.tailnets().revisions()).isEmpty();
    String content = Pair.contentOf(pair.b);
    pair.move(pair.b, pair.a).run();
    assertThat(Edits.contentOf(pair.a.tailnets(), false)).isEqualTo(content);
  }

  @Test
  void nothingIsCompletedBeforeTheTailnetLivesAtTheTarget() throws Exception {
    filled();
    Pair.refusal(Reason.UNFINISHED, () -> pair.move(pair.a, pair.b).complete());
    pair.mirror().once();
    Pair.refusal(Reason.UNFINISHED, () -> pair.move(pair.a, pair.b).complete());
    requireOnlyWritable(pair.a);
  }

  @Test
  void anUndoneMoveLeavesNothingAtTheTarget() throws Exception {
    filled();
    String content = Pair.contentOf(pair.a);
    pair.mirror().once();
    Pair.stand(
        pair.a, Pair.fence(pair.b).move().orElseThrow(), new Standing.Fenced(pair.clock.instant()));

    pair.move(pair.a, pair.b).undo();

    requireOnlyWritable(pair.a);
    assertThat(Pair.records(pair.b).tailnets()).isEmpty();
    assertThat(pair.b.tailnets().revisions()).isEmpty();
    assertThat(Pair.contentOf(pair.a)).isEqualTo(content);
    Pair.refusal(Reason.NOTHING_TO_UNDO, () -> pair.move(pair.a, pair.b).undo());
    pair.move(pair.a, pair.b).run();
    requireOnlyWritable(pair.b);
  }

  @Test
  void anUndoneWayBackStillSaysWhereTheTailnetIs() throws Exception {
    filled();
    pair.move(pair.a, pair.b).run();
    Standing before = Pair.standing(pair.a);
    Move back = pair.stopping(pair.b, pair.a, new AtomicInteger(1), true);
    assertThatThrownBy(back::run).isInstanceOf(StoppingPlace.Stopped.class);
    assertThat(Pair.standing(pair.a)).isInstanceOf(Standing.Shadow.class);

    // Where the servers of the way back's target would be is not where the tailnet is served.
    Move.of(
            pair.b,
            pair.a,
            Edits.TAILNET,
            Optional.of(URI.create("https://a.example.com")),
            pair.clock,
            new SecureRandom(),
            pair.listener)
        .undo();

    requireOnlyWritable(pair.b);
    assertThat(Pair.standing(pair.a)).isEqualTo(before);
    pair.move(pair.b, pair.a).run();
    requireOnlyWritable(pair.a);
  }

  @Test
  void aDecidedMoveIsFinishedAndNotUndone() throws Exception {
    filled();
    String content = Pair.contentOf(pair.a);
    pair.mirror().once();
    Pair.stand(
        pair.a,
        Pair.fence(pair.b).move().orElseThrow(),
        new Standing.Moved(pair.b.name(), Optional.empty(), pair.clock.instant()));
    assertThat(pair.writable()).isEmpty();
    assertThat(pair.move(pair.a, pair.b).plan().decided()).isTrue();

    Pair.refusal(Reason.DECIDED, () -> pair.move(pair.a, pair.b).undo());
    pair.move(pair.a, pair.b).run();

    requireOnlyWritable(pair.b);
    assertThat(Edits.contentOf(pair.b.tailnets(), false)).isEqualTo(content);
  }

  @Test
  void aMoveThatEndsAtAnyWriteIsFinishedByRunningItAgain() throws Exception {
    stopEverywhere(
        number -> {
          pair.move(pair.a, pair.b).run();
          requireOnlyWritable(pair.b);
        });
  }

  @Test
  void aMoveThatEndsAtAnyWriteIsUndoneUnlessItIsDecided() throws Exception {
    stopEverywhere(
        number -> {
          try {
            pair.move(pair.a, pair.b).undo();
            requireOnlyWritable(pair.a);
            assertThat(Pair.records(pair.b).tailnets()).isEmpty();
          } catch (MoveException e) {
            assertThat(e.reason()).isIn(Reason.DECIDED, Reason.NOTHING_TO_UNDO);
            pair.move(pair.a, pair.b).run();
            requireOnlyWritable(pair.b);
          }
        });
  }

  /** What is done after a move ended at its n-th write. */
  private interface Afterwards {
    void move(int number) throws Exception;
  }

  private void stopEverywhere(Afterwards afterwards) throws Exception {
    for (boolean after : new boolean[] {false, true}) {
      boolean ended = true;
      for (int number = 0; ended; number++) {
        assertThat(number).isLessThan(MOST_WRITES);
        pair.reset();
        filled();
        String content = Pair.contentOf(pair.a);
        ended = endsAt(number, after);
        assertThat(pair.writable()).as("at write " + number).hasSizeLessThanOrEqualTo(1);

        afterwards.move(number);

        assertThat(pair.writable()).as("at write " + number).hasSize(1);
        assertThat(Edits.contentOf(pair.writable().get(0).tailnets(), false))
            .as("at write " + number)
            .isEqualTo(content);
      }
    }
  }

  private boolean endsAt(int write, boolean after) throws Exception {
    try {
      pair.stopping(pair.a, pair.b, new AtomicInteger(write), after).run();
      return false;
    } catch (StoppingPlace.Stopped e) {
      return true;
    }
  }

  @Test
  void aFenceThatSomebodyElseHoldsIsWaitedForAndThenLiftedWhateverItsClockSaid() throws Exception {
    filled();
    for (int days : new int[] {-365, 0, 365}) {
      Pair.stand(
          pair.a, OTHER, new Standing.Fenced(pair.clock.instant().plus(Duration.ofDays(days))));
      pair.steps.clear();
      Instant begun = pair.clock.instant();
      pair.move(pair.a, pair.b).run();
      requireOnlyWritable(pair.b);
      assertThat(pair.steps).startsWith(Step.Kind.WAIT).containsOnlyOnce(Step.Kind.LIFT);
      assertThat(Duration.between(begun, pair.clock.instant()))
          .isBetween(Steps.FENCE_STAYS, Steps.FENCE_STAYS.plusSeconds(2));
      pair.move(pair.b, pair.a).run();
    }
  }

  @Test
  void aMoverThatWasOvertakenEndsAndTheOtherOneFinishes() throws Exception {
    filled();
    Mirror first = pair.mirror();
    first.once();
    pair.mirror().once();
    Pair.refusal(Reason.TAKEN_OVER, first::once);
    pair.move(pair.a, pair.b).run();
    requireOnlyWritable(pair.b);
  }

  @Test
  void aMirrorFollowsAndAMoveTakesItOver() throws Exception {
    Edits edits = filled();
    Mirror mirror = pair.mirror();
    mirror.once();
    edits.grow(2);
    assertThat(mirror.once().aums()).isEqualTo(2);
    assertThat(mirror.once().isNothing()).isTrue();
    assertThat(Pair.contentOf(pair.b)).isEqualTo(Pair.contentOf(pair.a));
    requireOnlyWritable(pair.a);
    assertThat(pair.move(pair.a, pair.b).run().copied().isNothing()).isTrue();
  }

  @Test
  void aPlaceThatHoldsTheTailnetAlreadyIsNotWrittenTo() throws Exception {
    filled();
    new Edits(pair.b.tailnets()).grow(1);
    String content = Pair.contentOf(pair.b);
    Pair.refusal(Reason.HELD, () -> pair.move(pair.a, pair.b).plan());
    Pair.refusal(Reason.HELD, () -> pair.move(pair.a, pair.b).run());
    Pair.refusal(Reason.NOTHING_TO_UNDO, () -> pair.move(pair.a, pair.b).undo());
    assertThat(Pair.contentOf(pair.b)).isEqualTo(content);
    assertThat(Pair.fence(pair.a)).isEqualTo(Fence.NONE);
  }

  @Test
  void ofTwoMovesToTwoTargetsOneGoesThroughAndTheOtherSaysWhere() throws Exception {
    filled();
    try (MemoryTailnets third = new MemoryTailnets()) {
      MovePlace c = new MovePlace(third, "c");
      pair.mirror().once();
      // The other move, from its first copy to its end, while the first one follows.
      pair.move(pair.a, c).run();
      assertThat(pair.writable()).isEmpty();
      assertThat(Pair.fence(c).isOpen()).isTrue();
      assertThat(Pair.refusal(Reason.MOVED, () -> pair.move(pair.a, pair.b).run()))
          .hasMessageContaining("was moved to c");
      assertThat(Pair.fence(pair.b).standing()).isInstanceOf(Standing.Shadow.class);
      pair.move(pair.a, pair.b).undo();
      assertThat(Pair.fence(pair.b).isOpen()).isTrue();
      assertThat(Pair.records(pair.b).seen(Edits.TAILNET).known()).isFalse();
    }
  }

  @Test
  void aTailnetThatWasMovedElsewhereSaysWhere() throws Exception {
    filled();
    Pair.stand(
        pair.a, OTHER, new Standing.Moved("sqlite:/c.db", Optional.empty(), pair.clock.instant()));
    assertThat(Pair.refusal(Reason.MOVED, () -> pair.move(pair.a, pair.b).run()))
        .hasMessageContaining("sqlite:/c.db");
    assertThat(Pair.fence(pair.b)).isEqualTo(Fence.NONE);
  }

  @Test
  void whatWasMovedAwayFromTheTargetToElsewhereStaysThere() throws Exception {
    filled();
    new Edits(pair.b.tailnets()).grow(1);
    Pair.stand(
        pair.b, OTHER, new Standing.Moved("sqlite:/c.db", Optional.empty(), pair.clock.instant()));
    String content = Pair.contentOf(pair.b);
    Pair.refusal(Reason.TARGET_MOVED, () -> pair.move(pair.a, pair.b).run());
    assertThat(Pair.contentOf(pair.b)).isEqualTo(content);
    requireOnlyWritable(pair.a);
  }

  @Test
  void aCopyIsMovedNowhereAndNotTakenFromAnotherSource() throws Exception {
    filled();
    Pair.stand(pair.b, OTHER, new Standing.Shadow("sqlite:/c.db"));
    Pair.refusal(Reason.OTHERS_SHADOW, () -> pair.move(pair.a, pair.b).run());
    Pair.refusal(Reason.OTHERS_SHADOW, () -> pair.move(pair.a, pair.b).undo());
    Pair.refusal(Reason.SHADOW, () -> pair.move(pair.b, pair.a).run());
    requireOnlyWritable(pair.a);
  }

  @Test
  void aTailnetThatIsNotThereDoesNotMove() {
    Pair.refusal(Reason.NO_TAILNET, () -> pair.move(pair.a, pair.b).run());
    Pair.refusal(Reason.NO_TAILNET, () -> pair.move(pair.a, pair.b).plan());
    Pair.refusal(Reason.SAME_PLACE, () -> pair.move(pair.a, pair.a).run());
  }

  @Test
  void aPlanWritesNothing() throws Exception {
    filled();
    assertThat(pair.move(pair.a, pair.b).plan())
        .isEqualTo(new Move.Plan(Step.Kind.BEGIN, false, 8, 1, 3));
    assertThat(Pair.records(pair.b).tailnets()).isEmpty();
    assertThat(Pair.fence(pair.a)).isEqualTo(Fence.NONE);
  }
}
