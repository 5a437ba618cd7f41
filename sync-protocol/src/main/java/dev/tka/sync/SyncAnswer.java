package dev.tka.sync;

import dev.tka.core.Bytes;
import java.util.List;

/**
 * Control's answer to an offer.
 *
 * @param offer control's own offer
 * @param missing encoded AUMs that the node lacks, oldest first; nothing about them is checked yet
 */
public record SyncAnswer(SyncOffer offer, List<Bytes> missing) {
  /** Copies the list. */
  public SyncAnswer {
    missing = List.copyOf(missing);
  }
}
