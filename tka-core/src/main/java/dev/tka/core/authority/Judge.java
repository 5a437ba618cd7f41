package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.AdmissionPolicy.Rule;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges displacements by a policy (protocol, section 10): whether an AUM may replace what follows
 * its parent.
 */
final class Judge {
  private final Authority authority;
  private final History history;
  private final AdmissionPolicy policy;
  private final Instant reference;
  private final OwnAums ownAums;

  /** The AUMs that follow the oldest AUM asked about, and the place of each in the list. */
  private List<TrailEntry> known = List.of();

  private final Map<AumHash, Integer> places = new HashMap<>();

  /**
   * A judge over an authority as it is before a batch.
   *
   * @param reference the time at which maturity is judged
   */
  Judge(Authority authority, AdmissionPolicy policy, Instant reference) {
    this.authority = authority;
    this.history = History.of(authority);
    this.policy = policy;
    this.reference = reference;
    this.ownAums =
        policy.has(Rule.LEAVES_UNSENT_OUT) ? authority.snapshot().ownAums() : OwnAums.NONE;
  }

  /** The reason why an update may not displace what it would; empty if it may. */
  Optional<Refusal> judge(Displacement displacement) throws StoreException, OpenException {
    Aum update = displacement.update();
    if (!policy.has(Rule.RECOUNTS) || isMissingHere(update)) {
      return Optional.empty();
    }
    AumHash fork = displacement.fork();
    AumHash displaced = displacement.follower().hash();
    if (policy.has(Rule.ADMITS_ONLY_CHECKPOINTS) && !update.kind().isCheckpoint()) {
      return Optional.of(new Refusal.Conflict(update.hash(), fork, displaced));
    }
    Recount recount = recount(displacement);
    boolean admitted =
        policy.has(Rule.ADMITS_ONLY_HEAVIER)
            ? displacement.isHeavierWith(recount.weight())
            : displacement.winsWith(recount.weight());
    return admitted
        ? Optional.empty()
        : Optional.of(
            new Refusal.Finality(
                update.hash(), fork, displaced, displacement.follower().weight(), recount));
  }

  /** An AUM that a damaged file is named after was stored before, and therefore admitted. */
  private boolean isMissingHere(Aum update) {
    return authority.snapshot().damage().stream()
        .anyMatch(damage -> damage.hash().equals(Optional.of(update.hash())));
  }

  /** The weight of an update that would displace, recounted by what followed there. */
  Recount recount(Displacement displacement) throws StoreException, OpenException {
    List<TrailEntry> following = following(displacement.fork());
    return Recount.of(
        displacement.atFork(),
        displacement.update(),
        following,
        Recount.countMature(following, ownAums, reference));
  }

  /** The AUMs that follow a fork, up to the newest that is not unsent. */
  private List<TrailEntry> following(AumHash fork) throws StoreException, OpenException {
    if (!places.containsKey(fork)) {
      // A batch with a second fork may have many: from then on, the whole known chain is read.
      boolean second = !places.isEmpty();
      lookAtAllAfter(second ? history.oldest() : fork);
    }
    Integer place = places.get(fork);
    if (place == null) {
      throw new IllegalArgumentException(fork + " is not on the active chain");
    }
    return known.subList(place, known.size());
  }

  private void lookAtAllAfter(AumHash from) throws StoreException, OpenException {
    List<TrailEntry> following = history.after(from);
    int judged = following.size();
    while (judged > 0 && ownAums.isUnsent(following.get(judged - 1).hash())) {
      judged--;
    }
    known = following.subList(0, judged);
    places.clear();
    places.put(from, 0);
    for (int i = 0; i < following.size(); i++) {
      places.put(following.get(i).hash(), Math.min(i + 1, judged));
    }
  }
}
