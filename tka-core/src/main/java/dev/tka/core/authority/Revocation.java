package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.ForkResolution.Contender;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Retroactive revocation (protocol, section 4): a checkpoint of today's state without the revoked
 * keys, forked off before they could do harm. There are three steps, each a pure function of an
 * authority:
 *
 * <ol>
 *   <li>{@link #draft} or {@link #draftAt} make the unsigned AUM;
 *   <li>{@link #sign(Authority, Aum, Signer, Instant)} adds a signature, first the author's, then
 *       others' until it outweighs the AUM that follows the fork point; {@link #effect} says
 *       whether it does;
 *   <li>the revocation is taken in like any update, and fork resolution decides.
 * </ol>
 *
 * <p>Keys that the revoked keys removed do not come back by themselves: today's state does not hold
 * them.
 */
public final class Revocation {
  private static final String OPERATION = "revoke";

  private Revocation() {}

  /**
   * Makes the unsigned revocation, forked off the latest AUM of the active chain at which none of
   * the keys is trusted and the signer is. Purged AUMs are considered if they are still available:
   * in a directory all of them, elsewhere the checkpoints (protocol, section 10). If there is no
   * such AUM, the revocation forks off the oldest ancestor, where the signer may not be trusted
   * either; signing then refuses.
   *
   * @param keyIds the ids of the keys to revoke; those that are not trusted now also count in the
   *     search
   * @param signer the public key of the first signer
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

  /** Like the public method, but any remaining key may be the first signer. */
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
   * Makes the unsigned revocation, forked off a given AUM. The keys need not be trusted now, and
   * the fork point need not be stored until the revocation is to be signed here.
   *
   * @param keyIds the ids of the keys to revoke
   * @param forkPoint the AUM that the revocation follows
   * @throws BuildException.RevokesEveryKey if no key would be left
   * @throws BuildException.Refused if the checkpoint would be ill-formed
   */
  public static Aum draftAt(Authority authority, Set<Bytes> keyIds, AumHash forkPoint)
      throws BuildException {
    return checkpoint(forkPoint, stateWithout(authority.state(), keyIds));
  }

  /**
   * Signs a revocation, first or after others, so that every peer that has the fork point accepts
   * it under protocol section 4. Refuses to sign anything but today's state without some keys: a
   * revocation that somebody else drafted must not add a key. A signer without an authority at hand
   * can only use {@link Signer#sign(Aum)}.
   *
   * @throws BuildException.NotARevocation if it is not today's state without some keys
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an available
   *     AUM of the trail
   * @throws BuildException.UntrustedAtFork if the signer is not trusted at the fork point: its
   *     signature would void the whole AUM
   * @throws BuildException.Refused if the state there does not accept the signatures that it
   *     already has
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
   * Like {@link #sign(Authority, Aum, Signer)}, but does not ask a signer whose key would bar the
   * revocation (protocol, section 10, "Who may not rewrite"), even if all keys that are trusted at
   * the fork point and stay signed it, too.
   *
   * @param now the time at which finality is judged
   * @throws BuildException.BarredSigner if the signer's key would bar it
   */
  public static Aum sign(Authority authority, Aum revocation, Signer signer, Instant now)
      throws BuildException, SigningException, StoreException, OpenException {
    requireRevocation(authority.state(), revocation);
    State after = bodyOf(revocation);
    Set<Bytes> signers = new HashSet<>(AumFacts.signersOf(revocation));
    signers.add(signer.publicKey().bytes());
    Predicate<Key> maySign = key -> key.canSign() && after.trusts(key.id());
    List<Bar> bars =
        cosigners(authority, revocation, maySign.or(key -> signers.contains(key.id())), now)
            .barsOf(signer.publicKey().bytes());
    if (!bars.isEmpty()) {
      throw new BuildException.BarredSigner(revocation, signer.publicKey(), bars);
    }
    return sign(authority, revocation, signer);
  }

  /**
   * The revocation without the signatures that bar it (protocol, section 10, "Who may not
   * rewrite"). The others stay valid, since a signature does not cover other signatures; whether
   * they are enough is up to {@link #effect}.
   *
   * @param now the time at which finality is judged
   * @return the same AUM if none of its signatures bars it
   * @throws BuildException as {@link #effect} does
   * @throws StoreException if the store cannot be read
   * @throws OpenException if the state at the fork point cannot be computed
   */
  public static Aum withoutBarred(Authority authority, Aum revocation, Instant now)
      throws BuildException, StoreException, OpenException {
    Set<Bytes> signers = new HashSet<>(AumFacts.signersOf(revocation));
    Cosigners cosigners = cosigners(authority, revocation, key -> signers.contains(key.id()), now);
    List<AumSignature> left = new ArrayList<>(revocation.signatures());
    boolean barred = left.removeIf(made -> !cosigners.barsOf(made.signerId()).isEmpty());
    return barred ? revocation.withSignatures(left) : revocation;
  }

  /** Those of some keys at the fork point that may sign a revocation. */
  private static Cosigners cosigners(
      Authority authority, Aum revocation, Predicate<Key> wanted, Instant now)
      throws BuildException, StoreException, OpenException {
    bodyOf(revocation);
    History history = History.of(authority);
    AumHash forkPoint = forkPointOf(history, revocation);
    State atFork = history.getState(forkPoint);
    List<Key> keys = atFork.keys().stream().filter(wanted).toList();
    Optional<Contender> rival =
        history.isOnChain(forkPoint)
            ? history
                .follower(forkPoint, atFork)
                .filter(follower -> !follower.hash().equals(revocation.hash()))
            : Optional.empty();
    return Cosigners.of(Judge.ofControl(authority, now), revocation, atFork, rival, keys);
  }

  /**
   * Checks that an AUM is today's state without some keys. A checkpoint drafted on an older state
   * would undo the changes made since; an arbitrary checkpoint could add any key.
   *
   * @throws BuildException.NotARevocation if it is anything else
   */
  public static void requireCurrent(Authority authority, Aum revocation)
      throws BuildException.NotARevocation {
    requireRevocation(authority.state(), revocation);
  }

  /** The result of taking in a revocation as it is now. */
  public enum Outcome {
    /** It wins at the fork point: everything that follows there leaves the active chain. */
    TAKES_EFFECT,
    /** It is accepted, but the AUM that follows the fork point wins. */
    OUTVOTED,
    /** It is accepted, but the fork point is on a branch that lost, where nothing can win. */
    ON_LOSING_BRANCH,
    /** No peer accepts it, because something is missing or one of its signatures is bad. */
    VOID
  }

  /**
   * The effect of a revocation under protocol section 4 alone.
   *
   * @param forkPoint the AUM that it follows
   * @param revoked the keys that are trusted now but not in it, in the order of the state
   * @param weight the votes behind it at the fork point
   * @param rival the AUM that it would displace; empty if nothing follows the fork point
   * @param outcome the result of taking it in
   * @param defect the reason why it is void; empty if it is not
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
   * Predicts the effect of taking in a revocation, signed or not. Nothing is written. It is not
   * checked that the AUM is today's state without some keys: see {@link #requireCurrent}.
   *
   * @throws BuildException.NotARevocation if it is not a checkpoint with a parent
   * @throws BuildException.UnknownForkPoint if the fork point is neither stored nor an available
   *     AUM of the trail
   * @throws StoreException if the store cannot be read
   * @throws OpenException if the state at the fork point cannot be computed
   */
  public static Effect effect(Authority authority, Aum revocation)
      throws BuildException, StoreException, OpenException {
    State body = bodyOf(revocation);
    History history = History.of(authority);
    AumHash forkPoint = forkPointOf(history, revocation);
    State atFork = history.getState(forkPoint);
    // A revocation that is stored and has won does not compete with itself.
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

  /** The latest available AUM of the trail at which the trusted keys are as wanted. */
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

  /** The first thing that would make a peer refuse the revocation, if any. */
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

  /** The latest among a stored AUM and its stored ancestors at which the state is as wanted. */
  private static Optional<AumHash> latest(History history, AumHash from, Predicate<State> wanted)
      throws StoreException, OpenException {
    Optional<AumHash> newest = Optional.of(from);
    // States are computed going forward, so the way back goes from one checkpoint to the next.
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
