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
 * A preview of a retroactive revocation, made before anybody signs it (protocol, sections 4 and
 * 10). The cost is proportional to the distance between the oldest known AUM and the head.
 *
 * @param draft the unsigned revocation
 * @param forkPoint the AUM that it follows
 * @param onLosingBranch true if the fork point is on a branch that lost, where nothing can win
 * @param revoked the keys that are trusted now and would no longer be, in the order of the state
 * @param notRestored the keys that are trusted at the fork point but not now: they do not come back
 *     by themselves
 * @param erased the AUMs that would leave the active chain, oldest first
 * @param rival the first of them, which has to be outvoted; empty if nothing would be erased
 * @param votesNeeded the votes with which it is certain to take effect, even at control, where a
 *     tie decides nothing
 * @param candidates the possible signers: keys trusted at the fork point and still trusted after
 *     it. Given as they are at the fork point, most votes first
 * @param barred the candidates who must not sign, with reasons, one or more for each: control would
 *     refuse the whole revocation, even if all candidates signed it
 * @param enough the fewest of the others, most votes first, that together have the votes needed;
 *     those whom nothing bars come first. Empty if even all of them do not
 * @param outlook the consequences to know beforehand, as if {@code enough} or, failing that, all
 *     candidates had signed
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
    List<Bar> barred,
    Optional<List<Key>> enough,
    RevocationOutlook outlook) {
  /** Each one costs a plan, and nobody has ever needed more than two or three. */
  private static final int MOST_LOOKED_AT = 8;

  /** Copies its lists. */
  public RevocationPlan {
    revoked = List.copyOf(revoked);
    notRestored = List.copyOf(notRestored);
    erased = List.copyOf(erased);
    candidates = List.copyOf(candidates);
    barred = List.copyOf(barred);
    enough = enough.map(List::copyOf);
  }

  /**
   * Plans a revocation that forks off the latest AUM of the active chain at which none of the keys
   * is trusted and some remaining key is. Purged AUMs are considered if they are still available.
   * If there is no such AUM, it forks off the oldest ancestor.
   *
   * @param keyIds the ids of the keys to revoke
   * @param now the time at which finality is judged
   * @throws BuildException as {@link Revocation#draft} does
   * @throws StoreException if the store cannot be read
   * @throws OpenException if a state cannot be computed
   */
  public static RevocationPlan of(Authority authority, Set<Bytes> keyIds, Instant now)
      throws BuildException, StoreException, OpenException {
    return of(authority, Revocation.draft(authority, keyIds), keyIds, now);
  }

  /**
   * Plans a revocation that forks off a given AUM.
   *
   * @param keyIds the ids of the keys to revoke; they need not be trusted now
   * @param now the time at which finality is judged
   * @throws BuildException as {@link Revocation#draftAt} does
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an available
   *     AUM of the trail
   * @throws StoreException if the store cannot be read
   * @throws OpenException if a state cannot be computed
   */
  public static RevocationPlan at(
      Authority authority, Set<Bytes> keyIds, AumHash forkPoint, Instant now)
      throws BuildException, StoreException, OpenException {
    return of(authority, Revocation.draftAt(authority, keyIds, forkPoint), keyIds, now);
  }

  /** The state that the revocation would establish. */
  public State after() {
    return draft.state().orElse(State.NOTHING);
  }

  /**
   * The plan whose fork point leaves the revoked keys without an answer: this one, or one further
   * down. It may need more votes than there are.
   *
   * @param now the time at which finality is judged
   * @return empty if none was found among the places where states are known
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
      // Below the earliest place this plan has no answer; a plan with other signers may have one.
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
            ? new Count(List.of(), Optional.empty(), candidates)
            : Count.of(authority, draft, atFork, effect.rival(), candidates, now);
    Aum signed = RevocationOutlook.asIfSigned(draft, count.enough().orElse(count.able()));
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
        count.barred(),
        count.enough(),
        RevocationOutlook.of(authority, signed, now));
  }

  private static long votesNeeded(Optional<Contender> rival) {
    return rival.map(followed -> Votes.add(followed.weight(), 1)).orElse(1L);
  }

  /**
   * The candidates who can sign.
   *
   * @param barred those who must not, with reasons
   * @param enough the first of the others whose votes are enough
   * @param able all of the others
   */
  private record Count(List<Bar> barred, Optional<List<Key>> enough, List<Key> able) {
    static Count of(
        Authority authority,
        Aum draft,
        State atFork,
        Optional<Contender> rival,
        List<Key> candidates,
        Instant now)
        throws StoreException, OpenException {
      Judge judge = Judge.ofControl(authority, now);
      Cosigners cosigners = Cosigners.of(judge, draft, atFork, rival, candidates);
      List<Key> able = cosigners.able();
      long weight = 0;
      for (int i = 0; i < able.size(); i++) {
        weight = Votes.add(weight, able.get(i).votes());
        List<Key> signers = able.subList(0, i + 1);
        if (rival.isEmpty() || isEnough(judge, draft, atFork, rival.get(), signers, weight)) {
          return new Count(cosigners.barred(), Optional.of(signers), able);
        }
      }
      return new Count(cosigners.barred(), Optional.empty(), able);
    }

    private static boolean isEnough(
        Judge judge, Aum draft, State atFork, Contender rival, List<Key> signers, long weight)
        throws StoreException, OpenException {
      return weight > rival.weight()
          && judge.judge(Cosigners.displacement(draft, atFork, rival, signers)).isEmpty();
    }
  }
}
