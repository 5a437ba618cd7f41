package dev.tka.core.authority;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Notes;
import dev.tka.core.store.OwnTime;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * The own time of a store while a program has it open (protocol, section 10, "Own time"): it begins
 * where the store's note says, and goes on with the machine's running clock. Not safe for use by
 * several threads at once.
 */
final class OwnClock {
  /** The most that a node's own time is beyond its last agreement with control. */
  private static final Duration MOST_AFTER_AGREEMENT = Duration.ofDays(1);

  /** A note that is younger than this says nothing new about a program that runs. */
  private static final Duration NOTE_LASTS = Duration.ofHours(1);

  private final Clocks clocks;
  private final boolean followsControl;
  private Instant own;
  private Duration running;

  private OwnClock(Clocks clocks, boolean followsControl, Instant own) {
    this.clocks = clocks;
    this.followsControl = followsControl;
    this.own = own;
    this.running = clocks.running().get();
  }

  /** The own time of a store that is opened now. */
  static OwnClock start(Clocks clocks, AdmissionPolicy policy, AumSnapshot snapshot) {
    Instant now = clocks.wall().instant();
    OwnTime note = snapshot.notes().time().orElse(OwnTime.beginning(now));
    OwnClock clock = new OwnClock(clocks, policy.followsControl(), note.own());
    clock.goOnTo(note.afterStop(now), snapshot);
    return clock;
  }

  /**
   * The time now.
   *
   * @param snapshot the store's notes: other replicas may have got further
   */
  InformPlan.Moment now(AumSnapshot snapshot) {
    Duration before = running;
    running = clocks.running().get();
    Duration passed = running.minus(before);
    goOnTo(own.plus(passed), snapshot);
    snapshot.notes().time().map(OwnTime::own).filter(own::isBefore).ifPresent(noted -> own = noted);
    return new InformPlan.Moment(
        clocks.wall().instant().truncatedTo(ChronoUnit.SECONDS),
        own.truncatedTo(ChronoUnit.SECONDS));
  }

  private void goOnTo(Instant time, AumSnapshot snapshot) {
    Optional<Instant> agreed = snapshot.ownAums().agreedAt();
    Instant most =
        followsControl && agreed.isPresent()
            ? agreed.get().plus(MOST_AFTER_AGREEMENT)
            : Instant.MAX;
    Instant next = time.isAfter(most) ? most : time;
    own = next.isAfter(own) ? next : own;
  }

  /** The note for a commit at a moment. */
  static OwnTime note(Notes notes, InformPlan.Moment now) {
    return notes.time().orElse(OwnTime.beginning(now.clock())).noted(now.own(), now.clock());
  }

  /** True if the note of a program that runs should be renewed. */
  static boolean isStale(Notes notes, InformPlan.Moment now) {
    return notes
        .time()
        .filter(note -> Duration.between(note.own(), now.own()).compareTo(NOTE_LASTS) < 0)
        .filter(note -> Duration.between(note.clock(), now.clock()).abs().compareTo(NOTE_LASTS) < 0)
        .isEmpty();
  }
}
