package dev.tka.control.move;

import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** What moves and mirrors have in common: they look at two places, and do one step. */
final class Mover {
  final MovePlace source;
  final MovePlace target;
  final String tailnet;
  final MoveListener listener;
  final Waiting waiting;
  private final Clock clock;
  private final ControlRecords here;
  private final ControlRecords there;

  /** Another thread lifts the fence when the process is told to end. */
  private volatile Steps.Own own = Steps.Own.NOTHING;

  private Optional<Copying> copying = Optional.empty();

  /** The moved source's fence under which it is read, once it is moved. */
  private Optional<Fence> readsMoved = Optional.empty();

  /** The fence that was last seen at the source, and since when. */
  private Fence met = Fence.NONE;

  private long metAt;

  Mover(
      MovePlace source,
      MovePlace target,
      String tailnet,
      Clock clock,
      Waiting waiting,
      MoveListener listener)
      throws MoveException {
    Tailnets.requireName(tailnet);
    this.source = source;
    this.target = target;
    this.tailnet = tailnet;
    this.clock = clock;
    this.waiting = waiting;
    this.listener = listener;
    this.here = source.records();
    this.there = target.records();
    if (source.tailnets() == target.tailnets() || source.name().equals(target.name())) {
      throw new MoveException(
          MoveException.Reason.SAME_PLACE,
          target.name() + ": expected another place than the source, found the source");
    }
  }

  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  Steps.Own own() {
    return own;
  }

  void ready(Steps.Ready ready) {
    own = own.with(ready);
  }

  /** What is seen of the two places; not of one moment, which no step relies on. */
  Look look() throws StoreException {
    ControlRecords.Seen seenThere = there.seen(tailnet);
    ControlRecords.Seen seenHere = here.seen(tailnet);
    if (!met.equals(seenHere.fence())) {
      met = seenHere.fence();
      metAt = waiting.now();
    }
    return new Look(
        tailnet,
        source.name(),
        target.name(),
        seenHere.fence(),
        waiting.since(metAt),
        isThere(here, seenHere),
        seenThere.fence(),
        isThere(there, seenThere));
  }

  /** Only where the tailnet does not live, it takes more than a look to tell. */
  private boolean isThere(ControlRecords records, ControlRecords.Seen seen) throws StoreException {
    return seen.fence().standing() instanceof Fence.Standing.Moved
        ? Copying.isThere(records.under(tailnet, seen.fence()), tailnet)
        : seen.known();
  }

  /** The target's side, once this mover holds the shadow. */
  Copying copying() {
    return copying.orElseThrow();
  }

  private void begin(Fence shadow) {
    own = Steps.Own.NOTHING.withTarget(shadow);
    readsMoved = Optional.empty();
    copying =
        Optional.of(
            new Copying(
                tailnet,
                source.tailnets(),
                there.under(tailnet, shadow),
                target.name(),
                listener::progress));
  }

  /**
   * Makes a step that changes a fence, or deletes.
   *
   * @throws StoreException.Conflict if the fence was changed by another: look again
   */
  void change(Step step) throws StoreException {
    switch (step.kind()) {
      case BEGIN, TAKE_OVER -> {
        there.fence(tailnet, step.before(), step.after());
        begin(step.after());
      }
      case FENCE -> fence(step);
      case DECIDE -> {
        here.fence(tailnet, step.before(), step.after());
        own = own.withSource(Optional.empty()).with(Steps.Ready.EQUAL);
      }
      case LIFT -> {
        here.fence(tailnet, step.before(), step.after());
        own = own.withSource(Optional.empty());
      }
      case OPEN, CLEAR -> there.fence(tailnet, step.before(), step.after());
      default -> throw new IllegalArgumentException(step.kind() + " changes no fence");
    }
  }

  private void fence(Step step) throws StoreException {
    try {
      here.fence(tailnet, step.before(), step.after());
    } catch (StoreException.InDoubt e) {
      lift(step.after());
      throw e;
    }
    own = own.withSource(Optional.of(step.after()));
  }

  /** Lets writes at the source go on, if they wait for this mover. Its decision then fails. */
  void lift() {
    own.source().ifPresent(this::lift);
  }

  private void lift(Fence mine) {
    try {
      here.fence(tailnet, mine, mine.next(new Fence.Standing.Open()));
    } catch (StoreException e) {
      // Decided, or lifted by others; or out of reach, and others lift it when it is old.
      own = own.withSource(Optional.empty());
      return;
    }
    own = own.withSource(Optional.empty());
  }

  /** Reads the source under the fence that it got when it was moved. */
  void readMoved(Fence moved) {
    if (!readsMoved.equals(Optional.of(moved))) {
      copying().readFrom(here.under(tailnet, moved));
      readsMoved = Optional.of(moved);
    }
  }

  ControlRecords there() {
    return there;
  }

  ControlRecords here() {
    return here;
  }
}
