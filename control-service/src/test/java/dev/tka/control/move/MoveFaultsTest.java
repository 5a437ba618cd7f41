package dev.tka.control.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.move.MoveException.Reason;
import dev.tka.control.move.WatchedPlace.Call;
import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.records.Fence.Standing;
import dev.tka.store.records.NodeToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Moves while others do something, or a place fails, at one moment. */
final class MoveFaultsTest {
  private final Pair pair = new Pair(new MemoryTailnets(), new MemoryTailnets());
  private Edits edits;
  private String content;

  @BeforeEach
  void fill() throws Exception {
    edits = new Edits(pair.a.tailnets()).fill(5, 3);
    content = Pair.contentOf(pair.a);
  }

  private static StoreException busy() {
    return new StoreException.Busy("other writers are active");
  }

  private static StoreException lost() {
    return new StoreException.Unavailable("postgresql://b/tka", new IOException("connection lost"));
  }

  private void requireMoved() throws Exception {
    assertThat(pair.writable()).containsExactly(pair.b);
    assertThat(Pair.fence(pair.b).isOpen()).isTrue();
    assertThat(Edits.contentOf(pair.b.tailnets(), false)).isEqualTo(content);
  }

  @Test
  void onceAMoveIsDecidedNoFailureThatPassesEndsItBeforeTheTargetIsOpen() throws Exception {
    MovePlace target =
        WatchedPlace.before(
            pair.b,
            Call.sets(Standing.Open.class),
            3,
            () -> {
              throw busy();
            });
    MovePlace source =
        WatchedPlace.after(
            pair.a,
            Call.sets(Standing.Moved.class),
            () -> {
              throw new StoreException.InDoubt("a", new IOException("connection lost"));
            });
    pair.move(source, target).run();
    requireMoved();
  }

  @Test
  void aDecidedMoveThatCannotOpenTheTargetSaysSoAfterAMinute() throws Exception {
    MovePlace target =
        WatchedPlace.before(
            pair.b,
            Call.sets(Standing.Open.class),
            Integer.MAX_VALUE,
            () -> {
              throw lost();
            });
    Instant begun = pair.clock.instant();
    assertThat(Pair.refusal(Reason.NOT_OPEN, () -> pair.move(pair.a, target).run()))
        .hasMessageContaining("connection lost");
    assertThat(Duration.between(begun, pair.clock.instant()))
        .isGreaterThanOrEqualTo(Retries.DECIDED);
    pair.move(pair.a, pair.b).run();
    requireMoved();
  }

  /** A disk that fails leaves every commit in doubt. */
  @Test
  void aPlaceWhoseCommitsAllStayInDoubtIsGivenUpSoon() {
    AtomicInteger tries = new AtomicInteger();
    MovePlace failing =
        WatchedPlace.before(
            pair.b,
            Call.sets(Standing.Shadow.class),
            Integer.MAX_VALUE,
            () -> {
              tries.incrementAndGet();
              throw new StoreException.InDoubt("b", new IOException("the disk failed"));
            });
    assertThatThrownBy(() -> pair.move(pair.a, failing).run())
        .isInstanceOf(StoreException.InDoubt.class);
    assertThat(tries.get()).isLessThan(10);
    assertThatCode(() -> edits.grow(1)).doesNotThrowAnyException();
  }

  @Test
  void aPlaceThatStaysOutOfReachLeavesTheTailnetOpenAtTheSource() {
    for (Class<? extends Standing> when :
        List.of(Standing.Shadow.class, Standing.Fenced.class, Standing.Moved.class)) {
      MovePlace place = when.equals(Standing.Shadow.class) ? pair.b : pair.a;
      MovePlace failing =
          WatchedPlace.before(
              place,
              Call.sets(when),
              Integer.MAX_VALUE,
              () -> {
                throw busy();
              });
      assertThatThrownBy(
              () ->
                  (place.equals(pair.b) ? pair.move(pair.a, failing) : pair.move(failing, pair.b))
                      .run())
          .isInstanceOf(StoreException.Busy.class);
      assertThatCode(() -> edits.grow(1)).doesNotThrowAnyException();
    }
  }

  @Test
  void beforeAMoveIsDecidedABusyPlaceAndALostConnectionAreTriedAgain() throws Exception {
    MovePlace source =
        WatchedPlace.before(
            pair.a,
            Call.sets(Standing.Fenced.class),
            2,
            () -> {
              throw busy();
            });
    MovePlace target =
        WatchedPlace.before(
            pair.b,
            Call.to("addToken"),
            2,
            () -> {
              throw lost();
            });
    pair.move(source, target).run();
    requireMoved();
  }

