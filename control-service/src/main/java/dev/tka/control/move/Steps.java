package dev.tka.control.move;

import dev.tka.control.move.MoveException.Reason;
import dev.tka.store.TailnetName;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The next step of a move, from nothing but the two fences and what this mover did so far.
 *
 * <p>Why at most one place is writable, and none is forgotten, wherever movers are killed, paused
 * or overtaken:
 *
 * <ul>
 *   <li>The target is writable only when open. It is opened by a compare-and-set on a shadow's
 *       fence, after the source was seen to be moved by the same move; and a source that is moved
 *       never changes again, except as the target of a way back.
 *   <li>The source becomes moved by one compare-and-set on the fence under which writes wait. Since
 *       that fence was set, this mover has read the whole target under the shadow's fence and found
 *       it equal. Whoever takes the shadow over raises its epoch; so either this mover noticed, or
 *       the other one finds the source moved and finishes. A mover whose shadow was taken over
 *       takes it back once its source is moved: then all movers want the same.
 *   <li>Whoever undoes takes the shadow over first and then lifts the fence of the source. If the
 *       decision was faster, lifting fails, and nothing is deleted.
 * </ul>
 */
final class Steps {
  /**
   * A fence that a mover has met for so long counts as left behind. Time decides only how long
   * writes wait.
   */
  static final Duration FENCE_STAYS = Duration.ofSeconds(10);

  /** The first digits of moves to a place that the tailnet was moved away from before. */
  private static final String WAY_BACK = "89abcdef";

  private static final String NOTHING_BEFORE = "01234567";

  private static final int DIGITS = 16;

  /** How far this mover is. */
  enum Ready {
    /** The shadow is not known to be like the source. */
    NOT,
    /** The shadow is nearly like the source. */
    NEARLY,
    /** The shadow is like the source, and the source has not changed since; or it is deleted. */
    EQUAL
  }

  /**
   * What a mover did so far.
   *
   * @param target the shadow's fence, if this mover made or took over the shadow
   * @param source the fence that this mover put at the source, if it did
   * @param ready how far it is
   */
  record Own(Optional<Fence> target, Optional<Fence> source, Ready ready) {
    static final Own NOTHING = new Own(Optional.empty(), Optional.empty(), Ready.NOT);

    Own withTarget(Fence fence) {
      return new Own(Optional.of(fence), source, Ready.NOT);
    }

    Own withSource(Optional<Fence> fence) {
      return new Own(target, fence, fence.isPresent() ? ready : Ready.NOT);
    }

    Own with(Ready other) {
      return new Own(target, source, other);
    }
  }

  private final Look look;
  private final Own own;
  private final Instant now;

  private Steps(Look look, Own own, Instant now) {
    this.look = look;
    this.own = own;
    this.now = now;
  }

  /**
   * The next step towards the target.
   *
   * @param random 16 random hexadecimal digits, for a move that begins
   * @param server where the target's servers are
   * @throws MoveException if the tailnet cannot be moved
   */
  static Step next(Look look, Own own, String random, Optional<URI> server, Instant now)
      throws MoveException {
    return new Steps(look, own, now).next(random, server);
  }

