package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.ForkResolution.Contender;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Retroactive revocation (protocol, section 4): a checkpoint of today's state less the revoked
 * keys, forked off before they could do harm. Three steps, each a pure function of an authority:
 *
 * <ol>
 *   <li>{@link #draft} or {@link #draftAt} make the unsigned AUM;
 *   <li>{@link #sign} adds a signature, first the maker's, then others' until it outweighs the AUM
 *       that follows the fork point; {@link #effect} tells whether it does;
 *   <li>it is informed like any update, and fork resolution decides.
 * </ol>
 *
 * <p>What the revoked keys took away does not come back by itself: today's state does not hold it.
 */
public final class Revocation {
  private static final String OPERATION = "revoke";

  private Revocation() {}

  /**
   * The unsigned revocation, forked off the latest AUM of the active chain where none of the keys
   * is trusted and the signer is; of what was purged, what can still be had is looked at: in a
   * directory all, elsewhere the checkpoints (protocol, section 10). Off the oldest ancestor if
   * there is none. There the signer may not be trusted either, which {@link #sign} refuses.
   *
   * @param keyIds of the keys to revoke; those that are not trusted now are looked for, too
   * @param signer who will sign first
   * @throws BuildException.RevokesEveryKey if no key would be left
   * @throws BuildException.RevokesNothing if none of the keys is trusted now
   * @throws BuildException.Refused if the checkpoint would be ill-formed
   * @throws StoreException if the store cannot be read
   * @throws OpenException if the state at an ancestor cannot be computed
   */
  public static Aum draft(Authority authority, Set<Bytes> keyIds, LockPublicKey signer)
      throws BuildException, StoreException, OpenException {
    return draft(authority, keyIds, List.of(signer.bytes()));
  }

  /** The same, where any key may sign first that stays. */
  static Aum draft(Authority authority, Set<Bytes> keyIds)
      throws BuildException, StoreException, OpenException {
    List<Bytes> staying = new ArrayList<>(authority.state().keyIds());
    staying.removeAll(keyIds);
    return draft(authority, keyIds, staying);
  }

  private static Aum draft(Authority authority, Set<Bytes> keyIds, List<Bytes> signers)
      throws BuildException, StoreException, OpenException {
    State left = stateWithout(authority.state(), keyIds);
    if (left.keys().size() == authority.state().keys().size()) {
      throw new BuildException.RevokesNothing();
    }
    Predicate<Predicate<Bytes>> suits =
        trusts -> keyIds.stream().noneMatch(trusts) && signers.stream().anyMatch(trusts);
    History history = History.of(authority);
    Optional<AumHash> forkPoint =
        latest(history, authority.head(), state -> suits.test(state::trusts));
    if (forkPoint.isEmpty()) {
      forkPoint = latestRemembered(history, suits);
    }
    return checkpoint(forkPoint.orElse(authority.oldestAncestor()), left);
  }

  /**
   * The unsigned revocation, forked off a given AUM. The keys need not be trusted now, and the fork
   * point need not be stored, until it is to be signed here.
   *
   * @param keyIds of the keys to revoke
   * @param forkPoint the AUM that it follows
   * @throws BuildException.RevokesEveryKey if no key would be left
   * @throws BuildException.Refused if the checkpoint would be ill-formed
   */
  public static Aum draftAt(Authority authority, Set<Bytes> keyIds, AumHash forkPoint)
      throws BuildException {
    return checkpoint(forkPoint, stateWithout(authority.state(), keyIds));
  }

  /**
   * Signs a revocation, first or after others, so that every peer that has the fork point accepts
   * it. Refuses to sign anything but today's state less some keys: a revocation that somebody else
   * drafted must not bring a key in. Who has no authority at hand can only {@link
   * Signer#sign(Aum)}.
   *
   * @throws BuildException.NotARevocation if it is not today's state less some keys
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an AUM of the
   *     trail that can be had
   * @throws BuildException.UntrustedAtFork if the signer is not trusted at the fork point: its
   *     signature would void the whole AUM
   * @throws BuildException.Refused if the state there does not accept what it is signed with
   *     already
   * @throws SigningException if the signing key cannot be used now
   * @throws StoreException if the store cannot be read
   * @throws OpenException if the state at the fork point cannot be computed
   */
  public static Aum sign(Authority authority, Aum revocation, Signer signer)
      throws BuildException, SigningException, StoreException, OpenException {
    requireRevocation(authority.state(), revocation);
    History history = History.of(authority);
    AumHash forkPoint = forkPointOf(history, revocation);
    State atFork = history.getState(forkPoint);
    LockPublicKey key = signer.publicKey();
    if (!atFork.trusts(key.bytes())) {
      throw new BuildException.UntrustedAtFork(
          revocation, key, forkPoint, nearestTrusting(history, forkPoint, atFork, key));
    }
    try {
      revocation.requireWellFormed();
      atFork.apply(revocation);
      if (!revocation.signatures().isEmpty()) {
        new AumVerifier().verify(revocation, atFork);
      }
    } catch (IllFormedException | VerificationException | ApplyException e) {
      throw new BuildException.Refused("sign revocation " + revocation.hash(), revocation, e);
    }
    return signer.sign(revocation);
  }

  /**
   * That an AUM is today's state less some keys. One that was drafted on an older state would bring
   * back what was changed since; one that is none at all could bring in anything.
   *
   * @throws BuildException.NotARevocation if it is something else
   */
  public static void requireCurrent(Authority authority, Aum revocation)
      throws BuildException.NotARevocation {
    requireRevocation(authority.state(), revocation);
  }

  /** What comes of a revocation when it is informed as it is now. */
  public enum Outcome {
    /** It wins at the fork point: what follows there leaves the active chain. */
    TAKES_EFFECT,
    /** It is accepted, and what follows the fork point wins. */
    OUTVOTED,
    /** It is accepted, and the fork point is on a branch that lost, where nothing can win. */
    ON_LOSING_BRANCH,
    /** No peer accepts it, by what it lacks or by a signature that it has. */
    VOID
  }

  /**
   * What a revocation comes to by protocol section 4 alone.
   *
   * @param forkPoint the AUM that it follows
   * @param revoked the keys that are trusted now and not in it, in the order of the state
   * @param weight the votes behind it at the fork point
   * @param rival the AUM that it would displace; empty when nothing follows the fork point
   * @param outcome what would happen
   * @param defect why it is void; empty when it is not
   */
  public record Effect(
      AumHash forkPoint,
      List<Key> revoked,
      long weight,
      Optional<Contender> rival,
      Outcome outcome,
      Optional<TkaException> defect) {
    /** Copies its list. */
    public Effect {
      revoked = List.copyOf(revoked);
    }
  }

  /**
   * Predicts what informing a revocation, signed or not, would do. Nothing is written. Whether it
   * is today's state less some keys is not asked: see {@link #requireCurrent}.
   *
   * @throws BuildException.NotARevocation if it is no checkpoint with a parent
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an AUM of the
   *     trail that can be had
   * @throws StoreException if the store cannot be read
   * @throws OpenException if the state at the fork point cannot be computed
   */
  public static Effect effect(Authority authority, Aum revocation)
      throws BuildException, StoreException, OpenException {
    State body = bodyOf(revocation);
    History history = History.of(authority);
    AumHash forkPoint = forkPointOf(history, revocation);
    State atFork = history.getState(forkPoint);
    // One that is stored and has won does not stand against itself.
    Optional<Contender> rival =
        history
            .follower(forkPoint, atFork)
            .filter(follower -> !follower.hash().equals(revocation.hash()));
    Optional<TkaException> defect = findDefect(revocation, atFork);
    Outcome outcome = Outcome.TAKES_EFFECT;
    Contender contender = Contender.of(revocation, atFork);
    if (rival.isPresent() && !contender.prevailsOver(rival.get())) {
      outcome = Outcome.OUTVOTED;
    }
    if (!history.isOnChain(forkPoint)) {
      outcome = Outcome.ON_LOSING_BRANCH;
    }
    if (defect.isPresent()) {
      outcome = Outcome.VOID;
    }
    List<Key> revoked = new ArrayList<>(authority.state().keys());
    revoked.removeIf(key -> body.trusts(key.id()));
    return new Effect(forkPoint, revoked, contender.weight(), rival, outcome, defect);
  }

  private static State stateWithout(State now, Set<Bytes> keyIds)
      throws BuildException.RevokesEveryKey {
    List<Key> left = new ArrayList<>(now.keys());
    left.removeIf(key -> keyIds.contains(key.id()));
    if (left.isEmpty()) {
      throw new BuildException.RevokesEveryKey();
    }
    return State.of(now.disablementValues(), left, now.stateId1(), now.stateId2());
  }

  private static Aum checkpoint(AumHash forkPoint, State body) throws BuildException.Refused {
    Aum unsigned = Aum.builder(AumKind.CHECKPOINT).parent(forkPoint).state(body).build();
    try {
      unsigned.requireWellFormed();
      return unsigned;
    } catch (IllFormedException e) {
      throw new BuildException.Refused(OPERATION, unsigned, e);
    }
  }

  private static State bodyOf(Aum revocation) throws BuildException.NotARevocation {
    if (!revocation.kind().isCheckpoint() || revocation.state().isEmpty()) {
      throw new BuildException.NotARevocation(
          revocation, "a checkpoint with a state", revocation.kind().toString());
    }
    return revocation.state().get();
  }

  private static void requireRevocation(State now, Aum revocation)
      throws BuildException.NotARevocation {
    State body = bodyOf(revocation);
    for (Key key : body.keys()) {
      if (!now.keys().contains(key)) {
        throw new BuildException.NotARevocation(
            revocation,
            "keys as they are trusted now",
            key.id() + (now.trusts(key.id()) ? " changed" : ", which is not trusted now"));
      }
    }
    if (!body.disablementValues().equals(now.disablementValues())) {
      throw new BuildException.NotARevocation(
          revocation, "the disablement values of today's state", "others");
    }
  }

  private static AumHash forkPointOf(History history, Aum revocation)
      throws BuildException, StoreException {
    AumHash forkPoint =
        revocation
            .parent()
            .orElseThrow(
                () -> new BuildException.NotARevocation(revocation, "a parent", "a genesis"));
    if (!history.isStored(forkPoint) && history.findAum(forkPoint).isEmpty()) {
      throw new BuildException.UnknownForkPoint(revocation, forkPoint);
    }
    return forkPoint;
  }

  /** The latest AUM of the trail that can be had and where the trusted keys are as wanted. */
  private static Optional<AumHash> latestRemembered(
      History history, Predicate<Predicate<Bytes>> wanted) throws StoreException {
    Optional<AumHash> latest = Optional.empty();
    Set<Bytes> keys = new HashSet<>();
    for (TrailEntry entry : history.trail().entries()) {
      Optional<State> whole = history.trail().checkpoint(entry.hash()).flatMap(Aum::state);
      if (whole.isPresent()) {
        keys = new HashSet<>(whole.get().keyIds());
      }
      entry.takenAway().forEach(keys::remove);
      keys.addAll(entry.added());
      if (wanted.test(keys::contains) && history.findAum(entry.hash()).isPresent()) {
        latest = Optional.of(entry.hash());
      }
    }
    return latest;
  }

  /** What would make a peer refuse it, if anything. */
  private static Optional<TkaException> findDefect(Aum revocation, State atFork) {
    try {
      new AumVerifier().verify(revocation, atFork);
      atFork.apply(revocation);
      return Optional.empty();
    } catch (IllFormedException | VerificationException | ApplyException e) {
      return Optional.of(e);
    }
  }

  private static Optional<AumHash> nearestTrusting(
      History history, AumHash forkPoint, State atFork, LockPublicKey signer)
      throws StoreException, OpenException {
    if (!history.isStored(forkPoint)) {
      return Optional.empty();
    }
    Predicate<State> trusts = state -> state.trusts(signer.bytes());
    Optional<AumHash> before = latest(history, forkPoint, trusts);
    if (before.isPresent()) {
      return before;
    }
    State state = atFork;
    Optional<AumHash> next = history.next(forkPoint);
    while (next.isPresent()) {
      state = History.apply(state, history.getAum(next.get()));
      if (trusts.test(state)) {
        return next;
      }
      next = history.next(next.get());
    }
    return Optional.empty();
  }

  /** The latest of a stored AUM and its stored ancestors where the state is as wanted. */
  private static Optional<AumHash> latest(History history, AumHash from, Predicate<State> wanted)
      throws StoreException, OpenException {
    Optional<AumHash> newest = Optional.of(from);
    // States are told going forward, so the way back is taken from one checkpoint to the next.
    while (newest.isPresent()) {
      Deque<Aum> replay = new ArrayDeque<>();
      Aum oldest = history.getAum(newest.get());
      while (!oldest.kind().isCheckpoint()
          && oldest.parent().filter(history::isStored).isPresent()) {
        replay.push(oldest);
        oldest = history.getAum(oldest.parent().orElseThrow());
      }
      State state = history.getState(oldest.hash());
      Optional<AumHash> found = wanted.test(state) ? Optional.of(oldest.hash()) : Optional.empty();
      for (Aum aum : replay) {
        state = History.apply(state, aum);
        found = wanted.test(state) ? Optional.of(aum.hash()) : found;
      }
      if (found.isPresent()) {
        return found;
      }
      newest = oldest.parent().filter(history::isStored);
    }
    return Optional.empty();
  }
}
