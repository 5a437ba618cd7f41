package dev.tka.sync;

import dev.tka.core.AumHash;
import java.util.List;

/**
 * Control's answer to a send. What was refused is a success on the wire, with control's unchanged
 * head (section 10): an error would keep shipping nodes from ever compacting.
 *
 * @param head control's, afterwards
 * @param refused what was not taken in and why, a line for each; shipping nodes do not read it
 */
public record SyncReceipt(AumHash head, List<String> refused) {
  /** Copies the list. */
  public SyncReceipt {
    refused = List.copyOf(refused);
  }
}
