package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The consequences of a retroactive revocation that its author should know beyond its {@link
 * Revocation.Effect} (protocol, section 10, "A revocation's fork point").
 *
 * @param refusedByControl the reason why a control that follows protocol section 10 would refuse it
 *     now; empty if it would not
 * @param answerableFrom the earliest AUM off which the revoked keys together could displace the
 *     revocation, among those where the votes of keys are known: all stored AUMs and the available
 *     ones of the trail; empty if there is none. A fork point at or below its parent prevents that
 * @param belowWindows true if the fork point lies below the AUMs that nodes keep by default:
 *     shipping nodes that have compacted cannot follow
 */
public record RevocationOutlook(
    Optional<Refusal> refusedByControl, Optional<AumHash> answerableFrom, boolean belowWindows) {
  /**
   * The number of AUMs that a shipping node keeps, at least, counted back from the head (protocol,
   * section 6).
   */
  private static final int KEPT_BY_NODES = 24;

  /** The age up to which a shipping node keeps AUMs, at least (protocol, section 6). */
  private static final Duration KEPT_BY_NODES_FOR = Duration.ofDays(14);

  /**
   * Looks ahead. Nothing is written.
   *
   * @param revocation the revocation, signed or not
   * @param now the time at which finality is judged
   * @throws BuildException.NotARevocation if it is not a checkpoint with a parent
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an available
   *     AUM of the trail
   * @throws StoreException if the store cannot be read
   * @throws OpenException if a state cannot be computed
   */
  public static RevocationOutlook of(Authority authority, Aum revocation, Instant now)
      throws BuildException, StoreException, OpenException {
    Revocation.Effect effect = Revocation.effect(authority, revocation);
    return new RevocationOutlook(
        refusedByControl(authority, revocation, effect, now),
        answerableFrom(authority, revocation, effect, now),
        isBelowWindows(authority, effect.forkPoint(), now));
  }

  /**
   * The reason why control would refuse it, as a sentence without its capital letter and full stop;
   * empty if it would not. An edit that is in conflict is made again on the new head; a revocation
   * goes back on purpose, and lacks votes.
   */
  public Optional<String> reasonOfControl() {
    return refusedByControl.map(
        refusal ->
            refusal instanceof Refusal.Conflict conflict
                ? "it does not outweigh " + conflict.displaced()
                : refusal.reason());
  }

  private static Optional<Refusal> refusedByControl(
      Authority authority, Aum revocation, Revocation.Effect effect, Instant now)
      throws StoreException, OpenException {
    if (effect.rival().isEmpty() || effect.outcome() == Revocation.Outcome.ON_LOSING_BRANCH) {
      return Optional.empty();
    }
    return Judge.ofControl(authority, now)
        .judge(
            new Displacement(
                revocation,
                History.of(authority).getState(effect.forkPoint()),
                effect.rival().get(),
                false));
  }

  /** Examines every place up to the fork point whose state can be computed, the oldest first. */
  private static Optional<AumHash> answerableFrom(
      Authority authority, Aum revocation, Revocation.Effect effect, Instant now)
      throws StoreException, OpenException {
    History history = History.of(authority);
    AumHash oldest = history.oldest();
    List<TrailEntry> entries = new ArrayList<>();
    List<Optional<State>> states = new ArrayList<>(List.of(history.findState(oldest)));
    List<AumHash> places = new ArrayList<>(List.of(oldest));
    if (!oldest.equals(effect.forkPoint())) {
      for (TrailEntry entry : history.after(oldest)) {
        entries.add(entry);
        states.add(next(history, states.get(states.size() - 1), entry));
        places.add(entry.hash());
        if (entry.hash().equals(effect.forkPoint())) {
          break;
        }
      }
    }
    int fork = places.size() - 1;
    Optional<State> atFork = states.get(fork);
    if (!places.get(fork).equals(effect.forkPoint()) || atFork.isEmpty()) {
      return Optional.empty();
    }
    State after = revocation.state().orElse(State.NOTHING);
    entries.add(TrailEntry.of(revocation, atFork.get(), after, now, Optional.empty()));
    Judge judge = Judge.ofControl(authority, now);
    TakingsAway.Chain chain = judge.chain(oldest, entries);
    OptionalInt earliest = new Answers(effect.revoked(), entries, chain).earliest(states);
    return earliest.isPresent() ? Optional.of(places.get(earliest.getAsInt())) : Optional.empty();
  }

  /**
   * The displacements open to the revoked keys together, place by place.
   *
   * @param revoked the keys
   * @param entries what follows the oldest place, the revocation last
   * @param chain what is known about the chain from the oldest place on
   */
  private record Answers(List<Key> revoked, List<TrailEntry> entries, TakingsAway.Chain chain) {
    /**
     * The first place at which they would displace what follows it.
     *
     * @param states the state at each place, if it can be computed; the entry of the same index
     *     follows it
     */
    OptionalInt earliest(List<Optional<State>> states) {
      for (int place = 0; place < states.size(); place++) {
        Optional<State> at = states.get(place);
        if (at.isPresent() && wouldWin(at.get(), place)) {
          return OptionalInt.of(place);
        }
      }
      return OptionalInt.empty();
    }

    private boolean wouldWin(State at, int place) {
      long against = at.weightOf(entries.get(place).signers());
      List<Key> signers = new ArrayList<>();
      revoked.forEach(key -> at.findKey(key.id()).ifPresent(signers::add));
      return TakingsAway.weightOf(signers) > against
          && TakingsAway.weightOf(new TakingsAway(chain, at, place).unbarred(signers)) > against;
    }
  }

  /** The state at an entry, from the state before it if that is known. */
  private static Optional<State> next(History history, Optional<State> before, TrailEntry entry)
      throws StoreException, OpenException {
    if (before.isEmpty()) {
      return history.isStored(entry.hash()) || entry.checkpoint().isPresent()
          ? history.findState(entry.hash())
          : Optional.empty();
    }
    Optional<Aum> aum = history.findAum(entry.hash());
    return aum.isPresent() ? Optional.of(History.apply(before.get(), aum.get())) : Optional.empty();
  }

  /** An AUM that weighs and counts as if keys had signed it; the signatures are placeholders. */
  static Aum asIfSigned(Aum unsigned, List<Key> signers) {
    Bytes any = Bytes.copyOf(new byte[AumSignature.SIGNATURE_SIZE]);
    return unsigned.withSignatures(
        signers.stream().map(key -> AumSignature.of(key.id(), any)).toList());
  }

  private static boolean isBelowWindows(Authority authority, AumHash forkPoint, Instant now) {
    Optional<List<AumHash>> after = authority.activeAfter(forkPoint);
    if (after.isEmpty()) {
      return History.of(authority).isRemembered(forkPoint);
    }
    Instant committedAt =
        authority.snapshot().find(forkPoint).map(AumEntry::committedAt).orElse(now);
    return after.get().size() >= KEPT_BY_NODES
        && Duration.between(committedAt, now).compareTo(KEPT_BY_NODES_FOR) >= 0;
  }
}
