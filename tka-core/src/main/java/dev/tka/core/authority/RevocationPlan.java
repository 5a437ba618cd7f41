package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.ForkResolution.Contender;
import dev.tka.core.internal.Votes;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a retroactive revocation would come to, told before anybody signs it (protocol, sections 4
 * and 10). Costs what lies between the oldest AUM that is known and the head.
 *
 * @param draft the revocation, unsigned
 * @param forkPoint the AUM that it follows
 * @param onLosingBranch true when the fork point is on a branch that lost, where nothing can win
 * @param revoked the keys that are trusted now and would not be, in the order of the state
 * @param notRestored the keys that are trusted at the fork point and not now: they do not come back
 *     by themselves
 * @param erased what would leave the active chain, oldest first
 * @param rival the first of these, which has to be outvoted; empty when nothing would be erased
 * @param votesNeeded with which it is sure to take effect, at control, too, which lets no tie
 *     decide
 * @param candidates who could sign: trusted at the fork point, and still trusted after it. As they
 *     are at the fork point, most votes first
 * @param discounts which of them control would not count now, if all of them signed
 * @param enough the first candidates that have the votes that are needed; empty when all have not
 * @param outlook what whoever makes it should know, as if {@code enough} had signed, or else all
 */
public record RevocationPlan(
    Aum draft,
    AumHash forkPoint,
    boolean onLosingBranch,
    List<Key> revoked,
    List<Key> notRestored,
    List<TrailEntry> erased,
    Optional<Contender> rival,
    long votesNeeded,
    List<Key> candidates,
    List<Recount.Discount> discounts,
    Optional<List<Key>> enough,
    RevocationOutlook outlook) {
  /** Each costs a plan, and two or three are the most that anybody has drawn. */
  private static final int MOST_LOOKED_AT = 8;

  /** Copies its lists. */
  public RevocationPlan {
    revoked = List.copyOf(revoked);
    notRestored = List.copyOf(notRestored);
    erased = List.copyOf(erased);
    candidates = List.copyOf(candidates);
    discounts = List.copyOf(discounts);
    enough = enough.map(List::copyOf);
  }

  /**
   * The plan of a revocation that forks off the latest AUM of the active chain where none of the
   * keys is trusted and a key is that stays; of what was purged, what can still be had is looked
   * at. Off the oldest ancestor if there is none.
   *
   * @param keyIds of the keys to revoke
   * @param now tells what is final
   * @throws BuildException as {@link Revocation#draft} does
   * @throws StoreException if the store cannot be read
   * @throws OpenException if a state cannot be computed
   */
  public static RevocationPlan of(Authority authority, Set<Bytes> keyIds, Instant now)
      throws BuildException, StoreException, OpenException {
    return of(authority, Revocation.draft(authority, keyIds), keyIds, now);
  }

  /**
   * The plan of a revocation that forks off a given AUM.
   *
   * @param keyIds of the keys to revoke; they need not be trusted now
   * @param now tells what is final
   * @throws BuildException as {@link Revocation#draftAt} does
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an AUM of the
   *     trail that can be had
   * @throws StoreException if the store cannot be read
   * @throws OpenException if a state cannot be computed
   */
  public static RevocationPlan at(
      Authority authority, Set<Bytes> keyIds, AumHash forkPoint, Instant now)
      throws BuildException, StoreException, OpenException {
    return of(authority, Revocation.draftAt(authority, keyIds, forkPoint), keyIds, now);
  }

  /** What would be trusted. */
  public State after() {
    return draft.state().orElse(State.NOTHING);
  }

  /**
   * The plan whose fork point leaves the revoked keys no answer: this one, or one further down. It
   * may take more votes than there are.
   *
   * @param now tells what is final
   * @return empty when none was found where states can be told
   * @throws BuildException as {@link Revocation#draftAt} does
   * @throws StoreException if the store cannot be read
   * @throws OpenException if a state cannot be computed
   */
  public Optional<RevocationPlan> unanswerable(Authority authority, Instant now)
      throws BuildException, StoreException, OpenException {
    Set<Bytes> keyIds = new HashSet<>();
    revoked.forEach(key -> keyIds.add(key.id()));
    RevocationPlan plan = this;
    for (int looked = 0; looked < MOST_LOOKED_AT; looked++) {
      Optional<AumHash> from = plan.outlook().answerableFrom();
      if (from.isEmpty()) {
        return Optional.of(plan);
      }
      // Below the earliest place there was no answer; to other signers there may be one.
      Optional<AumHash> below = authority.snapshot().parentOf(from.get());
      if (below.isEmpty()) {
        return Optional.empty();
      }
      try {
        plan = at(authority, keyIds, below.get(), now);
      } catch (BuildException.UnknownForkPoint | StoreException.NoSuchAum e) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static RevocationPlan of(Authority authority, Aum draft, Set<Bytes> keyIds, Instant now)
      throws BuildException, StoreException, OpenException {
    Revocation.Effect effect = Revocation.effect(authority, draft);
    History history = History.of(authority);
    AumHash forkPoint = effect.forkPoint();
    State atFork = history.getState(forkPoint);
    State after = draft.state().orElse(State.NOTHING);
    List<Key> candidates = new ArrayList<>();
    List<Key> notRestored = new ArrayList<>();
    for (Key key : atFork.keys()) {
      if (!after.trusts(key.id()) && !keyIds.contains(key.id())) {
        notRestored.add(key);
      } else if (after.trusts(key.id()) && key.canSign()) {
        candidates.add(key);
      }
    }
    candidates.sort(Comparator.comparing(Key::votes, Long::compareUnsigned).reversed());
    boolean onLosingBranch = !history.isOnChain(forkPoint);
    Count count =
        onLosingBranch
            ? new Count(List.of(), Optional.empty())
            : Count.of(authority, draft, atFork, effect.rival(), candidates, now);
    Aum signed = RevocationOutlook.asIfSigned(draft, count.enough().orElse(candidates));
    return new RevocationPlan(
        draft,
        forkPoint,
        onLosingBranch,
        effect.revoked(),
        notRestored,
        onLosingBranch ? List.of() : history.after(forkPoint),
        effect.rival(),
        votesNeeded(effect.rival()),
        candidates,
        count.discounts(),
        count.enough(),
        RevocationOutlook.of(authority, signed, now));
  }

  private static long votesNeeded(Optional<Contender> rival) {
    return rival.map(followed -> Votes.add(followed.weight(), 1)).orElse(1L);
  }

  /** Whose votes count, and whose are enough. */
  private record Count(List<Recount.Discount> discounts, Optional<List<Key>> enough) {
    static Count of(
        Authority authority,
        Aum draft,
        State atFork,
        Optional<Contender> rival,
        List<Key> candidates,
        Instant now)
        throws StoreException, OpenException {
      if (rival.isEmpty()) {
        return new Count(List.of(), candidates.stream().findFirst().map(List::of));
      }
      Judge judge = new Judge(authority, AdmissionPolicy.CONTROL, now);
      Recount all = judge.recount(displacement(draft, atFork, rival.get(), candidates));
      List<Key> counting = new ArrayList<>(candidates);
      counting.removeIf(
          key -> all.discounts().stream().anyMatch(struck -> struck.signer().equals(key.id())));
      long weight = 0;
      for (int i = 0; i < counting.size(); i++) {
        weight = Votes.add(weight, counting.get(i).votes());
        List<Key> signers = counting.subList(0, i + 1);
        if (weight > rival.get().weight()
            && judge.judge(displacement(draft, atFork, rival.get(), signers)).isEmpty()) {
          return new Count(all.discounts(), Optional.of(signers));
        }
      }
      return new Count(all.discounts(), Optional.empty());
    }

    private static Displacement displacement(
        Aum draft, State atFork, Contender rival, List<Key> signers) {
      return new Displacement(RevocationOutlook.asIfSigned(draft, signers), atFork, rival, false);
    }
  }
}
