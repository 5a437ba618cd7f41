package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The second step of {@link InformPlan}: the admission of a verified batch (protocol, section 10),
 * one method per rule. The updates are examined in the order of the batch, against the store as it
 * was before, and the fate of each depends on the AUM that it follows:
 *
 * <pre>
 *   e----e----o----P----f----o head
 *     |              |    |    '----x    the head, or what was admitted: admitted
 *     |              |    '----y         it loses to what follows: admitted up to a quota, a
 *     |              |                   small one for what control sent, unless f is unsent
 *     |              '----z----z         it comes to win at P: the {@link Judge} is asked
 *     '----w----w                        the same, where P is only remembered; losers are dropped
 * </pre>
 */
final class Admission {
  /**
   * The total size of AUMs that lost and that control keeps, in bytes: some 20,000 AUMs of the
   * usual length.
   */
  static final long MAX_LOSING_BYTES = 4 << 20;

  /**
   * The total size of AUMs off the active chain up to which a node keeps what can never win there,
   * in bytes: some 300 AUMs of the usual length.
   */
  static final long MAX_OUTWEIGHED_BYTES = 64 << 10;

  private final Authority authority;
  private final AumSnapshot snapshot;
  private final History history;
  private final InformPlan.Batch batch;
  private final Judge judge;
  private final Verification verification;
  private final Set<AumHash> favoured;

  private final List<Aum> admitted = new ArrayList<>();
  private final List<Refusal> refusals = new ArrayList<>();
  private final List<Refusal.Outweighed> outweighed = new ArrayList<>();
  private final Set<AumHash> refused = new HashSet<>();
  private final Set<AumHash> dropped = new HashSet<>();
  private final Set<AumHash> losers = new HashSet<>();
  private final Map<AumHash, Aum> followed = new LinkedHashMap<>();
  private final List<Displacement> displacements = new ArrayList<>();

  private long admittedLosingBytes;

  private Admission(
      Authority authority,
      History history,
      InformPlan.Batch batch,
      Judge judge,
      Verification verification) {
    this.authority = authority;
    this.snapshot = authority.snapshot();
    this.history = history;
    this.batch = batch;
    this.judge = judge;
    this.verification = verification;
    this.favoured = new HashSet<>(batch.favoured());
  }

  /** Decides about the fresh updates of a batch, and about the favoured ones that are stored. */
  static Admission of(
      Authority authority,
      History history,
      InformPlan.Batch batch,
      Judge judge,
      Verification verification)
      throws StoreException, OpenException {
    Admission admission = new Admission(authority, history, batch, judge, verification);
    for (AumHash hash : batch.favoured()) {
      admission.lookAgainAt(hash);
    }
    for (Aum update : verification.fresh()) {
      admission.lookAt(update);
    }
    return admission;
  }

  /** The updates to store, in the order of the batch. */
  List<Aum> admitted() {
    return admitted;
  }

  /** The updates not to store, with reasons. */
  List<Refusal> refusals() {
    return refusals;
  }

  /** The updates that are stored although they can never win, with reasons. */
  List<Refusal.Outweighed> outweighed() {
    return outweighed;
  }

  /**
   * The AUMs of the favoured chain, stored or admitted, from the first that may displace the AUMs
   * that follow here.
   */
  Collection<Aum> followed() {
    return followed.values();
  }

  /**
   * The remembered AUM, no longer stored, off which a branch may displace the AUMs that follow it.
   */
  Optional<AumHash> forkInTrail() {
    // Of several forks, the lowest decides: what displaces further up is displaced with it.
    return displacement().map(Displacement::fork).filter(history::isRemembered);
  }

  /** The displacement that comes to win: that of the lowest fork, where one may win over others. */
  Optional<Displacement> displacement() {
    if (displacements.size() < 2) {
      return displacements.isEmpty() ? Optional.empty() : Optional.of(displacements.get(0));
    }
    return displacements.stream()
        .min(
            Comparator.comparingInt((Displacement each) -> history.place(each.fork()))
                .thenComparing(each -> !each.favoured())
                .thenComparing(Displacement::contender, ForkResolution.WINNERS_FIRST));
  }

  /** A chain that control follows may be here already, as one that lost. */
  private void lookAgainAt(AumHash hash) throws StoreException, OpenException {
    if (!history.isStored(hash) || authority.isActive(hash)) {
      return;
    }
    Aum loser = snapshot.get(hash);
    if (loser.parent().isEmpty() || !history.isStored(loser.parent().get())) {
      return;
    }
    Optional<Displacement> displacement = displacement(loser);
    Optional<Refusal> refusal = objection(displacement);
    refusal.ifPresent(refusals::add);
    if (refusal.isEmpty()) {
      displacement.ifPresent(displacements::add);
    }
    follow(loser, displacement.isPresent() && refusal.isEmpty());
  }

