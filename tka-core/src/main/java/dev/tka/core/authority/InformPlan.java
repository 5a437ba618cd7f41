package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.IllFormedException;
import dev.tka.core.State;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a batch of updates does to an authority (protocol, section 4, "Inform"), decided without
 * writing anything:
 *
 * <ol>
 *   <li>every update that is not stored is verified against the state at its parent, wherever in
 *       the stored tree or earlier in the batch that is; signatures of all of them at once. One
 *       that fails refuses the batch, and it is always the first of the batch that does. One that
 *       the trail remembers was verified once (protocol, section 10, "Taking in");
 *   <li>those that would displace an AUM of the active chain are judged ({@link Admission});
 *   <li>the active chain is resolved again, from the first fork that an addition wins ({@link
 *       Growth}). Where AUMs have to go for the chain that was admitted to win, the {@link Rewrite}
 *       names them instead.
 * </ol>
 *
 * @param additions what to store, parents first
 * @param known how many updates were not new
 * @param refusals what was not admitted
 * @param resolved the active chain afterwards; empty when there is a rewrite, after which the store
 *     is opened again
 * @param rewrite what goes and what comes back
 */
record InformPlan(
    List<Aum> additions,
    int known,
    List<Refusal> refusals,
    Optional<Growth> resolved,
    Rewrite rewrite) {

  /**
   * What else changes in the store.
   *
   * @param purges AUMs that go, and leave nothing in the trail
   * @param restored AUMs of the trail that come back, oldest first, with the times that they had;
   *     the first becomes the oldest ancestor, and the trail ends before it
   */
  record Rewrite(Set<AumHash> purges, List<Commit.Addition> restored) {
    static final Rewrite NOTHING = new Rewrite(Set.of(), List.of());

    boolean isNothing() {
      return purges.isEmpty() && restored.isEmpty();
    }
  }

  /**
   * A batch to take in.
   *
   * @param updates oldest first
   * @param rule who may displace what
   * @param favoured a chain, oldest first, that control follows; its AUMs may be stored already.
   *     Empty where nobody's chain is favoured
   * @param byHand AUMs that a person admits, whatever the rule says
   */
  record Batch(
      List<Aum> updates, Admission.Rule rule, List<AumHash> favoured, Set<AumHash> byHand) {}

  static InformPlan decide(
      Authority authority, Batch batch, Instant reference, AumVerifier verifier)
      throws InformException, StoreException, OpenException {
    return new Planner(authority, batch, reference, verifier).decide();
  }

  /**
   * AUMs whose signatures are checked in one go: enough for all cores, few enough that a stranger's
   * batch is refused before it costs the states of all its AUMs.
   */
  private static final int SIGNATURE_CHUNK = 256;

  /** The work in progress of one decision. */
  private static final class Planner {
    private final Authority authority;
    private final AumSnapshot snapshot;
    private final Batch batch;
    private final Admission admission;
    private final AumVerifier verifier;

    private final List<Aum> fresh = new ArrayList<>();
    private final List<Integer> freshIndexes = new ArrayList<>();
    private final Map<AumHash, Aum> returning = new LinkedHashMap<>();
    private final Map<AumHash, State> freshStates = new HashMap<>();
    private final Map<AumHash, State> storedStates = new HashMap<>();
    private final List<Refusal> refusals = new ArrayList<>();

    /** The AUMs that displace what follows below the oldest ancestor; at most one is followed. */
    private Optional<Aum> rewritesTrail = Optional.empty();

    /** Control's AUMs from the one on that was let displace what follows here. */
    private final Map<AumHash, Aum> followed = new LinkedHashMap<>();

    private final Set<AumHash> losers = new HashSet<>();

    /** The length of all that is stored off the active chain, once it was asked for. */
    private OptionalLong losingBytes = OptionalLong.empty();

    Planner(Authority authority, Batch batch, Instant reference, AumVerifier verifier) {
      this.authority = authority;
      this.snapshot = authority.snapshot();
      this.batch = batch;
      this.admission = new Admission(authority, batch.rule(), reference);
      this.verifier = verifier;
    }

    InformPlan decide() throws InformException, StoreException, OpenException {
      if (batch.updates().isEmpty() && batch.favoured().isEmpty()) {
        throw new InformException.Empty();
      }
      verifyAll(batch.updates());
      int known = batch.updates().size() - fresh.size();
      try {
        List<Aum> admitted = admit();
        Rewrite rewrite = rewritesTrail.isPresent() ? rewriteTrail() : rewriteStore();
        if (rewrite.isNothing()) {
          return new InformPlan(
              admitted, known, refusals, Optional.of(resolve(admitted)), Rewrite.NOTHING);
        }
        return new InformPlan(
            connected(admitted, rewrite), known, refusals, Optional.empty(), rewrite);
      } catch (ApplyException e) {
        // What is stored was verified, and what is new was applied above.
        throw new OpenException.CannotApply(e);
      }
    }

    private void verifyAll(List<Aum> updates)
        throws InformException, StoreException, OpenException {
      int unchecked = 0;
      for (int i = 0; i < updates.size(); i++) {
        Aum update = updates.get(i);
        if (freshStates.containsKey(update.hash()) || isStored(update.hash())) {
          continue;
        }
        if (isRemembered(update.hash(), update.parent())) {
          recall(update);
          continue;
        }
        try {
          verifyButSignatures(i, update);
        } catch (InformException.Refused e) {
          // A bad signature further up in the batch is the first thing wrong: it is the one to
          // tell.
          requireSignatures(unchecked);
          throw e;
        }
        if (fresh.size() - unchecked == SIGNATURE_CHUNK) {
          requireSignatures(unchecked);
          unchecked = fresh.size();
        }
      }
      requireSignatures(unchecked);
    }

    private boolean isStored(AumHash hash) {
      return snapshot.find(hash).isPresent();
    }

    /** What a store may have to work out first is not asked for where it makes no difference. */
    private Trail trail() {
      return batch.rule() == Admission.Rule.FORK_RESOLUTION ? Trail.EMPTY : snapshot.trail();
    }

    /** True for an AUM of the trail, whose parent is then not stored. */
    private boolean isRemembered(AumHash hash, Optional<AumHash> parent) {
      boolean followsWhatIsHere =
          parent.isPresent() && (isStored(parent.get()) || isFresh(parent.get()));
      return !followsWhatIsHere && trail().contains(hash);
    }

    private boolean isRemembered(AumHash hash) {
      return !isStored(hash) && !isFresh(hash) && trail().contains(hash);
    }

    private boolean isFresh(AumHash hash) {
      return freshStates.containsKey(hash) && !returning.containsKey(hash);
    }

    /** An AUM whose hash the trail knows is genuine: only the state at it is to be found. */
    private void recall(Aum update) throws StoreException, OpenException {
      Optional<State> atParent =
          update.parent().isPresent() ? findState(update.parent().get()) : Optional.empty();
      try {
        if (update.kind().equals(AumKind.CHECKPOINT)) {
          freshStates.put(update.hash(), Authority.stateAtOldest(update));
        } else if (atParent.isPresent()) {
          freshStates.put(update.hash(), atParent.get().apply(update));
        } else {
          return;
        }
        returning.put(update.hash(), update);
      } catch (ApplyException e) {
        throw new OpenException.CannotApply(e);
      }
    }

    private void requireSignatures(int from) throws InformException.Invalid {
      Optional<AumVerifier.Unverified> unverified =
          verifier.findUnverified(fresh.subList(from, fresh.size()));
      if (unverified.isPresent()) {
        int index = freshIndexes.get(from + unverified.get().index());
        throw new InformException.Invalid(index, unverified.get().cause());
      }
    }

    private void verifyButSignatures(int index, Aum update)
        throws InformException.Refused, StoreException, OpenException {
      Optional<AumHash> parent = update.parent();
      if (parent.isEmpty()) {
        throw new InformException.UnknownGenesis(index, update.hash());
      }
      Optional<State> atParent = findState(parent.get());
      if (atParent.isEmpty()) {
        throw new InformException.UnknownParent(index, update.hash(), parent.get());
      }
      try {
        AumVerifier.requireAcceptable(update, atParent.get());
        freshStates.put(update.hash(), atParent.get().apply(update));
        fresh.add(update);
        freshIndexes.add(index);
      } catch (IllFormedException | VerificationException | ApplyException e) {
        throw new InformException.Invalid(index, e);
      }
    }

    private Optional<State> findState(AumHash hash) throws StoreException, OpenException {
      State known = freshStates.get(hash);
      if (known == null) {
        known = storedStates.get(hash);
      }
      if (known == null) {
        Optional<State> found = computeState(hash);
        if (found.isEmpty()) {
          return Optional.empty();
        }
        known = found.get();
        storedStates.put(hash, known);
      }
      return Optional.of(known);
    }

    private Optional<State> computeState(AumHash hash) throws StoreException, OpenException {
      if (!isStored(hash)) {
        return trail().contains(hash) ? Remembered.stateAt(snapshot, hash) : Optional.empty();
      }
      try {
        return Optional.of(authority.stateAt(hash));
      } catch (ApplyException e) {
        throw new OpenException.CannotApply(e);
      }
    }

    private List<Aum> admit() throws StoreException, OpenException {
      List<Aum> admitted = new ArrayList<>(fresh.size());
      Set<AumHash> refused = new HashSet<>();
      Set<AumHash> dropped = new HashSet<>();
      Set<AumHash> favoured = new HashSet<>(batch.favoured());
      for (AumHash hash : batch.favoured()) {
        // A chain that control follows may be here already, as one that lost.
        boolean mayLose = isStored(hash) && !authority.isActive(hash);
        if (mayLose
            && snapshot.find(hash).flatMap(AumEntry::parent).filter(this::isStored).isPresent()) {
          Aum loser = snapshot.get(hash);
          Optional<Admission.Displacement> displacement = displacement(loser, favoured);
          boolean displaces = displacement.isPresent() && displaces(displacement.get());
          follow(loser, displaces, favoured);
        }
      }
      for (Aum update : fresh) {
        AumHash parent = update.parent().orElseThrow();
        if (refused.contains(parent)) {
          refused.add(update.hash());
          refusals.add(new Refusal.BuildsOnRefused(update.hash(), parent));
          continue;
        }
        Optional<Admission.Displacement> displacement = displacement(update, favoured);
        boolean inTrail = isRemembered(parent);
        if (dropped.contains(parent) || (inTrail && displacement.isEmpty())) {
          // It lost below what is kept here.
          dropped.add(update.hash());
        } else if (displacement.isPresent() && !displaces(displacement.get())) {
          refused.add(update.hash());
        } else if (loses(update, displacement.isPresent()) && !hasRoomFor(update)) {
          refused.add(update.hash());
          refusals.add(new Refusal.OverQuota(update.hash(), Admission.MAX_LOSING_BYTES));
        } else {
          admitted.add(update);
          follow(update, displacement.isPresent(), favoured);
          if (displacement.isPresent()) {
            rewritesTrail =
                rewritesTrail.or(() -> inTrail ? Optional.of(update) : Optional.empty());
          }
        }
      }
      return admitted;
    }

    private void follow(Aum aum, boolean displaces, Set<AumHash> favoured) {
      boolean follows = aum.parent().filter(followed::containsKey).isPresent();
      if (favoured.contains(aum.hash()) && (displaces || follows)) {
        followed.put(aum.hash(), aum);
      }
    }

    /** True for one that is on no way to win: it, or what it builds on, lost a fork. */
    private boolean loses(Aum update, boolean displaces) {
      AumHash parent = update.parent().orElseThrow();
      boolean onLoser =
          losers.contains(parent) || (isStored(parent) && !authority.isActive(parent));
      boolean loses = onLoser || (activeFollower(parent).isPresent() && !displaces);
      if (loses) {
        losers.add(update.hash());
      }
      return loses;
    }

    /** Control keeps what lost up to a quota. */
    private boolean hasRoomFor(Aum loser) throws StoreException {
      boolean bounded =
          batch.rule() == Admission.Rule.HEAVIER_CHECKPOINT
              || batch.rule() == Admission.Rule.RECOUNTED_FORK_RESOLUTION;
      if (!bounded) {
        return true;
      }
      long bytes =
          loser.encoded().size()
              + (losingBytes.isPresent() ? losingBytes.getAsLong() : storedLosingBytes());
      boolean fits = bytes <= Admission.MAX_LOSING_BYTES;
      if (fits) {
        losingBytes = OptionalLong.of(bytes);
      }
      return fits;
    }

    private long storedLosingBytes() throws StoreException {
      long bytes = 0;
      for (AumEntry entry : snapshot.entries()) {
        if (!authority.chain().contains(entry)) {
          bytes += snapshot.encoded(entry.hash()).size();
        }
      }
      return bytes;
    }

    private boolean displaces(Admission.Displacement displacement)
        throws StoreException, OpenException {
      if (batch.byHand().contains(displacement.update().hash())) {
        return true;
      }
      Optional<Refusal> refusal = admission.judge(displacement);
      refusal.ifPresent(refusals::add);
      return refusal.isEmpty();
    }

    private Optional<Admission.Displacement> displacement(Aum update, Set<AumHash> favoured)
        throws StoreException, OpenException {
      AumHash parent = update.parent().orElseThrow();
      Optional<ForkResolution.Contender> follower = follower(parent);
      if (follower.isEmpty()) {
        return Optional.empty();
      }
      return admission.displacement(
          update,
          findState(parent).orElseThrow(),
          follower.get(),
          favoured.contains(update.hash()));
    }

    /** What follows an AUM of the active chain, as far as that is remembered. */
    private Optional<ForkResolution.Contender> follower(AumHash hash)
        throws StoreException, OpenException {
      boolean inTrail = isRemembered(hash);
      if (inTrail) {
        List<TrailEntry> after = trail().after(hash);
        if (!after.isEmpty()) {
          return Optional.of(
              ForkResolution.Contender.of(after.get(0), findState(hash).orElseThrow()));
        }
      }
      Optional<AumHash> stored =
          inTrail ? Optional.of(authority.oldestAncestor()) : activeFollower(hash);
      return stored.isEmpty()
          ? Optional.empty()
          : Optional.of(
              ForkResolution.Contender.of(
                  snapshot.get(stored.get()), findState(hash).orElseThrow()));
    }

    /** What follows an AUM of the active chain; empty for the head and for any other AUM. */
    private Optional<AumHash> activeFollower(AumHash hash) {
      ActiveChain chain = authority.chain();
      return snapshot
          .find(hash)
          .filter(chain::contains)
          .filter(entry -> entry.height() < chain.headHeight())
          .map(entry -> chain.at(entry.height() + 1));
    }

    /**
     * What has to go so that the chain that control follows wins when the store is opened: at every
     * fork on it, what protocol section 4 would prefer.
     */
    private Rewrite rewriteStore() throws StoreException, OpenException {
      Set<AumHash> purges = new LinkedHashSet<>();
      for (Aum favoured : followed.values()) {
        AumHash parent = favoured.parent().orElseThrow();
        if (!isStored(parent)) {
          continue;
        }
        State atFork = findState(parent).orElseThrow();
        for (AumEntry sibling : snapshot.children(parent)) {
          boolean other = !sibling.hash().equals(favoured.hash());
          if (other && prevails(snapshot.get(sibling.hash()), favoured, atFork)) {
            purges.addAll(snapshot.tree(sibling.hash()));
          }
        }
      }
      return new Rewrite(purges, List.of());
    }

    private static boolean prevails(Aum one, Aum other, State atFork) {
      return ForkResolution.Contender.of(one, atFork)
          .prevailsOver(ForkResolution.Contender.of(other, atFork));
    }

    /**
     * What comes back and what goes so that a branch off the trail can be followed: the store
     * begins at the checkpoint before the fork again, and what it held goes.
     */
    private Rewrite rewriteTrail() throws StoreException {
      AumHash fork = rewritesTrail.orElseThrow().parent().orElseThrow();
      List<Commit.Addition> restored = new ArrayList<>();
      Optional<AumHash> at = Optional.of(fork);
      while (at.isPresent()) {
        TrailEntry entry = trail().find(at.get()).orElseThrow();
        Optional<Aum> sent = Optional.ofNullable(returning.get(entry.hash()));
        Aum aum = sent.isPresent() ? sent.get() : remembered(entry.hash());
        restored.add(new Commit.Addition(aum, entry.committedAt()));
        at = aum.kind().equals(AumKind.CHECKPOINT) ? Optional.empty() : aum.parent();
      }
      Collections.reverse(restored);
      return new Rewrite(Set.copyOf(snapshot.tree(authority.oldestAncestor())), restored);
    }

    private Aum remembered(AumHash hash) throws StoreException {
      return Remembered.find(snapshot, hash)
          .orElseThrow(() -> new IllegalStateException("the state there was computed: " + hash));
    }

    /** The additions that still have their parent when the rewrite is done. */
    private List<Aum> connected(List<Aum> admitted, Rewrite rewrite) {
      Set<AumHash> present = new HashSet<>();
      rewrite.restored().forEach(addition -> present.add(addition.aum().hash()));
      List<Aum> connected = new ArrayList<>(admitted.size());
      for (Aum aum : admitted) {
        AumHash parent = aum.parent().orElseThrow();
        boolean stays = isStored(parent) && !rewrite.purges().contains(parent);
        if (stays || present.contains(parent)) {
          present.add(aum.hash());
          connected.add(aum);
        }
      }
      return connected;
    }

    private Growth resolve(List<Aum> admitted)
        throws StoreException, OpenException, ApplyException {
      Map<AumHash, List<Walk.Step>> additions = new HashMap<>();
      List<Walk.Step> steps = new ArrayList<>(admitted.size());
      for (Aum aum : admitted) {
        Walk.Step step = Walk.Step.of(aum);
        steps.add(step);
        additions.computeIfAbsent(aum.parent().orElseThrow(), any -> new ArrayList<>(1)).add(step);
      }
      Walk.Children stored = Walk.Children.in(snapshot);
      Walk.Children all =
          parent -> {
            List<Walk.Step> added = additions.getOrDefault(parent, List.of());
            // An AUM of this batch has no stored children: they would have been orphans.
            if (freshStates.containsKey(parent) && snapshot.children(parent).isEmpty()) {
              return added;
            }
            List<Walk.Step> children = new ArrayList<>(stored.of(parent));
            children.addAll(added);
            return children;
          };
      return Growth.of(
          authority, steps, all, hash -> findState(hash).orElseThrow(), Walk.Applying.EVERY_AUM);
    }
  }
}
