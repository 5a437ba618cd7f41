package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.output.Advice;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing;
import java.time.Instant;
import java.util.Optional;

/** Says of a tailnet whether it lives at a place, and what helps if that is not as it should be. */
final class FenceText {
  /** What helps where a move ended in the middle. */
  static final Advice GO_ON =
      Advice.person(
          "if a move ended in the middle, run 'tka move SOURCE TARGET --tailnet ID' again, or with"
              + " --undo; else name the store that the tailnet lives in");

  private FenceText() {}

  /** Since when writes wait for a move, if they do. */
  static Optional<Instant> waiting(OpenStore opened) throws StoreException {
    if (opened.records().isEmpty()) {
      return Optional.empty();
    }
    Fence fence = opened.records().get().fence(opened.tailnet().orElseThrow());
    return fence.standing() instanceof Standing.Fenced fenced
        ? Optional.of(fenced.since())
        : Optional.empty();
  }

  /** What {@link #waiting} means, as a sentence. */
  static String waiting(Instant since) {
    return "Writes wait since "
        + since
        + ": a move is about to switch, or ended in the middle; servers lift the fence by"
        + " themselves, and so does 'tka move'";
  }
}
