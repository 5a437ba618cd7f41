package dev.tka.core;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What whoever makes a retroactive revocation should know beside its {@link Revocation.Effect}
 * (section 10, "A revocation's fork point").
 *
 * @param refusedByControl why a control that keeps section 10 would refuse it now; empty when it
 *     would not
 * @param answerableFrom the earliest stored AUM off which the revoked keys together could displace
 *     the revocation; empty when there is none. A fork point at or below its parent prevents that
 * @param belowWindows true when the fork point lies below what nodes keep by default: shipping
 *     nodes that have compacted cannot follow
 */
public record RevocationOutlook(
    Optional<Refusal> refusedByControl, Optional<AumHash> answerableFrom, boolean belowWindows) {
  /** How many AUMs a shipping node keeps at least, from the head back (section 6). */
  private static final int KEPT_BY_NODES = 24;

  /**
   * Looks ahead. Nothing is written.
   *
   * @param revocation signed or not
   * @param now tells what is final
   * @throws BuildException.NotARevocation if it is no checkpoint with a parent
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an AUM of the
   *     trail that can be had
   * @throws StoreException if the store cannot be read
   * @throws OpenException if a state cannot be computed
   */
  public static RevocationOutlook of(Authority authority, Aum revocation, Instant now)
      throws BuildException, StoreException, OpenException {
    Revocation.Effect effect = Revocation.effect(authority, revocation);
    return new RevocationOutlook(
        refusedByControl(authority, revocation, effect, now),
        answerableFrom(authority, revocation, effect),
        isBelowWindows(authority, effect.forkPoint(), now));
  }

  private static Optional<Refusal> refusedByControl(
      Authority authority, Aum revocation, Revocation.Effect effect, Instant now)
      throws StoreException, OpenException {
    if (effect.rival().isEmpty() || effect.outcome() == Revocation.Outcome.ON_LOSING_BRANCH) {
      return Optional.empty();
    }
    Revocation.Rival rival = effect.rival().get();
    return new Admission(authority, Admission.Rule.HEAVIER_CHECKPOINT, now)
        .judge(
            new Admission.Displacement(
                revocation,
                Revocation.stateAt(authority, effect.forkPoint()),
                new ForkResolution.Contender(rival.hash(), rival.kind(), rival.weight()),
                false));
  }

  /** Looks at every stored place where the revoked keys are trusted, from the oldest on. */
  private static Optional<AumHash> answerableFrom(
      Authority authority, Aum revocation, Revocation.Effect effect)
      throws StoreException, OpenException {
    if (!authority.isActive(effect.forkPoint())) {
      return Optional.empty();
    }
    AumSnapshot snapshot = authority.snapshot();
    List<AumHash> places = new ArrayList<>(List.of(authority.oldestAncestor()));
    places.addAll(authority.activeAfter(authority.oldestAncestor()).orElseThrow());
    List<AumHash> upToFork = places.subList(0, places.indexOf(effect.forkPoint()) + 1);
    List<Aum> aums = new ArrayList<>();
    List<State> states = new ArrayList<>();
    for (AumHash hash : upToFork) {
      aums.add(snapshot.get(hash));
      states.add(Revocation.stateAt(authority, hash));
    }
    aums.add(revocation);
    states.add(revocation.state().orElse(State.NOTHING));
    List<TrailEntry> entries = new ArrayList<>();
    for (int i = 1; i < aums.size(); i++) {
      entries.add(TrailEntry.of(aums.get(i), states.get(i - 1), states.get(i), Instant.EPOCH));
    }
    for (int i = 0; i < upToFork.size(); i++) {
      Aum answer = answer(upToFork.get(i), effect.revoked());
      State at = states.get(i);
      long counted = Recount.of(at, answer, entries.subList(i, entries.size()), 0).weight();
      if (counted > at.weightOf(entries.get(i).signers())) {
        return Optional.of(upToFork.get(i));
      }
    }
    return Optional.empty();
  }

  /** What the revoked keys would sign; only who signs it matters. */
  private static Aum answer(AumHash parent, List<Key> revoked) {
    Bytes any = Bytes.copyOf(new byte[AumSignature.SIGNATURE_SIZE]);
    return Aum.builder(AumKind.NO_OP)
        .parent(parent)
        .build()
        .withSignatures(revoked.stream().map(key -> AumSignature.of(key.id(), any)).toList());
  }

  private static boolean isBelowWindows(Authority authority, AumHash forkPoint, Instant now) {
    Optional<List<AumHash>> after = authority.activeAfter(forkPoint);
    if (after.isEmpty()) {
      return authority.snapshot().trail().contains(forkPoint);
    }
    Instant committedAt =
        authority.snapshot().find(forkPoint).map(AumEntry::committedAt).orElse(now);
    return after.get().size() >= KEPT_BY_NODES
        && Duration.between(committedAt, now).compareTo(Recount.MATURITY) >= 0;
  }
}