  private Step next(String random, Optional<URI> server) throws MoveException {
    Standing here = look.here().standing();
    if (look.isDone()) {
      return Step.of(Step.Kind.DONE);
    }
    if (here instanceof Standing.Shadow shadow) {
      throw refused(
          Reason.SHADOW,
          look.source(),
          "expected the tailnet, found a copy of " + shadow.from() + " that is not finished");
    }
    if (here instanceof Standing.Moved moved && !(look.isPair() && look.isShadowOfSource())) {
      throw refused(Reason.MOVED, look.source(), movedTo(moved));
    }
    if (!look.isHere()) {
      throw refused(
          Reason.NO_TAILNET,
          look.source(),
          look.isShadowOfSource() && own.target().isEmpty()
              ? "there is no such tailnet any more; a copy of it is left in "
                  + look.target()
                  + ", which --undo deletes"
              : "there is no such tailnet");
    }
    if (own.target().isPresent() && !own.target().get().equals(look.there())) {
      if (isFencedByMe()) {
        return lift();
      }
      if (look.isMoved()) {
        // Whoever has the copy: once it is decided, all that is left is to open it.
        return takeOver();
      }
      throw refused(
          Reason.TAKEN_OVER, look.target(), "another process took this move over, or undid it");
    }
    requireTarget();
    if (here instanceof Standing.Fenced && !isFencedByMe()) {
      return liftOrWait();
    }
    if (own.target().isEmpty()) {
      return look.isShadowOfSource()
          ? takeOver()
          : change(
              Step.Kind.BEGIN,
              look.there(),
              look.there().next(token(random), new Standing.Shadow(look.source(), serverBefore())));
    }
    String move = look.there().move().orElseThrow();
    if (here instanceof Standing.Moved) {
      return own.ready() == Ready.EQUAL
          ? change(Step.Kind.OPEN, look.there(), look.there().next(new Standing.Open()))
          : Step.of(Step.Kind.FINISH);
    }
    if (here instanceof Standing.Fenced) {
      return own.ready() == Ready.EQUAL
          ? change(
              Step.Kind.DECIDE,
              look.here(),
              look.here().next(move, new Standing.Moved(look.target(), server, now)))
          : Step.of(Step.Kind.FINISH);
    }
    return own.ready() == Ready.NEARLY
        ? change(Step.Kind.FENCE, look.here(), look.here().next(move, new Standing.Fenced(now)))
        : Step.of(Step.Kind.FOLLOW);
  }

  /**
   * The next step of a mirror, which ends at following.
   *
   * @throws MoveException if there can be no copy
   */
  static Step mirror(Look look, Own own, String random, Instant now) throws MoveException {
    if (look.isMoved()) {
      throw new Steps(look, own, now)
          .refused(Reason.MOVED, look.source(), movedTo((Standing.Moved) look.here().standing()));
    }
    boolean isSwitching =
        look.here().standing() instanceof Standing.Fenced
            && look.isPair()
            && !own.target().equals(Optional.of(look.there()));
    if (isSwitching) {
      // The move that has the copy is about to decide, and reads it as it is.
      return new Steps(look, own, now).liftOrWait();
    }
    Look open =
        new Look(
            look.tailnet(),
            look.source(),
            look.target(),
            // A fence of others does not keep anybody from copying.
            look.here().livesHere()
                ? new Fence(look.here().epoch(), look.here().move(), new Standing.Open())
                : look.here(),
            look.met(),
            look.isHere(),
            look.there(),
            look.isThere());
    return next(open, own.with(Ready.NOT), random, Optional.empty(), now);
  }

  /**
   * The next step of undoing a move that is not decided.
   *
   * @throws MoveException if it is decided, or there is nothing to undo
   */
  static Step undo(Look look, Own own, Instant now) throws MoveException {
    return new Steps(look, own, now).undo();
  }

  private Step undo() throws MoveException {
    if ((own.target().isEmpty() && look.isDone()) || (look.isMoved() && look.isPair())) {
      throw refused(
          Reason.DECIDED,
          look.source(),
          look.isDone()
              ? "the move is done, and cannot be undone: move the tailnet back, with the stores"
                  + " exchanged"
              : "the move is decided, and cannot be undone: finish it, and move the tailnet back");
    }
    if (own.target().isPresent() && !own.target().get().equals(look.there())) {
      if (!(look.there().standing() instanceof Standing.Shadow)) {
        return Step.of(Step.Kind.DONE);
      }
      throw refused(Reason.TAKEN_OVER, look.target(), "another process took this move over");
    }
    if (!(look.there().standing() instanceof Standing.Shadow shadow)) {
      if (!look.isHere() && !look.isThere()) {
        throw refused(Reason.NO_TAILNET, look.source(), "there is no such tailnet");
      }
      throw refused(Reason.NOTHING_TO_UNDO, look.target(), "there is no move to undo");
    }
    if (own.target().isEmpty()) {
      if (!look.isPair() && !shadow.from().equals(look.source())) {
        throw others(shadow);
      }
      return change(Step.Kind.TAKE_OVER, look.there(), look.there().next(shadow));
    }
    if (look.here().standing() instanceof Standing.Fenced && look.isPair()) {
      return lift();
    }
    boolean wasMoved = WAY_BACK.indexOf(look.there().move().orElse("0").charAt(0)) >= 0;
    if (wasMoved) {
      // Servers of the target go on redirecting, and the pair may be moved back again.
      return change(
          Step.Kind.CLEAR,
          look.there(),
          look.there()
              .next(
                  look.here().move().orElse(look.there().move().orElseThrow()),
                  new Standing.Moved(look.source(), shadow.server(), now)));
    }
    return own.ready() == Ready.EQUAL
        ? change(Step.Kind.CLEAR, look.there(), look.there().next(new Standing.Open()))
        : Step.of(Step.Kind.DELETE);
  }

