package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.AdmissionPolicy.Rule;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Judges displacements by a policy (protocol, section 10): whether an AUM may replace what follows
 * its parent.
 */
final class Judge {
  private final Authority authority;
  private final History history;
  private final AdmissionPolicy policy;
  private final Instant ownNow;
  private final Optional<Instant> reference;
  private final TakingsAway.Times times;
  private final int last;

  /**
   * A judge over an authority as it is before a batch.
   *
   * @param ownNow the store's own time now
   */
  Judge(Authority authority, AdmissionPolicy policy, Instant ownNow) {
    this.authority = authority;
    this.history = History.of(authority);
    this.policy = policy;
    this.ownNow = ownNow;
    this.reference = reference(authority, policy, ownNow);
    OwnAums ownAums = authority.snapshot().ownAums();
    Instant begun = authority.snapshot().notes().time().map(OwnTime::begun).orElse(ownNow);
    this.times = new TakingsAway.Times(ownAums, begun);
    this.last = policy.followsControl() ? lastAtControl(authority) : authority.chain().headHeight();
  }

  /**
   * A judge as control is.
   *
   * @param now the wall clock, at the start of a program
   */
  static Judge ofControl(Authority authority, Instant now) {
    Instant ownNow =
        authority.snapshot().notes().time().map(note -> note.afterStop(now)).orElse(now);
    return new Judge(authority, AdmissionPolicy.CONTROL, ownNow);
  }

  /**
   * The time at which finality is judged (protocol, section 10, "Final").
   *
   * @return empty if nothing is final yet
   */
  private static Optional<Instant> reference(
      Authority authority, AdmissionPolicy policy, Instant ownNow) {
    if (!policy.followsControl()) {
      return Optional.of(ownNow);
    }
    Optional<Instant> agreedAt = authority.snapshot().ownAums().agreedAt();
    boolean ranWithoutNotes = authority.snapshot().notes().time().isEmpty();
    return agreedAt.isEmpty() && ranWithoutNotes
        // Such a node agreed with control when it received its head.
        ? authority
            .snapshot()
            .find(authority.head())
            .flatMap(authority.snapshot().ownAums()::agesFrom)
            .filter(received -> !received.isAfter(ownNow))
        : agreedAt;
  }

  /** The place of the newest AUM of the active chain that control is known to have. */
  private static int lastAtControl(Authority authority) {
    ActiveChain chain = authority.chain();
    OwnAums ownAums = authority.snapshot().ownAums();
    int last = chain.headHeight();
    while (last >= chain.baseHeight() && ownAums.isUnknownToControl(chain.at(last))) {
      last--;
    }
    return last;
  }

