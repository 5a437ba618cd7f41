package dev.tka.sync;

import dev.tka.core.AumHash;
import java.util.List;

/**
 * Control's answer to a send. What was refused is a success on the wire, with control's unchanged
 * head (protocol, section 10): an error would keep shipping nodes from ever compacting.
 *
 * @param head control's, afterwards
 * @param refused what was not taken in and why, a line for each of the first {@value
 *     #MOST_REFUSED}; shipping nodes do not read it
 */
public record SyncReceipt(AumHash head, List<String> refused) {
  /** How many refusals are told: whoever sends many does not read them. */
  public static final int MOST_REFUSED = 16;

  /** Copies the list. */
  public SyncReceipt {
    refused = List.copyOf(refused);
  }
}
