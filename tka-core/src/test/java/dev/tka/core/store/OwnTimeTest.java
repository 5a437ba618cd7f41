package dev.tka.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.testkit.FakeClock;
import java.time.Duration;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Protocol, section 10, "Own time": over a stop. */
class OwnTimeTest {
  private static final Instant NOON = FakeClock.START;
  private static final Duration DAY = Duration.ofDays(1);

  private static Instant after(Duration duration) {
    return NOON.plus(duration);
  }

  @Test
  void overAShortStopItGoesOnWithTheWallClock() {
    OwnTime note = OwnTime.beginning(NOON);
    assertThat(note.afterStop(after(Duration.ofHours(23)))).isEqualTo(after(Duration.ofHours(23)));
    assertThat(note.afterStop(after(DAY))).isEqualTo(after(DAY));
  }

  @Test
  void overALongStopItGoesOnForADay() {
    OwnTime note = OwnTime.beginning(NOON);
    assertThat(note.afterStop(after(Duration.ofDays(30)))).isEqualTo(after(DAY));
    assertThat(note.afterStop(after(Duration.ofDays(365)))).isEqualTo(after(DAY));
  }

  @Test
  void aClockThatGoesBackTakesNothingAway() {
    OwnTime note = OwnTime.beginning(NOON);
    assertThat(note.afterStop(after(Duration.ofDays(-365)))).isEqualTo(NOON);
  }

  @Test
  void aClockThatWasWrongAndIsRightAgainGivesNoTimeTwice() {
    // A year ahead for one start, right at the next.
    OwnTime ahead = OwnTime.beginning(NOON);
    ahead = ahead.noted(ahead.afterStop(after(Duration.ofDays(365))), after(Duration.ofDays(365)));
    assertThat(ahead.own()).isEqualTo(after(DAY));
    OwnTime right = ahead.noted(ahead.afterStop(after(DAY)), after(DAY));
    assertThat(right.own()).isEqualTo(after(DAY));
    // More than a day after that note, only what is beyond the year would count.
    assertThat(right.afterStop(after(Duration.ofDays(40)))).isEqualTo(after(DAY));
  }

  @Test
  void aClockToAndFroGainsNothing() {
    OwnTime note = OwnTime.beginning(NOON);
    for (int start = 0; start < 100; start++) {
      Instant clock = after(start % 2 == 0 ? Duration.ofHours(23) : Duration.ZERO);
      note = note.noted(note.afterStop(clock), clock);
    }
    assertThat(note.own()).isEqualTo(after(Duration.ofHours(23)));
  }

  @Test
  void aLaterNoteOfAReplicaStands() {
    OwnTime note = OwnTime.beginning(NOON).noted(after(DAY), NOON);
    assertThat(note.noted(NOON, NOON).own()).isEqualTo(after(DAY));
  }

  @Property
  void itNeverGoesBackAndNeverBeyondTheLatestClock(
      @ForAll @IntRange(min = -2000, max = 2000) int[] hours) {
    OwnTime note = OwnTime.beginning(NOON);
    for (int hour : hours) {
      Instant clock = after(Duration.ofHours(hour));
      Instant own = note.afterStop(clock);
      assertThat(own).isAfterOrEqualTo(note.own()).isBeforeOrEqualTo(note.own().plus(DAY));
      OwnTime next = note.noted(own, clock);
      assertThat(next.own()).isBeforeOrEqualTo(next.latestClock());
      note = next;
    }
  }
}
