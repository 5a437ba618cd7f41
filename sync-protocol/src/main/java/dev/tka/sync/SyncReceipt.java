package dev.tka.sync;

import dev.tka.core.AumHash;
import java.util.List;

/**
 * Control's reply to a send. A refusal is a success on the wire, with control's unchanged head
 * (protocol, section 10): an error would keep shipping nodes from ever compacting.
 *
 * @param head control's head afterwards
 * @param refused the AUMs that were not taken in and the reasons, a line for each of the first
 *     {@value #MOST_REFUSED}; shipping nodes do not read it
 */
public record SyncReceipt(AumHash head, List<String> refused) {
  /** The largest number of refusals reported: a node that sends many does not read them. */
  public static final int MOST_REFUSED = 16;

  /** Copies the list. */
  public SyncReceipt {
    refused = List.copyOf(refused);
  }
}