  /** The reason why an update may not displace what it would; empty if it may. */
  Optional<Refusal> judge(Displacement displacement) throws StoreException, OpenException {
    Aum update = displacement.update();
    if (!policy.has(Rule.BARS) || isMissingHere(update)) {
      return Optional.empty();
    }
    AumHash fork = displacement.fork();
    AumHash displaced = displacement.follower().hash();
    if (policy.has(Rule.ADMITS_ONLY_HEAVIER_CHECKPOINTS)
        && !(update.kind().isCheckpoint() && displacement.isHeavier())) {
      return Optional.of(new Refusal.Conflict(update.hash(), fork, displaced));
    }
    List<Bar> bars = bars(displacement);
    return bars.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Refusal.Finality(
                update.hash(),
                fork,
                displaced,
                displacement.weight(),
                displacement.follower().weight(),
                bars));
  }

  /** An AUM that a damaged file is named after was stored before, and therefore admitted. */
  private boolean isMissingHere(Aum update) {
    return authority.snapshot().damage().stream()
        .anyMatch(damage -> damage.hash().equals(Optional.of(update.hash())));
  }

  /** The signers that bar an update from displacing, with reasons, in the order of signatures. */
  List<Bar> bars(Displacement displacement) throws StoreException, OpenException {
    TakingsAway takingsAway = against(displacement);
    List<Bar> bars = new ArrayList<>();
    Set<Bytes> signers = new LinkedHashSet<>();
    displacement.update().signatures().forEach(signature -> signers.add(signature.signerId()));
    for (Bytes signer : signers) {
      Optional<Key> key = displacement.atFork().findKey(signer);
      if (key.isPresent()) {
        bars.addAll(bars(key.get(), takingsAway, displacement));
      }
    }
    return bars;
  }

  /** The reasons why a key, trusted at the fork, bars an update from displacing. */
  List<Bar> barsOf(Key key, Displacement displacement) throws StoreException, OpenException {
    return bars(key, against(displacement), displacement);
  }

  private static List<Bar> bars(Key key, TakingsAway takingsAway, Displacement displacement) {
    boolean checkpoint = displacement.update().kind().isCheckpoint();
    long weight = displacement.weight();
    // What a rewrite keeps of a removal is kept as a lowering, too.
    Set<Bar> bars = new LinkedHashSet<>();
    for (TakingsAway.Taking taking : takingsAway.of(key)) {
      if (taking.bars(checkpoint, weight)) {
        bars.add(
            new Bar(
                key.id(), key.votes(), taking.by(), taking.left(), taking.isFinalFor(checkpoint)));
      }
    }
    return List.copyOf(bars);
  }

  /** What took keys away after a fork. */
  TakingsAway after(AumHash fork, State atFork) throws StoreException, OpenException {
    return after(fork, atFork, history.rewrites());
  }

  /**
   * What took keys away and counts against an update. A rewrite that control is not known to have
   * bars control by nothing: not even by what it keeps of the very branch that control sends again.
   */
  private TakingsAway against(Displacement displacement) throws StoreException, OpenException {
    List<TakingsAway.Rewritten> rewrites = new ArrayList<>(history.rewrites());
    rewrites.removeIf(
        rewrite -> rewrite.place() > last && rewrite.displaced(displacement.update().hash()));
    return after(displacement.fork(), displacement.atFork(), rewrites);
  }

  private TakingsAway after(AumHash fork, State atFork, List<TakingsAway.Rewritten> rewrites)
      throws StoreException, OpenException {
    return new TakingsAway(
        TakingsAway.Chain.of(
            last, history.keyHistory(fork), rewrites, reference, times, policy.followsControl()),
        atFork,
        history.place(fork));
  }

  /**
   * What is known about a chain from the oldest known AUM on.
   *
   * @param entries what follows it, oldest first; the places count from it, which has 0
   */
  TakingsAway.Chain chain(AumHash oldest, List<TrailEntry> entries) throws StoreException {
    int offset = history.place(oldest);
    List<TakingsAway.Rewritten> rewrites = new ArrayList<>();
    for (TakingsAway.Rewritten rewrite : history.rewrites()) {
      if (rewrite.place() - offset < entries.size()) {
        rewrites.add(rewrite.movedBy(-offset));
      }
    }
    return TakingsAway.Chain.of(
        entries.size(),
        KeyHistory.ofEntries(entries, entries.size()),
        rewrites,
        reference,
        times,
        false);
  }

  /** The facts to note about an admitted update, where they are noted. */
  Optional<AumFacts> facts(Aum update, Verification verification)
      throws StoreException, OpenException {
    if (!policy.remembers()) {
      return Optional.empty();
    }
    State before = verification.getState(update.parent().orElseThrow());
    State after = verification.getState(update.hash());
    return Optional.of(AumFacts.of(update, before, after, ownNow, reference));
  }

  /** What an update keeps of the branch that it displaces. */
  List<Inherited> keptBy(Displacement displacement, State after)
      throws StoreException, OpenException {
    return policy.remembers()
        ? after(displacement.fork(), displacement.atFork())
            .keptBy(after, ownNow, displacedOfControl(displacement))
        : List.of();
  }

  /** The AUM of control's chain that a rewrite displaces at a node, unless control sent it. */
  private Optional<AumHash> displacedOfControl(Displacement displacement) {
    if (!policy.followsControl() || displacement.favoured()) {
      return Optional.empty();
    }
    AumHash follower = displacement.follower().hash();
    if (!authority.snapshot().ownAums().isUnknownToControl(follower)) {
      return Optional.of(follower);
    }
    // Another such rewrite at the same place: what that displaced.
    return authority.snapshot().notes().inherited().getOrDefault(follower, List.of()).stream()
        .flatMap(kept -> kept.displaced().stream())
        .findFirst();
  }
}
