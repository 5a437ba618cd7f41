package dev.tka.control.move;

import dev.tka.store.records.Fence;
import java.time.Duration;
import java.util.Optional;

/**
 * What is seen of a tailnet at the two places of a move.
 *
 * @param tailnet its name
 * @param source the source's name in words
 * @param target the target's name in words
 * @param here the fence at the source
 * @param met for how long this mover has seen that fence
 * @param isHere whether anything of the tailnet is at the source
 * @param there the fence at the target
 * @param isThere whether anything of the tailnet is at the target; of a shadow, whether it may be
 */
record Look(
    String tailnet,
    String source,
    String target,
    Fence here,
    Duration met,
    boolean isHere,
    Fence there,
    boolean isThere) {

  /**
   * What is seen after a step, if that needs no other look: each change of a fence is under the
   * condition that it is the one that was seen.
   */
  Optional<Look> after(Step step) {
    return switch (step.kind()) {
      case FENCE, DECIDE ->
          Optional.of(
              new Look(
                  tailnet, source, target, step.after(), Duration.ZERO, isHere, there, isThere));
      case FINISH -> Optional.of(this);
      // Whoever undoes must look at the source after taking the shadow over.
      default -> Optional.empty();
    };
  }

  /** Whether the fences are those of one move, so that the places belong together. */
  boolean isPair() {
    return here.move().isPresent() && here.move().equals(there.move());
  }

  /** Whether the tailnet was moved from the source to the target, and lives there. */
  boolean isDone() {
    return here.standing() instanceof Fence.Standing.Moved moved
        && there.livesHere()
        && isThere
        && (isPair() || moved.to().equals(target));
  }

  /** Whether what is at the target is an unfinished copy of the source. */
  boolean isShadowOfSource() {
    return there.standing() instanceof Fence.Standing.Shadow shadow
        && (isPair() || (shadow.from().equals(source) && !isMoved()));
  }

  /** Whether the tailnet was moved away from the source. */
  boolean isMoved() {
    return here.standing() instanceof Fence.Standing.Moved;
  }

  /** Whether the tailnet was moved from the target to the source, so that it may be moved back. */
  boolean isWayBack() {
    return there.standing() instanceof Fence.Standing.Moved moved
        && here.livesHere()
        // Where nothing was left, nothing can be lost.
        && (!isThere || isPair() || moved.to().equals(source));
  }

  String named(String place) {
    return named(place, tailnet);
  }

  static String named(String place, String tailnet) {
    return place + ", tailnet \"" + tailnet + "\"";
  }
}
