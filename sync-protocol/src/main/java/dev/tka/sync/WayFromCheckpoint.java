package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayList;
import java.util.List;

/**
 * The AUMs from a checkpoint of a node's trail to an AUM that the node remembers without its body,
 * which control's chain leaves (protocol, section 10, "Taking in"). A bounded answer may leave them
 * out, and they may be too long for one answer. So the node offers as if its chain ended at the
 * checkpoint, and then at the last AUM received, until it has what follows the remembered ones.
 *
 * <p>Each answer that leads on brings an AUM that the trail names, so a control that deceives can
 * neither prolong this nor fill the node.
 */
final class WayFromCheckpoint {
  private WayFromCheckpoint() {}

  /**
   * Asks control for the way.
   *
   * @param remembered an AUM of the trail
   * @return control's last answer, with the AUMs of all answers
   * @throws E if control cannot be reached
   */
  static <E extends Exception> SyncAnswer fetch(
      Authority local, AumHash remembered, NodeSync.Control<E> control) throws E {
    Trail trail = local.snapshot().trail();
    List<AumHash> checkpoints = checkpointsUpTo(remembered, trail);
    if (checkpoints.isEmpty()) {
      return control.offer(SyncOffer.withTrail(local));
    }
    List<TrailEntry> way = trail.after(checkpoints.get(0));
    List<Bytes> received = new ArrayList<>();
    long bytes = 0;
    int known = 0;
    while (true) {
      AumHash end = known == 0 ? checkpoints.get(0) : way.get(known - 1).hash();
      SyncAnswer answer = control.offer(new SyncOffer(end, checkpoints));
      int before = known;
      for (Bytes encoded : answer.missing()) {
        received.add(encoded);
        bytes += encoded.size();
        boolean leadsOn =
            known < way.size() && AumHash.ofEncoding(encoded).equals(way.get(known).hash());
        known += leadsOn ? 1 : 0;
      }
      boolean onlyTheWay = known - before == answer.missing().size();
      if (known == before || !onlyTheWay || bytes > Limits.MAX_MESSAGE_BYTES) {
        return new SyncAnswer(answer.offer(), received);
      }
    }
  }

  private static List<AumHash> checkpointsUpTo(AumHash remembered, Trail trail) {
    List<AumHash> checkpoints = trail.checkpoints();
    return trail
        .checkpointAtOrBefore(remembered)
        .map(newest -> checkpoints.subList(checkpoints.indexOf(newest.hash()), checkpoints.size()))
        .orElse(List.of());
  }
}
