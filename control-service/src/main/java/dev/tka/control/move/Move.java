package dev.tka.control.move;

import dev.tka.control.move.MoveException.Reason;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Moves a tailnet from one place to another while it is in use (service, section 7): copy as a
 * shadow, follow, compare, fence the source, copy and compare the rest, decide, open the target.
 *
 * <p>At most one place is writable at any time. A move that was killed anywhere is finished by
 * {@link #run}, or undone by {@link #undo} before it was decided: both look at nothing but the
 * places. A move with the places exchanged is the way back, for which what is at the source stays
 * until {@link #complete}.
 *
 * <p>For one thread, except {@link #release}.
 */
public final class Move {
  private static final int TOKEN_BYTES = 8;

  /** Longer than this no writer waits: the fence is lifted, and the copy follows on. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);

  private static final int MOST_PAUSES = 5;

  /** A round of copying that takes no longer leaves little to copy under the fence. */
  private static final Duration SHORT = Duration.ofMillis(300);

  private static final int MOST_ROUNDS = 30;

  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);

  private final Mover mover;
  private final Optional<URI> server;
  private final String random;
  private Copied copied = Copied.NOTHING;
  private Optional<Duration> pause = Optional.empty();
  private long fencedAt;
  private int pauses;

  /** Whether the copy at the target is this move's alone. */
  private boolean hasBegun;

  private Move(Mover mover, Optional<URI> server, String random) {
    this.mover = mover;
    this.server = server;
    this.random = random;
  }

  /**
   * A move; nothing happens yet.
   *
   * @param server where the target's servers are, for those who ask servers of the source
   * @param random names the move
   * @throws MoveException if the places keep no records of control, or are one
   */
  public static Move of(
      MovePlace source,
      MovePlace target,
      String tailnet,
      Optional<URI> server,
      Clock clock,
      SecureRandom random,
      MoveListener listener)
      throws MoveException {
    return of(source, target, tailnet, server, clock, Waiting.REAL, random, listener);
  }

  /** A move whose waits tests can see. */
  static Move of(
      MovePlace source,
      MovePlace target,
      String tailnet,
      Optional<URI> server,
      Clock clock,
      Waiting waiting,
      SecureRandom random,
      MoveListener listener)
      throws MoveException {
    byte[] token = new byte[TOKEN_BYTES];
    random.nextBytes(token);
    return new Move(
        new Mover(source, target, tailnet, clock, waiting, listener),
        server,
        HexFormat.of().formatHex(token));
  }

  /**
   * What a move did.
   *
   * @param copied what was copied in all
   * @param pause how long writes waited; empty if this call did not switch
   */
  public record Done(Copied copied, Optional<Duration> pause) {}

  /**
   * Moves the tailnet, or finishes a move that was begun. Nothing happens if that was done.
   *
   * @throws MoveException if it cannot be moved; it lives where it lived, unless the reason is that
   *     the move is decided, and the target could not be opened for a minute: run it again
   * @throws StoreException if a place cannot be read or written, also when that is tried again; it
   *     lives where it lived
   * @throws InterruptedException if this thread is interrupted; what was copied stays
   */
  public Done run() throws MoveException, StoreException, InterruptedException {
    try {
      return attempt(
          true, look -> Steps.next(look, mover.own(), random, server, mover.now()), this::doStep);
    } catch (MoveException e) {
      if (e.reason() == Reason.NO_TAILNET && hasBegun) {
        giveBack(e);
      }
      throw e;
    } finally {
      mover.lift();
    }
  }

  /** A copy that this move made of what was deleted since would keep the name at the target. */
  private void giveBack(MoveException refusal) throws InterruptedException {
    try {
      undo();
    } catch (MoveException | StoreException e) {
      refusal.addSuppressed(e);
    }
  }

  /**
   * Undoes a move that is not decided: writes at the source go on, and the copy is deleted. A
   * target that the tailnet was moved away from before says so again.
   *
   * @throws MoveException if it is decided, or there is nothing to undo
   * @throws StoreException if a place cannot be read or written; run it again
   */
  public Done undo() throws MoveException, StoreException, InterruptedException {
    return attempt(false, look -> Steps.undo(look, mover.own(), mover.now()), this::undoStep);
  }

  /**
   * Gives up the way back: deletes what is left at the source of a move that is done. The source
   * goes on saying where the tailnet lives.
   *
   * @throws MoveException if the move is not done
   * @throws StoreException if a place cannot be read or written; run it again
   */
  public Done complete() throws MoveException, StoreException, InterruptedException {
    return attempt(
        false,
        look -> Steps.complete(look, mover.now()),
        (step, look) ->
            Copying.clear(mover.here().under(mover.tailnet, look.here()), mover.tailnet));
  }

  /**
   * What a move would come to.
   *
   * @param next the step that would be next
   * @param decided whether a move is decided that is not finished
   * @param aums the number of AUMs at the source, retired authorities included
   * @param retired the number of retired authorities
   * @param nodes the number of nodes at the source
   */
  public record Plan(Step.Kind next, boolean decided, long aums, int retired, long nodes) {}

  /**
   * Says what {@link #run} would begin with; writes nothing.
   *
   * @throws MoveException if the tailnet cannot be moved
   */
  public Plan plan() throws MoveException, StoreException {
    Look look = mover.look();
    Step step = Steps.next(look, Steps.Own.NOTHING, random, server, mover.now());
    Tailnets place =
        look.here().livesHere()
            ? mover.source.tailnets()
            : mover.here().under(mover.tailnet, look.here());
    ControlRecords records = place.records().orElseThrow();
    long aums = size(place.tailnet(mover.tailnet).read());
    var retired = records.tailnet(mover.tailnet).retired();
    for (var each : retired) {
      aums += size(place.tailnet(each.store()).read());
    }
    return new Plan(
        step.kind(),
        look.isMoved() && step.kind() != Step.Kind.DONE,
        aums,
        retired.size(),
        records.countNodes(mover.tailnet));
  }

  private static int size(AumSnapshot aums) {
    return aums.entries().size();
  }

  /**
   * For a process that is told to end: lets writes at the source go on, unless the move is decided.
   * Any thread may call it.
   */
  public void release() {
    mover.lift();
  }

  /** Finds the next step. */
  @FunctionalInterface
  private interface Deciding {
    Step next(Look look) throws MoveException;
  }

  /** Makes a step. */
  @FunctionalInterface
  private interface Doing {
    void step(Step step, Look look) throws MoveException, StoreException, InterruptedException;
  }

  /**
   * Makes steps until nothing is left.
   *
   * @param opens whether that opens the target, so that nothing but the end helps once the source
   *     is moved
   */
  private Done attempt(boolean opens, Deciding deciding, Doing doing)
      throws MoveException, StoreException, InterruptedException {
    Retries retries = new Retries(mover.waiting);
    Optional<Look> known = Optional.empty();
    boolean decided = false;
    Step.Kind last = Step.Kind.DONE;
    while (true) {
      try {
        Look look = known.isPresent() ? known.get() : mover.look();
        known = Optional.empty();
        decided = opens && look.isMoved();
        Step step = deciding.next(look);
        mover.listener.step(step.kind());
        if (step.kind() == Step.Kind.DONE) {
          return new Done(copied, pause);
        }
        last = step.kind();
        doing.step(step, look);
        retries.succeeded();
        // While writes wait, nothing is read to learn what was just written.
        known = look.after(step);
      } catch (StoreException e) {
        boolean isRefusal =
            e instanceof StoreException.Conflict || e instanceof StoreException.Fenced;
        // Until a look tells otherwise.
        decided |= last == Step.Kind.DECIDE && !isRefusal && !(e instanceof StoreException.Busy);
        if (!decided && !isRefusal) {
          // Writes do not wait for a place to come back.
          mover.lift();
        }
        if (!retries.pause(e, decided)) {
          if (decided) {
            throw new MoveException(
                Reason.NOT_OPEN,
                mover.target.name()
                    + ": the move is decided, but the tailnet is not open there yet: "
                    + e.getMessage());
          }
          if (last == Step.Kind.BEGIN && e instanceof StoreException.Conflict) {
            throw Steps.held(mover.target.name(), mover.tailnet);
          }
          throw e;
        }
      }
    }
  }

  private void doStep(Step step, Look look)
      throws MoveException, StoreException, InterruptedException {
    switch (step.kind()) {
      case FOLLOW -> follow();
      case FINISH -> finish(look);
      case WAIT -> mover.waiting.sleep().pass(BETWEEN_LOOKS);
      case BEGIN -> {
        mover.change(step);
        hasBegun = true;
      }
      case FENCE -> {
        fencedAt = System.nanoTime();
        mover.change(step);
      }
      case OPEN -> {
        mover.change(step);
        if (fencedAt != 0) {
          Duration waited = sinceFence();
          pause = Optional.of(waited);
          mover.listener.paused(waited);
        }
      }
      default -> mover.change(step);
    }
  }

  private Duration sinceFence() {
    return Duration.ofNanos(System.nanoTime() - fencedAt);
  }

  private Copied round(boolean sightings) throws MoveException, StoreException {
    Copied round = mover.copying().round(sightings);
    copied = copied.plus(round);
    mover.listener.copied(round);
    return round;
  }

  private void follow() throws MoveException, StoreException {
    for (int i = 0; i < MOST_ROUNDS; i++) {
      if (round(true).took().compareTo(SHORT) < 0) {
        break;
      }
    }
    requireEqual(true);
    round(false);
    mover.ready(Steps.Ready.NEARLY);
  }

  /** A difference that copying cannot see is a row that somebody, or the medium, changed. */
  private void requireEqual(boolean bodies) throws MoveException, StoreException {
    Optional<String> difference = mover.copying().difference(bodies);
    if (difference.isEmpty()) {
      return;
    }
    mover.listener.differs(difference.get());
    mover.copying().startOver();
    round(true);
    difference = mover.copying().difference(true);
    if (difference.isPresent()) {
      throw new MoveException(
          Reason.DIFFERS,
          mover.target.name()
              + ": the copy is not equal to what was copied, also when it is made anew: "
              + difference.get());
    }
  }

  private void finish(Look look) throws MoveException, StoreException {
    boolean moved = look.isMoved();
    if (moved) {
      mover.readMoved(look.here());
    }
    round(moved);
    if (!moved && mover.copying().foundNothing()) {
      // Deleted since: the next look tells.
      mover.lift();
      return;
    }
    // What was copied before the fence was compared then, when nobody waited.
    requireEqual(moved);
    if (!moved && sinceFence().compareTo(LONGEST_PAUSE) > 0) {
      mover.lift();
      pauses++;
      if (pauses == MOST_PAUSES) {
        throw new MoveException(
            Reason.TOO_SLOW,
            mover.target.name()
                + ": the last copy took longer than "
                + LONGEST_PAUSE.toSeconds()
                + " s each time: try again when less is changed");
      }
      return;
    }
    mover.ready(Steps.Ready.EQUAL);
  }

  private void undoStep(Step step, Look look) throws StoreException {
    if (step.kind() == Step.Kind.DELETE) {
      Copying.clear(mover.there().under(mover.tailnet, look.there()), mover.tailnet);
      mover.ready(Steps.Ready.EQUAL);
    } else {
      mover.change(step);
    }
  }
}
