package dev.tka.store.records;

import dev.tka.core.AumHash;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * When a node last came, and how that ended: for people. Nothing depends on it, and the last ones
 * may be lost.
 *
 * @param node the node's number
 * @param at when it came, to the second
 * @param head the head that it offered last
 * @param oldest the oldest AUM that it offered with it
 * @param outcome a stable word for programs, such as {@code ok}
 * @param detail what to know about it, as one sentence; may be empty
 */
public record NodeSighting(
    long node,
    Instant at,
    Optional<AumHash> head,
    Optional<AumHash> oldest,
    String outcome,
    String detail) {
  /** Cuts off what is below a second, and replaces characters that cannot be kept. */
  public NodeSighting {
    at = at.truncatedTo(ChronoUnit.SECONDS);
    outcome = storable(outcome);
    detail = storable(detail);
  }

  private static String storable(String text) {
    // Encoding replaces halves of surrogate pairs.
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)
        .replace('\0', '?');
  }
}