  /**
   * The next step of giving up the way back.
   *
   * @throws MoveException if the tailnet does not live at the target
   */
  static Step complete(Look look, Instant now) throws MoveException {
    if (look.isDone()) {
      return Step.of(look.isHere() ? Step.Kind.DELETE : Step.Kind.DONE);
    }
    Steps steps = new Steps(look, Own.NOTHING, now);
    if (look.here().standing() instanceof Standing.Moved moved && !look.isPair()) {
      throw steps.refused(Reason.MOVED, look.source(), movedTo(moved));
    }
    throw steps.refused(
        Reason.UNFINISHED,
        look.source(),
        look.isHere() || !look.here().isOpen()
            ? "the tailnet is not moved to " + look.target() + " yet: finish the move first"
            : "there is no such tailnet");
  }

  private void requireTarget() throws MoveException {
    Standing there = look.there().standing();
    if (look.there().livesHere() && (look.isThere() || !look.there().isOpen())) {
      throw held(look.target(), look.tailnet());
    }
    if (there instanceof Standing.Shadow shadow && !look.isShadowOfSource()) {
      throw others(shadow);
    }
    if (there instanceof Standing.Moved moved && !look.isWayBack()) {
      throw refused(Reason.TARGET_MOVED, look.target(), movedTo(moved));
    }
    Optional<String> problem =
        look.there().equals(Fence.NONE) ? TailnetName.problem(look.tailnet()) : Optional.empty();
    if (problem.isPresent()) {
      throw new MoveException(Reason.NAME, look.target() + ": " + problem.get());
    }
  }

  static MoveException held(String target, String tailnet) {
    return new MoveException(
        Reason.HELD,
        Look.named(target, tailnet)
            + ": expected no tailnet of this name, found one that is in use");
  }

  private MoveException others(Standing.Shadow shadow) {
    return refused(
        Reason.OTHERS_SHADOW,
        look.target(),
        "expected no copy, found one of " + shadow.from() + " that is not finished");
  }

  private static String movedTo(Standing.Moved moved) {
    return "the tailnet was moved to " + moved.to() + " at " + moved.at();
  }

  private MoveException refused(Reason reason, String place, String what) {
    return new MoveException(reason, look.named(place) + ": " + what);
  }

  private boolean isFencedByMe() {
    return own.source().isPresent() && own.source().get().equals(look.here());
  }

  /** A fence is left alone until its mover counts as dead, by what this mover has seen itself. */
  private Step liftOrWait() {
    return look.met().compareTo(FENCE_STAYS) >= 0
        ? lift()
        : new Step(Step.Kind.WAIT, look.here(), look.here());
  }

  /** Where the target said that the servers are, if the tailnet was moved away from it. */
  private Optional<URI> serverBefore() {
    return look.there().standing() instanceof Standing.Moved moved
        ? moved.server()
        : Optional.empty();
  }

  private Step takeOver() {
    return change(Step.Kind.TAKE_OVER, look.there(), look.there().next(look.there().standing()));
  }

  private Step lift() {
    return change(Step.Kind.LIFT, look.here(), look.here().next(new Standing.Open()));
  }

  private static Step change(Step.Kind kind, Fence before, Fence after) {
    return new Step(kind, before, after);
  }

  /** The name of a move, whose first digit tells whether it is one back. */
  private String token(String random) {
    boolean back = look.there().standing() instanceof Standing.Moved;
    int digit = Character.digit(random.charAt(0), DIGITS) % NOTHING_BEFORE.length();
    return (back ? WAY_BACK : NOTHING_BEFORE).charAt(digit) + random.substring(1);
  }
}
