package dev.tka.store.records;

import dev.tka.core.Bytes;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A token that stands for a node (service, section 5).
 *
 * @param hash the SHA-256 of the token, which itself is not kept
 * @param tailnet the tailnet of the node
 * @param node the node's number
 * @param made when it was made, to the second
 */
public record NodeToken(Bytes hash, String tailnet, long node, Instant made) {
  /** Cuts off what is below a second. */
  public NodeToken {
    made = made.truncatedTo(ChronoUnit.SECONDS);
  }
}
