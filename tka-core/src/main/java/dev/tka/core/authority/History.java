package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.core.authority.ForkResolution.Contender;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The chain that an authority knows: the stored active chain and, below its oldest ancestor, the
 * remembered AUMs of the trail (protocol, section 10). It says whether an AUM is on the chain, what
 * follows it, and what the AUM itself and the state there are, so that no caller has to know which
 * part an AUM is in.
 *
 * <pre>
 *   trail                 oldest ancestor             head
 *     e----e----c----e----o----o----o----o----o----o----o
 *     remembered          '----o----o stored, not on the chain
 * </pre>
 *
 * <p>Of the trail, the bodies of checkpoints are available, and of the other AUMs those that a
 * store keeps.
 */
final class History {
  private final Authority authority;
  private final AumSnapshot snapshot;
  private final boolean withTrail;

  private History(Authority authority, boolean withTrail) {
    this.authority = authority;
    this.snapshot = authority.snapshot();
    this.withTrail = withTrail;
  }

  /** The whole known chain. */
  static History of(Authority authority) {
    return new History(authority, true);
  }

  /**
   * The stored part alone: some stores must first compute their trail, which is not asked for if it
   * makes no difference.
   */
  static History ofStored(Authority authority) {
    return new History(authority, false);
  }

  /** The remembered part. */
  Trail trail() {
    return withTrail ? snapshot.trail() : Trail.EMPTY;
  }

  /** True for an AUM that is stored, on the active chain or off it. */
  boolean isStored(AumHash hash) {
    return snapshot.find(hash).isPresent();
  }

  /** True for an AUM of the chain that is no longer stored. */
  boolean isRemembered(AumHash hash) {
    return !isStored(hash) && trail().contains(hash);
  }

  /** True for an AUM of the chain, stored or remembered. */
  boolean isOnChain(AumHash hash) {
    return authority.isActive(hash) || isRemembered(hash);
  }

  /** The oldest AUM of the chain. */
  AumHash oldest() {
    return trail().oldest().orElse(authority.oldestAncestor());
  }

  /** The AUM that follows one of the chain; empty for the head and for any other AUM. */
  Optional<AumHash> next(AumHash hash) {
    Optional<? extends AumEntry> stored = snapshot.find(hash);
    if (stored.isPresent()) {
      ActiveChain chain = authority.chain();
      int height = stored.get().height();
      return chain.contains(stored.get()) && height < chain.headHeight()
          ? Optional.of(chain.at(height + 1))
          : Optional.empty();
    }
    if (!trail().contains(hash)) {
      return Optional.empty();
    }
    List<TrailEntry> after = trail().after(hash);
    return Optional.of(after.isEmpty() ? authority.oldestAncestor() : after.get(0).hash());
  }

  /**
   * What follows an AUM of the chain, with its weight there; empty for the head and for any other
   * AUM.
   *
   * @param atFork the state at the AUM
   */
  Optional<Contender> follower(AumHash fork, State atFork) throws StoreException {
    Optional<AumHash> next = next(fork);
    if (next.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        isStored(next.get())
            ? Contender.of(snapshot.get(next.get()), atFork)
            : Contender.of(trail().find(next.get()).orElseThrow(), atFork));
  }

  /**
   * The entries of all AUMs that follow one of the chain, oldest first; the cost is their number
   * plus a replay of those that are stored.
   */
  List<TrailEntry> after(AumHash hash) throws StoreException, OpenException {
    int head = authority.chain().headHeight();
    if (authority.isActive(hash)) {
      return replayed(hash, head);
    }
    List<TrailEntry> following = new ArrayList<>(trail().after(hash));
    following.add(entryOfOldestAncestor());
    following.addAll(replayed(authority.oldestAncestor(), head));
    return following;
  }

  /**
   * The entries that a purge leaves of the AUMs from the oldest ancestor on.
   *
   * @param firstThatStays an AUM of the active chain
   */
  List<TrailEntry> entriesBefore(AumHash firstThatStays) throws StoreException, OpenException {
    AumHash oldest = authority.oldestAncestor();
    if (firstThatStays.equals(oldest)) {
      return List.of();
    }
    List<TrailEntry> entries = new ArrayList<>();
    entries.add(entryOfOldestAncestor());
    entries.addAll(replayed(oldest, height(firstThatStays) - 1));
    return entries;
  }

  /** The place of an AUM of the chain, see {@link KeyHistory}. */
  int place(AumHash hash) {
    Optional<? extends AumEntry> stored = snapshot.find(hash);
    return stored.isPresent()
        ? stored.get().height()
        : authority.chain().baseHeight() - 1 - trail().countAfter(hash);
  }

  /** The changes of keys' votes on the chain, at least those after one of its AUMs. */
  KeyHistory keyHistory(AumHash from) throws StoreException, OpenException {
    return isStored(from) ? authority.keyHistory() : authority.wholeKeyHistory();
  }

  /** The changes of keys' votes in the trail and at the oldest ancestor. */
  KeyHistory rememberedKeyHistory() throws StoreException, OpenException {
    List<TrailEntry> entries = new ArrayList<>(trail().entries());
    entries.add(entryOfOldestAncestor());
    return KeyHistory.ofEntries(entries, authority.chain().baseHeight());
  }

