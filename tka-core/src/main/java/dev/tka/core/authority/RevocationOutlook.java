package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What whoever makes a retroactive revocation should know beside its {@link Revocation.Effect}
 * (protocol, section 10, "A revocation's fork point").
 *
 * @param refusedByControl why a control that keeps protocol section 10 would refuse it now; empty
 *     when it would not
 * @param answerableFrom the earliest AUM off which the revoked keys together could displace the
 *     revocation, of those where the votes of keys can be told: all that are stored, and of the
 *     trail what can be had; empty when there is none. A fork point at or below its parent prevents
 *     that
 * @param belowWindows true when the fork point lies below what nodes keep by default: shipping
 *     nodes that have compacted cannot follow
 */
public record RevocationOutlook(
    Optional<Refusal> refusedByControl, Optional<AumHash> answerableFrom, boolean belowWindows) {
  /** How many AUMs a shipping node keeps at least, from the head back (protocol, section 6). */
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
                rival.contender(),
                false));
  }

  /**
   * Looks at every place up to the fork point whose state can be told, the oldest first. What is
   * counted there depends on the keys alone, so it is counted again only where these change.
   */
  private static Optional<AumHash> answerableFrom(
      Authority authority, Aum revocation, Revocation.Effect effect)
      throws StoreException, OpenException {
    AumHash oldest = Following.oldest(authority);
    List<TrailEntry> entries = new ArrayList<>();
    List<Optional<State>> states = new ArrayList<>(List.of(knownState(authority, oldest)));
    List<AumHash> places = new ArrayList<>(List.of(oldest));
    if (!oldest.equals(effect.forkPoint())) {
      for (TrailEntry entry : Following.after(authority, oldest)) {
        entries.add(entry);
        states.add(next(authority, states.get(states.size() - 1), entry));
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
    entries.add(TrailEntry.of(revocation, atFork.get(), after, Instant.EPOCH));
    Answers answers = new Answers(effect.revoked(), entries);
    for (int i = 0; i <= fork; i++) {
      Optional<State> at = states.get(i);
      if (at.isPresent() && answers.wouldWin(at.get(), i)) {
        return Optional.of(places.get(i));
      }
    }
    return Optional.empty();
  }

  /** What the revoked keys could do together, place by place, the oldest first. */
  private static final class Answers {
    private final List<Key> revoked;
    private final Set<Bytes> revokedIds = new HashSet<>();
    private final List<TrailEntry> entries;

    /** Of the entries that a count depends on, those that follow the place at hand. */
    private final Deque<Integer> relevant = new ArrayDeque<>();

    private List<Key> countedWith = List.of();
    private int countedRelevant = -1;
    private long counted;

    Answers(List<Key> revoked, List<TrailEntry> entries) {
      this.revoked = revoked;
      this.entries = entries;
      revoked.forEach(key -> revokedIds.add(key.id()));
      Set<Bytes> signers = new HashSet<>();
      for (int i = entries.size() - 1; i >= 0; i--) {
        TrailEntry entry = entries.get(i);
        if (entry.takenAway().stream().anyMatch(revokedIds::contains)
            || entry.added().stream().anyMatch(signers::contains)) {
          signers.addAll(entry.signers());
          relevant.push(i);
        }
      }
    }

    /**
     * Whether they would displace what follows a place.
     *
     * @param place its index; the entry of this index follows it
     */
    boolean wouldWin(State at, int place) {
      while (!relevant.isEmpty() && relevant.getFirst() < place) {
        relevant.pop();
      }
      long against = at.weightOf(entries.get(place).signers());
      return at.weightOf(revokedIds) > against && count(at) > against;
    }

    private long count(State at) {
      if (relevant.size() != countedRelevant || !at.keys().equals(countedWith)) {
        countedRelevant = relevant.size();
        countedWith = at.keys();
        Aum answer = asIfSigned(Aum.builder(AumKind.NO_OP).build(), revoked);
        counted = Recount.of(at, answer, relevant.stream().map(entries::get).toList(), 0).weight();
      }
      return counted;
    }
  }

  private static Optional<State> knownState(Authority authority, AumHash hash)
      throws StoreException, OpenException {
    return authority.snapshot().find(hash).isPresent()
        ? Optional.of(Revocation.stateAt(authority, hash))
        : Remembered.stateAt(authority.snapshot(), hash);
  }

  /** The state at an entry, from the one before it where that is known. */
  private static Optional<State> next(Authority authority, Optional<State> before, TrailEntry entry)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    boolean stored = snapshot.find(entry.hash()).isPresent();
    if (before.isEmpty()) {
      return stored || entry.checkpoint().isPresent()
          ? knownState(authority, entry.hash())
          : Optional.empty();
    }
    Optional<Aum> aum =
        stored ? Optional.of(snapshot.get(entry.hash())) : Remembered.find(snapshot, entry.hash());
    try {
      return aum.isPresent() ? Optional.of(before.get().apply(aum.get())) : Optional.empty();
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
  }

  /** An AUM as it weighs and counts when keys have signed it; the signatures are none. */
  static Aum asIfSigned(Aum unsigned, List<Key> signers) {
    Bytes any = Bytes.copyOf(new byte[AumSignature.SIGNATURE_SIZE]);
    return unsigned.withSignatures(
        signers.stream().map(key -> AumSignature.of(key.id(), any)).toList());
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
