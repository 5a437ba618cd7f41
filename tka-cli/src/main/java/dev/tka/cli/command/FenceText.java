package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Texts;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Says of a tailnet whether it lives at a place, and what helps if that is not as it should be. */
final class FenceText {
  /** What helps where a move ended in the middle. */
  static final Advice GO_ON =
      Advice.person(
          "if a move ended in the middle, run 'tka move SOURCE TARGET --tailnet ID' again, or with"
              + " --undo; else name the store that the tailnet lives in");

  private FenceText() {}

  /** Where a tailnet lives that does not live at a place; empty if it lives there. */
  static Optional<String> elsewhere(Standing standing) {
    if (standing instanceof Standing.Moved moved) {
      return Optional.of(
          "moved to "
              + Texts.printable(moved.to())
              + moved.server().map(server -> "\tserved by " + server).orElse(""));
    }
    return standing instanceof Standing.Shadow shadow
        ? Optional.of("unfinished copy of that in " + Texts.printable(shadow.from()))
        : Optional.empty();
  }

  /** Adds to a JSON object whether a tailnet lives at a place, unless it just does. */
  static void put(Map<String, Object> object, Standing standing) {
    if (standing instanceof Standing.Moved moved) {
      object.put("Standing", "moved");
      object.put("Place", moved.to());
      moved.server().ifPresent(server -> object.put("Server", server.toString()));
    } else if (standing instanceof Standing.Shadow shadow) {
      object.put("Standing", "shadow");
      object.put("Place", shadow.from());
    } else if (standing instanceof Standing.Fenced) {
      object.put("Standing", "fenced");
    }
  }

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
