package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Texts;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.Fence;
import dev.tka.store.records.Fence.Standing;
import java.time.Instant;
import java.util.LinkedHashMap;
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

  /** Where a tailnet lives, for a list; empty if it lives here. */
  static Optional<String> elsewhere(Fence fence) {
    if (fence.standing() instanceof Standing.Moved moved) {
      return Optional.of("moved to " + Texts.printable(moved.to()) + " at " + moved.at());
    }
    return fence.standing() instanceof Standing.Shadow shadow
        ? Optional.of("copy of " + Texts.printable(shadow.from()) + ", not finished")
        : Optional.empty();
  }

  /** The same as JSON. */
  static Map<String, Object> toJson(Fence fence) {
    Map<String, Object> object = new LinkedHashMap<>();
    if (fence.standing() instanceof Standing.Moved moved) {
      object.put("MovedTo", moved.to());
      object.put("MovedAt", moved.at().toString());
      moved.server().ifPresent(server -> object.put("Server", server.toString()));
    } else if (fence.standing() instanceof Standing.Shadow shadow) {
      object.put("CopyOf", shadow.from());
    }
    return object;
  }
}