  private void lookAt(Aum update) throws StoreException, OpenException {
    AumHash parent = update.parent().orElseThrow();
    if (refused.contains(parent)) {
      refuse(new Refusal.BuildsOnRefused(update.hash(), parent));
      return;
    }
    int size = update.encoded().size();
    if (size > batch.policy().maxAumBytes()) {
      refuse(new Refusal.TooLong(update.hash(), size, batch.policy().maxAumBytes()));
      return;
    }
    Optional<Displacement> displacement = displacement(update);
    if (isLostInTrail(parent, displacement)) {
      dropped.add(update.hash());
      return;
    }
    Optional<Thresholds.Shortfall> shortfall =
        batch
            .thresholds()
            .shortfall(update, verification.getState(parent), displacement.isPresent());
    if (shortfall.isPresent()) {
      refuse(new Refusal.BelowThreshold(update.hash(), shortfall.get()));
      return;
    }
    Optional<Refusal> objection = objection(displacement);
    if (objection.isPresent()) {
      refuse(objection.get());
      return;
    }
    if (loses(parent, displacement)) {
      if (isOverQuota(update)) {
        refuse(new Refusal.OverQuota(update.hash(), MAX_LOSING_BYTES));
        return;
      }
      Optional<Refusal.Outweighed> hopeless = outweighed(update);
      if (hopeless.isPresent() && losingBytesWith(update) > MAX_OUTWEIGHED_BYTES) {
        refuse(hopeless.get());
        return;
      }
      hopeless.ifPresent(outweighed::add);
      losers.add(update.hash());
      admittedLosingBytes += update.encoded().size();
    }
    admitted.add(update);
    displacement.ifPresent(displacements::add);
    follow(update, displacement.isPresent());
  }

  private void refuse(Refusal refusal) {
    refused.add(refusal.update());
    refusals.add(refusal);
  }

  /**
   * The displacement by an update; empty if nothing follows its parent, or if the follower wins.
   */
  private Optional<Displacement> displacement(Aum update) throws StoreException, OpenException {
    AumHash fork = update.parent().orElseThrow();
    if (!isFollowed(fork)) {
      return Optional.empty();
    }
    State atFork = verification.getState(fork);
    Displacement displacement =
        new Displacement(
            update,
            atFork,
            history.follower(fork, atFork).orElseThrow(),
            favoured.contains(update.hash()));
    return displacement.wins() ? Optional.of(displacement) : Optional.empty();
  }

  /** True if the active chain goes on after an AUM. A fresh AUM has not joined any chain yet. */
  private boolean isFollowed(AumHash hash) {
    return !verification.isFresh(hash) && history.next(hash).isPresent();
  }

  private boolean isInTrail(AumHash hash) {
    return !verification.isFresh(hash) && history.isRemembered(hash);
  }

  /** The reason why an update may not displace; a person may admit it all the same. */
  private Optional<Refusal> objection(Optional<Displacement> displacement)
      throws StoreException, OpenException {
    return displacement.isEmpty() || batch.byHand().contains(displacement.get().update().hash())
        ? Optional.empty()
        : judge.judge(displacement.get());
  }

  /** An AUM that loses below the stored chain is useless, and so is anything that builds on it. */
  private boolean isLostInTrail(AumHash parent, Optional<Displacement> displacement) {
    return dropped.contains(parent) || (displacement.isEmpty() && isInTrail(parent));
  }

  /** True for an update that cannot win: it, or an AUM that it builds on, lost a fork. */
  private boolean loses(AumHash parent, Optional<Displacement> displacement) {
    boolean onLoser =
        losers.contains(parent) || (history.isStored(parent) && !authority.isActive(parent));
    return onLoser || (displacement.isEmpty() && isFollowed(parent));
  }

  /**
   * The reason why a node keeps only a few of the losers that control sends. Weights never change,
   * so a branch that loses to an AUM which control has, or had, is never followed, however long it
   * grows. If control's chain leads there after all, control sends it again. Only a branch that
   * loses to an unsent AUM is followed once that is set aside, which may take many batches.
   */
  private Optional<Refusal.Outweighed> outweighed(Aum update) throws StoreException, OpenException {
    if (!favoured.contains(update.hash())) {
      return Optional.empty();
    }
    for (Refusal.Outweighed before : outweighed) {
      if (update.parent().orElseThrow().equals(before.update())) {
        return Optional.of(
            new Refusal.Outweighed(
                update.hash(), before.fork(), before.winner(), before.weight(), before.against()));
      }
    }
    AumHash first = update.hash();
    AumHash fork = update.parent().orElseThrow();
    while (history.isStored(fork) && !authority.isActive(fork)) {
      Optional<AumHash> parent = snapshot.parentOf(fork);
      if (followed.containsKey(fork) || parent.isEmpty()) {
        return Optional.empty();
      }
      first = fork;
      fork = parent.get();
    }
    // Off what this batch brings, the fork was decided with the AUM that it follows.
    Optional<AumHash> winner = isFollowed(fork) ? history.next(fork) : Optional.empty();
    if (winner.isEmpty() || snapshot.ownAums().isUnsent(winner.get())) {
      return Optional.empty();
    }
    State atFork = verification.getState(fork);
    Aum branch = first.equals(update.hash()) ? update : snapshot.get(first);
    return Optional.of(
        new Refusal.Outweighed(
            update.hash(),
            fork,
            winner.get(),
            atFork.weightOf(branch),
            history.follower(fork, atFork).orElseThrow().weight()));
  }

  /** True if control keeps so many AUMs that lost that there is no room for another. */
  private boolean isOverQuota(Aum loser) {
    return batch.policy().has(AdmissionPolicy.Rule.BOUNDS_LOSERS)
        && losingBytesWith(loser) > MAX_LOSING_BYTES;
  }

  private long losingBytesWith(Aum loser) {
    return loser.encoded().size() + authority.losingBytes() + admittedLosingBytes;
  }

  /** Control's chain is followed from the AUM that displaces. */
  private void follow(Aum aum, boolean displaces) {
    boolean follows = aum.parent().filter(followed::containsKey).isPresent();
    if (favoured.contains(aum.hash()) && (displaces || follows)) {
      followed.put(aum.hash(), aum);
    }
  }
}