  /** The rewrites on the chain, oldest first. */
  List<TakingsAway.Rewritten> rewrites() throws StoreException {
    List<TakingsAway.Rewritten> rewrites = new ArrayList<>();
    for (Map.Entry<AumHash, List<Inherited>> each : snapshot.notes().inherited().entrySet()) {
      AumHash hash = each.getKey();
      if (isOnChain(hash)) {
        // Whoever signed it stands for the keys that it brought back.
        boolean broughtBack = each.getValue().stream().anyMatch(Inherited::isBroughtBack);
        rewrites.add(
            new TakingsAway.Rewritten(
                place(hash), broughtBack ? signersOf(hash) : List.of(), each.getValue()));
      }
    }
    rewrites.sort(Comparator.comparingInt(TakingsAway.Rewritten::place));
    return rewrites;
  }

  private List<Bytes> signersOf(AumHash hash) throws StoreException {
    return isStored(hash)
        ? AumFacts.signersOf(snapshot.get(hash))
        : trail().find(hash).orElseThrow().signers();
  }

  /** The entries of the stored AUMs after one of the active chain, up to and with a height. */
  private List<TrailEntry> replayed(AumHash from, int toHeight)
      throws StoreException, OpenException {
    int above = toHeight - height(from);
    List<TrailEntry> entries = new ArrayList<>(above);
    State state = getState(from);
    List<AumHash> hashes = authority.chain().above(height(from)).subList(0, above);
    BodyReader bodies = new BodyReader(snapshot, hashes);
    for (AumHash hash : hashes) {
      Aum aum = bodies.aum();
      State after = apply(state, aum);
      AumEntry stored = snapshot.find(hash).orElseThrow();
      entries.add(TrailEntry.of(aum, state, after, stored.committedAt(), stored.facts()));
      state = after;
    }
    return entries;
  }

  /** Derived from the keys that are trusted at the end of the trail. */
  private TrailEntry entryOfOldestAncestor() throws StoreException, OpenException {
    AumHash oldest = authority.oldestAncestor();
    Map<Bytes, Long> now = KeyChange.votesIn(getState(oldest));
    AumEntry stored = snapshot.find(oldest).orElseThrow();
    return TrailEntry.of(
        snapshot.get(oldest),
        KeyChange.between(trail().votesAtEnd().orElse(now), now),
        stored.committedAt(),
        stored.facts());
  }

  private int height(AumHash stored) {
    return snapshot.find(stored).orElseThrow().height();
  }

  /**
   * An AUM that is stored, or remembered with its body.
   *
   * @throws StoreException.Damaged if a remembered checkpoint does not match its name
   * @throws StoreException if a body cannot be read
   */
  Optional<Aum> findAum(AumHash hash) throws StoreException {
    return isStored(hash) ? Optional.of(snapshot.get(hash)) : findRemembered(hash);
  }

  /**
   * Like {@link #findAum}, for an AUM that must exist.
   *
   * @throws StoreException.NoSuchAum if it does not
   */
  Aum getAum(AumHash hash) throws StoreException {
    Optional<Aum> aum = findAum(hash);
    if (aum.isEmpty()) {
      throw new StoreException.NoSuchAum(hash);
    }
    return aum.get();
  }

  private Optional<Aum> findRemembered(AumHash hash) throws StoreException.Damaged {
    Optional<Aum> checkpoint = trail().checkpoint(hash);
    return checkpoint.isPresent() || !trail().contains(hash)
        ? checkpoint
        : snapshot.purged(hash).map(Commit.Addition::aum);
  }

  /**
   * The state at an AUM that is stored, on the chain or not, or remembered: replayed from the
   * nearest checkpoint at or before it.
   *
   * @return empty if it is neither, or something that the replay needs is no longer available
   * @throws StoreException if a body cannot be read
   * @throws OpenException if the known chain does not apply, so it was never verified
   */
  Optional<State> findState(AumHash hash) throws StoreException, OpenException {
    try {
      return isStored(hash) ? Optional.of(authority.stateAt(hash)) : rememberedState(hash);
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
  }

  private Optional<State> rememberedState(AumHash hash)
      throws StoreException, OpenException, ApplyException {
    Deque<Aum> replay = new ArrayDeque<>();
    Optional<Aum> at = findRemembered(hash);
    while (at.isPresent() && !at.get().kind().isCheckpoint()) {
      replay.push(at.get());
      Optional<AumHash> parent = at.get().parent();
      at = parent.isPresent() ? findRemembered(parent.get()) : Optional.empty();
    }
    if (at.isEmpty()) {
      return Optional.empty();
    }
    State state = Authority.stateAtOldest(at.get());
    for (Aum next : replay) {
      state = state.apply(next);
    }
    return Optional.of(state);
  }

  /**
   * Like {@link #findState}, for an AUM that must exist.
   *
   * @throws StoreException.NoSuchAum if it does not
   */
  State getState(AumHash hash) throws StoreException, OpenException {
    Optional<State> state = findState(hash);
    if (state.isEmpty()) {
      throw new StoreException.NoSuchAum(hash);
    }
    return state.get();
  }

  /** The state after an AUM that was verified before it was stored. */
  static State apply(State state, Aum verified) throws OpenException {
    try {
      return state.apply(verified);
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
  }
}
