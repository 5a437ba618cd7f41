package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.RevocationPlan;
import dev.tka.core.store.AumSnapshot;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Why a shipping node could not follow a revocation at control, as far as the node's last offer
 * shows (protocol, sections 5 and 6). The names in that offer are all that is known of its window.
 *
 * @param kind a word for programs
 * @param text the problem, as a phrase about the node
 * @param unknown what a search for common ground gives, if it names no AUM that control knows;
 *     otherwise its window does not reach back to the fork point
 */
public record CannotFollow(String kind, String text, Optional<Intersection.None> unknown) {
  /**
   * Looks at one node.
   *
   * @param plan of a revocation whose fork point is on control's active chain
   * @return empty if the node would find common ground
   */
  public static Optional<CannotFollow> of(Authority control, RevocationPlan plan, SyncOffer offer) {
    AumSnapshot snapshot = control.snapshot();
    Set<AumHash> erased = new HashSet<>();
    plan.erased().forEach(entry -> erased.add(entry.hash()));
    boolean follows =
        Stream.concat(Stream.of(offer.head()), offer.ancestors().stream())
            .filter(hash -> control.isActive(hash) || snapshot.trail().contains(hash))
            .anyMatch(hash -> !erased.contains(hash));
    if (follows) {
      return Optional.empty();
    }
    return Optional.of(
        Intersection.findRemembering(control, offer) instanceof Intersection.None none
            ? new CannotFollow(
                "no-common-ground",
                "it names no AUM that is known here, as of " + offer.head(),
                Optional.of(none))
            : new CannotFollow(
                "revocation-below-window",
                "its window does not reach back to " + plan.forkPoint(),
                Optional.empty()));
  }
}
