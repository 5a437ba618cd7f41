package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Protocol, section 10, "Own time": while a program runs, over its stops, and at a node. */
class OwnClockTest {
  private static final Aum GENESIS = Chains.genesis(List.of(TestKeys.key(1, 1)), 1);

  private final FakeClock wall = new FakeClock();
  private final FakeClock machine = new FakeClock();
  private final MemoryAumStore store = new MemoryAumStore();

  private Clocks clocks() {
    return new Clocks(wall, () -> Duration.between(FakeClock.START, machine.instant()));
  }

  private LiveAuthority begin(AdmissionPolicy policy) throws TkaException {
    return LiveAuthority.bootstrap(store, GENESIS, policy, clocks());
  }

  private LiveAuthority start(AdmissionPolicy policy) throws TkaException {
    return LiveAuthority.open(store, policy, clocks());
  }

  private void pass(Duration time) {
    wall.advance(time);
    machine.advance(time);
  }

  private static Instant after(Duration time) {
    return FakeClock.START.plus(time);
  }

  @Test
  void aProgramThatRunsGoesByTheRunningClock() throws TkaException {
    LiveAuthority live = begin(AdmissionPolicy.CONTROL);
    wall.advance(Duration.ofDays(365));
    machine.advance(Duration.ofHours(2));
    assertThat(live.ownTime()).isEqualTo(after(Duration.ofHours(2)));

    wall.advance(Duration.ofDays(-3650));
    assertThat(live.ownTime()).isEqualTo(after(Duration.ofHours(2)));
  }

  @Test
  void theTimeOfAProgramThatNotesItIsNotLost() throws TkaException {
    LiveAuthority live = begin(AdmissionPolicy.CONTROL);
    for (int day = 0; day < 30; day++) {
      pass(Duration.ofDays(1));
      live.noteTime();
    }
    assertThat(start(AdmissionPolicy.CONTROL).ownTime()).isEqualTo(after(Duration.ofDays(30)));
  }

  @Test
  void theTimeOfAProgramThatDoesNotNoteItCountsForADay() throws TkaException {
    begin(AdmissionPolicy.CONTROL);
    pass(Duration.ofDays(30));
    assertThat(start(AdmissionPolicy.CONTROL).ownTime()).isEqualTo(after(Duration.ofDays(1)));
  }

  @Test
  void aProgramThatCrashesAgainAndAgainKeepsTime() throws TkaException {
    begin(AdmissionPolicy.CONTROL);
    for (int crash = 0; crash < 100; crash++) {
      pass(Duration.ofHours(5));
      start(AdmissionPolicy.CONTROL).noteTime();
    }
    assertThat(start(AdmissionPolicy.CONTROL).ownTime()).isEqualTo(after(Duration.ofHours(500)));
  }

  @Test
  void aNoteThatSaysNothingNewIsNotMade() throws TkaException {
    LiveAuthority live = begin(AdmissionPolicy.CONTROL);
    pass(Duration.ofMinutes(59));
    long before = store.read().revision().value();
    live.noteTime();
    assertThat(store.read().revision().value()).isEqualTo(before);
    pass(Duration.ofMinutes(1));
    live.noteTime();
    assertThat(store.read().revision().value()).isNotEqualTo(before);
  }

  @Test
  void replicasTakeTheLaterOfTheNoteAndTheirOwn() throws TkaException {
    LiveAuthority one = begin(AdmissionPolicy.CONTROL);
    // The other's wall clock is 20 hours ahead; they are started by turns.
    for (int turn = 0; turn < 10; turn++) {
      wall.advance(Duration.ofHours(turn % 2 == 0 ? 20 : -20));
      start(AdmissionPolicy.CONTROL).noteTime();
    }
    one.refresh();
    assertThat(one.ownTime()).isEqualTo(after(Duration.ofHours(20)));
  }

  @Test
  void aNodesOwnTimeWaitsForControl() throws TkaException {
    LiveAuthority node = begin(AdmissionPolicy.NODE);
    node.settle(GENESIS.hash(), List.of(), List.of());
    // Control is down for 42 days, and the node starts anew each day.
    for (int day = 0; day < 42; day++) {
      pass(Duration.ofDays(1));
      node = start(AdmissionPolicy.NODE);
      node.noteTime();
    }
    assertThat(node.ownTime()).isEqualTo(after(Duration.ofDays(1)));

    node.settle(GENESIS.hash(), List.of(), List.of());
    pass(Duration.ofHours(7));
    assertThat(node.ownTime()).isEqualTo(after(Duration.ofHours(31)));
  }

  @Test
  void anAumIsNoOlderThanItsParentWhateverTheClockSays() throws TkaException {
    LiveAuthority live = begin(AdmissionPolicy.CONTROL);
    wall.advance(Duration.ofDays(-365));
    Aum child = Chains.noOp(GENESIS, "child", 1);
    Aum grandchild = Chains.noOp(child, "grandchild", 1);
    live.inform(List.of(child, grandchild));
    for (Aum aum : List.of(child, grandchild)) {
      assertThat(store.read().find(aum.hash()).orElseThrow().committedAt())
          .isEqualTo(FakeClock.START);
    }
  }

  @Test
  void theReferencePolicyNotesNothing() throws TkaException {
    LiveAuthority live = begin(AdmissionPolicy.REFERENCE);
    pass(Duration.ofDays(1));
    live.noteTime();
    assertThat(store.read().notes().time()).isEmpty();
  }

  @Test
  void theMachinesRunningClockGoesOn() {
    Clocks clocks = Clocks.of(wall);
    Duration before = clocks.running().get();
    assertThat(clocks.running().get()).isGreaterThanOrEqualTo(before);
  }
}
