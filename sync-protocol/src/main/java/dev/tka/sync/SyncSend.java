package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import java.util.List;

/**
 * A node's message after it has taken in control's answer.
 *
 * @param head the node's head afterwards
 * @param missing encoded AUMs that control lacks, oldest first; nothing about them is checked yet
 */
public record SyncSend(AumHash head, List<Bytes> missing) {
  /** Copies the list. */
  public SyncSend {
    missing = List.copyOf(missing);
  }
}