  @Test
  void whoeverTakesTheCopyOverBeforeADecisionTheMoverOpensTheTarget() throws Exception {
    MovePlace source =
        WatchedPlace.before(
            pair.a,
            Call.sets(Standing.Moved.class),
            1,
            () -> {
              var there = Pair.fence(pair.b);
              Pair.records(pair.b).fence(Edits.TAILNET, there, there.next(there.standing()));
            });
    pair.move(source, pair.b).run();
    requireMoved();
  }

  @Test
  void aMirrorLeavesACopyAloneWhileAMoveIsAboutToSwitch() throws Exception {
    MovePlace source =
        WatchedPlace.before(
            pair.a,
            Call.sets(Standing.Moved.class),
            1,
            () -> {
              var there = Pair.fence(pair.b);
              var step =
                  Steps.mirror(
                      new Look(
                          Edits.TAILNET,
                          pair.a.name(),
                          pair.b.name(),
                          Pair.fence(pair.a),
                          Duration.ZERO,
                          true,
                          there,
                          true),
                      Steps.Own.NOTHING,
                      "0123456789abcdef",
                      pair.clock.instant());
              assertThat(step.kind()).isEqualTo(Step.Kind.WAIT);
            });
    pair.move(source, pair.b).run();
    requireMoved();
  }

  @Test
  void anUndoThatComesAfterTheDecisionLeavesNothingUnserved() throws Exception {
    MovePlace source =
        WatchedPlace.before(
            pair.a,
            Call.sets(Standing.Moved.class),
            1,
            () -> {
              MovePlace target =
                  WatchedPlace.after(
                      pair.b,
                      Call.sets(Standing.Shadow.class),
                      () -> {
                        throw new StoppingPlace.Stopped();
                      });
              assertThatThrownBy(() -> pair.move(pair.a, target).undo())
                  .isInstanceOf(StoppingPlace.Stopped.class);
            });
    pair.move(source, pair.b).run();
    requireMoved();
  }

  private void enrol(long node) throws StoreException {
    edits.put(node);
    Pair.records(pair.a)
        .addToken(
            new NodeToken(
                Bytes.copyOf(("t" + node).getBytes(StandardCharsets.UTF_8)),
                Edits.TAILNET,
                node,
                pair.clock.instant()));
  }

  @Test
  void nodesThatEnrolWhileTheTailnetIsCopiedEndNeitherAMirrorNorAMove() throws Exception {
    AtomicLong node = new AtomicLong(100);
    WatchedPlace.Happening enrolling = () -> enrol(node.incrementAndGet());
    pair.mirror(WatchedPlace.before(pair.a, Call.to("tokens"), 4, enrolling)).once();
    pair.move(WatchedPlace.before(pair.a, Call.to("tokens"), 4, enrolling), pair.b).run();
    content = Pair.contentOf(pair.a);
    requireMoved();
    assertThat(node.get()).isGreaterThan(102);
    assertThat(pair.differences).isEmpty();
  }

  @Test
  void aTailnetThatIsDeletedBeforeTheFenceIsNotMovedAndItsCopyIsGivenBack() throws Exception {
    MovePlace source =
        WatchedPlace.before(
            pair.a,
            Call.sets(Standing.Fenced.class),
            1,
            () -> Copying.clear(pair.a.tailnets(), Edits.TAILNET));
    Pair.refusal(Reason.NO_TAILNET, () -> pair.move(source, pair.b).run());
    assertThat(Pair.fence(pair.a).isOpen()).isTrue();
    assertThat(Pair.fence(pair.b).isOpen()).isTrue();
    assertThat(Pair.records(pair.b).tailnets()).isEmpty();
  }

  @Test
  void aCopyThatOutlivesItsSourceIsKeptUntilItIsUndone() throws Exception {
    pair.mirror().once();
    Copying.clear(pair.a.tailnets(), Edits.TAILNET);
    Pair.refusal(Reason.NO_TAILNET, () -> pair.move(pair.a, pair.b).run());
    assertThat(Pair.contentOf(pair.b)).isEqualTo(content);
    pair.move(pair.a, pair.b).undo();
    assertThat(Pair.records(pair.b).tailnets()).isEmpty();
    Pair.refusal(Reason.NO_TAILNET, () -> pair.move(pair.a, pair.b).undo());
  }
}
